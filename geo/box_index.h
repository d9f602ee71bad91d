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

/* Whether the better of the two suppresses the other, if they are of one class: their IoU is above
 * nms_iou, or the smaller shares more than gaclip_nesting_limit of its area. */
typedef enum GaclipMeeting {
    GACLIP__APART,
    GACLIP__NESTED, /* the place of one says nothing about that of the other */
    GACLIP__OVERLAPPING,
} GaclipMeeting;

GaclipMeeting gaclip__meeting(const GaclipFound *a, const GaclipFound *b, double nms_iou);

#endif
