/* The passes of the two towers that one training step is made of. */
#ifndef GACLIP_TRAIN_PASSES_H
#define GACLIP_TRAIN_PASSES_H

#include "model/model.h"
#include "train/objective.h"

/* Background regions that an image may gain from the model's own wrong proposals. */
enum { GACLIP__MINED_REGIONS = 2 };

/* What all passes of a step share. */
typedef struct GaclipStep {
    GaclipModel *model;
    GaclipBatch *batch;
    const GaclipTrainOptions *options;
    GaclipArena *rows; /* of the embeddings; activations lie in the model's arena */
    GaclipEmbeddings embeddings;
    float *region_lengths; /* (K) before they were made unit */
    double positives;      /* weight of the whole batch */
    double objectness, box;
    GaclipError *err;
} GaclipStep;

/* Flags of a tower's pass: kept for a backward or not, and how much of it. */
int gaclip__pass_flags(const GaclipStep *step, int keep);

/* Images [first, first + count) of the batch, with their proposals and regions. */
typedef struct GaclipImagePass {
    int first, count;
    int taught; /* of the count, those on which the proposal head runs; they come first */
    GaclipVisionPass vision;
    GaclipProposalPass proposals;
    float *grad_proposals; /* (taught, out_h, out_w, 5) */
} GaclipImagePass;

/* Forward. keep: for a backward, which also needs the losses of the proposals. */
int gaclip__image_pass_run(GaclipStep *step, GaclipImagePass *pass, int first, int count, int keep);
/* Copies the embeddings of its images and regions out, after adding mined negatives. */
int gaclip__image_pass_read(GaclipStep *step, const GaclipImagePass *pass);
int gaclip__image_pass_backward(GaclipStep *step, GaclipImagePass *pass);

/* Crops [first, first + count). */
typedef struct GaclipCropPass {
    int first, count;
    GaclipVisionPass vision;
} GaclipCropPass;

int gaclip__crop_pass_run(GaclipStep *step, GaclipCropPass *pass, int first, int count, int keep);
void gaclip__crop_pass_read(GaclipStep *step, const GaclipCropPass *pass);
int gaclip__crop_pass_backward(GaclipStep *step, GaclipCropPass *pass);

/* Texts places[0..count) of the batch: of about one length, for a pass is as long as its longest
 * text. */
typedef struct GaclipTextGroup {
    const int *places;
    int count;
    GaclipTextPass pass;
} GaclipTextGroup;

/* Sorts the batch's texts by length into groups of at most limit (0: any number). The arrays are in
 * step->rows. */
int gaclip__text_groups(GaclipTextGroup **groups, int *count, GaclipStep *step, int limit);
int gaclip__text_group_run(GaclipStep *step, GaclipTextGroup *group, int keep);
void gaclip__text_group_read(GaclipStep *step, const GaclipTextGroup *group);
int gaclip__text_group_backward(GaclipStep *step, GaclipTextGroup *group);

#endif
