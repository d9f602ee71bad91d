/* Detection over a whole scene: plan tiles, read, detect, merge, georeference, write. */
#ifndef GACLIP_SCENE_DETECT_H
#define GACLIP_SCENE_DETECT_H

#include "gaclip/detect.h"
#include "gaclip/error.h"
#include "gaclip/raster.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipSceneDetectOptions {
    GaclipRasterOptions raster;
    int tile_size; /* model pixels; 0 = 512, or three windows where that is more */
    double nms_iou;
    const double *bbox;    /* xmin, ymin, xmax, ymax in the raster's CRS, or NULL = all */
    const char *aoi;       /* vector source: only boxes centred in its polygons, which may be in any
                              CRS; NULL = everywhere */
    const char *aoi_layer; /* of that source; NULL = the first with geometries */
    const char *output;    /* OGR dataset name; its extension chooses the driver unless ... */
    const char *format;    /* ... an OGR driver's short name is given; NULL = by extension */
    const char *dst_crs;   /* any CRS that PROJ knows; NULL = the raster's */
    const char *const *layer_options; /* NULL-terminated NAME=VALUE, or NULL */
    const char *layer_name;           /* NULL = "detections" */
    const char *quicklook;            /* PNG file to write besides: the scene in small with the
                                         boxes; NULL = none */
    int overwrite;
    int append; /* an existing output, a GeoPackage, gets the boxes added to its layer of that name,
                   or such a layer; not with overwrite */
    int resume; /* go on from what a run that was stopped has left beside the output, if any */
    const char *command; /* the command line, for provenance; may be NULL */
} GaclipSceneDetectOptions;

GACLIP_API void gaclip_scene_detect_options_init(GaclipSceneDetectOptions *options);

typedef struct GaclipSceneDetectSummary {
    int tiles, tiles_empty, windows; /* planned, of these without data, model windows run */
    int tiles_resumed;               /* of these taken over from a run that was stopped */
    int found, written;              /* boxes before and after merging the windows' */
    int *per_class;                  /* (class_count) written, free with free() */
    double seconds;
    int is_done;     /* append and resume: the output has this run's boxes already; all else is 0 */
    int is_repeated; /* append without resume: it had them already, and has them twice now */
} GaclipSceneDetectSummary;

/* done of total tiles; a non-zero return stops: GACLIP_ERROR_INTERRUPTED, no output. */
typedef int GaclipSceneProgress(int done, int total, void *payload);

/* Runs the detector over the scene and writes the layer. The output appears under its name only
 * when complete; an existing one is GACLIP_ERROR_EXISTS without overwrite or append (checked before
 * any work). Until then what was found is kept in "<output>.unfinished", or with append
 * "<output>.<scene>.unfinished", now and then and when the run fails or is stopped, for a run with
 * resume; one with other inputs or options refuses it. Memory is bounded by the tile size and the
 * number of kept boxes. */
GACLIP_API int gaclip_scene_detect(GaclipSceneDetectSummary *summary, const char *scene,
                                   GaclipDetector *detector, GaclipModel *model,
                                   const char *const *classes, int class_count,
                                   const GaclipSceneDetectOptions *options,
                                   GaclipSceneProgress *progress, void *payload, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
