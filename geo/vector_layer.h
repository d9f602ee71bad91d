/* A layer of any vector source, opened for reading. */
#ifndef GACLIP_GEO_VECTOR_LAYER_H
#define GACLIP_GEO_VECTOR_LAYER_H

#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include "gaclip/error.h"

typedef struct GaclipVectorLayer {
    const char *name; /* of the dataset, lent by the caller */
    GDALDatasetH dataset;
    OGRLayerH layer;
} GaclipVectorLayer;

/* Opens the dataset and its layer of that name (NULL: the first with geometries). Messages begin
 * with the name and list the layers there are. */
int gaclip__layer_open(GaclipVectorLayer *layer, const char *name, const char *layer_name,
                       GaclipError *err);
void gaclip__layer_close(GaclipVectorLayer *layer);

/* The next feature, which the caller destroys, or NULL behind the last. A source that fails while
 * it is read is an error, not an end. */
int gaclip__layer_next(OGRFeatureH *feature, const GaclipVectorLayer *layer, GaclipError *err);

/* The index of a field; an unknown one lists the fields there are. */
int gaclip__layer_field(int *index, const GaclipVectorLayer *layer, const char *field,
                        GaclipError *err);

/* The way from the layer's CRS to another, both in traditional GIS axis order; NULL where they are
 * the same or one is not known. what names the other in messages. */
int gaclip__layer_transform(OGRCoordinateTransformationH *out, const GaclipVectorLayer *layer,
                            OGRSpatialReferenceH crs, const char *what, GaclipError *err);

#endif
