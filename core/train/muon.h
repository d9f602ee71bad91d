/* Muon (Jordan et al., 2024): matrices of the blocks' linear layers move by their momentum with all
 * singular values made about 1, and so do the kernels of the stem; AdamW moves everything else. */
#ifndef GACLIP_TRAIN_MUON_H
#define GACLIP_TRAIN_MUON_H

#include "base/compute.h"
#include "gaclip/train.h"
#include "model/parameters.h"

/* A matrix to move; the queries', keys' and values' weights of an attention are three. */
typedef struct GaclipMuonMatrix {
    size_t offset; /* in floats, of the arenas */
    int rows, columns;
} GaclipMuonMatrix;

typedef struct GaclipMuon {
    double weight_decay;
    float *momentum; /* (floats of the arena), 0 outside the matrices; NULL: off */
    GaclipMuonMatrix *matrices;
    int count;
    float *work; /* (threads, work_floats) */
    size_t work_floats;
} GaclipMuon;

/* table has values and gradients of its own. What the options freeze stays as it is. */
int gaclip__muon_init(GaclipMuon *muon, const GaclipCompute *compute, const GaclipParameters *table,
                      const GaclipTrainOptions *options, GaclipError *err);
void gaclip__muon_clear(GaclipMuon *muon);

/* Whether p is a matrix that Muon moves; kernels of convolutions are one row an output. */
int gaclip__muon_moves(const GaclipParameter *p);

/* One update of the matrices with gradients times gradient_factor, of which it leaves zeros for
 * AdamW. The step is scaled so that its elements are about as large as AdamW's at the same
 * learning_rate (Liu et al., 2025, equation 4). */
void gaclip__muon_step(GaclipMuon *muon, const GaclipCompute *compute, GaclipParameters *table,
                       double learning_rate, double gradient_factor);

/* x (rows, columns), rows <= columns: the nearest matrix with orthonormal rows, roughly: five
 * Newton-Schulz steps leave singular values of 0.7 to 1.2. work has room for
 * gaclip__muon_work(rows, columns) floats. */
void gaclip__orthogonalise(float *x, const GaclipCompute *compute, int rows, int columns,
                           float *work);
size_t gaclip__muon_work(int rows, int columns);

#endif
