/* One training step: towers forward, losses, backward. The gradients are left in the model's
 * parameters; the optimiser is the trainer's. */
#ifndef GACLIP_TRAIN_STEP_H
#define GACLIP_TRAIN_STEP_H

#include "train/objective.h"
#include "train/passes.h"

typedef struct GaclipStepResult {
    double total;             /* the weighted sum */
    GaclipLossWeights losses; /* unweighted */
    int images, crops, texts; /* rows that went through a tower, forward */
} GaclipStepResult;

/* Adds to the model's gradients. Regions of the batch grow by mined negatives: proposals of this
 * step that lie on empty ground. rows: memory that may be used again for the next step. With
 * micro_batch, every pass runs twice: once for its embeddings, and, when the losses have been seen
 * in full, again for its backward (Gao et al., 2021, gradient cache). */
int gaclip__train_step(GaclipStepResult *result, GaclipModel *model, GaclipBatch *batch,
                       const GaclipTrainOptions *options, GaclipArena *rows, GaclipError *err);

#endif
