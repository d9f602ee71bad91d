/* Exponential moving average of the weights (Polyak and Juditsky, 1992). */
#ifndef GACLIP_TRAIN_AVERAGE_H
#define GACLIP_TRAIN_AVERAGE_H

#include "base/compute.h"
#include "model/parameters.h"

typedef struct GaclipAverage {
    float *values; /* (floats of the arena), or NULL when off */
    double decay;
    long step;
} GaclipAverage;

/* decay 0 switches it off. Starts at the present values. */
int gaclip__average_init(GaclipAverage *average, const GaclipParameters *table, double decay,
                         GaclipError *err);
/* The decay grows from 0 to its value over the first steps, so that the start is forgotten. */
void gaclip__average_update(GaclipAverage *average, const GaclipCompute *compute,
                            const GaclipParameters *table);
/* Exchanges the average and the parameters: the model is the averaged one until the next call. */
void gaclip__average_swap(GaclipAverage *average, GaclipParameters *table);
void gaclip__average_clear(GaclipAverage *average);

#endif
