/* Batches prepared by a thread of their own, in order, a few ahead. */
#ifndef GACLIP_TRAIN_LOADER_H
#define GACLIP_TRAIN_LOADER_H

#include "train/batch.h"

typedef struct GaclipLoader GaclipLoader;

/* All arguments are borrowed until the loader is freed. Batches are numbered from first_step. */
int gaclip__loader_new(GaclipLoader **out, const GaclipSampleSource *source,
                       const GaclipTrainOptions *options, const GaclipModelConfig *config,
                       long first_step, GaclipError *err);
void gaclip__loader_free(GaclipLoader *loader);

/* Waits for the next batch. It is lent until the next call. */
int gaclip__loader_next(GaclipBatch **batch, GaclipLoader *loader, GaclipError *err);

#endif
