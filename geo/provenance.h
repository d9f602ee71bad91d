/* What a result was made from and by: one JSON object that goes into the output. */
#ifndef GACLIP_GEO_PROVENANCE_H
#define GACLIP_GEO_PROVENANCE_H

#include <cjson/cJSON.h>

#include "gaclip/scene_detect.h"

typedef struct GaclipProvenance {
    const char *scene;
    const GaclipRasterInfo *raster;
    const GaclipDetector *detector;
    GaclipModel *model;
    const char *const *classes;
    int class_count;
    const GaclipSceneDetectOptions *options;
    const GaclipSceneDetectSummary *summary;
} GaclipProvenance;

/* The part of it that decides what is found: the scene and how it is read, models, prompts,
 * options. summary may be NULL. */
void gaclip__add_run(cJSON *object, const GaclipProvenance *from);

/* NULL when memory is short; free with cJSON_Delete. The time is SOURCE_DATE_EPOCH where that is
 * set, so that outputs can be reproduced byte for byte. */
cJSON *gaclip__provenance(const GaclipProvenance *from);

/* Adds how the model was run: "dense" (a GaclipDense; negative = the model's own), "precision". */
void gaclip__add_passes(cJSON *object, const GaclipModel *model, int dense);

/* Seconds since 1970 of now, or of SOURCE_DATE_EPOCH. */
long long gaclip__timestamp(void);
/* The same as "2024-05-01T12:00:00Z". */
void gaclip__format_timestamp(char *out, size_t size);

#endif
