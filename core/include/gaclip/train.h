/* Training: samples in, a better model out. */
#ifndef GACLIP_TRAIN_H
#define GACLIP_TRAIN_H

#include <stdint.h>

#include "gaclip/error.h"
#include "gaclip/image.h"
#include "gaclip/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One training image: pixels, boxes with phrases, a caption. What a sample source hands out. */
typedef struct GaclipSample {
    GaclipImage image;
    GaclipBox *boxes;     /* (box_count) pixels of image */
    const char **phrases; /* (box_count) lent by the source, alive as long as the source is */
    int box_count;
} GaclipSample;

GACLIP_API void gaclip_sample_clear(GaclipSample *sample); /* frees pixels and both arrays */

/* Where samples come from. next fills *out with one random image, at least width x height pixels
 * where the ground allows, chosen by the 64-bit number alone: the same number gives the same
 * sample. It is called from one loader thread. */
typedef struct GaclipSampleSource {
    int (*next)(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                GaclipError *err);
    void *payload;
} GaclipSampleSource;

typedef struct GaclipTrainOptions {
    int steps, batch_size;
    double learning_rate, weight_decay;
    int warmup_steps;
    double beta1, beta2, epsilon;
    double clip_norm;     /* 0 = off */
    double average_decay; /* exponential moving average of the weights; 0 = off */
    double weight_global, weight_region, weight_objectness, weight_box; /* loss weights; 0 = off */
    int mask_identical;         /* identical phrases leave each other's denominators */
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
