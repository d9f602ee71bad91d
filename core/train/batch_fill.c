#include "train/batch_fill.h"

#include <math.h>
#include <stdlib.h>

#include "image/augment.h"
#include "model/roi_align.h"

/* Random boxes tried for empty ground, and how many are wanted an image. */
enum { EMPTY_TRIES = 20, EMPTY_REGIONS = 2 };

/* Log of the factor by which one side may be zoomed more than the other is less. */
static const double LARGEST_STRETCH = 0.25;

/* Share of an object's box that must stay inside a turned image for it to be asked for. */
static const float SMALLEST_VISIBLE = 0.5f;

/* Objects smaller than this in the augmented image are not asked for, pixels. */
static const float SMALLEST_SIDE = 3.0f;

/* Share of a box's side by which a region's corners are moved from the annotation's. */
static const float REGION_JITTER = 0.1f;

/* One image on its way into the batch. */
typedef struct Filling {
    GaclipBatch *batch;
    const GaclipBatchMaker *maker;
    GaclipSample sample;
    GaclipRandom random;
    int n; /* number of the image in the batch */
} Filling;

static int wants_regions(const GaclipLossWeights *w)
{
    return w->region > 0 || w->hard_negative > 0 || w->visual > 0;
}

static int wants_captions(const GaclipLossWeights *w)
{
    return w->global > 0 || w->text > 0;
}

static const GaclipLossWeights *weights_of(const Filling *f)
{
    return &f->maker->options->weights;
}

static int encode_text(int *row, Filling *f, const char *text, GaclipError *err)
{
    return gaclip__batch_text(row, &f->batch->texts, f->maker->model->tokenizer, text, err);
}

/* A phrase in a random prompt template. */
static int encode_phrase(int *row, GaclipBatch *batch, const GaclipModel *model, const char *phrase,
                         GaclipRandom *random, GaclipError *err)
{
    int templates = (int)gaclip_model_text_count(model, GACLIP_TEMPLATES);
    int chosen = templates ? gaclip__random_below(random, templates) : 0;
    char *prompt = gaclip__model_prompt(model, phrase, (size_t)chosen);
    if (!prompt) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip__batch_text(row, &batch->texts, model->tokenizer, prompt, err);
    free(prompt);
    return status;
}

/* All background phrases in a row, so that a number chooses among them. Two phrases that fill a
 * template to the same text would share a row; the model's list has none. */
static int encode_background(GaclipBatch *batch, const GaclipModel *model, GaclipError *err)
{
    int count = (int)gaclip_model_text_count(model, GACLIP_BACKGROUND);
    batch->background_first = batch->texts.texts.count;
    for (int i = 0; i < count; i++) {
        int row;
        const char *phrase = gaclip_model_text_at(model, GACLIP_BACKGROUND, (size_t)i);
        int status = encode_phrase(&row, batch, model, phrase, &batch->random, err);
        if (status) return status;
    }
    batch->background_count = batch->texts.texts.count - batch->background_first;
    return GACLIP_OK;
}

/* The sample's image and boxes at side x side, zoomed, turned and recoloured. */
static int augment(Filling *f, GaclipError *err)
{
    GaclipImage resized;
    const GaclipTrainOptions *o = f->maker->options;
    int side = f->batch->side, symmetry = gaclip__random_below(&f->random, 8);
    double angle = (2 * gaclip__random_uniform(&f->random) - 1) * o->rotation * acos(-1.0) / 180;
    double jitter = o->colour_jitter;
    float fx = (float)side / (float)f->sample.image.width;
    float fy = (float)side / (float)f->sample.image.height;
    int status = gaclip_image_resize(&resized, &f->sample.image, side, side, err);
    if (status) return status;
    gaclip_image_clear(&f->sample.image);
    f->sample.image = resized;
    for (int i = 0; i < f->sample.region_count; i++) {
        GaclipBox *b = &f->sample.regions[i].box;
        *b = (GaclipBox){b->x1 * fx, b->y1 * fy, b->x2 * fx, b->y2 * fy};
        gaclip__augment_box(b, (float)side, symmetry);
        if (angle != 0) gaclip__augment_turn_box(b, (float)side, angle);
    }
    gaclip__augment_colour(&f->sample.image, jitter, &f->random);
    status = gaclip__augment_sharpness(&f->sample.image, jitter, &f->random, err);
    if (!status) status = gaclip__augment_symmetry(&f->sample.image, symmetry, err);
    if (!status && angle != 0) status = gaclip__augment_rotation(&f->sample.image, angle, err);
    return status;
}

