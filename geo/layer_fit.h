/* Whether further features go into a layer that is there already. */
#ifndef GACLIP_GEO_LAYER_FIT_H
#define GACLIP_GEO_LAYER_FIT_H

#include <ogr_api.h>

#include "gaclip/feature.h"
#include "layer_writer.h"

/* The layer of that name in the target's dataset, which must have all fields and polygons, in a CRS
 * that the raster's can be brought to and that options do not contradict. *out is NULL where there
 * is none of that name; *crs (lent by it) where its coordinates are on no ground. */
int gaclip__layer_fit(OGRLayerH *out, OGRSpatialReferenceH *crs, GDALDatasetH dataset,
                      const GaclipVectorTarget *target, const GaclipRaster *raster,
                      const GaclipLayerOptions *options, const GaclipField *fields, int field_count,
                      GaclipError *err);

#endif
