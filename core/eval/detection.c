/* Average precision, precision and recall of detections. */
#include <math.h>
#include <stdlib.h>

#include "eval/matching.h"

int gaclip_eval_detection(GaclipAP *out, const GaclipEvalImage *images, size_t image_count,
                          int label, double iou, GaclipError *err)
{
    GaclipRanking ranking;
    GaclipCurveRoom room = {0};
    int status = gaclip__rank(&ranking, images, image_count, label, iou, -INFINITY, err);
    if (!status) status = gaclip__curve_room(&room, ranking.count, err);
    if (!status) gaclip__average_precision(out, &ranking, NULL, image_count, &room);
    gaclip__curve_room_clear(&room);
    gaclip__ranking_clear(&ranking);
    return status;
}

int gaclip_eval_coco(double *out, const GaclipEvalImage *images, size_t image_count, int label,
                     GaclipError *err)
{
    enum { THRESHOLDS = 10 };
    double sum = 0;
    GaclipAP ap = {0};
    for (int i = 0; i < THRESHOLDS; i++) {
        int status =
            gaclip_eval_detection(&ap, images, image_count, label, (50 + 5 * i) / 100.0, err);
        if (status) return status;
        sum += ap.coco101;
    }
    *out = ap.positives ? sum / THRESHOLDS : -1;
    return GACLIP_OK;
}

int gaclip_eval_counts(GaclipCounts *out, const GaclipEvalImage *images, size_t image_count,
                       int label, double iou, float min_score, GaclipError *err)
{
    GaclipRanking r;
    int status = gaclip__rank(&r, images, image_count, label, iou, min_score, err);
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
    gaclip__ranking_clear(&r);
    return status;
}

int gaclip_eval_curve(GaclipCurvePoint **out, size_t *count, const GaclipEvalImage *images,
                      size_t image_count, int label, double iou, GaclipError *err)
{
    GaclipRanking r;
    *out = NULL;
    *count = 0;
    int status = gaclip__rank(&r, images, image_count, label, iou, -INFINITY, err);
    GaclipCurvePoint *points = status ? NULL : malloc((r.count + 1) * sizeof *points);
    if (!status && !points) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    double found = 0;
    for (size_t i = 0; !status && r.positives && i < r.count; i++) {
        found += r.matches[i].is_true;
        points[i] =
            (GaclipCurvePoint){r.matches[i].score, found / (double)(i + 1), found / r.positives};
        *count = i + 1;
    }
    *out = points;
    gaclip__ranking_clear(&r);
    return status;
}
