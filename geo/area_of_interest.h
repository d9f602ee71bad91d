/* Polygons that a scene is searched within. */
#ifndef GACLIP_GEO_AREA_OF_INTEREST_H
#define GACLIP_GEO_AREA_OF_INTEREST_H

#include "gaclip/raster.h"
#include "tiling.h"

typedef struct GaclipAreaOfInterest GaclipAreaOfInterest;

/* Reads the polygons of any vector source in any CRS (assumed to be the raster's where it states
 * none); layer NULL = the first with geometries. What is no polygon does not count; none at all is
 * GACLIP_ERROR_EMPTY. raster is borrowed. The caller frees *out. */
int gaclip__aoi_open(GaclipAreaOfInterest **out, const char *name, const char *layer,
                     const GaclipRaster *raster, GaclipError *err);
void gaclip__aoi_free(GaclipAreaOfInterest *aoi);

/* Whether a tile, made larger by margin model pixels on every side, has a part in it. */
int gaclip__aoi_meets(const GaclipAreaOfInterest *aoi, const GaclipTile *tile, int margin);

/* Whether a point, model pixels of the scene, lies in it or on its edge. */
int gaclip__aoi_holds(const GaclipAreaOfInterest *aoi, double x, double y);

#endif
