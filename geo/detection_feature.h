/* A detection as a feature: the fields of the layer `detections`, whoever writes or reads it. */
#ifndef GACLIP_GEO_DETECTION_FEATURE_H
#define GACLIP_GEO_DETECTION_FEATURE_H

#include "gaclip/feature.h"
#include "gaclip/raster.h"
#include "merge.h"

enum { GACLIP__DETECTION_FIELDS = 11 };
extern const GaclipField gaclip__detection_fields[GACLIP__DETECTION_FIELDS];

/* What all features of a layer share; all borrowed. */
typedef struct GaclipDetectionNames {
    const char *source; /* name of the scene */
    const char *const *classes, *const *prompts;
} GaclipDetectionNames;

/* Where a feature's own texts and geometry live. */
typedef struct GaclipDetectionBuffer {
    char tile[32], style[32];
    unsigned char polygon[128];
} GaclipDetectionBuffer;

/* Values and a polygon on the ground, in the raster's CRS, counter-clockwise whichever way the
 * geotransform turns. The feature lends from names and buffer; its fid is 0. */
void gaclip__detection_feature(GaclipFeature *out, GaclipDetectionBuffer *buffer,
                               const GaclipFound *found, const GaclipRaster *raster,
                               const GaclipDetectionNames *names);

#endif
