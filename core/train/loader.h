/* Batches prepared by threads of their own, in order, a few ahead. */
#ifndef GACLIP_TRAIN_LOADER_H
#define GACLIP_TRAIN_LOADER_H

#include "train/batch_fill.h"

typedef struct GaclipLoader GaclipLoader;

/* All arguments are borrowed until the loader is freed. Batches are numbered from first_step. */
int gaclip__loader_new(GaclipLoader **out, const GaclipModel *model,
                       const GaclipSampleSource *source, const GaclipTrainOptions *options,
                       long first_step, GaclipError *err);
void gaclip__loader_free(GaclipLoader *loader);

/* Waits for the next batch. It is lent until the next call. */
int gaclip__loader_next(GaclipBatch **batch, GaclipLoader *loader, GaclipError *err);

/* Batches that are held at once. */
int gaclip__loader_slots(const GaclipTrainOptions *options);

#endif
