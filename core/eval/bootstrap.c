#include "eval/bootstrap.h"

#include <stdlib.h>
#include <string.h>

void gaclip__resample(int *weights, size_t count, GaclipRandom *random)
{
    memset(weights, 0, count * sizeof *weights);
    for (size_t i = 0; i < count; i++) weights[gaclip__random_below(random, (int)count)]++;
}

static int ascending(const void *a, const void *b)
{
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

void gaclip__interval(GaclipInterval *out, double value, double *values, int count)
{
    *out = (GaclipInterval){value, value, value};
    if (count < 1) return;
    qsort(values, (size_t)count, sizeof *values, ascending);
    out->low = values[(int)(0.025 * (count - 1) + 0.5)];
    out->high = values[(int)(0.975 * (count - 1) + 0.5)];
}

/* figures (figures + 1): every figure, then their mean. weights (images) or NULL. */
static void tally(double *figures, const GaclipTally *tallies, int images, int count,
                  const int *weights)
{
    figures[count] = 0;
    for (int k = 0; k < count; k++) {
        double hits = 0, asked = 0;
        for (int i = 0; i < images; i++) {
            double weight = weights ? weights[i] : 1;
            hits += weight * tallies[(size_t)i * (size_t)count + (size_t)k].hits;
            asked += weight * tallies[(size_t)i * (size_t)count + (size_t)k].asked;
        }
        figures[k] = asked > 0 ? 100 * hits / asked : 0;
        figures[count] += figures[k] / count;
    }
}

int gaclip__tally_up(GaclipInterval *out, GaclipInterval *mean, const GaclipTally *tallies,
                     int images, int figures, int resamples, uint64_t seed, GaclipError *err)
{
    size_t row = (size_t)figures + 1, draws = images > 0 && resamples > 0 ? (size_t)resamples : 0;
    double *values = malloc((draws + 1) * row * sizeof *values); /* (figures + 1, draws) */
    double *figure = malloc(row * sizeof *figure);
    int *weights = malloc(((size_t)images + 1) * sizeof *weights);
    int status = values && figure && weights
                     ? GACLIP_OK
                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    GaclipRandom random;
    gaclip__random_seed(&random, seed);
    for (size_t r = 0; r < draws && !status; r++) {
        gaclip__resample(weights, (size_t)images, &random);
        tally(figure, tallies, images, figures, weights);
        for (size_t k = 0; k < row; k++) values[k * draws + r] = figure[k];
    }
    if (!status) tally(figure, tallies, images, figures, NULL);
    for (size_t k = 0; k < row && !status; k++) {
        GaclipInterval *to = k + 1 < row ? &out[k] : mean;
        if (to) gaclip__interval(to, figure[k], values + k * draws, (int)draws);
    }
    free(values);
    free(figure);
    free(weights);
    return status;
}
