#include "merge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "box_index.h"
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
    if (!order) order = p->column - q->column;
    return order ? order : p->index - q->index;
}

/* What may stand for an index: nothing is known yet; gone, without a say in the keeper's place. */
enum { UNDECIDED = -1, SILENT = -2 };

/* What one query works on: the box that asks, and what becomes of each. */
typedef struct Query {
    const GaclipFound *first; /* of the list */
    const GaclipFound *asking;
    unsigned char *gone; /* a flag for each box that was cut and goes */
    int *keeper;         /* the index of the box that stays for it, or one of the above */
    double nms_iou;
} Query;

static void note_replacement(void *item, void *payload)
{
    const GaclipFound *other = item;
    Query *q = payload;
    if (!other->is_cut && other->class_index == q->asking->class_index &&
        gaclip__shared_area(q->asking, other) >
            (double)GACLIP_CUT_COVERED * gaclip__box_area(q->asking))
        q->gone[q->asking - q->first] = 1;
}

static void suppress_lower(void *item, void *payload)
{
    const GaclipFound *other = item;
    Query *q = payload;
    if (other <= q->asking || other->class_index != q->asking->class_index ||
        q->keeper[other - q->first] != UNDECIDED)
        return;
    switch (gaclip__meeting(q->asking, other, q->nms_iou)) {
    case GACLIP__OVERLAPPING:
        q->keeper[other - q->first] = (int)(q->asking - q->first);
        break;
    case GACLIP__NESTED:
        q->keeper[other - q->first] = SILENT;
        break;
    case GACLIP__APART:
        break;
    }
}

/* Sums over the boxes that vote for the place of one, counted from its own place, where it stays to
 * the last bit when it is alone. */
typedef struct Votes {
    double weight, x1, y1, x2, y2;
} Votes;

static void add_vote(Votes *votes, const GaclipFound *kept, const GaclipFound *f)
{
    double weight = gaclip_vote_weight(f->score);
    votes->weight += weight;
    votes->x1 += weight * (f->x1 - kept->x1);
    votes->y1 += weight * (f->y1 - kept->y1);
    votes->x2 += weight * (f->x2 - kept->x2);
    votes->y2 += weight * (f->y2 - kept->y2);
}

static void take_votes(GaclipFound *kept, const Votes *votes)
{
    if (!(votes->weight > 0) || kept->is_cut) return;
    kept->x1 += votes->x1 / votes->weight;
    kept->y1 += votes->y1 / votes->weight;
    kept->x2 += votes->x2 / votes->weight;
    kept->y2 += votes->y2 / votes->weight;
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
    GaclipBoxIndex index;
    int status = gaclip__box_index_build(&index, list, err);
    if (status) return status;
    Query query = {.first = list->items, .gone = gone};
    memset(gone, 0, (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        query.asking = &list->items[i];
        if (query.asking->is_cut) gaclip__box_index_query(&index, i, note_replacement, &query);
    }
    gaclip__box_index_clear(&index);
    drop_gone(list, gone);
    return GACLIP_OK;
}

static void find_keepers(GaclipFoundList *list, const GaclipBoxIndex *index, int *keeper,
                         double nms_iou)
{
    for (int i = 0; i < list->count; i++) keeper[i] = UNDECIDED;
    for (int i = 0; i < list->count; i++) {
        if (keeper[i] != UNDECIDED) continue;
        Query query = {
            .first = list->items, .asking = &list->items[i], .keeper = keeper, .nms_iou = nms_iou};
        keeper[i] = i;
        gaclip__box_index_query(index, i, suppress_lower, &query);
    }
}

/* In the list's order, so that the sums do not depend on the tree, which holds other boxes when a
 * part of the scene is asked for. */
static void keep_best(GaclipFoundList *list, const int *keeper, Votes *votes)
{
    int kept = 0;
    for (int i = 0; i < list->count; i++)
        if (keeper[i] == i || (keeper[i] != SILENT && !list->items[i].is_cut))
            add_vote(&votes[keeper[i]], &list->items[keeper[i]], &list->items[i]);
    for (int i = 0; i < list->count; i++) {
        if (keeper[i] != i) continue;
        list->items[kept] = list->items[i];
        take_votes(&list->items[kept++], &votes[i]);
    }
    list->count = kept;
}

static int suppress(GaclipFoundList *list, double nms_iou, GaclipError *err)
{
    GaclipBoxIndex index;
    int status = gaclip__box_index_build(&index, list, err);
    if (status) return status;
    int *keeper = malloc(((size_t)list->count + 1) * sizeof *keeper);
    Votes *votes = calloc((size_t)list->count + 1, sizeof *votes);
    if (keeper && votes) {
        find_keepers(list, &index, keeper, nms_iou);
        keep_best(list, keeper, votes);
    } else {
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    free(keeper);
    free(votes);
    gaclip__box_index_clear(&index);
    return status;
}

int gaclip__merge(GaclipFoundList *list, double nms_iou, GaclipError *err)
{
    if (list->count == 0) return GACLIP_OK;
    unsigned char *gone = malloc((size_t)list->count);
    if (!gone) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    qsort(list->items, (size_t)list->count, sizeof *list->items, by_score);
    int status = replace_cut(list, gone, err);
    if (!status) status = suppress(list, nms_iou, err);
    free(gone);
    return status;
}
