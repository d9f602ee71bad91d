/* A request as a dataset: layers and bands whose contents are inferred when they are read.
 *
 * Opening looks at the scene's size and georeference alone. A question about a part of the scene
 * runs the model over the tiles that the answer needs; tiles that were seen are kept, in a cache
 * beside a .gaclip file where that can be written, else in GDAL's memory file system, so that
 * another view of the same request finds them. The cache goes with the scene's files (size, time),
 * the model (SHA-256) and all that changes what is inferred; one that cannot be written is no
 * error.
 *
 * Calls on one view may come from several threads; they wait for each other. */
#ifndef GACLIP_VIEW_H
#define GACLIP_VIEW_H

#include "gaclip/error.h"
#include "gaclip/feature.h"
#include "gaclip/request.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipView GaclipView;

typedef struct GaclipViewInfo {
    int width, height; /* of the scene, raster pixels */
    int has_geotransform;
    double geotransform[6];
    const char *crs_wkt; /* "" where there is none */
    int band_count;      /* one a class to show */
} GaclipViewInfo;

/* Takes the request over: *request is empty afterwards, whatever happens. The caller closes
 * *out. */
GACLIP_API int gaclip_view_open(GaclipView **out, GaclipRequest *request, GaclipError *err);
GACLIP_API void gaclip_view_close(GaclipView *view);
GACLIP_API const GaclipViewInfo *gaclip_view_info(const GaclipView *view);
GACLIP_API const GaclipRequest *gaclip_view_request(const GaclipView *view);

/* Where what was found is kept beside the request's file, whether or not it is there yet; NULL
 * where the request comes from no file, or options ask for something else than the file. Lent. */
GACLIP_API const char *gaclip_view_cache_file(const GaclipView *view);

/* How much of the scene was looked at: tiles in all, known (from the cache or this view), run
 * through the model by this view; model windows run for bands. 0 before the first read. */
typedef struct GaclipViewCounts {
    int tiles, tiles_known, tiles_run, band_windows_run;
} GaclipViewCounts;
GACLIP_API GaclipViewCounts gaclip_view_counts(GaclipView *view);

/* done of total; a non-zero return stops the call: GACLIP_ERROR_INTERRUPTED. What was inferred so
 * far is kept. */
typedef int GaclipViewProgress(int done, int total, void *payload);

/* For the calls to come on this thread; NULL = none. */
GACLIP_API void gaclip_view_set_progress(GaclipViewProgress *progress, void *payload);

/* Layers. `detections` where classes are asked, `alignments` where regions are given. */
typedef enum GaclipViewLayer { GACLIP_VIEW_DETECTIONS, GACLIP_VIEW_ALIGNMENTS } GaclipViewLayer;

GACLIP_API int gaclip_view_layer_count(const GaclipView *view);
GACLIP_API GaclipViewLayer gaclip_view_layer_at(const GaclipView *view, int index);
GACLIP_API const char *gaclip_view_layer_name(GaclipViewLayer layer);
GACLIP_API const GaclipField *gaclip_view_layer_fields(int *count, GaclipViewLayer layer);

/* Which features are wanted. */
typedef struct GaclipViewFilter {
    const double *bbox;         /* xmin, ymin, xmax, ymax in the scene's CRS, or NULL */
    const char *const *classes; /* (class_count), in any case; NULL = all; of detections */
    int class_count;
    double min_score; /* of detections; 0 = all */
} GaclipViewFilter;

/* A list of features; it may not outlive its view. */
typedef struct GaclipFeatures GaclipFeatures;

/* Infers what is needed. Detections come by score, descending, regions in their order; those whose
 * bounds meet the bbox. Ids do not depend on the filter. The caller frees *out. */
GACLIP_API int gaclip_view_query(GaclipFeatures **out, GaclipView *view, GaclipViewLayer layer,
                                 const GaclipViewFilter *filter, GaclipError *err);

/* The feature with that id: a list of one or none. */
GACLIP_API int gaclip_view_find(GaclipFeatures **out, GaclipView *view, GaclipViewLayer layer,
                                long long fid, GaclipError *err);
GACLIP_API void gaclip_features_free(GaclipFeatures *features);
GACLIP_API int gaclip_features_count(const GaclipFeatures *features);

/* Lends until the next call on the list. */
GACLIP_API void gaclip_features_at(GaclipFeature *out, GaclipFeatures *features, int index);

/* Whether a read of the whole layer would infer nothing. */
GACLIP_API int gaclip_view_is_complete(GaclipView *view, GaclipViewLayer layer);

/* Bounds of the scene on the ground: xmin, ymin, xmax, ymax. */
GACLIP_API void gaclip_view_bounds(double bounds[4], const GaclipView *view);

/* Bands: the dense map of each class to show, in raster pixels. */

/* The class of a band, from 0; lent. */
GACLIP_API const char *gaclip_view_band_class(const GaclipView *view, int band);

/* The window [x, x + width) x [y, y + height) of raster pixels as out_width x out_height values,
 * each the mean over its pixel: bytes (GACLIP_NO_BYTE without valid ground) or floats (NaN there),
 * as the request says. */
GACLIP_API int gaclip_view_read_band(void *out, GaclipView *view, int band, double x, double y,
                                     double width, double height, int out_width, int out_height,
                                     GaclipError *err);
enum { GACLIP_NO_BYTE = 255 };

/* Side of the blocks that readers go by: the same blocks give the same values to the last bit. */
enum { GACLIP_BAND_BLOCK = 256 };

/* Measure = byte * scale + offset. */
GACLIP_API void gaclip_view_band_scaling(double *scale, double *offset, const GaclipView *view);

/* Colours of the byte values: red, green, blue, alpha. */
GACLIP_API void gaclip_view_band_colour(unsigned char colour[4], int value);

#ifdef __cplusplus
}
#endif
#endif
