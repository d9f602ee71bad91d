/* Training samples cut from a raster and its annotations. */
#ifndef GACLIP_SCENE_SOURCE_H
#define GACLIP_SCENE_SOURCE_H

#include "gaclip/annotations.h"
#include "gaclip/raster.h"
#include "gaclip/train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipSceneSource GaclipSceneSource;

/* object_share: the share of samples that are centred near a random annotation (classes drawn
 * evenly); the others lie anywhere on valid ground, which gives honest negatives. raster and
 * annotations are borrowed. The caller frees *out. */
GACLIP_API int gaclip_scene_source_new(GaclipSceneSource **out, GaclipRaster *raster,
                                       const GaclipAnnotations *annotations, double object_share,
                                       GaclipError *err);
GACLIP_API void gaclip_scene_source_free(GaclipSceneSource *source);

/* A view of it for gaclip_train. Samples are in model pixels; decoded ground is cached in memory
 * up to a bound (GDAL's block cache), and the same random number gives the same sample. Several
 * threads may call it. */
GACLIP_API GaclipSampleSource gaclip_scene_source_view(GaclipSceneSource *source);

#ifdef __cplusplus
}
#endif
#endif
