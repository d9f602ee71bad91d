/* From samples to a batch: augmentation, regions, crops and texts. */
#ifndef GACLIP_TRAIN_BATCH_FILL_H
#define GACLIP_TRAIN_BATCH_FILL_H

#include <pthread.h>

#include "gaclip/train.h"
#include "model/model.h"
#include "train/batch.h"

/* What every batch of a training is made from; borrowed. */
typedef struct GaclipBatchMaker {
    const GaclipModel *model; /* its tokenizer, templates, background phrases, mean and deviation */
    const GaclipTrainOptions *options;
    const GaclipSampleSource *source;
    pthread_mutex_t *source_lock; /* a source serves one thread at a time */
} GaclipBatchMaker;

/* Fills the batch of that step, which depends on the step's number and the seed alone. What a loss
 * of weight 0 would need is left out. */
int gaclip__batch_fill(GaclipBatch *batch, const GaclipBatchMaker *maker, long step,
                       GaclipError *err);

#endif
