#include "detect/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/dense.h"
#include "gaclip/text.h"

enum { LARGEST_OCTAVES = 4, LARGEST_FINER = 2 };

static const float CALIBRATED_MIN_SCORE = 0.5f, RAW_MIN_SCORE = 0.3f;
static const float VOTING_SCORE = 0.1f;

void gaclip_detect_options_init(GaclipDetectOptions *options)
{
    *options = (GaclipDetectOptions){.min_score = -1,
                                     .nms_iou = 0.3f,
                                     .mix = 0.5f,
                                     .independent = 0,
                                     .max_proposals = 300,
                                     .overlap = -1,
                                     .octaves = -1,
                                     .finer = -1,
                                     .uncalibrated = 0,
                                     .proposer = NULL,
                                     .dense = -1,
                                     .phrases = 0,
                                     .crops = 0};
}

static int check_options(const GaclipDetectOptions *o, const GaclipModel *model, GaclipError *err)
{
    const GaclipModel *finder = o->proposer ? o->proposer : model;
    if (!(o->min_score <= 1) || !(o->nms_iou > 0 && o->nms_iou <= 1) ||
        !(o->mix >= 0 && o->mix <= 1) || o->max_proposals < 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "detection options out of range: scores, overlaps and the mix lie "
                                "in 0..1, proposals are at least 1");
    if (o->octaves > LARGEST_OCTAVES)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%d octaves are too many: at most %d",
                                o->octaves, LARGEST_OCTAVES);
    if (o->finer > LARGEST_FINER)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%d finer scales are too many: at most %d", o->finer,
                                LARGEST_FINER);
    if (o->dense > GACLIP_DENSE_FULL)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "there is no dense mode %d", o->dense);
    if (o->overlap >= finder->config.vision.image_size)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "an overlap of %d pixels leaves no step: the model's window has %d",
                                o->overlap, finder->config.vision.image_size);
    return GACLIP_OK;
}

int gaclip__check_proposals(const GaclipModel *model, GaclipError *err)
{
    if (model->config.proposal.width > 0) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "%s: the model has no proposal head, which finds boxes; train one with "
                            "gaclip-train, or take the proposals of another model",
                            gaclip_model_path(model));
}

static int is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* What a class is asked by. */
static const char *name_of(const GaclipDetector *d, const char *class)
{
    return d->options.phrases ? class : gaclip_model_class_of(d->model, class);
}

static int embed_texts(GaclipDetector *d, const char *const *classes, GaclipError *err)
{
    size_t E = (size_t)d->model->config.embed_dim;
    for (int i = 0; i < d->text_count; i++) {
        const char *phrase =
            i < d->class_count
                ? name_of(d, classes[i])
                : gaclip_model_text_at(d->model, GACLIP_BACKGROUND, (size_t)(i - d->class_count));
        int status = gaclip_model_embed_phrase(d->model, d->texts + (size_t)i * E, phrase, err);
        if (status) return status;
    }
    for (int i = 0; i < d->class_count; i++) {
        const char *name = name_of(d, classes[i]);
        d->prompts[i] = gaclip__model_prompt(d->model, name, 0);
        if (!d->prompts[i]) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        for (int k = 0; k < i && !d->is_repeated[i] && !d->options.phrases; k++)
            d->is_repeated[i] = (unsigned char)gaclip_same_class(name, name_of(d, classes[k]));
    }
    return GACLIP_OK;
}

/* The class's own row, or the one for all others, or none. */
static const GaclipCalibration *find_calibration(const GaclipModel *model, const char *name)
{
    const GaclipCalibration *others = NULL;
    for (size_t i = 0; i < model->calibration_count; i++) {
        const GaclipCalibration *row = &model->calibration[i];
        if (!*row->class_name)
            others = row;
        else if (gaclip_same_class(row->class_name, name))
            return row;
    }
    return others;
}

static int is_calibrated(const GaclipDetector *d)
{
    if (!d->model->calibration_count || d->options.uncalibrated) return 0;
    /* It was fitted to the boxes of the model's own head. */
    return !d->options.proposer || d->model->config.proposal.width <= 0;
}

static int calibrate(GaclipDetector *d, const char *const *classes, GaclipError *err)
{
    if (d->options.min_score < 0) d->options.min_score = gaclip_detector_default_score(d);
    float voting = gaclip_voting_score(d->options.min_score);
    d->score_floor = voting;
    if (!is_calibrated(d)) return GACLIP_OK;
    d->calibration = calloc((size_t)d->class_count, sizeof *d->calibration);
    if (!d->calibration) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    d->score_floor = 1;
    for (int i = 0; i < d->class_count; i++) {
        const GaclipCalibration *row = find_calibration(d->model, name_of(d, classes[i]));
        d->calibration[i] = row ? *row : (GaclipCalibration){"", 1, 0};
        double floor = gaclip_uncalibrated_score(&d->calibration[i], (double)voting);
        if (floor < (double)d->score_floor) d->score_floor = (float)floor;
    }
    return GACLIP_OK;
}

float gaclip__class_score(const GaclipDetector *detector, int class_index, float score)
{
    if (!detector->calibration) return score;
    return (float)gaclip_calibrated_score(&detector->calibration[class_index], (double)score);
}

static int check_classes(const char *const *classes, int class_count, GaclipError *err)
{
    if (class_count < 1)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "no classes: name at least one");
    for (int i = 0; i < class_count; i++)
        if (is_blank(classes[i]))
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "class %d has an empty name; separate names by one comma",
                                    i + 1);
    return GACLIP_OK;
}

