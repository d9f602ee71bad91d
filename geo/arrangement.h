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

/* What clearly is so:
 *   row        three or more on a line, at even steps, none far from the next
 *   grid       six or more in straight rows and columns at even steps, few places empty
 *   ring       six or more at nearly the same distance from their middle, which is wide and empty
 * of them, without a wide gap cluster    three or more on a tenth of the image's diagonal scattered
 * four or more all over, neither in lines nor in clumps */
int gaclip__arrangement(GaclipArrangement *out, const GaclipDatasetImage *image, int class_index,
                        GaclipError *err);

#endif
