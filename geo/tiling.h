/* Tiles over a raster: groups of model windows of one grid over the whole scene, so that the
 * windows, and with them the detections, are the same whatever the tile size. */
#ifndef GACLIP_GEO_TILING_H
#define GACLIP_GEO_TILING_H

#include "gaclip/error.h"
#include "gaclip/raster.h"

/* The part of the scene that is looked at, in model pixels. */
typedef struct GaclipArea {
    int x, y, width, height;
} GaclipArea;

typedef struct GaclipTile {
    int column, row;                                      /* in the plan */
    int x, y, width, height;                              /* model pixels of the scene */
    int inner_left, inner_top, inner_right, inner_bottom; /* whether the area goes on there */
} GaclipTile;

typedef struct GaclipTilePlan {
    GaclipArea area;
    int window, overlap; /* of the model's windows */
    int windows_a_side;  /* of a tile */
    int columns, rows;
} GaclipTilePlan;

/* Windows along a side of length pixels, and where number index begins; the last is pulled back to
 * the end. */
int gaclip__windows_along(int length, int window, int step);
int gaclip__window_begin(int index, int length, int window, int step);

/* The model pixels that a box xmin, ymin, xmax, ymax in the raster's CRS covers, or the whole
 * raster for NULL. A box outside the raster is GACLIP_ERROR_EMPTY. */
int gaclip__area_of(GaclipArea *area, const GaclipRaster *raster, const double *bbox,
                    GaclipError *err);

/* Side of tiles where none is asked for: 512, but at least three windows, so that neighbours do not
 * share most of what they see. */
int gaclip__default_tile(int window);

/* Tiles of at most tile_size model pixels (but at least one window) a side. */
int gaclip__tile_plan(GaclipTilePlan *plan, const GaclipArea *area, int window, int overlap,
                      int tile_size, GaclipError *err);
int gaclip__tile_count(const GaclipTilePlan *plan);
GaclipTile gaclip__tile_at(const GaclipTilePlan *plan, int index); /* row by row */

#endif
