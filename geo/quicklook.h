/* A small picture of a scene with the boxes that were found. */
#ifndef GACLIP_GEO_QUICKLOOK_H
#define GACLIP_GEO_QUICKLOOK_H

#include "gaclip/raster.h"
#include "merge.h"
#include "tiling.h"

/* Writes path, a PNG file whose longer side has at most 1600 pixels: the area (model pixels of the
 * scene), read at that size from overviews where there are some, and each box outlined in the
 * colour of its class, that of the layer's style. Boxes of few pixels are drawn larger. */
int gaclip__quicklook(const char *path, GaclipRaster *raster, const GaclipArea *area,
                      const GaclipFoundList *found, GaclipError *err);

#endif
