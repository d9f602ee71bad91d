#include "merge.h"

#include <geos_c.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/detect.h"

int gaclip__found_add(GaclipFoundList *list, const GaclipFound *found, GaclipError *err)
{
    if (list->count == list->capacity) {
        int capacity = list->capacity ? 2 * list->capacity : 256;
        GaclipFound *items = realloc(list->items, (size_t)capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *found;
    return GACLIP_OK;
}

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

/* A total order, so that equal scores come out the same however the scene was tiled. */
static int by_score(const void *a, const void *b)
{
    const GaclipFound *p = a, *q = b;
    int order = by_number((double)q->score, (double)p->score);
    if (!order) order = by_number(p->class_index, q->class_index);
    if (!order) order = by_number(p->y1, q->y1);
    if (!order) order = by_number(p->x1, q->x1);
    if (!order) order = by_number(p->y2, q->y2);
    if (!order) order = by_number(p->x2, q->x2);
    if (!order) order = p->row - q->row;
    return order ? order : p->column - q->column;
}

static double area(const GaclipFound *f)
{
    return (f->x2 - f->x1) * (f->y2 - f->y1);
}

static double shared_area(const GaclipFound *a, const GaclipFound *b)
{
    double w = fmin(a->x2, b->x2) - fmax(a->x1, b->x1);
    double h = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
    return w > 0 && h > 0 ? w * h : 0;
}

/* The boxes in a tree, each with its envelope as a geometry. */
typedef struct Index {
    GEOSContextHandle_t geos;
    GEOSSTRtree *tree;
    GEOSGeometry **envelopes; /* (count) */
    int count;
} Index;

static void index_free(Index *index)
{
    if (index->tree) GEOSSTRtree_destroy_r(index->geos, index->tree);
    for (int i = 0; index->envelopes && i < index->count; i++)
        if (index->envelopes[i]) GEOSGeom_destroy_r(index->geos, index->envelopes[i]);
    free(index->envelopes);
    if (index->geos) GEOS_finish_r(index->geos);
}

static int index_build(Index *index, const GaclipFoundList *list, GaclipError *err)
{
    *index = (Index){.geos = GEOS_init_r(), .count = list->count};
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
    index_free(index);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for %d boxes", list->count);
}

/* What one query works on: the box that asks, and a flag for each box that goes. */
typedef struct Query {
    const GaclipFound *first; /* of the list */
    const GaclipFound *asking;
    unsigned char *gone;
    double nms_iou;
    double weight, corners[4]; /* sums over the boxes that vote */
} Query;

static void note_replacement(void *item, void *payload)
{
    const GaclipFound *other = item;
    Query *q = payload;
    if (!other->is_cut && other->class_index == q->asking->class_index &&
        shared_area(q->asking, other) > (double)GACLIP_CUT_COVERED * area(q->asking))
        q->gone[q->asking - q->first] = 1;
}

static void add_vote(Query *q, const GaclipFound *f)
{
    double weight = (double)f->score;
    q->weight += weight;
    q->corners[0] += weight * f->x1;
    q->corners[1] += weight * f->y1;
    q->corners[2] += weight * f->x2;
    q->corners[3] += weight * f->y2;
}

static void suppress_lower(void *item, void *payload)
{
    const GaclipFound *other = item;
    Query *q = payload;
    if (other <= q->asking || other->class_index != q->asking->class_index ||
        q->gone[other - q->first])
        return;
    double shared = shared_area(q->asking, other);
    if (!(shared > q->nms_iou * (area(q->asking) + area(other) - shared))) return;
    q->gone[other - q->first] = 1;
    if (!other->is_cut) add_vote(q, other);
}

/* Several windows see an object; the score-weighted mean of what they say lies better than the best
 * of them (box voting: Gidaris and Komodakis, 2015, section 6). */
static void take_votes(GaclipFound *kept, const Query *q)
{
    if (!(q->weight > 0) || kept->is_cut) return;
    kept->x1 = q->corners[0] / q->weight;
    kept->y1 = q->corners[1] / q->weight;
    kept->x2 = q->corners[2] / q->weight;
    kept->y2 = q->corners[3] / q->weight;
}

static void drop_gone(GaclipFoundList *list, const unsigned char *gone)
{
    int kept = 0;
    for (int i = 0; i < list->count; i++)
        if (!gone[i]) list->items[kept++] = list->items[i];
    list->count = kept;
}

static int replace_cut(GaclipFoundList *list, unsigned char *gone, GaclipError *err)
{
    Index index;
    int status = index_build(&index, list, err);
    if (status) return status;
    Query query = {.first = list->items, .gone = gone};
    memset(gone, 0, (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        query.asking = &list->items[i];
        if (query.asking->is_cut)
            GEOSSTRtree_query_r(index.geos, index.tree, index.envelopes[i], note_replacement,
                                &query);
    }
    index_free(&index);
    drop_gone(list, gone);
    return GACLIP_OK;
}

/* Votes are taken at the end, for suppression goes by the boxes as they were found. */
static int suppress(GaclipFoundList *list, unsigned char *gone, double nms_iou, GaclipError *err)
{
    Index index;
    GaclipFound *kept = malloc((size_t)list->count * sizeof *kept);
    if (!kept) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int kept_count = 0, status = index_build(&index, list, err);
    if (status) {
        free(kept);
        return status;
    }
    memset(gone, 0, (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        if (gone[i]) continue;
        Query query = {
            .first = list->items, .asking = &list->items[i], .gone = gone, .nms_iou = nms_iou};
        add_vote(&query, query.asking);
        GEOSSTRtree_query_r(index.geos, index.tree, index.envelopes[i], suppress_lower, &query);
        kept[kept_count] = list->items[i];
        take_votes(&kept[kept_count++], &query);
    }
    index_free(&index);
    memcpy(list->items, kept, (size_t)kept_count * sizeof *kept);
    list->count = kept_count;
    free(kept);
    return GACLIP_OK;
}

int gaclip__merge(GaclipFoundList *list, double nms_iou, GaclipError *err)
{
    if (list->count == 0) return GACLIP_OK;
    unsigned char *gone = malloc((size_t)list->count);
    if (!gone) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    qsort(list->items, (size_t)list->count, sizeof *list->items, by_score);
    int status = replace_cut(list, gone, err);
    if (!status) status = suppress(list, gone, nms_iou, err);
    free(gone);
    return status;
}
