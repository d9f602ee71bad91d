/* AdamW (Loshchilov and Hutter, 2019) over the whole parameter arena, cosine schedule, clipping. */
#ifndef GACLIP_TRAIN_ADAMW_H
#define GACLIP_TRAIN_ADAMW_H

#include "base/compute.h"
#include "model/parameters.h"

typedef struct GaclipAdamW {
    double beta1, beta2, epsilon, weight_decay;
    long step;             /* steps taken so far */
    float *first, *second; /* (floats of the arena) moments */
    float *decays; /* (floats) 1 where weight decay acts: tensors of two or more dimensions */
    double *norms; /* (blocks) partial sums of the gradients' squares */
} GaclipAdamW;

/* table has values and gradients of its own. */
int gaclip__adamw_init(GaclipAdamW *adamw, const GaclipParameters *table, double beta1,
                       double beta2, double epsilon, double weight_decay, GaclipError *err);
/* Weight decay leaves that parameter alone; with zero gradients it stays as it is. */
void gaclip__adamw_freeze(GaclipAdamW *adamw, const GaclipParameter *parameter);
void gaclip__adamw_clear(GaclipAdamW *adamw);

/* One update with gradients times gradient_factor:
 * p = p - lr wd p - lr m' / (sqrt(v') + eps), m' and v' bias-corrected. */
void gaclip__adamw_step(GaclipAdamW *adamw, const GaclipCompute *compute, GaclipParameters *table,
                        double learning_rate, double gradient_factor);

/* Linear warm-up over warmup steps, then half a cosine down to 0 at total; step counts from 0. */
double gaclip__learning_rate(long step, double base, long warmup, long total);

/* Of values (count), on the calling thread. */
double gaclip__square_sum(const float *values, size_t count);

/* Euclidean length of all gradients; the same for any number of threads. */
double gaclip__gradient_norm(GaclipAdamW *adamw, const GaclipCompute *compute,
                             const GaclipParameters *table);

#endif