/* What a turned box shows of itself, clipped to the image; 0 where that is too little. */
static int clip_box(GaclipBox *b, float side)
{
    float area = (b->x2 - b->x1) * (b->y2 - b->y1);
    *b = (GaclipBox){fmaxf(b->x1, 0), fmaxf(b->y1, 0), fminf(b->x2, side), fminf(b->y2, side)};
    float w = b->x2 - b->x1, h = b->y2 - b->y1;
    return w >= SMALLEST_SIDE && h >= SMALLEST_SIDE && w * h >= SMALLEST_VISIBLE * area;
}

/* Regions that are to be seen, the others forgotten. */
static void drop_unseen(GaclipSample *sample, float side)
{
    int kept = 0;
    for (int i = 0; i < sample->region_count; i++) {
        GaclipSampleRegion region = sample->regions[i];
        if (clip_box(&region.box, side)) sample->regions[kept++] = region;
    }
    sample->region_count = kept;
}

static int keep_targets(Filling *f, GaclipError *err)
{
    const GaclipSample *sample = &f->sample;
    GaclipBox *boxes = malloc(((size_t)sample->region_count + 1) * sizeof *boxes);
    if (!boxes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int count = 0;
    for (int i = 0; i < sample->region_count; i++)
        if (sample->regions[i].is_object) boxes[count++] = sample->regions[i].box;
    f->batch->boxes[f->n] = boxes;
    f->batch->targets[f->n] = (GaclipTargets){boxes, count, sample->is_annotated};
    return GACLIP_OK;
}

static int has_area(const GaclipBox *b)
{
    return b->x2 > b->x1 && b->y2 > b->y1;
}

static float moved(float value, float length, GaclipRandom *random)
{
    return value + length * REGION_JITTER * (float)(2 * gaclip__random_uniform(random) - 1);
}

/* Near the annotation, as a proposal would be. */
static GaclipBox near_box(const GaclipBox *b, float side, GaclipRandom *random)
{
    float w = b->x2 - b->x1, h = b->y2 - b->y1;
    GaclipBox near = {moved(b->x1, w, random), moved(b->y1, h, random), moved(b->x2, w, random),
                      moved(b->y2, h, random)};
    return gaclip__unit_box(&near, side);
}

/* What the region-phrase loss asks it by: its phrase in a template, or its description. */
static int choose_text(int *row, Filling *f, const GaclipSampleRegion *region, GaclipError *err)
{
    double share = f->maker->options->description_share;
    if (region->description && (!region->phrase || gaclip__random_uniform(&f->random) < share))
        return encode_text(row, f, region->description, err);
    return encode_phrase(row, f->batch, f->maker->model, region->phrase, &f->random, err);
}

/* The description first, then up to hard_negatives others, drawn without repetition. */
static int add_trial(Filling *f, const GaclipSampleRegion *region, int number, GaclipError *err)
{
    int row, left = region->negative_count, wanted = f->maker->options->hard_negatives;
    if (!region->description || left == 0 || wanted == 0) return GACLIP_OK;
    int status = encode_text(&row, f, region->description, err);
    if (!status) status = gaclip__batch_add_trial(f->batch, number, err);
    if (!status) status = gaclip__batch_add_trial_text(f->batch, row, err);
    for (int i = 0; i < region->negative_count && wanted && !status; i++, left--) {
        if (gaclip__random_below(&f->random, left) >= wanted) continue;
        wanted--;
        status = encode_text(&row, f, region->negatives[i], err);
        if (!status) status = gaclip__batch_add_trial_text(f->batch, row, err);
    }
    return status;
}

static int add_region(Filling *f, const GaclipSampleRegion *region, GaclipError *err)
{
    GaclipBatch *batch = f->batch;
    GaclipBatchRegion added = {near_box(&region->box, (float)batch->side, &f->random), f->n,
                               GACLIP__NO_TEXT, 0};
    const char *name = region->concept  ? region->concept
                       : region->phrase ? region->phrase
                                        : region->description;
    if (!name || !has_area(&added.box)) return GACLIP_OK;
    int status = gaclip__batch_concept(&added.concept, &batch->texts, name, err);
    if (!status && weights_of(f)->region > 0) status = choose_text(&added.text, f, region, err);
    if (!status) status = gaclip__batch_add_region(batch, &added, err);
    if (!status && weights_of(f)->hard_negative > 0)
        status = add_trial(f, region, batch->region_count - 1, err);
    return status;
}

static int meets_object(const GaclipTargets *targets, const GaclipBox *box)
{
    for (int i = 0; i < targets->count; i++)
        if (gaclip_box_iou(&targets->boxes[i], box) > 0.1f) return 1;
    return 0;
}

/* Random boxes of ground on which nothing is. */
static int add_empty_regions(Filling *f, GaclipError *err)
{
    GaclipBatch *batch = f->batch;
    GaclipRandom *random = &f->random;
    float side = (float)batch->side;
    int wanted = EMPTY_REGIONS;
    for (int i = 0; i < EMPTY_TRIES && wanted; i++) {
        float w = side * (0.08f + 0.4f * (float)gaclip__random_uniform(random));
        float h = w * expf((float)(2 * gaclip__random_uniform(random) - 1) * 0.9f);
        h = fminf(h, side * 0.9f);
        float x = (side - w) * (float)gaclip__random_uniform(random);
        float y = (side - h) * (float)gaclip__random_uniform(random);
        GaclipBox box = {x, y, x + w, y + h};
        if (meets_object(&batch->targets[f->n], &box)) continue;
        GaclipBatchRegion region = {gaclip__unit_box(&box, side), f->n,
                                    gaclip__batch_background(batch, random), GACLIP__BACKGROUND};
        int status = gaclip__batch_add_region(batch, &region, err);
        if (status) return status;
        wanted--;
    }
    return GACLIP_OK;
}

/* The region's pixels at the model's input size. */
static int cut_crop(Filling *f, int number, GaclipError *err)
{
    const GaclipBox *b = &f->batch->regions[number].box;
    const GaclipModelConfig *config = &f->maker->model->config;
    int side = f->batch->side;
    int x1 = (int)floorf(b->x1 * (float)side), y1 = (int)floorf(b->y1 * (float)side);
    int x2 = (int)ceilf(b->x2 * (float)side), y2 = (int)ceilf(b->y2 * (float)side);
    GaclipImage part = {0}, resized = {0};
    float *planes;
    int status = gaclip_image_crop(&part, &f->sample.image, x1, y1, x2 - x1, y2 - y1, err);
    if (!status) status = gaclip_image_resize(&resized, &part, side, side, err);
    if (!status) status = gaclip__batch_add_crop(f->batch, &planes, number, err);
    if (!status) gaclip_image_normalise(planes, &resized, config->image_mean, config->image_std);
    gaclip_image_clear(&part);
    gaclip_image_clear(&resized);
    return status;
}

/* Crops of this image's share of the regions from first on, drawn without repetition. */
static int cut_crops(Filling *f, int first, int count, GaclipError *err)
{
    int64_t crops = f->maker->options->crops, size = f->batch->size, n = f->n;
    int64_t wanted = crops ? (n + 1) * crops / size - n * crops / size : count;
    int status = GACLIP_OK;
    for (int i = 0; i < count && wanted && !status; i++) {
        if (gaclip__random_below(&f->random, count - i) >= wanted) continue;
        wanted--;
        status = cut_crop(f, first + i, err);
    }
    return status;
}

static int add_regions(Filling *f, GaclipError *err)
{
    int first = f->batch->region_count, status = GACLIP_OK;
    for (int i = 0; i < f->sample.region_count && !status; i++)
        status = add_region(f, &f->sample.regions[i], err);
    int count = f->batch->region_count - first;
    if (!status && weights_of(f)->visual > 0) status = cut_crops(f, first, count, err);
    if (!status && weights_of(f)->region > 0 && f->sample.is_annotated)
        status = add_empty_regions(f, err);
    return status;
}

/* One of the captions, or the class of the whole image. */
static int choose_caption(Filling *f, GaclipError *err)
{
    GaclipBatch *batch = f->batch;
    const GaclipSample *sample = &f->sample;
    const char *text = sample->captions[gaclip__random_below(&f->random, sample->caption_count)];
    double share = sample->scene ? f->maker->options->scene_share : 0;
    int by_class = share > 0 && gaclip__random_uniform(&f->random) < share, status;
    if (by_class) text = sample->scene;
    status = by_class ? encode_phrase(&batch->briefs[f->n], batch, f->maker->model, text,
                                      &f->random, err)
                      : encode_text(&batch->briefs[f->n], f, text, err);
    return status ? status
                  : gaclip__batch_concept(&batch->brief_concepts[f->n], &batch->texts, text, err);
}

/* The caption; an annotated image without one is called by what it shows, or is background. */
static int choose_brief(Filling *f, GaclipError *err)
{
    GaclipBatch *batch = f->batch;
    const GaclipSample *sample = &f->sample;
    GaclipRandom *random = &f->random;
    int *row = &batch->briefs[f->n], *concept = &batch->brief_concepts[f->n];
    if (sample->caption_count) return choose_caption(f, err);
    if (!sample->is_annotated) return GACLIP_OK;
    if (!sample->region_count) {
        *row = gaclip__batch_background(batch, random);
        *concept = GACLIP__BACKGROUND;
        return GACLIP_OK;
    }
    const GaclipSampleRegion *region =
        &sample->regions[gaclip__random_below(random, sample->region_count)];
    if (!region->phrase) return GACLIP_OK;
    int status = encode_phrase(row, batch, f->maker->model, region->phrase, random, err);
    return status ? status
                  : gaclip__batch_concept(concept, &batch->texts,
                                          region->concept ? region->concept : region->phrase, err);
}

static int choose_captions(Filling *f, GaclipError *err)
{
    int status = wants_captions(weights_of(f)) ? choose_brief(f, err) : GACLIP_OK;
    if (!status && weights_of(f)->text > 0 && f->sample.detailed)
        status = encode_text(&f->batch->details[f->n], f, f->sample.detailed, err);
    return status;
}

static int take_sample(Filling *f, GaclipError *err)
{
    const GaclipTrainOptions *o = f->maker->options;
    const GaclipSampleSource *source = f->maker->source;
    double side = f->batch->side;
    double zoom =
        o->scale_min * pow(o->scale_max / o->scale_min, gaclip__random_uniform(&f->random));
    double stretch = exp((2 * gaclip__random_uniform(&f->random) - 1) * LARGEST_STRETCH);
    int width = (int)lround(side / (zoom * stretch)), height = (int)lround(side / (zoom / stretch));
    uint64_t number = gaclip__random_next(&f->random);
    pthread_mutex_lock(f->maker->source_lock);
    int status = source->next(&f->sample, source->payload, number, width, height, err);
    pthread_mutex_unlock(f->maker->source_lock);
    return status;
}

static int fill_image(Filling *f, GaclipError *err)
{
    const GaclipModelConfig *config = &f->maker->model->config;
    size_t floats = 3 * (size_t)f->batch->side * (size_t)f->batch->side;
    int status = take_sample(f, err);
    if (status) return status;
    f->batch->names[f->n] = f->sample.name;
    status = augment(f, err);
    if (!status) drop_unseen(&f->sample, (float)f->batch->side);
    if (!status) status = keep_targets(f, err);
    if (!status && wants_regions(weights_of(f))) status = add_regions(f, err);
    if (!status) status = choose_captions(f, err);
    if (!status)
        gaclip_image_normalise(f->batch->planes + (size_t)f->n * floats, &f->sample.image,
                               config->image_mean, config->image_std);
    gaclip_sample_clear(&f->sample);
    return status;
}

/* Numbers of their own for every image of every step. */
static uint64_t seed_of(const GaclipTrainOptions *options, long step, int size, int n)
{
    return options->seed * 0x9E3779B97F4A7C15u + (uint64_t)step * (uint64_t)(size + 1) +
           (uint64_t)n;
}

int gaclip__batch_fill(GaclipBatch *batch, const GaclipBatchMaker *maker, long step,
                       GaclipError *err)
{
    const GaclipLossWeights *w = &maker->options->weights;
    int status = GACLIP_OK;
    gaclip__batch_restart(batch);
    gaclip__random_seed(&batch->random, seed_of(maker->options, step, batch->size, batch->size));
    if (w->region > 0 || wants_captions(w)) status = encode_background(batch, maker->model, err);
    for (int n = 0; n < batch->size && !status; n++) {
        Filling f = {.batch = batch, .maker = maker, .n = n};
        gaclip__random_seed(&f.random, seed_of(maker->options, step, batch->size, n));
        status = fill_image(&f, err);
    }
    if (!status) gaclip__batch_sort(batch);
    return status;
}

void gaclip_sample_clear(GaclipSample *sample)
{
    gaclip_image_clear(&sample->image);
    free(sample->regions);
    *sample = (GaclipSample){0};
}
