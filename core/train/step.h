/* One training step: towers forward, losses, backward. The gradients are left in the model's
 * parameters; the optimiser is the trainer's. */
#ifndef GACLIP_TRAIN_STEP_H
#define GACLIP_TRAIN_STEP_H

#include "model/model.h"
#include "train/batch.h"
#include "train/texts.h"

typedef struct GaclipStepLosses {
    double total, global, region, objectness, box;
} GaclipStepLosses;

/* Regions of the batch grow by mined negatives: proposals of this step that lie on empty ground.
 * random chooses templates and background phrases. */
int gaclip__train_step(GaclipStepLosses *losses, GaclipModel *model, GaclipBatch *batch,
                       GaclipStepTexts *texts, const GaclipTrainOptions *options,
                       GaclipRandom *random, GaclipError *err);

#endif
