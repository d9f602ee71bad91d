/* The boxes of a list in a GEOS STRtree. */
#ifndef GACLIP_GEO_BOX_INDEX_H
#define GACLIP_GEO_BOX_INDEX_H

#include <geos_c.h>

#include "merge.h"

typedef struct GaclipBoxIndex {
    GEOSContextHandle_t geos;
    GEOSSTRtree *tree;
    GEOSGeometry **envelopes; /* (count) */
    int count;
} GaclipBoxIndex;

/* list is borrowed and may not move until the index is cleared. */
int gaclip__box_index_build(GaclipBoxIndex *index, const GaclipFoundList *list, GaclipError *err);
void gaclip__box_index_clear(GaclipBoxIndex *index);

/* Calls visit for each box (a GaclipFound of the list) whose bounds meet those of box number i,
 * itself included. */
void gaclip__box_index_query(const GaclipBoxIndex *index, int i,
                             void (*visit)(void *found, void *payload), void *payload);

double gaclip__box_area(const GaclipFound *f);
double gaclip__shared_area(const GaclipFound *a, const GaclipFound *b);

#endif
