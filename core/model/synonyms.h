/* Other names of classes in a model file. */
#ifndef GACLIP_MODEL_SYNONYMS_H
#define GACLIP_MODEL_SYNONYMS_H

#include "model/model.h"

/* json: {"windmill": ["wind turbine"]} of the metadata, or NULL: none. */
int gaclip__synonyms_from_json(GaclipModel *model, const cJSON *json, GaclipError *err);
/* NULL when memory is short; the caller deletes it. */
cJSON *gaclip__synonyms_to_json(const GaclipModel *model);

void gaclip__synonyms_clear(GaclipModel *model);

#endif
