/* Regions to be aligned with phrases, from any vector source. */
#ifndef GACLIP_GEO_REGION_READER_H
#define GACLIP_GEO_REGION_READER_H

#include "gaclip/image.h"
#include "gaclip/raster.h"
#include "request_keys.h"

typedef struct GaclipGroundRegion {
    long long fid;
    GaclipBox box;      /* raster pixels, clipped to the raster */
    double bounds[4];   /* on the ground, in the raster's CRS */
    unsigned char *wkb; /* the geometry, in the raster's CRS */
    size_t wkb_size;
    char *phrase;          /* its own, or NULL */
    GaclipNames negatives; /* phrases that look right and are wrong */
} GaclipGroundRegion;

typedef struct GaclipRegionList {
    GaclipGroundRegion *items;
    int count, capacity;
    int dropped; /* outside the raster, or without geometry */
} GaclipRegionList;

/* Into a zeroed list, which the caller clears in any case. No region at all is
 * GACLIP_ERROR_EMPTY. */
int gaclip__regions_read(GaclipRegionList *list, const GaclipRaster *raster,
                         const GaclipRequest *request, GaclipError *err);
void gaclip__regions_clear(GaclipRegionList *list);

#endif
