/* What training leaves on record: provenance in the model, a summary. */
#ifndef GACLIP_CLI_TRAIN_RECORD_H
#define GACLIP_CLI_TRAIN_RECORD_H

#include "gaclip/annotations.h"
#include "gaclip/train.h"
#include "train_request.h"

/* How a training went and what it saw. */
typedef struct TrainRecord {
    const TrainRequest *request;
    const GaclipTrainOptions *options;
    GaclipAnnotationCounts counts;
    GaclipTrainStep last; /* the last step that ran */
    int threads;
    const char *precision;
    double seconds;
    const char *ended; /* "all steps", "time is up", "interrupted" */
} TrainRecord;

/* All return JSON text for the caller to free with free(), or NULL when out of memory. */
char *train_record_provenance(const TrainRecord *record); /* the model's "training" object */
char *train_record_summary(const TrainRecord *record, const GaclipModel *model);

#endif
