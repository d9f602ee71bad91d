/* Average precision, precision and recall of detections. */
#include <stdlib.h>
#include <string.h>

#include "gaclip/eval.h"

/* One detection of the label after matching. */
typedef struct Match {
    float score;
    size_t order; /* image order, then position */
    int is_true;
} Match;

/* All detections of a label over all images, ignored ones left out. */
typedef struct Ranking {
    Match *matches;
    size_t count;
    int positives;
} Ranking;

static int is_difficult(const GaclipEvalImage *image, int truth)
{
    return image->truth_difficult && image->truth_difficult[truth];
}

static int best_truth(const GaclipEvalImage *image, const GaclipBox *box, int label, float *iou)
{
    int best = -1;
    *iou = -1;
    for (int t = 0; t < image->truth_count; t++) {
        if (image->truth_labels[t] != label) continue;
        float overlap = gaclip_box_iou(box, &image->truth_boxes[t]);
        if (overlap > *iou) {
            *iou = overlap;
            best = t;
        }
    }
    return best;
}

static int by_score(const void *a, const void *b)
{
    const Match *p = a, *q = b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

/* The label's detections of one image, best first, at the end of ranking. */
static size_t collect(Ranking *ranking, const GaclipEvalImage *image, int label, float min_score)
{
    size_t first = ranking->count;
    for (int i = 0; i < image->found_count; i++)
        if (image->found_labels[i] == label && image->found_scores[i] >= min_score)
            ranking->matches[ranking->count++] = (Match){image->found_scores[i], (size_t)i, 0};
    qsort(ranking->matches + first, ranking->count - first, sizeof *ranking->matches, by_score);
    return first;
}

static int match_image(Ranking *ranking, const GaclipEvalImage *image, int label, double iou,
                       float min_score, GaclipError *err)
{
    unsigned char *taken = calloc((size_t)image->truth_count + 1, 1);
    if (!taken) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int t = 0; t < image->truth_count; t++)
        ranking->positives += image->truth_labels[t] == label && !is_difficult(image, t);
    size_t first = collect(ranking, image, label, min_score), kept = first;
    for (size_t i = first; i < ranking->count; i++) {
        Match m = ranking->matches[i];
        float overlap;
        int truth = best_truth(image, &image->found_boxes[m.order], label, &overlap);
        int meets = truth >= 0 && (double)overlap >= iou;
        if (meets && is_difficult(image, truth)) continue;
        m.is_true = meets && !taken[truth];
        if (meets) taken[truth] = 1;
        ranking->matches[kept++] = m;
    }
    ranking->count = kept;
    free(taken);
    return GACLIP_OK;
}

static int match_all(Ranking *ranking, const GaclipEvalImage *images, size_t image_count, int label,
                     double iou, float min_score, GaclipError *err)
{
    size_t room = 1;
    for (size_t i = 0; i < image_count; i++) room += (size_t)images[i].found_count;
    *ranking = (Ranking){.matches = malloc(room * sizeof *ranking->matches)};
    int status = ranking->matches ? GACLIP_OK
                                  : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < image_count && !status; i++) {
        size_t first = ranking->count;
        status = match_image(ranking, &images[i], label, iou, min_score, err);
        for (size_t k = first; k < ranking->count; k++) ranking->matches[k].order = k;
    }
    if (!status) qsort(ranking->matches, ranking->count, sizeof *ranking->matches, by_score);
    return status;
}

/* Largest precision at any rank that reaches recall level/levels; precisions are monotone. */
static double precision_at(const Ranking *r, const double *precision, const int *found, int level,
                           int levels)
{
    for (size_t i = 0; i < r->count; i++)
        if ((long)levels * found[i] >= (long)level * r->positives) return precision[i];
    return 0;
}

/* Divided once, so that a perfect ranking gives exactly 1. */
static double mean_at_levels(const Ranking *r, const double *precision, const int *found,
                             int levels)
{
    double sum = 0;
    for (int i = 0; i <= levels; i++) sum += precision_at(r, precision, found, i, levels);
    return sum / (levels + 1);
}

static double area(const Ranking *r, const double *precision)
{
    double sum = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->matches[i].is_true) sum += precision[i];
    return sum / r->positives;
}

static void summarise(GaclipAP *out, const Ranking *r, double *precision, int *found)
{
    int true_count = 0;
    for (size_t i = 0; i < r->count; i++) {
        true_count += r->matches[i].is_true;
        found[i] = true_count;
        precision[i] = (double)true_count / (double)(i + 1);
    }
    for (size_t i = r->count; i-- > 1;)
        if (precision[i - 1] < precision[i]) precision[i - 1] = precision[i];
    out->voc11 = mean_at_levels(r, precision, found, 10);
    out->coco101 = mean_at_levels(r, precision, found, 100);
    out->all_point = area(r, precision);
}

int gaclip_eval_detection(GaclipAP *out, const GaclipEvalImage *images, size_t image_count,
                          int label, double iou, GaclipError *err)
{
    Ranking r;
    int status = match_all(&r, images, image_count, label, iou, -1e30f, err);
    double *precision = malloc((r.count + 1) * sizeof *precision);
    int *found = malloc((r.count + 1) * sizeof *found);
    if (!status && !(precision && found))
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) {
        *out = (GaclipAP){r.positives, (int)r.count, -1, -1, -1};
        if (r.positives) summarise(out, &r, precision, found);
    }
    free(precision);
    free(found);
    free(r.matches);
    return status;
}

int gaclip_eval_counts(GaclipCounts *out, const GaclipEvalImage *images, size_t image_count,
                       int label, double iou, float min_score, GaclipError *err)
{
    Ranking r;
    int status = match_all(&r, images, image_count, label, iou, min_score, err);
    if (!status) {
        *out = (GaclipCounts){0};
        for (size_t i = 0; i < r.count; i++)
            *(r.matches[i].is_true ? &out->true_positives : &out->false_positives) += 1;
        out->false_negatives = r.positives - out->true_positives;
        double tp = out->true_positives;
        if (r.count) out->precision = tp / (double)r.count;
        if (r.positives) out->recall = tp / r.positives;
        if (tp > 0) out->f1 = 2 * out->precision * out->recall / (out->precision + out->recall);
    }
    free(r.matches);
    return status;
}
