#include "eval/detect_means.h"

#include <math.h>
#include <stdlib.h>

#include "eval/bootstrap.h"
#include "eval/matching.h"

enum { GROUPS = 3 }; /* all, base, novel */

typedef struct Means {
    GaclipDetectionResult *out;
    GaclipRanking *rankings; /* (row_count) */
    GaclipCurveRoom room;
    double *values; /* (row_count + GROUPS, resamples): voc11 of rows, then of groups */
    int *weights;   /* (image_count) */
} Means;

static int in_group(const GaclipDetectionRow *row, int group)
{
    return group == 0 || row->is_novel == (group == 2);
}

/* Mean of values (row_count) over a group's rows that have one; -1 without. */
static double group_mean(const GaclipDetectionResult *out, const double *values, int group)
{
    double sum = 0;
    int count = 0;
    for (int i = 0; i < out->row_count; i++) {
        if (!in_group(&out->rows[i], group) || values[i] < 0) continue;
        sum += values[i];
        count++;
    }
    return count ? sum / count : -1;
}

static int fill_row(GaclipDetectionRow *row, const GaclipDetectionResult *out, int label,
                    const GaclipEvalOptions *o, GaclipError *err)
{
    size_t count = (size_t)out->image_count;
    int status = gaclip_eval_detection(&row->ap, out->images, count, label, o->iou, err);
    if (!status) status = gaclip_eval_coco(&row->coco, out->images, count, label, err);
    if (!status)
        status = gaclip_eval_counts(&row->counts, out->images, count, label, o->iou,
                                    (float)out->min_score, err);
    return status;
}

static int fill_rows(GaclipDetectionResult *out, const GaclipNames *classes,
                     const GaclipEvalOptions *o, GaclipError *err)
{
    out->rows = calloc((size_t)classes->count, sizeof *out->rows);
    if (!out->rows) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    out->row_count = classes->count;
    for (int i = 0; i < o->novel_count; i++) {
        int label = gaclip__class_index(classes, o->novel[i]);
        if (label < 0)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "the novel class \"%s\" is not among the %d classes asked",
                                    o->novel[i], classes->count);
        out->rows[label].is_novel = 1;
    }
    int status = GACLIP_OK;
    for (int i = 0; i < out->row_count && !status; i++) {
        out->rows[i].name = classes->items[i];
        status = fill_row(&out->rows[i], out, i, o, err);
    }
    return status;
}

static int prepare(Means *m, const GaclipEvalOptions *o, GaclipError *err)
{
    size_t rows = (size_t)m->out->row_count, largest = 0;
    m->rankings = calloc(rows, sizeof *m->rankings);
    m->weights = malloc(((size_t)m->out->image_count + 1) * sizeof *m->weights);
    m->values = malloc((rows + GROUPS) * ((size_t)o->resamples + 1) * sizeof *m->values);
    if (!m->rankings || !m->weights || !m->values)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < rows; i++) {
        int status = gaclip__rank(&m->rankings[i], m->out->images, (size_t)m->out->image_count,
                                  (int)i, o->iou, -INFINITY, err);
        if (status) return status;
        if (m->rankings[i].count > largest) largest = m->rankings[i].count;
    }
    return gaclip__curve_room(&m->room, largest, err);
}

static void clear(Means *m)
{
    for (int i = 0; m->rankings && i < m->out->row_count; i++)
        gaclip__ranking_clear(&m->rankings[i]);
    free(m->rankings);
    free(m->weights);
    free(m->values);
    gaclip__curve_room_clear(&m->room);
}

/* voc11 of every row with the images weighted; -1 where the draw left no truth. */
static int draw(Means *m, double *voc11)
{
    for (int i = 0; i < m->out->row_count; i++) {
        GaclipAP ap;
        gaclip__average_precision(&ap, &m->rankings[i], m->weights, (size_t)m->out->image_count,
                                  &m->room);
        voc11[i] = ap.voc11;
    }
    return m->out->row_count;
}

/* Draws without any truth of a row or group say nothing about it and are left out. */
static void set_interval(GaclipInterval *out, double value, double *draws, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (draws[i] >= 0) draws[kept++] = draws[i];
    gaclip__interval(out, value, draws, kept);
}

static void set_means(GaclipDetectionResult *out, GaclipDetectionMean *mean, int group,
                      double *scratch)
{
    *mean = (GaclipDetectionMean){0};
    for (int i = 0; i < out->row_count; i++)
        mean->classes += in_group(&out->rows[i], group) && out->rows[i].ap.positives > 0;
    for (int i = 0; i < out->row_count; i++) scratch[i] = out->rows[i].ap.voc11;
    mean->voc11.value = group_mean(out, scratch, group);
    for (int i = 0; i < out->row_count; i++) scratch[i] = out->rows[i].ap.all_point;
    mean->all_point = group_mean(out, scratch, group);
    for (int i = 0; i < out->row_count; i++) scratch[i] = out->rows[i].coco;
    mean->coco = group_mean(out, scratch, group);
}

static void resample(Means *m, const GaclipEvalOptions *o, double *voc11)
{
    GaclipDetectionResult *out = m->out;
    GaclipDetectionMean *means[GROUPS] = {&out->all, &out->base, &out->novel};
    GaclipRandom random;
    size_t draws = (size_t)o->resamples;
    gaclip__random_seed(&random, o->seed);
    for (size_t d = 0; d < draws; d++) {
        gaclip__resample(m->weights, (size_t)out->image_count, &random);
        int rows = draw(m, voc11);
        for (int i = 0; i < rows; i++) m->values[(size_t)i * draws + d] = voc11[i];
        for (int g = 0; g < GROUPS; g++)
            m->values[(size_t)(rows + g) * draws + d] = group_mean(out, voc11, g);
    }
    for (int i = 0; i < out->row_count; i++)
        set_interval(&out->rows[i].voc11, out->rows[i].ap.voc11, m->values + (size_t)i * draws,
                     o->resamples);
    for (int g = 0; g < GROUPS; g++)
        set_interval(&means[g]->voc11, means[g]->voc11.value,
                     m->values + (size_t)(out->row_count + g) * draws, o->resamples);
}

int gaclip__detection_sum_up(GaclipDetectionResult *out, const GaclipNames *classes,
                             const GaclipEvalOptions *options, GaclipError *err)
{
    Means m = {.out = out};
    int status = fill_rows(out, classes, options, err);
    double *scratch = status ? NULL : malloc((size_t)out->row_count * sizeof *scratch);
    if (!status && !scratch) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = prepare(&m, options, err);
    if (!status) {
        set_means(out, &out->all, 0, scratch);
        set_means(out, &out->base, 1, scratch);
        set_means(out, &out->novel, 2, scratch);
        resample(&m, options, scratch);
    }
    clear(&m);
    free(scratch);
    return status;
}
