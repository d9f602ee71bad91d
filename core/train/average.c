#include "train/average.h"

#include <stdlib.h>
#include <string.h>

#include "base/vector.h"

int gaclip__average_init(GaclipAverage *average, const GaclipParameters *table, double decay,
                         GaclipError *err)
{
    *average = (GaclipAverage){.decay = decay};
    if (decay <= 0) return GACLIP_OK;
    average->values = malloc(table->floats * sizeof *average->values);
    if (!average->values)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for averaged weights");
    memcpy(average->values, table->values, table->floats * sizeof *average->values);
    return GACLIP_OK;
}

enum { BLOCK = 65536 };

typedef struct Blend {
    float *average;
    const float *value;
    size_t count;
    float part;
} Blend;

GACLIP__CLONES static void blend(float *average, const float *value, float part, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) average[i] += part * (value[i] - average[i]);
}

static void blend_block(int index, int worker, void *payload)
{
    (void)worker;
    const Blend *b = payload;
    size_t from = (size_t)index * BLOCK;
    blend(b->average + from, b->value + from, b->part,
          b->count - from < BLOCK ? b->count - from : BLOCK);
}

void gaclip__average_update(GaclipAverage *average, const GaclipCompute *compute,
                            const GaclipParameters *table)
{
    if (!average->values) return;
    double ramp = (1.0 + (double)average->step) / (10.0 + (double)average->step);
    double keep = ramp < average->decay ? ramp : average->decay;
    Blend b = {average->values, table->values, table->floats, (float)(1 - keep)};
    average->step++;
    gaclip__threads_run(compute->pool, (int)((table->floats + BLOCK - 1) / BLOCK), blend_block, &b);
}

void gaclip__average_swap(GaclipAverage *average, GaclipParameters *table)
{
    if (!average->values) return;
    for (size_t i = 0; i < table->floats; i++) {
        float value = table->values[i];
        table->values[i] = average->values[i];
        average->values[i] = value;
    }
    gaclip__parameters_changed(table);
}

void gaclip__average_clear(GaclipAverage *average)
{
    free(average->values);
    average->values = NULL;
}
