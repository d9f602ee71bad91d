#include "eval/walk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/class_names.h"

void gaclip_eval_options_init(GaclipEvalOptions *options)
{
    *options = (GaclipEvalOptions){.iou = 0.5, .min_score = -1, .resamples = 1000, .seed = 1};
    gaclip_detect_options_init(&options->detect);
    options->detect.min_score = 0.001f;
}

static int check_options(const GaclipSampleSource *source, const GaclipEvalOptions *o,
                         GaclipError *err)
{
    if (!source->at)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "this source has no list of images to measure on; use a data set");
    if (source->count < 1) return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "there are no images");
    if (o->limit < 0 || o->resamples < 0 || o->class_count < 0 || o->novel_count < 0 ||
        !(o->iou > 0 && o->iou <= 1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "evaluation options out of range: counts are not negative, the "
                                "overlap lies in 0..1");
    return GACLIP_OK;
}

static int visit_one(const GaclipSampleSource *source, int index, GaclipVisit *visit, void *payload,
                     GaclipError *err)
{
    GaclipSample sample = {0};
    int status = source->at(&sample, source->payload, index, err);
    if (status) return status;
    status = visit(&sample, index, payload, err);
    if (status && status != GACLIP_ERROR_MEMORY && sample.name)
        gaclip_error_prefix(err, "%s", sample.name);
    gaclip_sample_clear(&sample);
    return status;
}

int gaclip__walk(const GaclipSampleSource *source, const GaclipEvalOptions *options,
                 GaclipVisit *visit, void *payload, GaclipError *err)
{
    int status = check_options(source, options, err);
    if (status) return status;
    int count = source->count;
    if (options->limit && options->limit < count) count = options->limit;
    for (int i = 0; i < count && !status; i++) {
        int index = (int)((int64_t)i * source->count / count);
        status = visit_one(source, index, visit, payload, err);
        if (!status && options->progress && options->progress(i + 1, count, options->payload))
            status = gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                                      "interrupted after %d of %d images", i + 1, count);
    }
    return status;
}

int gaclip__lent_names_add(GaclipNames *names, const char *name, GaclipError *err)
{
    if (names->count == names->capacity) {
        int capacity = names->capacity ? 2 * names->capacity : 64;
        const char **items = realloc(names->items, (size_t)capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->count++] = name;
    return GACLIP_OK;
}

void gaclip__lent_names_clear(GaclipNames *names)
{
    free(names->items);
    *names = (GaclipNames){0};
}

static int by_class(const void *a, const void *b)
{
    const char *const *p = a, *const *q = b;
    int order = gaclip__compare_classes(*p, *q);
    return order ? order : strcmp(*p, *q);
}

int gaclip__name_classes(GaclipNames *classes, const GaclipNames *names,
                         const GaclipEvalOptions *options, GaclipError *err)
{
    int count = options->classes ? options->class_count : names->count, status = GACLIP_OK;
    *classes = (GaclipNames){0};
    for (int i = 0; i < count && !status; i++) {
        const char *name = options->classes ? options->classes[i] : names->items[i];
        if (name) status = gaclip__lent_names_add(classes, name, err);
    }
    if (status || !classes->count) return status;
    qsort(classes->items, (size_t)classes->count, sizeof *classes->items, by_class);
    int kept = 1;
    for (int i = 1; i < classes->count; i++)
        if (gaclip__compare_classes(classes->items[i], classes->items[kept - 1]))
            classes->items[kept++] = classes->items[i];
    classes->count = kept;
    return GACLIP_OK;
}

int gaclip__class_index(const GaclipNames *classes, const char *name)
{
    int low = 0, high = classes->count - 1;
    while (low <= high) {
        int middle = (low + high) / 2,
            order = gaclip__compare_classes(name, classes->items[middle]);
        if (!order) return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

const char *gaclip__region_class(const GaclipSampleRegion *region)
{
    return region->concept ? region->concept : region->phrase;
}
