/* A small seeded generator (xoshiro256**; Blackman and Vigna, 2018), so that the same seed gives
 * the same numbers on every machine. */
#ifndef GACLIP_BASE_RANDOM_H
#define GACLIP_BASE_RANDOM_H

#include <stdint.h>

typedef struct GaclipRandom {
    uint64_t state[4];
} GaclipRandom;

void gaclip__random_seed(GaclipRandom *random, uint64_t seed);
uint64_t gaclip__random_next(GaclipRandom *random);
double gaclip__random_uniform(GaclipRandom *random);       /* [0, 1) */
int gaclip__random_below(GaclipRandom *random, int limit); /* 0..limit-1, limit >= 1 */
float gaclip__random_normal(GaclipRandom *random);         /* mean 0, deviation 1 */

#endif
