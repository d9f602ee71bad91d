/* Training: samples in, a better model out. */
#ifndef GACLIP_TRAIN_H
#define GACLIP_TRAIN_H

#include <stdint.h>

#include "gaclip/error.h"
#include "gaclip/model.h"
#include "gaclip/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipTrainOptions {
    int steps, batch_size;
    double learning_rate, weight_decay;
    int warmup_steps;
    double beta1, beta2, epsilon;
    double clip_norm;     /* 0 = off */
    double average_decay; /* exponential moving average of the weights; 0 = off */
    double weight_global, weight_region, weight_objectness, weight_box; /* loss weights; 0 = off */
    int mask_identical;          /* identical phrases leave each other's denominators */
    double scale_min, scale_max; /* augmentation: zoom */
    double colour_jitter;
    uint64_t seed;
} GaclipTrainOptions;

GACLIP_API void gaclip_train_options_init(GaclipTrainOptions *options);

/* What one step reports. */
typedef struct GaclipTrainStep {
    int step, steps; /* done, planned */
    double learning_rate, gradient_norm;
    double loss, loss_global, loss_region, loss_objectness, loss_box;
    double images_per_second, seconds, seconds_left;
} GaclipTrainStep;

/* Called after every step; a non-zero return stops the training cleanly: gaclip_train then
 * returns GACLIP_ERROR_INTERRUPTED and the model holds the weights so far. */
typedef int GaclipTrainProgress(const GaclipTrainStep *step, void *payload);

/* Trains model in place on samples from source. */
GACLIP_API int gaclip_train(GaclipModel *model, const GaclipSampleSource *source,
                            const GaclipTrainOptions *options, GaclipTrainProgress *progress,
                            void *payload, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
