#include "gaclip/mixed_source.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "chance.h"

struct GaclipMixedSource {
    GaclipSampleSource *sources; /* (count) */
    double *limits;              /* (count) running sums of the weights */
    int count, ordered;          /* sources; samples that at can give */
};

int gaclip_mixed_source_new(GaclipMixedSource **out, const GaclipSampleSource *sources,
                            const double *weights, int count, GaclipError *err)
{
    size_t n = count > 0 ? (size_t)count : 0;
    double sum = 0;
    *out = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0 && isfinite(weights[i])))
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "%g is no weight of a source: a number from 0 on", weights[i]);
        sum += weights[i];
    }
    if (!(sum > 0))
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "no source has a weight above 0");
    GaclipMixedSource *mixed = calloc(1, sizeof *mixed);
    if (mixed) mixed->sources = malloc(n * sizeof *mixed->sources);
    if (mixed) mixed->limits = malloc(n * sizeof *mixed->limits);
    if (!mixed || !mixed->sources || !mixed->limits) {
        gaclip_mixed_source_free(mixed);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        mixed->sources[i] = sources[i];
        mixed->limits[i] = weights[i] + (i ? mixed->limits[i - 1] : 0);
        if (sources[i].at && sources[i].count <= INT_MAX - mixed->ordered)
            mixed->ordered += sources[i].count;
    }
    mixed->count = count;
    *out = mixed;
    return GACLIP_OK;
}

void gaclip_mixed_source_free(GaclipMixedSource *source)
{
    if (!source) return;
    free(source->sources);
    free(source->limits);
    free(source);
}

static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    const GaclipMixedSource *mixed = payload;
    double place = gaclip__chance_uniform(&random) * mixed->limits[mixed->count - 1];
    int i = 0;
    while (i < mixed->count - 1 && place >= mixed->limits[i]) i++;
    const GaclipSampleSource *source = &mixed->sources[i];
    return source->next(out, source->payload, gaclip__chance_next(&random), width, height, err);
}

static int sample_at(GaclipSample *out, void *payload, int index, GaclipError *err)
{
    const GaclipMixedSource *mixed = payload;
    int rest = index;
    for (int i = 0; i < mixed->count && rest >= 0; i++) {
        const GaclipSampleSource *source = &mixed->sources[i];
        if (!source->at) continue;
        if (rest < source->count) return source->at(out, source->payload, rest, err);
        rest -= source->count;
    }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "sample %d is not among the %d", index,
                            mixed->ordered);
}

GaclipSampleSource gaclip_mixed_source_view(GaclipMixedSource *source)
{
    return (GaclipSampleSource){.next = next_sample,
                                .payload = source,
                                .at = source->ordered ? sample_at : NULL,
                                .count = source->ordered};
}
