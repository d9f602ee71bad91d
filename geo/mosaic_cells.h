/* How a mosaic is cut into cells. */
#ifndef GACLIP_GEO_MOSAIC_CELLS_H
#define GACLIP_GEO_MOSAIC_CELLS_H

#include <stdint.h>

enum { GACLIP__MOST_CELLS = 64 };

typedef struct GaclipMosaicCell {
    int x, y, width, height;
} GaclipMosaicCell;

/* Cells of a grid of side x side, fewer where there are fewer pixels; returns their number. */
int gaclip__mosaic_grid(GaclipMosaicCell cells[GACLIP__MOST_CELLS], int width, int height,
                        int side);

/* About count cells of different sizes, by cutting the largest one again and again. */
int gaclip__mosaic_mixed(GaclipMosaicCell cells[GACLIP__MOST_CELLS], int width, int height,
                         int count, uint64_t *state);

#endif
