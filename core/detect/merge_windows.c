/* From the boxes of overlapping windows and scales to one box an object. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "gaclip/eval.h"

static float covered_share(const GaclipBox *cut, const GaclipBox *whole)
{
    float w =
        (cut->x2 < whole->x2 ? cut->x2 : whole->x2) - (cut->x1 > whole->x1 ? cut->x1 : whole->x1);
    float h =
        (cut->y2 < whole->y2 ? cut->y2 : whole->y2) - (cut->y1 > whole->y1 ? cut->y1 : whole->y1);
    float area = (cut->x2 - cut->x1) * (cut->y2 - cut->y1);
    return w > 0 && h > 0 && area > 0 ? w * h / area : 0;
}

/* What is asked of a detection, and its number in the list. */
typedef struct Place {
    GaclipBox box;
    float score;
    int class_index, is_cut, index;
} Place;

/* A list in order of class and left edge: what may overlap a box lies together. */
typedef struct Places {
    Place *items; /* (count) */
    int count;
    float widest;
} Places;

static int by_place(const void *a, const void *b)
{
    const Place *p = a, *q = b;
    if (p->class_index != q->class_index) return p->class_index < q->class_index ? -1 : 1;
    if (p->box.x1 != q->box.x1) return p->box.x1 < q->box.x1 ? -1 : 1;
    return (p->index > q->index) - (p->index < q->index);
}

static void sort_places(Places *places, const GaclipDetectionList *list)
{
    places->count = list->count;
    places->widest = 0;
    for (int i = 0; i < list->count; i++) {
        const GaclipDetection *d = &list->items[i];
        places->items[i] = (Place){d->box, d->score, d->class_index, d->is_cut, i};
        if (d->box.x2 - d->box.x1 > places->widest) places->widest = d->box.x2 - d->box.x1;
    }
    qsort(places->items, (size_t)places->count, sizeof *places->items, by_place);
}

/* The first of a class whose left edge is not left of that. */
static int first_of(const Places *places, int class_index, float left)
{
    int low = 0, high = places->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const Place *item = &places->items[middle];
        if (item->class_index < class_index ||
            (item->class_index == class_index && item->box.x1 < left))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether item number i, counted from first_of, is of the class and begins left of right. */
static int is_of(const Places *places, int i, int class_index, float right)
{
    return i < places->count && places->items[i].class_index == class_index &&
           places->items[i].box.x1 < right;
}

static int is_replaced(const Places *places, const GaclipDetection *cut)
{
    int c = cut->class_index;
    int first = first_of(places, c, cut->box.x1 - places->widest);
    for (int i = first; is_of(places, i, c, cut->box.x2); i++)
        if (!places->items[i].is_cut &&
            covered_share(&cut->box, &places->items[i].box) > GACLIP_CUT_COVERED)
            return 1;
    return 0;
}

static void drop_replaced(GaclipDetectionList *list, Places *places, unsigned char *drop)
{
    int kept = 0;
    sort_places(places, list);
    for (int i = 0; i < list->count; i++)
        drop[i] = list->items[i].is_cut && is_replaced(places, &list->items[i]);
    for (int i = 0; i < list->count; i++)
        if (!drop[i]) list->items[kept++] = list->items[i];
    list->count = kept;
}

typedef struct Columns {
    GaclipBox *boxes;
    float *scores;
    int *labels, *kept;
    unsigned char *drop;
    GaclipDetection *items;
    Places places;
} Columns;

static void free_columns(Columns *c)
{
    free(c->boxes);
    free(c->scores);
    free(c->labels);
    free(c->kept);
    free(c->drop);
    free(c->items);
    free(c->places.items);
}

float gaclip_nesting_limit(double nms_iou)
{
    return nms_iou < 1 ? 0.8f : 1;
}

double gaclip_vote_weight(float score)
{
    double square = (double)score * (double)score;
    return square * square;
}

/* Of two boxes with an IoU above t, each shares more than t of its width with the other: none is as
 * wide as 1/t of the other, and none begins so far left of it. */
static void take_votes(GaclipDetection *kept, const Places *places, float nms_iou)
{
    double weight = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0;
    if (kept->is_cut) return;
    int c = kept->class_index;
    float width = kept->box.x2 - kept->box.x1;
    float reach = fminf(width / nms_iou, places->widest); /* with room for rounding */
    int first = first_of(places, c, kept->box.x1 - reach);
    for (int i = first; is_of(places, i, c, kept->box.x2); i++) {
        const Place *d = &places->items[i];
        int apart = d->box.y1 >= kept->box.y2 || d->box.y2 <= kept->box.y1;
        if (apart || d->is_cut || !(gaclip_box_iou(&d->box, &kept->box) > nms_iou)) continue;
        double w = gaclip_vote_weight(d->score);
        weight += w;
        x1 += w * (double)(d->box.x1 - kept->box.x1);
        y1 += w * (double)(d->box.y1 - kept->box.y1);
        x2 += w * (double)(d->box.x2 - kept->box.x2);
        y2 += w * (double)(d->box.y2 - kept->box.y2);
    }
    if (!(weight > 0)) return;
    kept->box.x1 += (float)(x1 / weight);
    kept->box.y1 += (float)(y1 / weight);
    kept->box.x2 += (float)(x2 / weight);
    kept->box.y2 += (float)(y2 / weight);
}

static int suppress(GaclipDetectionList *list, Columns *c, float nms_iou, GaclipError *err)
{
    int kept_count;
    for (int i = 0; i < list->count; i++) {
        c->boxes[i] = list->items[i].box;
        c->scores[i] = list->items[i].score;
        c->labels[i] = list->items[i].class_index;
    }
    int status = gaclip_nms(c->kept, &kept_count, c->boxes, c->scores, c->labels, list->count,
                            nms_iou, gaclip_nesting_limit(nms_iou), err);
    if (status) return status;
    sort_places(&c->places, list);
    for (int i = 0; i < kept_count; i++) {
        c->items[i] = list->items[c->kept[i]];
        take_votes(&c->items[i], &c->places, nms_iou);
    }
    memcpy(list->items, c->items, (size_t)kept_count * sizeof *list->items);
    list->count = kept_count;
    return GACLIP_OK;
}

static int by_score(const void *a, const void *b)
{
    const GaclipDetection *p = a, *q = b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    if (p->class_index != q->class_index) return p->class_index < q->class_index ? -1 : 1;
    if (p->box.y1 != q->box.y1) return p->box.y1 < q->box.y1 ? -1 : 1;
    return (p->box.x1 > q->box.x1) - (p->box.x1 < q->box.x1);
}

int gaclip__merge_windows(GaclipDetectionList *list, float nms_iou, GaclipError *err)
{
    if (!list->count) return GACLIP_OK;
    size_t n = (size_t)list->count;
    Columns c = {malloc(n * sizeof *c.boxes),
                 malloc(n * sizeof *c.scores),
                 malloc(n * sizeof *c.labels),
                 malloc(n * sizeof *c.kept),
                 malloc(n),
                 malloc(n * sizeof *c.items),
                 {malloc(n * sizeof *c.places.items), 0, 0}};
    int status = GACLIP_ERROR_MEMORY;
    if (c.boxes && c.scores && c.labels && c.kept && c.drop && c.items && c.places.items) {
        drop_replaced(list, &c.places, c.drop);
        status = suppress(list, &c, nms_iou, err);
    } else {
        gaclip_error_set(err, status, "out of memory");
    }
    if (!status) qsort(list->items, (size_t)list->count, sizeof *list->items, by_score);
    free_columns(&c);
    return status;
}
