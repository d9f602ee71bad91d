/* Geometries that cross the antimeridian. */
#ifndef GACLIP_GEO_ANTIMERIDIAN_H
#define GACLIP_GEO_ANTIMERIDIAN_H

#include <ogr_api.h>
#include <ogr_srs_api.h>

/* A transformation into a geographic CRS leaves such a geometry with vertices at both ends of the
 * world and all of it between. Gives it its own extent back, in one part and so of its own type:
 * the western vertices move on by a full circle, to longitudes beyond 180 degrees. crs has
 * longitudes first; one that is projected changes nothing. */
void gaclip__join_at_antimeridian(OGRGeometryH geometry, OGRSpatialReferenceH crs);

#endif
