/* Random choices that follow from one 64-bit number (SplitMix64; Steele et al., 2014). */
#ifndef GACLIP_GEO_CHANCE_H
#define GACLIP_GEO_CHANCE_H

#include <stdint.h>

static inline uint64_t gaclip__chance_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* [0, 1) */
static inline double gaclip__chance_uniform(uint64_t *state)
{
    return (double)(gaclip__chance_next(state) >> 11) * 0x1p-53;
}

/* 0..limit-1, limit >= 1 */
static inline int gaclip__chance_below(uint64_t *state, int limit)
{
    return (int)(gaclip__chance_uniform(state) * limit);
}

#endif
