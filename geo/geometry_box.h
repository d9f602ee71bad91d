/* A geometry as a box of raster pixels. */
#ifndef GACLIP_GEO_GEOMETRY_BOX_H
#define GACLIP_GEO_GEOMETRY_BOX_H

#include <ogr_api.h>

#include "gaclip/image.h"
#include "gaclip/raster.h"

/* The envelope of a geometry in the raster's CRS: x1 y1 x2 y2, not clipped. Where it has no extent
 * along an axis (a point), it becomes point_size metres long. False for one without vertices. */
int gaclip__geometry_box(double box[4], OGRGeometryH geometry, const GaclipRaster *raster,
                         double point_size);

/* The part of such a box that lies on the raster; false where that is no area at all, or less than
 * that share of the box. */
int gaclip__clip_to_raster(GaclipBox *out, const double box[4], const GaclipRaster *raster,
                           double min_fraction);

#endif
