#include <stdlib.h>

#include "gaclip/eval.h"

typedef struct Ranked {
    float score;
    int index, label;
} Ranked;

static int by_label_and_score(const void *a, const void *b)
{
    const Ranked *p = a, *q = b;
    if (p->label != q->label) return p->label < q->label ? -1 : 1;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p->index > q->index) - (p->index < q->index);
}

static int by_score(const void *a, const void *b)
{
    const Ranked *p = a, *q = b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p->index > q->index) - (p->index < q->index);
}

/* Keeps the survivors of ranked at its front, label by label. */
static int suppress(Ranked *ranked, int count, const GaclipBox *boxes, float iou, float nesting)
{
    int kept = 0, first = 0; /* first: where the survivors of the present label begin */
    for (int i = 0; i < count; i++) {
        Ranked candidate = ranked[i];
        int survives = 1;
        if (kept > first && candidate.label != ranked[kept - 1].label) first = kept;
        for (int k = first; k < kept && survives; k++) {
            const GaclipBox *better = &boxes[ranked[k].index], *box = &boxes[candidate.index];
            survives =
                !(gaclip_box_iou(better, box) > iou || gaclip_box_nesting(better, box) > nesting);
        }
        if (survives) ranked[kept++] = candidate;
    }
    return kept;
}

int gaclip_nms(int *kept, int *kept_count, const GaclipBox *boxes, const float *scores,
               const int *labels, int count, float iou, float nesting, GaclipError *err)
{
    *kept_count = 0;
    if (count < 0) return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%d boxes", count);
    Ranked *ranked = malloc(((size_t)count + 1) * sizeof *ranked);
    if (!ranked) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) ranked[i] = (Ranked){scores[i], i, labels ? labels[i] : 0};
    qsort(ranked, (size_t)count, sizeof *ranked, by_label_and_score);
    int survivors = suppress(ranked, count, boxes, iou, nesting);
    qsort(ranked, (size_t)survivors, sizeof *ranked, by_score);
    for (int i = 0; i < survivors; i++) kept[i] = ranked[i].index;
    *kept_count = survivors;
    free(ranked);
    return GACLIP_OK;
}
