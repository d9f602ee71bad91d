/* One training batch: augmented images, their boxes, regions with phrases, texts. */
#ifndef GACLIP_TRAIN_BATCH_H
#define GACLIP_TRAIN_BATCH_H

#include "base/random.h"
#include "gaclip/train.h"
#include "loss/proposal_loss.h"

/* The phrase of everything that is no annotated object: drawn from the background list. */
enum { GACLIP__BACKGROUND = -1 };

/* A region of the batch and its phrase. */
typedef struct GaclipRegion {
    GaclipBox box; /* in [0, 1] of its image */
    int image;
    int phrase; /* index into the batch's phrases, or GACLIP__BACKGROUND */
} GaclipRegion;

typedef struct GaclipBatch {
    int size, side;         /* images, pixels of a side */
    float *planes;          /* (size, 3, side, side) normalised */
    GaclipBox **boxes;      /* (size) arrays of pixels, targets of the proposal head */
    int **box_phrases;      /* (size) arrays: index into phrases */
    GaclipTargets *targets; /* (size) views of boxes */
    const char **phrases;   /* (phrase_count) distinct, lent by the source */
    int phrase_count, phrase_capacity;
    int *captions;          /* (size) phrase of the image's caption, or GACLIP__BACKGROUND */
    GaclipRegion *regions;  /* boxes of objects, slightly moved, and random empty ground */
    int region_count, region_capacity;
} GaclipBatch;

int gaclip__batch_init(GaclipBatch *batch, int size, int side, GaclipError *err);
void gaclip__batch_clear(GaclipBatch *batch);

/* Fills the batch with samples of source, numbered by step and seed alone. */
int gaclip__batch_fill(GaclipBatch *batch, const GaclipSampleSource *source,
                       const GaclipTrainOptions *options, const GaclipModelConfig *config,
                       long step, GaclipError *err);

int gaclip__batch_add_region(GaclipBatch *batch, const GaclipRegion *region, GaclipError *err);

#endif
