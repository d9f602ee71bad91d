/* The bands of a view as a raster file. */
#ifndef GACLIP_HEATMAP_H
#define GACLIP_HEATMAP_H

#include "gaclip/view.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipHeatmapOptions {
    const char *output;
    const char *format;                  /* "GTiff" or "COG"; NULL = GTiff */
    const char *const *creation_options; /* NULL-terminated NAME=VALUE, or NULL */
    const double
        *bbox; /* xmin, ymin, xmax, ymax in the raster's CRS: only its pixels; NULL = all */
    int overwrite;
    const char *command; /* the command line, for provenance; may be NULL */
} GaclipHeatmapOptions;

typedef struct GaclipHeatmapSummary {
    int width, height, bands, windows; /* windows: of the model, run */
    double *highest; /* (bands) the highest measure of each, NaN without ground; free with free() */
} GaclipHeatmapSummary;

/* Writes one band a class to show, tiled and compressed; one band of bytes has colours, several
 * have scale and offset. The request is taken over, whatever happens. The output appears under its
 * name only when complete. progress counts blocks. */
GACLIP_API int gaclip_heatmap(GaclipHeatmapSummary *summary, GaclipRequest *request,
                              const GaclipHeatmapOptions *options, GaclipViewProgress *progress,
                              void *payload, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
