#include "base/random.h"

#include <math.h>

/* SplitMix64, which xoshiro's authors recommend to spread a seed over the state. */
static uint64_t spread(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void gaclip__random_seed(GaclipRandom *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) random->state[i] = spread(&seed);
}

static uint64_t rotate(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

uint64_t gaclip__random_next(GaclipRandom *random)
{
    uint64_t *s = random->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double gaclip__random_uniform(GaclipRandom *random)
{
    return (double)(gaclip__random_next(random) >> 11) * 0x1p-53;
}

int gaclip__random_below(GaclipRandom *random, int limit)
{
    return (int)(gaclip__random_uniform(random) * limit);
}

/* Box and Muller, 1958. */
float gaclip__random_normal(GaclipRandom *random)
{
    double radius = sqrt(-2 * log(1 - gaclip__random_uniform(random)));
    return (float)(radius * cos(2 * acos(-1.0) * gaclip__random_uniform(random)));
}
