/* Boxes of many tiles merged into one an object, over a GEOS STRtree (n log n). */
#ifndef GACLIP_GEO_MERGE_H
#define GACLIP_GEO_MERGE_H

#include "gaclip/error.h"

/* A detection in the scene. */
typedef struct GaclipFound {
    double x1, y1, x2, y2; /* model pixels of the scene */
    int class_index;
    float score, objectness, probability, similarity;
    int column, row; /* of the tile that saw it */
    int index;       /* among the tile's own; in an answer, among those that take part */
    int is_cut;      /* an inner edge of a window or tile may have cut it */
} GaclipFound;

typedef struct GaclipFoundList {
    GaclipFound *items; /* free with free() */
    int count, capacity;
} GaclipFoundList;

int gaclip__found_add(GaclipFoundList *list, const GaclipFound *found, GaclipError *err);

/* In place: cut boxes give way to whole ones of their class that cover more than
 * GACLIP_CUT_COVERED of them; then greedy suppression within each class, above nms_iou or
 * gaclip_nesting_limit, where a whole box that stays moves to the weighted mean
 * (gaclip_vote_weight) of itself and the whole boxes that it suppressed by the former. Sorted by
 * score, descending; the result does not depend on the order of the input. */
int gaclip__merge(GaclipFoundList *list, double nms_iou, GaclipError *err);

#endif
