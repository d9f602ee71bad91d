/* How the objects of a class lie to each other in an image. */
#ifndef GACLIP_GEO_ARRANGEMENT_H
#define GACLIP_GEO_ARRANGEMENT_H

#include "gaclip/dataset.h"

typedef enum GaclipArrangement {
    GACLIP__NO_ARRANGEMENT,
    GACLIP__ROW,
    GACLIP__GRID,
    GACLIP__RING,
    GACLIP__CLUSTER,
    GACLIP__SCATTERED
} GaclipArrangement;

/* What clearly is so. A row: three or more on a line at even steps, none far from the next. A grid:
 * six or more in straight rows and columns at even steps, few places empty. A ring: six or more at
 * nearly the same distance from their middle, which is wide, without a wide gap. A cluster: three
 * or more close together, all within an eighth of the image's diagonal of their middle, not in a
 * line. Scattered: four or more all over, neither in lines nor in clumps. */
int gaclip__arrangement(GaclipArrangement *out, const GaclipDatasetImage *image, int class_index,
                        GaclipError *err);

#endif
