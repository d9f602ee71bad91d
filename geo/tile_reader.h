/* A thread that reads tiles of a plan ahead of the model, through a bounded queue. */
#ifndef GACLIP_GEO_TILE_READER_H
#define GACLIP_GEO_TILE_READER_H

#include "gaclip/image.h"
#include "tiling.h"

typedef struct GaclipTileReader GaclipTileReader;

/* Starts reading count tiles: those whose indices tiles (count) holds, or the first ones of the
 * plan for NULL. All is borrowed, and nobody else may read the raster meanwhile. The caller frees
 * *out, at any time. */
int gaclip__tile_reader_new(GaclipTileReader **out, GaclipRaster *raster,
                            const GaclipTilePlan *plan, const int *tiles, int count,
                            GaclipError *err);
void gaclip__tile_reader_free(GaclipTileReader *reader);

/* The next tile, waiting for it. image is initialised here and the caller's to clear;
 * without valid ground in the tile it has no pixels (rgb is NULL). To be called once a tile. */
int gaclip__tile_reader_next(GaclipTile *tile, GaclipImage *image, GaclipTileReader *reader,
                             GaclipError *err);

#endif
