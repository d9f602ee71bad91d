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

GACLIP__CLONES static void blend(float *average, const float *value, float keep, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) average[i] += (1 - keep) * (value[i] - average[i]);
}

void gaclip__average_update(GaclipAverage *average, const GaclipParameters *table)
{
    if (!average->values) return;
    double ramp = (1.0 + (double)average->step) / (10.0 + (double)average->step);
    average->step++;
    blend(average->values, table->values, (float)(ramp < average->decay ? ramp : average->decay),
          table->floats);
}

void gaclip__average_apply(const GaclipAverage *average, GaclipParameters *table)
{
    if (!average->values) return;
    memcpy(table->values, average->values, table->floats * sizeof *table->values);
    gaclip__parameters_changed(table);
}

void gaclip__average_clear(GaclipAverage *average)
{
    free(average->values);
    average->values = NULL;
}
