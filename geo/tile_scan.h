/* The detector over tiles of a scene, one after the other. */
#ifndef GACLIP_GEO_TILE_SCAN_H
#define GACLIP_GEO_TILE_SCAN_H

#include "gaclip/detect.h"
#include "merge.h"
#include "tiling.h"

/* What the detector saw in a tile. */
typedef struct GaclipTileBoxes {
    GaclipFound *items; /* (count) free with free() */
    int count, windows; /* boxes, model windows run */
    int is_empty;       /* without valid ground */
} GaclipTileBoxes;

/* Called when number `done` (from 1) of the scan's tiles is through; *boxes may be taken over by
 * setting its items to NULL. A negative status ends the scan. */
typedef int GaclipTileVisit(GaclipTileBoxes *boxes, int tile, int done, void *payload,
                            GaclipError *err);

/* Reads and detects count tiles: those whose indices tiles (count) holds, or the first of the plan
 * for NULL. Nothing is merged. */
int gaclip__scan_tiles(GaclipRaster *raster, GaclipDetector *detector, const GaclipTilePlan *plan,
                       const int *tiles, int count, GaclipTileVisit *visit, void *payload,
                       GaclipError *err);

#endif