static int new_detector(GaclipDetector **out, GaclipModel *model, const char *const *classes,
                        int class_count, const GaclipDetectOptions *options, GaclipError *err)
{
    *out = NULL;
    int status = check_options(options, model, err);
    if (!status) status = check_classes(classes, class_count, err);
    if (status) return status;
    GaclipDetector *d = calloc(1, sizeof *d);
    if (!d) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    d->model = model;
    d->options = *options;
    d->class_count = class_count;
    d->text_count = class_count + (int)gaclip_model_text_count(model, GACLIP_BACKGROUND);
    d->texts = calloc((size_t)d->text_count * (size_t)model->config.embed_dim, sizeof *d->texts);
    d->prompts = calloc((size_t)class_count, sizeof *d->prompts);
    d->is_repeated = calloc((size_t)class_count, sizeof *d->is_repeated);
    status = d->texts && d->prompts && d->is_repeated
                 ? embed_texts(d, classes, err)
                 : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = calibrate(d, classes, err);
    if (status) {
        gaclip_detector_free(d);
        return status;
    }
    *out = d;
    return GACLIP_OK;
}

int gaclip_detector_new(GaclipDetector **out, GaclipModel *model, const char *const *classes,
                        int class_count, const GaclipDetectOptions *options, GaclipError *err)
{
    *out = NULL;
    int status = gaclip__check_proposals(options->proposer ? options->proposer : model, err);
    return status ? status : new_detector(out, model, classes, class_count, options, err);
}

int gaclip_scorer_new(GaclipDetector **out, GaclipModel *model, const char *const *classes,
                      int class_count, const GaclipDetectOptions *options, GaclipError *err)
{
    GaclipDetectOptions own = *options;
    own.proposer = NULL;
    return new_detector(out, model, classes, class_count, &own, err);
}

void gaclip_detector_free(GaclipDetector *detector)
{
    if (!detector) return;
    for (int i = 0; detector->prompts && i < detector->class_count; i++) free(detector->prompts[i]);
    free(detector->prompts);
    free(detector->is_repeated);
    free(detector->texts);
    free(detector->calibration);
    free(detector);
}

const char *gaclip_detector_prompt(const GaclipDetector *detector, int class_index)
{
    return detector->prompts[class_index];
}

const GaclipDetectOptions *gaclip_detector_options(const GaclipDetector *detector)
{
    return &detector->options;
}

float gaclip_detector_default_score(const GaclipDetector *detector)
{
    return is_calibrated(detector) ? CALIBRATED_MIN_SCORE : RAW_MIN_SCORE;
}

float gaclip_voting_score(float min_score)
{
    return fminf(min_score, VOTING_SCORE);
}

void gaclip_detector_gsd(double *gsd_min, double *gsd_max, const GaclipDetector *detector)
{
    const GaclipModelConfig *finds = &gaclip__proposer(detector)->config;
    const GaclipModelConfig *config = finds->gsd_max > 0 ? finds : &detector->model->config;
    *gsd_min = config->gsd_min;
    *gsd_max = config->gsd_max;
}

int gaclip_detector_window(const GaclipDetector *detector)
{
    return gaclip__proposer(detector)->config.vision.image_size;
}

int gaclip_detector_overlap(const GaclipDetector *detector)
{
    int overlap = detector->options.overlap;
    return overlap < 0 ? gaclip_detector_window(detector) / 2 : overlap;
}

int gaclip_detector_octaves(const GaclipDetector *detector)
{
    int octaves = detector->options.octaves;
    return octaves < 0 ? gaclip__proposer(detector)->config.proposal.octaves : octaves;
}

int gaclip_detector_finer(const GaclipDetector *detector)
{
    int finer = detector->options.finer;
    return finer < 0 ? gaclip__proposer(detector)->config.proposal.finer : finer;
}

int gaclip_detector_span(const GaclipDetector *detector)
{
    return gaclip_detector_window(detector) << gaclip_detector_octaves(detector);
}

int gaclip_detector_span_overlap(const GaclipDetector *detector)
{
    return gaclip_detector_overlap(detector) << gaclip_detector_octaves(detector);
}

int gaclip__class_probabilities(float *probability, float *similarity,
                                const GaclipDetector *detector, const float *region,
                                GaclipError *err)
{
    int classes = detector->class_count, texts = detector->text_count;
    int E = detector->model->config.embed_dim;
    double scale = gaclip_model_logit_scale(detector->model);
    double *weights = malloc((size_t)texts * sizeof *weights), background = 0, all = 0;
    if (!weights) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < texts; i++) {
        double cosine = 0;
        for (int k = 0; k < E; k++) cosine += (double)region[k] * detector->texts[i * E + k];
        weights[i] = exp(scale * (cosine - 1)); /* at most 1 */
        if (i >= classes || !detector->is_repeated[i]) all += weights[i];
        if (i >= classes) background += weights[i];
        if (i < classes) similarity[i] = (float)cosine;
    }
    for (int i = 0; i < classes; i++) {
        double sum = detector->options.independent ? weights[i] + background : all;
        probability[i] = (float)(sum > 0 ? weights[i] / sum : 0);
    }
    free(weights);
    return GACLIP_OK;
}

int gaclip__detections_add(GaclipDetectionList *list, const GaclipDetection *detection,
                           GaclipError *err)
{
    if (list->count == list->capacity) {
        int capacity = list->capacity ? 2 * list->capacity : 64;
        GaclipDetection *items = realloc(list->items, (size_t)capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *detection;
    return GACLIP_OK;
}

void gaclip__detections_clear(GaclipDetectionList *list)
{
    free(list->items);
    *list = (GaclipDetectionList){0};
}
