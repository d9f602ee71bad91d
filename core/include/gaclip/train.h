/* Training: samples in, a better model out. The objective is the paper's (sections 3.1 to 3.4). */
#ifndef GACLIP_TRAIN_H
#define GACLIP_TRAIN_H

#include <stdint.h>

#include "gaclip/error.h"
#include "gaclip/model.h"
#include "gaclip/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The weights of equation 5 and of the proposal head's losses. A weight of 0 switches its loss off
 * at no cost: no crop is encoded without visual, no detailed caption without text, no hard
 * negative without hard_negative. */
typedef struct GaclipLossWeights {
    double global;        /* l1: image and brief caption (equation 1) */
    double region;        /* l2: region and phrase (equation 2) */
    double hard_negative; /* l3: region and description against its hard negatives (equation 3) */
    double visual;        /* l4: region and its crop (equation 4) */
    double text;          /* l5: image with brief and with detailed caption (section 3.3) */
    double objectness, box;
} GaclipLossWeights;

/* AdamW moves every parameter; Muon the matrices of the blocks and the kernels of the stem, and
 * AdamW the rest. */
typedef enum GaclipOptimizer { GACLIP_ADAMW, GACLIP_MUON } GaclipOptimizer;

typedef struct GaclipTrainOptions {
    int steps, batch_size;
    int micro_batch; /* images (and crops) a pass, to save memory; the contrastive losses still see
                        the whole batch. 0: the batch in one pass */
    int recompute;   /* gradient checkpointing: activations are computed again in the backward */
    GaclipOptimizer optimizer;
    double learning_rate, weight_decay;
    int warmup_steps;
    double beta1, beta2, epsilon;
    double clip_norm;     /* 0 = off */
    double average_decay; /* exponential moving average of the weights; 0 = off */
    double start_share;   /* of the weights before the first step in those that the model has behind
                             the last one, mean of both (Wortsman et al., 2022); 0 = off. A training
                             that is resumed needs the model that it began with */
    GaclipLossWeights weights;
    int mask_identical;        /* pairs that mean the same leave each other's denominators */
    int hard_negatives;        /* of a region, at most (Q - 1) */
    int crops;                 /* regions a step whose crop is encoded too, at most; 0 = all */
    double description_share;  /* of the regions with phrase and description: how many learn the
                                  latter by the region-phrase loss */
    double scene_share;        /* of the images with captions and a class: how many learn the class
                                  in place of a caption */
    const char *const *frozen; /* (frozen_count) parameters whose names begin so do not change;
                                  borrowed */
    int frozen_count;
    double scale_min, scale_max; /* augmentation: zoom */
    double rotation;             /* degrees: turned by up to so many, besides the quarter turns */
    double colour_jitter;        /* 0 = off, 1 = strong */
    uint64_t seed;
    int loader_threads;
    const char *checkpoint; /* file that a killed run goes on from, or NULL; borrowed */
    int checkpoint_every;   /* steps; 0 = only when interrupted */
    int resume;             /* start from the checkpoint, which must be of the same training */
    int validate_every;     /* steps; 0 = never */
} GaclipTrainOptions;

/* Defaults for a small model from scratch. */
GACLIP_API void gaclip_train_options_init(GaclipTrainOptions *options);

/* What one step reports. */
typedef struct GaclipTrainStep {
    int step, steps; /* done, planned */
    double learning_rate, gradient_norm, logit_scale;
    double loss; /* weighted sum of: */
    GaclipLossWeights losses;
    int images_encoded, crops_encoded, texts_encoded; /* rows that went through a tower */
    int skipped;    /* steps so far whose loss was not finite: the weights stayed */
    int is_skipped; /* this one among them */
    double wait;    /* share of the time so far that was spent waiting for data */
    double images_per_second, seconds, seconds_left; /* of this run */
} GaclipTrainStep;

/* What the caller of a training may want to do in between. Every member may be NULL but payload's
 * users. */
typedef struct GaclipTrainEvents {
    /* After every step; a non-zero return stops the training cleanly: the step is finished, the
     * checkpoint written, and gaclip_train returns GACLIP_ERROR_INTERRUPTED with the weights so far
     * in the model. */
    int (*step)(const GaclipTrainStep *step, void *payload);
    /* Every validate_every steps and after the last, with the averaged weights in the model.
     * *score: higher is better. */
    int (*validate)(double *score, GaclipModel *model, int step, void *payload, GaclipError *err);
    /* After a validation with the best score so far; the averaged weights are in the model. */
    int (*improved)(double score, GaclipModel *model, int step, void *payload, GaclipError *err);
    void *payload;
} GaclipTrainEvents;

/* Trains model in place on samples from source. On success the model holds the averaged weights,
 * and no calibration of the scores that it had before.
 * A run that was killed and resumed continues to the same numbers as an uninterrupted one (same
 * thread count and precision). Steps whose loss or gradient is not finite are skipped and counted;
 * GACLIP_ERROR_ARGUMENT names the batch when several follow each other. */
GACLIP_API int gaclip_train(GaclipModel *model, const GaclipSampleSource *source,
                            const GaclipTrainOptions *options, const GaclipTrainEvents *events,
                            GaclipError *err);

/* Estimated peak of memory in bytes: weights, gradients, moments, average, activations of the
 * largest pass, batches that wait. */
GACLIP_API double gaclip_train_memory(const GaclipModel *model, const GaclipTrainOptions *options);

#ifdef __cplusplus
}
#endif
#endif
