#include "eval/matching.h"

#include <stdlib.h>
#include <string.h>

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
    const GaclipMatch *p = a, *q = b;
    if (p->score != q->score) return p->score > q->score ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

/* Detections of one image, best first, at the end of the ranking; a negative label: of any. */
static size_t collect(GaclipRanking *ranking, const GaclipEvalImage *image, size_t index, int label,
                      float min_score)
{
    size_t first = ranking->count;
    for (int i = 0; i < image->found_count; i++)
        if ((label < 0 || image->found_labels[i] == label) && image->found_scores[i] >= min_score)
            ranking->matches[ranking->count++] =
                (GaclipMatch){image->found_scores[i], 0, index, (size_t)i};
    qsort(ranking->matches + first, ranking->count - first, sizeof *ranking->matches, by_score);
    return first;
}

/* Decides over detections of one image, best first; taken (truth_count) starts as zeros and says
 * which truths were found. */
static void judge(GaclipMatch *matches, size_t count, const GaclipEvalImage *image, double iou,
                  unsigned char *taken)
{
    for (GaclipMatch *m = matches; m < matches + count; m++) {
        float overlap;
        int truth = best_truth(image, &image->found_boxes[m->order], image->found_labels[m->order],
                               &overlap);
        int meets = truth >= 0 && (double)overlap >= iou;
        m->is_true = meets && !taken[truth];
        if (meets && is_difficult(image, truth)) m->is_true = GACLIP_MATCH_IGNORED;
        if (meets) taken[truth] = 1;
    }
}

static int match_image(GaclipRanking *ranking, const GaclipEvalImage *image, size_t index,
                       int label, double iou, float min_score, GaclipError *err)
{
    unsigned char *taken = calloc((size_t)image->truth_count + 1, 1);
    if (!taken) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int t = 0; t < image->truth_count; t++)
        ranking->image_positives[index] +=
            image->truth_labels[t] == label && !is_difficult(image, t);
    ranking->positives += ranking->image_positives[index];
    size_t first = collect(ranking, image, index, label, min_score), kept = first;
    judge(ranking->matches + first, ranking->count - first, image, iou, taken);
    for (size_t i = first; i < ranking->count; i++)
        if (ranking->matches[i].is_true != GACLIP_MATCH_IGNORED)
            ranking->matches[kept++] = ranking->matches[i];
    ranking->count = kept;
    free(taken);
    return GACLIP_OK;
}

int gaclip_eval_match(signed char *found, unsigned char *met, const GaclipEvalImage *image,
                      double iou, float min_score, GaclipError *err)
{
    GaclipRanking all = {.matches = malloc(((size_t)image->found_count + 1) * sizeof *all.matches)};
    if (!all.matches) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memset(found, GACLIP_MATCH_IGNORED, (size_t)image->found_count);
    memset(met, 0, (size_t)image->truth_count);
    collect(&all, image, 0, -1, min_score);
    judge(all.matches, all.count, image, iou, met);
    for (size_t i = 0; i < all.count; i++)
        found[all.matches[i].order] = (signed char)all.matches[i].is_true;
    gaclip__ranking_clear(&all);
    return GACLIP_OK;
}

int gaclip__rank(GaclipRanking *out, const GaclipEvalImage *images, size_t image_count, int label,
                 double iou, float min_score, GaclipError *err)
{
    size_t room = 1;
    for (size_t i = 0; i < image_count; i++) room += (size_t)images[i].found_count;
    *out = (GaclipRanking){.matches = malloc(room * sizeof *out->matches),
                           .image_positives = calloc(image_count + 1, sizeof(int))};
    int status = out->matches && out->image_positives
                     ? GACLIP_OK
                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < image_count && !status; i++) {
        size_t first = out->count;
        status = match_image(out, &images[i], i, label, iou, min_score, err);
        for (size_t k = first; k < out->count; k++) out->matches[k].order = k;
    }
    if (!status) qsort(out->matches, out->count, sizeof *out->matches, by_score);
    return status;
}

void gaclip__ranking_clear(GaclipRanking *ranking)
{
    free(ranking->matches);
    free(ranking->image_positives);
    *ranking = (GaclipRanking){0};
}
