/* Inside an opened raster. */
#ifndef GACLIP_GEO_RASTER_H
#define GACLIP_GEO_RASTER_H

#include <gdal.h>
#include <ogr_srs_api.h>

#include "gaclip/raster.h"

/* From stored values to bytes, one line a band: byte = (value - low) * 255 / (high - low). */
typedef struct GaclipScaleRule {
    int as_bytes; /* values are bytes already */
    double low[3], high[3];
    char text[256];
} GaclipScaleRule;

struct GaclipRaster {
    GDALDatasetH dataset;
    GaclipRasterInfo info;
    GaclipScaleRule scale;
    double inverse[6];        /* ground to raster pixels */
    OGRSpatialReferenceH crs; /* NULL where there is none */
    GDALColorTableH palette;  /* of a single paletted band, or NULL; lent by the dataset */
    char *name, *crs_wkt, *crs_name;
};

/* Works out the rule for the raster's bands from options->scale. */
int gaclip__scale_rule(GaclipRaster *raster, const char *scale, GaclipError *err);

/* Mean radius of the Earth (IUGG), metres: good to 0.6 % for the length of a pixel. */
#define GACLIP__EARTH_RADIUS 6371008.8

/* Ground sampling distance at the raster's centre, metres a pixel along columns and rows. */
int gaclip__ground_sampling(double *gsd_x, double *gsd_y, const double geotransform[6], int width,
                            int height, OGRSpatialReferenceH crs);

#endif
