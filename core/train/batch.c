#include "train/batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/augment.h"

/* Random boxes tried for empty ground, and how many are wanted an image. */
enum { EMPTY_TRIES = 20, EMPTY_REGIONS = 2 };

/* Log of the factor by which one side may be zoomed more than the other is less. */
static const double LARGEST_STRETCH = 0.15;

/* Objects smaller than this in the augmented image are not asked for. */
static const float SMALLEST_SIDE = 3.0f;

int gaclip__batch_init(GaclipBatch *batch, int size, int side, GaclipError *err)
{
    size_t n = (size_t)size;
    *batch = (GaclipBatch){.size = size, .side = side};
    batch->planes = malloc(n * 3 * (size_t)side * (size_t)side * sizeof *batch->planes);
    batch->boxes = calloc(n, sizeof *batch->boxes);
    batch->box_phrases = calloc(n, sizeof *batch->box_phrases);
    batch->targets = calloc(n, sizeof *batch->targets);
    batch->captions = calloc(n, sizeof *batch->captions);
    if (batch->planes && batch->boxes && batch->box_phrases && batch->targets && batch->captions)
        return GACLIP_OK;
    gaclip__batch_clear(batch);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a batch of %d", size);
}

static void forget_image(GaclipBatch *batch, int n)
{
    free(batch->boxes[n]);
    free(batch->box_phrases[n]);
    batch->boxes[n] = NULL;
    batch->box_phrases[n] = NULL;
    batch->targets[n] = (GaclipTargets){0};
}

void gaclip__batch_clear(GaclipBatch *batch)
{
    for (int n = 0; batch->boxes && batch->box_phrases && batch->targets && n < batch->size; n++)
        forget_image(batch, n);
    free(batch->planes);
    free(batch->boxes);
    free(batch->box_phrases);
    free(batch->targets);
    free(batch->captions);
    free(batch->phrases);
    free(batch->regions);
    *batch = (GaclipBatch){0};
}

