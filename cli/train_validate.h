/* What a training is judged by: its model on held-out data. */
#ifndef GACLIP_CLI_TRAIN_VALIDATE_H
#define GACLIP_CLI_TRAIN_VALIDATE_H

#include <cjson/cJSON.h>

#include "train_plan.h"

/* Of every held-out source, or 100 images spread evenly over a larger one: retrieval where it has
 * captions, region classification and detection where it has objects. *metrics: an object of
 * percentages by name; *score: their mean; *images: a list of sources, each with the number of
 * images that were "measured" and of those "available". The caller deletes metrics and images. */
int train_validate(double *score, cJSON **metrics, cJSON **images, GaclipModel *model,
                   const TrainStage *stage, GaclipError *err);

#endif
