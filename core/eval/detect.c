/* Open-vocabulary detection over a source: what was there, what was found, base and novel means. */
#include <stdlib.h>
#include <string.h>

#include "eval/detect_means.h"
#include "eval/walk.h"

typedef struct Detection {
    GaclipDetectionResult *out;
    GaclipNames classes;
    GaclipDetector *detector;
    int capacity;
} Detection;

static int is_object(const GaclipSampleRegion *region)
{
    return region->is_object && gaclip__region_class(region);
}

static int collect_names(const GaclipSample *sample, int index, void *payload, GaclipError *err)
{
    GaclipNames *names = payload;
    int status = GACLIP_OK;
    (void)index;
    for (int i = 0; i < sample->region_count && !status; i++)
        if (is_object(&sample->regions[i]))
            status = gaclip__lent_names_add(names, gaclip__region_class(&sample->regions[i]), err);
    return status;
}

/* The classes asked for, or, in a pass of its own, those of all objects. */
static int choose_classes(GaclipNames *classes, const GaclipSampleSource *source,
                          const GaclipEvalOptions *options, GaclipError *err)
{
    GaclipNames names = {0};
    GaclipEvalOptions silent = *options;
    silent.progress = NULL;
    int status =
        options->classes ? GACLIP_OK : gaclip__walk(source, &silent, collect_names, &names, err);
    if (!status) status = gaclip__name_classes(classes, &names, options, err);
    if (!status && !classes->count)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "no image has an object with a class; detection needs boxes");
    gaclip__lent_names_clear(&names);
    return status;
}

static int take_truth(GaclipEvalImage *image, const Detection *d, const GaclipSample *sample,
                      GaclipError *err)
{
    size_t room = (size_t)sample->region_count + 1;
    GaclipBox *boxes = malloc(room * sizeof *boxes);
    int *labels = malloc(room * sizeof *labels);
    unsigned char *difficult = malloc(room);
    image->truth_boxes = boxes;
    image->truth_labels = labels;
    image->truth_difficult = difficult;
    if (!boxes || !labels || !difficult)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < sample->region_count; i++) {
        const GaclipSampleRegion *region = &sample->regions[i];
        int label =
            is_object(region) ? gaclip__class_index(&d->classes, gaclip__region_class(region)) : -1;
        if (label < 0) continue;
        boxes[image->truth_count] = region->box;
        difficult[image->truth_count] = region->is_difficult != 0;
        labels[image->truth_count++] = label;
    }
    return GACLIP_OK;
}

static int take_found(GaclipEvalImage *image, const GaclipDetection *found, int count,
                      GaclipError *err)
{
    size_t room = (size_t)count + 1;
    GaclipBox *boxes = malloc(room * sizeof *boxes);
    int *labels = malloc(room * sizeof *labels);
    float *scores = malloc(room * sizeof *scores);
    image->found_boxes = boxes;
    image->found_labels = labels;
    image->found_scores = scores;
    if (!boxes || !labels || !scores)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        boxes[i] = found[i].box;
        labels[i] = found[i].class_index;
        scores[i] = found[i].score;
    }
    image->found_count = count;
    return GACLIP_OK;
}

static int add_image(Detection *d, int index, GaclipError *err)
{
    GaclipDetectionResult *out = d->out;
    if (out->image_count == d->capacity) {
        size_t capacity = d->capacity ? 2 * (size_t)d->capacity : 64;
        GaclipEvalImage *images = realloc(out->images, capacity * sizeof *images);
        if (images) out->images = images;
        int *samples = realloc(out->samples, capacity * sizeof *samples);
        if (samples) out->samples = samples;
        if (!images || !samples) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        d->capacity = (int)capacity;
    }
    out->images[out->image_count] = (GaclipEvalImage){0};
    out->samples[out->image_count++] = index;
    return GACLIP_OK;
}

static int visit(const GaclipSample *sample, int index, void *payload, GaclipError *err)
{
    Detection *d = payload;
    GaclipDetection *found;
    int count, windows;
    if (!sample->is_annotated) {
        d->out->skipped++;
        return GACLIP_OK;
    }
    int status = add_image(d, index, err);
    if (status) return status;
    GaclipEvalImage *image = &d->out->images[d->out->image_count - 1];
    status = take_truth(image, d, sample, err);
    if (!status)
        status = gaclip_detect_image(&found, &count, &windows, d->detector, &sample->image, err);
    if (status) return status;
    d->out->windows += windows;
    status = take_found(image, found, count, err);
    free(found);
    return status;
}

static int measure(Detection *d, GaclipModel *model, const GaclipSampleSource *source,
                   const GaclipEvalOptions *options, GaclipError *err)
{
    int status = choose_classes(&d->classes, source, options, err);
    if (!status)
        status = gaclip_detector_new(&d->detector, model, d->classes.items, d->classes.count,
                                     &options->detect, err);
    if (!status)
        d->out->min_score = options->min_score < 0
                                ? (double)gaclip_detector_default_score(d->detector)
                                : options->min_score;
    if (!status) status = gaclip__walk(source, options, visit, d, err);
    if (!status && !d->out->image_count)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "no image has all its objects annotated; detection needs that");
    return status ? status : gaclip__detection_sum_up(d->out, &d->classes, options, err);
}

int gaclip_eval_detect(GaclipDetectionResult *out, GaclipModel *model,
                       const GaclipSampleSource *source, const GaclipEvalOptions *options,
                       GaclipError *err)
{
    *out = (GaclipDetectionResult){0};
    Detection d = {.out = out};
    int status = measure(&d, model, source, options, err);
    gaclip_detector_free(d.detector);
    gaclip__lent_names_clear(&d.classes);
    if (status) gaclip_detection_result_clear(out);
    return status;
}

void gaclip_detection_result_clear(GaclipDetectionResult *result)
{
    for (int i = 0; i < result->image_count; i++) {
        GaclipEvalImage *image = &result->images[i];
        free((GaclipBox *)image->truth_boxes);
        free((int *)image->truth_labels);
        free((unsigned char *)image->truth_difficult);
        free((GaclipBox *)image->found_boxes);
        free((int *)image->found_labels);
        free((float *)image->found_scores);
    }
    free(result->images);
    free(result->samples);
    free(result->rows);
    *result = (GaclipDetectionResult){0};
}
