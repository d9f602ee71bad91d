/* One training batch: augmented images, what is known of them, and the texts as token rows. The
 * step sees no strings. */
#ifndef GACLIP_TRAIN_BATCH_H
#define GACLIP_TRAIN_BATCH_H

#include "base/random.h"
#include "loss/hard_negative.h"
#include "loss/proposal_loss.h"
#include "train/batch_texts.h"

/* In place of a row of texts: there is none. */
enum { GACLIP__NO_TEXT = -1 };

/* The concept of everything that is no annotated object. */
enum { GACLIP__BACKGROUND = -1 };

typedef struct GaclipBatchRegion {
    GaclipBox box; /* in [0, 1] of its image */
    int image;
    int text;    /* row of texts for the region-phrase loss, or GACLIP__NO_TEXT */
    int concept; /* equal where texts mean the same; GACLIP__BACKGROUND */
} GaclipBatchRegion;

typedef struct GaclipBatch {
    int size, side;     /* images, pixels of a side */
    float *planes;      /* (size, 3, side, side) normalised */
    const char **names; /* (size) of the samples, lent by the source */

    GaclipBatchTexts texts;
    int *briefs, *details; /* (size) rows of texts, or GACLIP__NO_TEXT */
    int *brief_concepts;   /* (size) as of regions */

    GaclipBox **boxes;      /* (size) arrays of pixels, targets of the proposal head */
    GaclipTargets *targets; /* (size) views of boxes */
    int taught;             /* images that teach the proposal head; they come first */

    GaclipBatchRegion *regions; /* boxes of objects, slightly moved, and empty ground */
    int region_count, region_capacity;
    GaclipTrial *trials; /* regions with hard negatives */
    int trial_count, trial_capacity;
    int *trial_texts; /* rows of texts */
    int trial_text_count, trial_text_capacity;
    float *crops;      /* (crop_count, 3, side, side) normalised */
    int *crop_regions; /* (crop_count) */
    int crop_count, crop_capacity;

    int background_first, background_count; /* rows of texts: the background phrases */
    GaclipRandom random; /* for what is chosen once the model has seen the batch */
} GaclipBatch;

int gaclip__batch_init(GaclipBatch *batch, int size, int side, int context, GaclipError *err);
void gaclip__batch_clear(GaclipBatch *batch);

/* Empties it, keeping its memory. */
void gaclip__batch_restart(GaclipBatch *batch);

int gaclip__batch_add_region(GaclipBatch *batch, const GaclipBatchRegion *region, GaclipError *err);
/* Opens a trial of that region; its texts follow, the true one first. */
int gaclip__batch_add_trial(GaclipBatch *batch, int region, GaclipError *err);
int gaclip__batch_add_trial_text(GaclipBatch *batch, int text, GaclipError *err);
/* *planes: room for the pixels of a crop of that region. */
int gaclip__batch_add_crop(GaclipBatch *batch, float **planes, int region, GaclipError *err);

/* Brings the images that teach the proposal head to the front, and counts them: those of which all
 * objects have boxes, or some. */
void gaclip__batch_sort(GaclipBatch *batch);

/* A random background phrase's row. */
int gaclip__batch_background(GaclipBatch *batch, GaclipRandom *random);

#endif
