#include "noise.h"

#include <math.h>

/* Wellons' lowbias32 mixing steps over the lattice point. */
static uint32_t hash(uint32_t seed, int32_t x, int32_t y)
{
    uint32_t h = seed ^ (uint32_t)x * 0x8DA6B343u ^ (uint32_t)y * 0xD8163841u;
    h = (h ^ (h >> 16)) * 0x7FEB352Du;
    h = (h ^ (h >> 15)) * 0x846CA68Bu;
    return h ^ (h >> 16);
}

static double lattice(uint32_t seed, int32_t x, int32_t y)
{
    return hash(seed, x, y) * 0x1p-32;
}

static double smooth(double t)
{
    return t * t * t * (t * (t * 6 - 15) + 10);
}

double noise_value(uint32_t seed, double x, double y)
{
    double left = floor(x), top = floor(y), u = smooth(x - left), v = smooth(y - top);
    int32_t i = (int32_t)left, j = (int32_t)top;
    double a = lattice(seed, i, j), b = lattice(seed, i + 1, j);
    double c = lattice(seed, i, j + 1), d = lattice(seed, i + 1, j + 1);
    return (a + u * (b - a)) * (1 - v) + (c + u * (d - c)) * v;
}

/* Octaves are turned by 37 degrees (0.8, 0.6), so that the lattice does not show. */
double noise_fractal(uint32_t seed, double x, double y)
{
    double sum = 0, weight = 1;
    for (uint32_t octave = 0; octave < 3; octave++) {
        sum += weight * (noise_value(seed + octave, x, y) - 0.5);
        double turned = 0.8 * x - 0.6 * y;
        y = 2.1 * (0.6 * x + 0.8 * y);
        x = 2.1 * turned;
        weight *= 0.5;
    }
    return sum * (2 / 1.75);
}

/* The sum of four uniform numbers has variance 4/12. */
double noise_grain(uint32_t seed, int x, int y, int band)
{
    uint32_t h = hash(seed + (uint32_t)band, x, y);
    double sum = (h & 255) + (h >> 8 & 255) + (h >> 16 & 255) + (h >> 24);
    return (sum - 510) / (256 * 0.57735);
}
