/* The objective of a batch (paper, equation 5) as a function of its embeddings. */
#ifndef GACLIP_TRAIN_OBJECTIVE_H
#define GACLIP_TRAIN_OBJECTIVE_H

#include "gaclip/train.h"
#include "train/batch.h"

/* Unit rows of the joint space and the objective's gradient by them. */
typedef struct GaclipRows {
    float *unit, *grad; /* (count, width) */
    int count;
} GaclipRows;

typedef struct GaclipEmbeddings {
    GaclipRows images, regions, crops, texts; /* in the batch's order; count 0 where not wanted */
    int width;
    double scale, grad_scale; /* 1 / temperature */
} GaclipEmbeddings;

/* Sets the members of *losses that are losses of embeddings, unweighted; adds the gradients of
 * their weighted sum. L_HTC holds the brief pair once more (section 3.3), so that its gradient has
 * the weights of global and text together. */
int gaclip__objective(GaclipLossWeights *losses, GaclipEmbeddings *embeddings,
                      const GaclipCompute *compute, const GaclipBatch *batch,
                      const GaclipLossWeights *weights, int mask_identical, GaclipError *err);

#endif
