/* The calibration of scores in a model file. */
#ifndef GACLIP_MODEL_CALIBRATION_H
#define GACLIP_MODEL_CALIBRATION_H

#include "model/model.h"

/* json: the list of the metadata, or NULL: none. */
int gaclip__calibration_from_json(GaclipModel *model, const cJSON *json, GaclipError *err);
/* NULL when memory is short; the caller deletes it. */
cJSON *gaclip__calibration_to_json(const GaclipModel *model);

/* Of a score, which is kept a little from 0 and 1. */
double gaclip__logit(double score);

void gaclip__calibration_clear(GaclipModel *model);

#endif
