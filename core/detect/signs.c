#include "detect/signs.h"

#include <math.h>
#include <stdlib.h>

/* Pixels a side of a cell. */
enum { CELL = 8 };

int gaclip__signs_init(GaclipSigns *signs, int width, int height, GaclipError *err)
{
    signs->columns = (width + CELL - 1) / CELL;
    signs->rows = (height + CELL - 1) / CELL;
    size_t count = (size_t)signs->columns * (size_t)signs->rows;
    signs->sides = malloc((count + 1) * sizeof *signs->sides);
    if (!signs->sides) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) signs->sides[i] = INFINITY;
    return GACLIP_OK;
}

void gaclip__signs_clear(GaclipSigns *signs)
{
    free(signs->sides);
    *signs = (GaclipSigns){0};
}

static int cell_of(float place, int count)
{
    if (!(place > 0)) return 0;
    return place < (float)(CELL * count) ? (int)(place / CELL) : count - 1;
}

static float *side_at(const GaclipSigns *signs, int row, int column)
{
    return &signs->sides[(size_t)row * (size_t)signs->columns + (size_t)column];
}

void gaclip__signs_note(GaclipSigns *signs, float x, float y, float side)
{
    float *smallest = side_at(signs, cell_of(y, signs->rows), cell_of(x, signs->columns));
    *smallest = fminf(*smallest, side);
}

float gaclip__signs_smallest(const GaclipSigns *signs, float x1, float y1, float x2, float y2)
{
    float smallest = INFINITY;
    for (int r = cell_of(y1, signs->rows); r <= cell_of(y2, signs->rows); r++)
        for (int c = cell_of(x1, signs->columns); c <= cell_of(x2, signs->columns); c++)
            smallest = fminf(smallest, *side_at(signs, r, c));
    return smallest;
}
