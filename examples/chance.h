/* A small generator of random numbers in integer arithmetic: the same seed gives the same scene
 * on every machine. C leaves the order within an expression or an initialiser to the compiler, so
 * draw one number a statement. */
#ifndef EXAMPLES_CHANCE_H
#define EXAMPLES_CHANCE_H

#include <stdint.h>

#include "point.h"

typedef struct Chance {
    uint64_t state;
} Chance;

/* Streams of one seed are independent, so that more trees do not move the windmills. */
Chance chance_start(uint64_t seed, uint64_t stream);

uint32_t chance_next(Chance *chance);
double chance_between(Chance *chance, double low, double high);
int chance_below(Chance *chance, int limit); /* 0..limit-1 */
int chance_happens(Chance *chance, double probability);
/* In the rectangle between two corners. */
Point chance_point(Chance *chance, Point low, Point high);
Point chance_direction(Chance *chance); /* a unit vector */
/* A unit vector near a direction: deviation is about the tangent of the largest angle. */
Point chance_near(Chance *chance, Point direction, double deviation);

#endif
