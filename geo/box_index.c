#include "box_index.h"

#include <math.h>
#include <stdlib.h>

#include "gaclip/detect.h"

double gaclip__box_area(const GaclipFound *f)
{
    return (f->x2 - f->x1) * (f->y2 - f->y1);
}

double gaclip__shared_area(const GaclipFound *a, const GaclipFound *b)
{
    double w = fmin(a->x2, b->x2) - fmax(a->x1, b->x1);
    double h = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
    return w > 0 && h > 0 ? w * h : 0;
}

GaclipMeeting gaclip__meeting(const GaclipFound *a, const GaclipFound *b, double nms_iou)
{
    double shared = gaclip__shared_area(a, b);
    double area_a = gaclip__box_area(a), area_b = gaclip__box_area(b);
    if (shared > nms_iou * (area_a + area_b - shared)) return GACLIP__OVERLAPPING;
    if (shared > (double)gaclip_nesting_limit(nms_iou) * fmin(area_a, area_b))
        return GACLIP__NESTED;
    return GACLIP__APART;
}

void gaclip__box_index_clear(GaclipBoxIndex *index)
{
    if (index->tree) GEOSSTRtree_destroy_r(index->geos, index->tree);
    for (int i = 0; index->envelopes && i < index->count; i++)
        if (index->envelopes[i]) GEOSGeom_destroy_r(index->geos, index->envelopes[i]);
    free(index->envelopes);
    if (index->geos) GEOS_finish_r(index->geos);
    *index = (GaclipBoxIndex){0};
}

int gaclip__box_index_build(GaclipBoxIndex *index, const GaclipFoundList *list, GaclipError *err)
{
    *index = (GaclipBoxIndex){.geos = GEOS_init_r(), .count = list->count};
    index->envelopes = calloc((size_t)list->count + 1, sizeof(GEOSGeometry *));
    if (index->geos) index->tree = GEOSSTRtree_create_r(index->geos, 10);
    int is_complete = index->envelopes && index->tree;
    for (int i = 0; i < list->count && is_complete; i++) {
        GaclipFound *f = &list->items[i];
        index->envelopes[i] = GEOSGeom_createRectangle_r(index->geos, f->x1, f->y1, f->x2, f->y2);
        is_complete = index->envelopes[i] != NULL;
        if (is_complete) GEOSSTRtree_insert_r(index->geos, index->tree, index->envelopes[i], f);
    }
    if (is_complete) return GACLIP_OK;
    gaclip__box_index_clear(index);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for %d boxes", list->count);
}

void gaclip__box_index_query(const GaclipBoxIndex *index, int i,
                             void (*visit)(void *found, void *payload), void *payload)
{
    GEOSSTRtree_query_r(index->geos, index->tree, index->envelopes[i], visit, payload);
}
