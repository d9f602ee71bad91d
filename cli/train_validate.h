/* What a training is judged by: its model on held-out data. */
#ifndef GACLIP_CLI_TRAIN_VALIDATE_H
#define GACLIP_CLI_TRAIN_VALIDATE_H

#include <cjson/cJSON.h>

#include "train_plan.h"

/* Of every held-out source: retrieval where it has captions, region classification and detection
 * where it has objects. *metrics: an object of percentages by name, for the caller to delete;
 * *score: their mean. */
int train_validate(double *score, cJSON **metrics, GaclipModel *model, const TrainStage *stage,
                   GaclipError *err);

#endif
