#include "train/batch.h"

#include <stdlib.h>

int gaclip__batch_init(GaclipBatch *batch, int size, int side, int context, GaclipError *err)
{
    size_t n = (size_t)size;
    *batch = (GaclipBatch){.size = size, .side = side, .texts = {.context = context}};
    batch->planes = malloc(n * 3 * (size_t)side * (size_t)side * sizeof *batch->planes);
    batch->names = calloc(n, sizeof *batch->names);
    batch->briefs = calloc(n, sizeof *batch->briefs);
    batch->details = calloc(n, sizeof *batch->details);
    batch->brief_concepts = calloc(n, sizeof *batch->brief_concepts);
    batch->boxes = calloc(n, sizeof *batch->boxes);
    batch->targets = calloc(n, sizeof *batch->targets);
    if (batch->planes && batch->names && batch->briefs && batch->details && batch->brief_concepts &&
        batch->boxes && batch->targets)
        return GACLIP_OK;
    gaclip__batch_clear(batch);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a batch of %d", size);
}

void gaclip__batch_restart(GaclipBatch *batch)
{
    for (int n = 0; n < batch->size; n++) {
        free(batch->boxes[n]);
        batch->boxes[n] = NULL;
        batch->targets[n] = (GaclipTargets){0};
        batch->briefs[n] = batch->details[n] = GACLIP__NO_TEXT;
    }
    gaclip__batch_texts_restart(&batch->texts);
    batch->region_count = batch->trial_count = batch->trial_text_count = batch->crop_count = 0;
    batch->background_first = batch->background_count = 0;
}

void gaclip__batch_clear(GaclipBatch *batch)
{
    for (int n = 0; batch->boxes && n < batch->size; n++) free(batch->boxes[n]);
    free(batch->planes);
    free(batch->names);
    free(batch->briefs);
    free(batch->details);
    free(batch->brief_concepts);
    free(batch->boxes);
    free(batch->targets);
    free(batch->regions);
    free(batch->trials);
    free(batch->trial_texts);
    free(batch->crops);
    free(batch->crop_regions);
    gaclip__batch_texts_clear(&batch->texts);
    *batch = (GaclipBatch){0};
}

/* The array with room for one more item of that size, or NULL: the array is as it was then. */
static void *grown(void *array, int count, int *capacity, size_t item, GaclipError *err)
{
    if (count < *capacity) return array;
    int larger = *capacity ? 2 * *capacity : 32;
    void *items = realloc(array, (size_t)larger * item);
    if (items)
        *capacity = larger;
    else
        gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a batch");
    return items;
}

int gaclip__batch_add_region(GaclipBatch *batch, const GaclipBatchRegion *region, GaclipError *err)
{
    GaclipBatchRegion *regions =
        grown(batch->regions, batch->region_count, &batch->region_capacity, sizeof *regions, err);
    if (!regions) return GACLIP_ERROR_MEMORY;
    batch->regions = regions;
    batch->regions[batch->region_count++] = *region;
    return GACLIP_OK;
}

int gaclip__batch_add_trial(GaclipBatch *batch, int region, GaclipError *err)
{
    GaclipTrial *trials =
        grown(batch->trials, batch->trial_count, &batch->trial_capacity, sizeof *trials, err);
    if (!trials) return GACLIP_ERROR_MEMORY;
    batch->trials = trials;
    batch->trials[batch->trial_count++] = (GaclipTrial){region, batch->trial_text_count, 0};
    return GACLIP_OK;
}

int gaclip__batch_add_trial_text(GaclipBatch *batch, int text, GaclipError *err)
{
    int *texts = grown(batch->trial_texts, batch->trial_text_count, &batch->trial_text_capacity,
                       sizeof *texts, err);
    if (!texts) return GACLIP_ERROR_MEMORY;
    batch->trial_texts = texts;
    batch->trial_texts[batch->trial_text_count++] = text;
    batch->trials[batch->trial_count - 1].count++;
    return GACLIP_OK;
}

int gaclip__batch_add_crop(GaclipBatch *batch, float **planes, int region, GaclipError *err)
{
    size_t floats = 3 * (size_t)batch->side * (size_t)batch->side;
    int capacity = batch->crop_capacity; /* of both arrays: it moves on when both have grown */
    int *regions = grown(batch->crop_regions, batch->crop_count, &capacity, sizeof *regions, err);
    if (regions) batch->crop_regions = regions;
    float *crops =
        grown(batch->crops, batch->crop_count, &batch->crop_capacity, floats * sizeof *crops, err);
    if (crops) batch->crops = crops;
    if (!regions || !crops) return GACLIP_ERROR_MEMORY;
    *planes = batch->crops + (size_t)batch->crop_count * floats;
    batch->crop_regions[batch->crop_count++] = region;
    return GACLIP_OK;
}

static int teaches(const GaclipTargets *targets)
{
    return targets->is_complete || targets->count > 0;
}

static void swap_bytes(void *a, void *b, size_t count)
{
    char *x = a, *y = b;
    for (size_t i = 0; i < count; i++) {
        char kept = x[i];
        x[i] = y[i];
        y[i] = kept;
    }
}

static void swap_images(GaclipBatch *b, int i, int j)
{
    size_t floats = 3 * (size_t)b->side * (size_t)b->side;
    swap_bytes(b->planes + (size_t)i * floats, b->planes + (size_t)j * floats,
               floats * sizeof *b->planes);
    swap_bytes(&b->names[i], &b->names[j], sizeof *b->names);
    swap_bytes(&b->briefs[i], &b->briefs[j], sizeof *b->briefs);
    swap_bytes(&b->details[i], &b->details[j], sizeof *b->details);
    swap_bytes(&b->brief_concepts[i], &b->brief_concepts[j], sizeof *b->brief_concepts);
    swap_bytes(&b->boxes[i], &b->boxes[j], sizeof *b->boxes);
    swap_bytes(&b->targets[i], &b->targets[j], sizeof *b->targets);
    for (int k = 0; k < b->region_count; k++) {
        int *image = &b->regions[k].image;
        *image = *image == i ? j : *image == j ? i : *image;
    }
}

void gaclip__batch_sort(GaclipBatch *batch)
{
    int first = 0, last = batch->size - 1;
    while (first <= last) {
        if (teaches(&batch->targets[first]))
            first++;
        else if (!teaches(&batch->targets[last]))
            last--;
        else
            swap_images(batch, first++, last--);
    }
    batch->taught = first;
}

int gaclip__batch_background(GaclipBatch *batch, GaclipRandom *random)
{
    return batch->background_first + gaclip__random_below(random, batch->background_count);
}
