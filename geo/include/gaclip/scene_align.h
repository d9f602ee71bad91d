/* Regions of a scene against phrases, written as a layer. */
#ifndef GACLIP_SCENE_ALIGN_H
#define GACLIP_SCENE_ALIGN_H

#include "gaclip/view.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipSceneAlignOptions {
    const char *output;               /* OGR dataset name */
    const char *format;               /* an OGR driver's short name; NULL = by extension */
    const char *dst_crs;              /* NULL = the raster's */
    const char *const *layer_options; /* NULL-terminated NAME=VALUE, or NULL */
    int overwrite;
    const char *command; /* the command line, for provenance; may be NULL */
} GaclipSceneAlignOptions;

typedef struct GaclipSceneAlignSummary {
    int regions, dropped;    /* written; outside the raster or without geometry */
    int with_phrase, first;  /* regions with a phrase of their own; whose phrase ranks first */
    double mean_consistency; /* cosine of region and crop embedding */
} GaclipSceneAlignSummary;

/* The layer `alignments` of the request, which is taken over, whatever happens. */
GACLIP_API int gaclip_scene_align(GaclipSceneAlignSummary *summary, GaclipRequest *request,
                                  const GaclipSceneAlignOptions *options,
                                  GaclipViewProgress *progress, void *payload, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
