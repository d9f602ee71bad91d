#include "gaclip/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/calibration.h"

static int make_room(GaclipJudged *judged, size_t more, GaclipError *err)
{
    size_t capacity = judged->capacity ? judged->capacity : 256;
    while (capacity < judged->count + more) capacity *= 2;
    float *scores = realloc(judged->scores, capacity * sizeof *scores);
    if (scores) judged->scores = scores;
    unsigned char *right = realloc(judged->right, capacity);
    if (right) judged->right = right;
    int *images = realloc(judged->images, capacity * sizeof *images);
    if (images) judged->images = images;
    if (!scores || !right || !images)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    judged->capacity = capacity;
    return GACLIP_OK;
}

void gaclip_judged_clear(GaclipJudged *judged)
{
    free(judged->scores);
    free(judged->right);
    free(judged->images);
    *judged = (GaclipJudged){0};
}

static void add(GaclipJudged *judged, float score, int right, int image)
{
    judged->scores[judged->count] = score;
    judged->right[judged->count] = right != 0;
    judged->images[judged->count++] = image;
}

int gaclip_judged_add(GaclipJudged *judged, const GaclipJudged *more, GaclipError *err)
{
    int status = make_room(judged, more->count, err);
    for (size_t i = 0; i < more->count && !status; i++)
        add(judged, more->scores[i], more->right[i], more->images[i]);
    return status;
}

static int judge_image(GaclipJudged *judged, const GaclipEvalImage *image, int index, int label,
                       double iou, GaclipError *err)
{
    signed char *found = malloc((size_t)image->found_count + 1);
    unsigned char *met = malloc((size_t)image->truth_count + 1);
    int status = found && met ? gaclip_eval_match(found, met, image, iou, -INFINITY, err)
                              : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = make_room(judged, (size_t)image->found_count, err);
    for (int i = 0; i < image->found_count && !status; i++)
        if (image->found_labels[i] == label && found[i] != GACLIP_MATCH_IGNORED)
            add(judged, image->found_scores[i], found[i], index);
    free(found);
    free(met);
    return status;
}

int gaclip_judge(GaclipJudged *judged, const GaclipDetectionResult *result, int row, double iou,
                 GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < result->image_count && !status; i++)
        status = judge_image(judged, &result->images[i], i, row, iou, err);
    return status;
}

/* One fit: scores as logits, Platt's softened targets. */
typedef struct Fit {
    double *x, *target; /* (count) */
    size_t count;
    double slope, offset;
} Fit;

static double cross_entropy(const Fit *fit, double slope, double offset)
{
    double sum = 0;
    for (size_t i = 0; i < fit->count; i++) {
        double z = slope * fit->x[i] + offset; /* log(1 + e^-z) without overflow */
        double log_p = z < 0 ? z - log1p(exp(z)) : -log1p(exp(-z));
        sum -= fit->target[i] * log_p + (1 - fit->target[i]) * (log_p - z);
    }
    return sum;
}

/* A Newton step, halved until the loss falls; 0 when it no longer does. */
static int improve(Fit *fit)
{
    double ga = 0, gb = 0, haa = 1e-9, hbb = 1e-9, hab = 0;
    for (size_t i = 0; i < fit->count; i++) {
        double x = fit->x[i], p = 1 / (1 + exp(-(fit->slope * x + fit->offset)));
        double gap = p - fit->target[i], w = p * (1 - p);
        ga += gap * x;
        gb += gap;
        haa += w * x * x;
        hab += w * x;
        hbb += w;
    }
    double det = haa * hbb - hab * hab;
    if (!(det > 0) || (fabs(ga) < 1e-8 && fabs(gb) < 1e-8)) return 0;
    double da = -(hbb * ga - hab * gb) / det, db = -(haa * gb - hab * ga) / det;
    double before = cross_entropy(fit, fit->slope, fit->offset);
    for (double step = 1; step > 1e-10; step /= 2) {
        double slope = fit->slope + step * da, offset = fit->offset + step * db;
        if (cross_entropy(fit, slope, offset) < before) {
            fit->slope = slope;
            fit->offset = offset;
            return 1;
        }
    }
    return 0;
}

static size_t gather(Fit *fit, const GaclipJudged *judged, int part)
{
    size_t right = 0;
    for (size_t i = 0; i < judged->count; i++) {
        if (part >= 0 && judged->images[i] % 2 != part) continue;
        fit->x[fit->count] = gaclip__logit((double)judged->scores[i]);
        fit->target[fit->count++] = judged->right[i];
        right += judged->right[i];
    }
    double wrong = (double)(fit->count - right);
    for (size_t i = 0; i < fit->count; i++)
        fit->target[i] =
            fit->target[i] > 0 ? ((double)right + 1) / ((double)right + 2) : 1 / (wrong + 2);
    return right;
}

int gaclip_calibration_fit(GaclipCalibration *out, const GaclipJudged *judged, int part,
                           GaclipError *err)
{
    enum { STEPS = 100 };
    size_t bytes = (judged->count + 1) * sizeof(double), right = 0;
    Fit fit = {malloc(bytes), malloc(bytes), 0, 1, 0};
    int status = fit.x && fit.target ? GACLIP_OK
                                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) right = gather(&fit, judged, part);
    if (!status && (!right || right == fit.count))
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "%zu of %zu detections are right: no curve can be fitted", right,
                                  fit.count);
    for (int i = 0; i < STEPS && !status && improve(&fit); i++) continue;
    if (!status && !(fit.slope > 0))
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "a higher score is no better sign of a right detection");
    if (!status) *out = (GaclipCalibration){"", fit.slope, fit.offset};
    free(fit.x);
    free(fit.target);
    return status;
}

void gaclip_reliability(GaclipReliability *out, const GaclipJudged *judged,
                        const GaclipCalibration by_part[2])
{
    *out = (GaclipReliability){0};
    for (size_t i = 0; i < judged->count; i++) {
        double score = (double)judged->scores[i];
        if (by_part) score = gaclip_calibrated_score(&by_part[judged->images[i] % 2], score);
        int bin = (int)(score * GACLIP_RELIABILITY_BINS);
        if (bin > GACLIP_RELIABILITY_BINS - 1) bin = GACLIP_RELIABILITY_BINS - 1;
        out->count[bin]++;
        out->score[bin] += score;
        out->right[bin] += judged->right[i];
    }
    for (int b = 0; b < GACLIP_RELIABILITY_BINS; b++) {
        if (!out->count[b]) continue;
        out->error += fabs(out->score[b] - out->right[b]) / (double)judged->count;
        out->score[b] /= (double)out->count[b];
        out->right[b] /= (double)out->count[b];
    }
}
