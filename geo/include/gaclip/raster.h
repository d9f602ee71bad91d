/* Rasters pulled by window, in the ground sampling distance that a model wants.
 *
 * Two pixel spaces: *raster* pixels, the file's own (column, row; the geotransform maps them to
 * ground), and *model* pixels, the same plane zoomed so that a pixel measures the model's GSD.
 * model = raster * zoom on both axes (non-square pixels have two zooms). */
#ifndef GACLIP_RASTER_H
#define GACLIP_RASTER_H

#include "gaclip/error.h"
#include "gaclip/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipRaster GaclipRaster;

typedef struct GaclipRasterOptions {
    const int *bands; /* (band_count) 1-based: 3 of them, or 1 that is repeated; NULL = by
                         colour interpretation, else the first three, else one repeated */
    int band_count;
    const char *scale;    /* "auto" (bytes as they are, else 2-98 percentile), "none",
                             "percentile:LOW,HIGH", or "MIN,MAX"; NULL = auto */
    double gsd;           /* metres a raster pixel, said by the user; 0 = from geotransform and
                             CRS, whose absence is then an error */
    double model_gsd_min; /* the model's range, metres a pixel; 0, 0 = native resolution */
    double model_gsd_max;
    const char *const *open_options; /* NULL-terminated NAME=VALUE list, or NULL */
} GaclipRasterOptions;

GACLIP_API void gaclip_raster_options_init(GaclipRasterOptions *options);

typedef struct GaclipRasterInfo {
    const char *name;
    int width, height; /* raster pixels */
    int has_geotransform, has_crs;
    double geotransform[6]; /* identity where there is none */
    const char *crs_wkt;    /* WKT2, "" where there is none */
    const char *crs_name;   /* "EPSG:26915" where it has a code, else its name, or "" */
    double gsd_x, gsd_y;    /* metres a raster pixel at the centre */
    double zoom_x, zoom_y;  /* model pixels a raster pixel */
    int model_width, model_height;
    int bands[3];
    const char *scale_rule; /* what was applied, for provenance: "bytes", "percentile ..." */
} GaclipRasterInfo;

/* Opens any GDAL raster name. Messages name the raster, the fact and the remedy. The caller
 * closes *out. One raster serves one thread at a time. */
GACLIP_API int gaclip_raster_open(GaclipRaster **out, const char *name,
                                  const GaclipRasterOptions *options, GaclipError *err);
GACLIP_API void gaclip_raster_close(GaclipRaster *raster);
GACLIP_API const GaclipRasterInfo *gaclip_raster_info(const GaclipRaster *raster);

/* Reads a window given in raster pixels (any real numbers, may reach outside) as out_width x
 * out_height RGB bytes with a mask: alpha, mask bands, nodata, NaN, infinity and everything
 * outside the raster are 0 in it. Overviews and bicubic/average resampling as GDAL does. out is
 * initialised here; the caller clears it. */
GACLIP_API int gaclip_raster_read(GaclipImage *out, GaclipRaster *raster, double x, double y,
                                  double width, double height, int out_width, int out_height,
                                  GaclipError *err);

/* Whether a window of raster pixels holds any valid pixel, asked cheaply (mask at low
 * resolution may say yes too often, never no wrongly). */
GACLIP_API int gaclip_raster_has_data(GaclipRaster *raster, double x, double y, double width,
                                      double height);

/* Raster pixel <-> ground through the full affine. The inverse fails for a degenerate one. */
GACLIP_API void gaclip_raster_to_ground(const GaclipRaster *raster, double column, double row,
                                        double *x, double *y);
GACLIP_API int gaclip_raster_from_ground(const GaclipRaster *raster, double x, double y,
                                         double *column, double *row);

#ifdef __cplusplus
}
#endif
#endif
