/* What training leaves on record: provenance in the model, a summary. */
#ifndef GACLIP_CLI_TRAIN_RECORD_H
#define GACLIP_CLI_TRAIN_RECORD_H

#include <cjson/cJSON.h>

#include "train_plan.h"

/* How a training went and what it saw. */
typedef struct TrainRecord {
    const TrainPlan *plan;
    cJSON *stages;        /* of this run, an array; NULL until the first one ends */
    GaclipTrainStep last; /* the last step that ran */
    double seconds;
    const char *ended; /* "all steps", "time is up", "interrupted" */
} TrainRecord;

/* Notes a stage that has ended, complete or not. */
int train_record_stage(TrainRecord *record, const TrainStage *stage, GaclipError *err);
void train_record_clear(TrainRecord *record);

/* Both return JSON text for the caller to free with free(), or NULL when out of memory. */
char *train_record_provenance(const TrainRecord *record); /* the model's "training" object */
char *train_record_summary(const TrainRecord *record, const GaclipModel *model);

#endif
