/* The layer of detections: fields, features, style and provenance (design: "Vector out"). */
#ifndef GACLIP_GEO_DETECTION_WRITER_H
#define GACLIP_GEO_DETECTION_WRITER_H

#include <cjson/cJSON.h>

#include "gaclip/scene_detect.h"
#include "merge.h"
#include "vector_target.h"

/* What a layer is written from; all borrowed. */
typedef struct GaclipDetectionLayer {
    const GaclipRaster *raster;
    const GaclipDetector *detector;
    const char *source; /* name of the scene */
    const char *const *classes;
    int class_count;
    const GaclipFound *found;
    int count;
    const cJSON *provenance;
    const GaclipSceneDetectOptions *options;
} GaclipDetectionLayer;

/* Whether the raster and options can be written by the target's driver at all (its CRS, dst_crs).
 */
int gaclip__check_layer(const GaclipVectorTarget *target, const GaclipRaster *raster,
                        const GaclipSceneDetectOptions *options, GaclipError *err);

/* Creates the target's dataset and fills it, in one transaction. */
int gaclip__write_layer(GaclipVectorTarget *target, const GaclipDetectionLayer *layer,
                        GaclipError *err);

#endif
