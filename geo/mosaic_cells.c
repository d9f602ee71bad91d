#include "mosaic_cells.h"

#include "chance.h"

static int start_of(int length, int count, int i)
{
    return (int)((long long)length * i / count);
}

int gaclip__mosaic_grid(GaclipMosaicCell cells[GACLIP__MOST_CELLS], int width, int height, int side)
{
    int columns = side < width ? side : width, rows = side < height ? side : height;
    for (int i = 0; i < columns * rows; i++) {
        int column = i % columns, row = i / columns;
        int x = start_of(width, columns, column), y = start_of(height, rows, row);
        cells[i] = (GaclipMosaicCell){x, y, start_of(width, columns, column + 1) - x,
                                      start_of(height, rows, row + 1) - y};
    }
    return columns * rows;
}

static int largest_of(const GaclipMosaicCell *cells, int count)
{
    int largest = 0;
    for (int i = 1; i < count; i++)
        if ((long long)cells[i].width * cells[i].height >
            (long long)cells[largest].width * cells[largest].height)
            largest = i;
    return largest;
}

/* Cuts the cell across its longer side; the part behind the cut becomes *rest. */
static void cut(GaclipMosaicCell *cell, GaclipMosaicCell *rest, uint64_t *state)
{
    double share = 0.35 + 0.3 * gaclip__chance_uniform(state);
    *rest = *cell;
    if (cell->width > cell->height) {
        cell->width = (int)(cell->width * share) + 1;
        rest->x += cell->width;
        rest->width -= cell->width;
    } else {
        cell->height = (int)(cell->height * share) + 1;
        rest->y += cell->height;
        rest->height -= cell->height;
    }
}

int gaclip__mosaic_mixed(GaclipMosaicCell cells[GACLIP__MOST_CELLS], int width, int height,
                         int count, uint64_t *state)
{
    int made = 1;
    cells[0] = (GaclipMosaicCell){0, 0, width, height};
    while (made < count && made < GACLIP__MOST_CELLS) {
        GaclipMosaicCell *largest = &cells[largest_of(cells, made)];
        if (largest->width < 4 && largest->height < 4) break;
        cut(largest, &cells[made++], state);
    }
    return made;
}
