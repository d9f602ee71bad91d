/* A layer with its fields, features, style and provenance (design: "Vector out"). */
#ifndef GACLIP_GEO_LAYER_WRITER_H
#define GACLIP_GEO_LAYER_WRITER_H

#include <cjson/cJSON.h>
#include <gdal.h>
#include <ogr_api.h>

#include "gaclip/feature.h"
#include "gaclip/raster.h"
#include "vector_target.h"

/* How a layer is written. */
typedef struct GaclipLayerOptions {
    const char *name;
    const char *dst_crs;              /* NULL = the raster's */
    const char *const *layer_options; /* NULL-terminated NAME=VALUE, or NULL */
} GaclipLayerOptions;

/* What a layer is written from; all borrowed. */
typedef struct GaclipLayerContent {
    const GaclipRaster *raster; /* in whose CRS the features are */
    GaclipLayerOptions options;
    OGRwkbGeometryType geometry;
    const GaclipField *fields; /* (field_count) */
    int field_count, count;
    /* Feature number index, which lends until the next call. */
    void (*feature)(GaclipFeature *out, int index, void *payload);
    void *payload;
    const char *style; /* QGIS's, as QML, or NULL */
    const cJSON *provenance;
} GaclipLayerContent;

/* Whether the raster and options can be written by the target's driver at all, and into the layer
 * that is to be extended: its CRS, dst_crs, names of layer options, fields (field_count). */
int gaclip__check_layer(const GaclipVectorTarget *target, const GaclipRaster *raster,
                        const GaclipLayerOptions *options, const GaclipField *fields,
                        int field_count, GaclipError *err);

/* Creates or opens the target's dataset and fills it, in one transaction. */
int gaclip__write_layer(GaclipVectorTarget *target, const GaclipLayerContent *content,
                        GaclipError *err);

#endif
