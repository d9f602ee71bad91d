/* Confidence intervals: images drawn anew with replacement (Efron's percentile bootstrap). */
#ifndef GACLIP_EVAL_BOOTSTRAP_H
#define GACLIP_EVAL_BOOTSTRAP_H

#include <stddef.h>

#include "base/random.h"
#include "gaclip/eval.h"

/* How often each of count images is drawn in one resample. */
void gaclip__resample(int *weights, size_t count, GaclipRandom *random);

/* Sets low and high to the 2.5 and 97.5 percentiles of values, which get sorted; leaves both at the
 * value where count is 0. */
void gaclip__interval(GaclipInterval *out, double value, double *values, int count);

/* Hits and questions of one image, for each of several figures. */
typedef struct GaclipTally {
    double hits, asked;
} GaclipTally;

/* out (figures): 100 * hits / asked over all images; *mean (may be NULL) of them. tallies
 * (images, figures). A figure that nothing was asked for is 0. */
int gaclip__tally_up(GaclipInterval *out, GaclipInterval *mean, const GaclipTally *tallies,
                     int images, int figures, int resamples, uint64_t seed, GaclipError *err);

#endif
