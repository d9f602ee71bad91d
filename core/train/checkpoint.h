/* The whole state of a training between two steps, in one safetensors file. */
#ifndef GACLIP_TRAIN_CHECKPOINT_H
#define GACLIP_TRAIN_CHECKPOINT_H

#include "gaclip/train.h"
#include "model/model.h"
#include "train/adamw.h"
#include "train/average.h"
#include "train/muon.h"

/* What changes from step to step. Batches and random numbers depend on step and seed alone. */
typedef struct GaclipTrainState {
    long step; /* steps done */
    int skipped;
    int has_best;
    double best; /* validation score */
    GaclipAdamW adamw;
    GaclipAverage average;
    GaclipMuon muon;
} GaclipTrainState;

/* Atomic: a reader sees the old file or the new one. */
int gaclip__checkpoint_write(const char *path, const GaclipModel *model,
                             const GaclipTrainOptions *options, const GaclipTrainState *state,
                             GaclipError *err);

/* Into a state and a model that were set up for the same training: another architecture,
 * vocabulary or option that changes the numbers is GACLIP_ERROR_ARGUMENT, naming the first one. */
int gaclip__checkpoint_read(const char *path, GaclipModel *model, const GaclipTrainOptions *options,
                            GaclipTrainState *state, GaclipError *err);

#endif