int gaclip__batch_add_region(GaclipBatch *batch, const GaclipRegion *region, GaclipError *err)
{
    if (batch->region_count == batch->region_capacity) {
        int capacity = batch->region_capacity ? 2 * batch->region_capacity : 64;
        GaclipRegion *regions = realloc(batch->regions, (size_t)capacity * sizeof *regions);
        if (!regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        batch->regions = regions;
        batch->region_capacity = capacity;
    }
    batch->regions[batch->region_count++] = *region;
    return GACLIP_OK;
}

static int phrase_index(int *index, GaclipBatch *batch, const char *phrase, GaclipError *err)
{
    for (int i = 0; i < batch->phrase_count; i++)
        if (!strcmp(batch->phrases[i], phrase)) {
            *index = i;
            return GACLIP_OK;
        }
    if (batch->phrase_count == batch->phrase_capacity) {
        int capacity = batch->phrase_capacity ? 2 * batch->phrase_capacity : 16;
        const char **phrases = realloc(batch->phrases, (size_t)capacity * sizeof *phrases);
        if (!phrases) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        batch->phrases = phrases;
        batch->phrase_capacity = capacity;
    }
    *index = batch->phrase_count;
    batch->phrases[batch->phrase_count++] = phrase;
    return GACLIP_OK;
}

/* The sample's image and boxes at side x side, zoomed, turned and recoloured. */
static int augment(GaclipSample *sample, int side, double jitter, GaclipRandom *random,
                   GaclipError *err)
{
    GaclipImage resized;
    float fx = (float)side / (float)sample->image.width;
    float fy = (float)side / (float)sample->image.height;
    int status = gaclip_image_resize(&resized, &sample->image, side, side, err);
    if (status) return status;
    gaclip_image_clear(&sample->image);
    sample->image = resized;
    int symmetry = gaclip__random_below(random, 8);
    for (int i = 0; i < sample->region_count; i++) {
        GaclipBox *b = &sample->regions[i].box;
        *b = (GaclipBox){b->x1 * fx, b->y1 * fy, b->x2 * fx, b->y2 * fy};
        gaclip__augment_box(b, (float)side, symmetry);
    }
    gaclip__augment_colour(&sample->image, jitter, random);
    status = gaclip__augment_sharpness(&sample->image, jitter, random, err);
    if (status) return status;
    return gaclip__augment_symmetry(&sample->image, symmetry, err);
}

static int keep_boxes(GaclipBatch *batch, int n, const GaclipSample *sample, GaclipError *err)
{
    size_t room = (size_t)sample->region_count + 1;
    batch->boxes[n] = malloc(room * sizeof *batch->boxes[n]);
    batch->box_phrases[n] = malloc(room * sizeof *batch->box_phrases[n]);
    if (!batch->boxes[n] || !batch->box_phrases[n])
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int count = 0;
    for (int i = 0; i < sample->region_count; i++) {
        const GaclipBox *b = &sample->regions[i].box;
        if (b->x2 - b->x1 < SMALLEST_SIDE || b->y2 - b->y1 < SMALLEST_SIDE) continue;
        int status =
            phrase_index(&batch->box_phrases[n][count], batch, sample->regions[i].phrase, err);
        if (status) return status;
        batch->boxes[n][count++] = *b;
    }
    batch->targets[n] = (GaclipTargets){batch->boxes[n], count};
    return GACLIP_OK;
}

static float moved(float value, float length, GaclipRandom *random)
{
    return value + length * 0.1f * (float)(2 * gaclip__random_uniform(random) - 1);
}

static GaclipBox to_unit(const GaclipBox *b, float side)
{
    return (GaclipBox){fmaxf(b->x1 / side, 0), fmaxf(b->y1 / side, 0), fminf(b->x2 / side, 1),
                       fminf(b->y2 / side, 1)};
}

static int add_object_regions(GaclipBatch *batch, int n, GaclipRandom *random, GaclipError *err)
{
    for (int i = 0; i < batch->targets[n].count; i++) {
        GaclipBox b = batch->boxes[n][i];
        float w = b.x2 - b.x1, h = b.y2 - b.y1;
        GaclipBox near = {moved(b.x1, w, random), moved(b.y1, h, random), moved(b.x2, w, random),
                          moved(b.y2, h, random)};
        GaclipRegion region = {to_unit(&near, (float)batch->side), n, batch->box_phrases[n][i]};
        if (!(region.box.x2 > region.box.x1 && region.box.y2 > region.box.y1)) continue;
        int status = gaclip__batch_add_region(batch, &region, err);
        if (status) return status;
    }
    return GACLIP_OK;
}

static int meets_object(const GaclipTargets *targets, const GaclipBox *box)
{
    for (int i = 0; i < targets->count; i++)
        if (gaclip_box_iou(&targets->boxes[i], box) > 0.1f) return 1;
    return 0;
}

static int add_empty_regions(GaclipBatch *batch, int n, GaclipRandom *random, GaclipError *err)
{
    float side = (float)batch->side;
    int wanted = EMPTY_REGIONS;
    for (int i = 0; i < EMPTY_TRIES && wanted; i++) {
        float w = side * (0.08f + 0.4f * (float)gaclip__random_uniform(random));
        float h = w * expf((float)(2 * gaclip__random_uniform(random) - 1) * 0.9f);
        h = fminf(h, side * 0.9f);
        float x = (side - w) * (float)gaclip__random_uniform(random);
        float y = (side - h) * (float)gaclip__random_uniform(random);
        GaclipBox box = {x, y, x + w, y + h};
        if (meets_object(&batch->targets[n], &box)) continue;
        GaclipRegion region = {to_unit(&box, side), n, GACLIP__BACKGROUND};
        int status = gaclip__batch_add_region(batch, &region, err);
        if (status) return status;
        wanted--;
    }
    return GACLIP_OK;
}

static int fill_image(GaclipBatch *batch, int n, const GaclipSampleSource *source,
                      const GaclipTrainOptions *o, const GaclipModelConfig *config,
                      GaclipRandom *random, GaclipError *err)
{
    GaclipSample sample = {0};
    double zoom = o->scale_min * pow(o->scale_max / o->scale_min, gaclip__random_uniform(random));
    double stretch = exp((2 * gaclip__random_uniform(random) - 1) * LARGEST_STRETCH);
    int width = (int)lround(batch->side / (zoom * stretch));
    int height = (int)lround(batch->side / (zoom / stretch));
    int status =
        source->next(&sample, source->payload, gaclip__random_next(random), width, height, err);
    if (!status) status = augment(&sample, batch->side, o->colour_jitter, random, err);
    if (!status) status = keep_boxes(batch, n, &sample, err);
    if (!status) status = add_object_regions(batch, n, random, err);
    if (!status) status = add_empty_regions(batch, n, random, err);
    if (!status) {
        size_t floats = 3 * (size_t)batch->side * (size_t)batch->side;
        gaclip_image_normalise(batch->planes + (size_t)n * floats, &sample.image,
                               config->image_mean, config->image_std);
        int count = batch->targets[n].count;
        batch->captions[n] =
            count ? batch->box_phrases[n][gaclip__random_below(random, count)] : GACLIP__BACKGROUND;
    }
    gaclip_sample_clear(&sample);
    return status;
}

int gaclip__batch_fill(GaclipBatch *batch, const GaclipSampleSource *source,
                       const GaclipTrainOptions *options, const GaclipModelConfig *config,
                       long step, GaclipError *err)
{
    batch->phrase_count = 0;
    batch->region_count = 0;
    for (int n = 0; n < batch->size; n++) {
        GaclipRandom random;
        gaclip__random_seed(&random, options->seed * 0x9E3779B97F4A7C15u +
                                         (uint64_t)step * (uint64_t)batch->size + (uint64_t)n);
        forget_image(batch, n);
        int status = fill_image(batch, n, source, options, config, &random, err);
        if (status) return status;
    }
    return GACLIP_OK;
}

void gaclip_sample_clear(GaclipSample *sample)
{
    gaclip_image_clear(&sample->image);
    free(sample->regions);
    *sample = (GaclipSample){0};
}
