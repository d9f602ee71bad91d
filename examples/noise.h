/* Smooth random functions of the ground. */
#ifndef EXAMPLES_NOISE_H
#define EXAMPLES_NOISE_H

#include <stdint.h>

/* Value noise in [0, 1) with lattice points at whole x and y. */
double noise_value(uint32_t seed, double x, double y);

/* Three octaves of it, in [-1, 1), mean about 0. */
double noise_fractal(uint32_t seed, double x, double y);

/* What a sensor adds to a pixel: about normal, deviation 1. */
double noise_grain(uint32_t seed, int x, int y, int band);

#endif
