/* From the boxes of overlapping windows to one box an object. */
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

static int is_replaced(const GaclipDetectionList *list, int index)
{
    const GaclipDetection *cut = &list->items[index];
    for (int i = 0; i < list->count; i++) {
        const GaclipDetection *whole = &list->items[i];
        if (!whole->is_cut && whole->class_index == cut->class_index &&
            covered_share(&cut->box, &whole->box) > GACLIP_CUT_COVERED)
            return 1;
    }
    return 0;
}

static void drop_replaced(GaclipDetectionList *list, unsigned char *drop)
{
    int kept = 0;
    for (int i = 0; i < list->count; i++) drop[i] = list->items[i].is_cut && is_replaced(list, i);
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
} Columns;

static void free_columns(Columns *c)
{
    free(c->boxes);
    free(c->scores);
    free(c->labels);
    free(c->kept);
    free(c->drop);
    free(c->items);
}

/* Sums over the boxes that vote for the place of one. */
static void add_vote(double votes[5], const GaclipDetection *d)
{
    const char *e=getenv("POWER"); double weight = pow((double)d->score, e ? atof(e) : 1);
    votes[0] += weight * (double)d->box.x1;
    votes[1] += weight * (double)d->box.y1;
    votes[2] += weight * (double)d->box.x2;
    votes[3] += weight * (double)d->box.y2;
    votes[4] += weight;
}

/* Several windows and scales see an object; the score-weighted mean of what they say lies better
 * than the best of them (box voting: Gidaris and Komodakis, 2015, section 6). A box votes for the
 * best one that suppressed it; those that were cut neither vote nor move. */
static void vote(GaclipDetection *kept, const GaclipDetectionList *list, float nms_iou)
{
    double votes[5] = {0};
    if (kept->is_cut) return;
    for (int i = 0; i < list->count; i++) {
        const GaclipDetection *d = &list->items[i];
        if (!d->is_cut && d->class_index == kept->class_index &&
            gaclip_box_iou(&d->box, &kept->box) > nms_iou)
            add_vote(votes, d);
    }
    if (votes[4] > 0)
        kept->box = (GaclipBox){(float)(votes[0] / votes[4]), (float)(votes[1] / votes[4]),
                                (float)(votes[2] / votes[4]), (float)(votes[3] / votes[4])};
}

static int suppress(GaclipDetectionList *list, Columns *c, float nms_iou, GaclipError *err)
{
    int kept_count;
    for (int i = 0; i < list->count; i++) {
        c->boxes[i] = list->items[i].box;
        c->scores[i] = list->items[i].score;
        c->labels[i] = list->items[i].class_index;
    }
    int status =
        gaclip_nms(c->kept, &kept_count, c->boxes, c->scores, c->labels, list->count, nms_iou, err);
    if (status) return status;
    const char *e=getenv("VOTE"); float vt = e ? (float)atof(e) : 2;
    for (int i = 0; i < kept_count; i++) { c->items[i] = list->items[c->kept[i]]; vote(&c->items[i], list, vt); }
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
                 malloc(n * sizeof *c.items)};
    int status = GACLIP_ERROR_MEMORY;
    if (c.boxes && c.scores && c.labels && c.kept && c.drop && c.items) {
        drop_replaced(list, c.drop);
        status = suppress(list, &c, nms_iou, err);
    } else {
        gaclip_error_set(err, status, "out of memory");
    }
    if (!status) qsort(list->items, (size_t)list->count, sizeof *list->items, by_score);
    free_columns(&c);
    return status;
}
