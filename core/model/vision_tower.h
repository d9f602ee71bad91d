/* The image tower: optional convolution stem, patch embedding, transformer, class embedding and
 * dense map. */
#ifndef GACLIP_MODEL_VISION_TOWER_H
#define GACLIP_MODEL_VISION_TOWER_H

#include "model/transformer.h"

typedef struct GaclipStemWeights {
    int conv_weight, conv_bias, norm_weight, norm_bias;
} GaclipStemWeights;

typedef struct GaclipVision {
    const GaclipModelConfig *config; /* lent by the model, as parameters are */
    GaclipParameters *parameters;
    GaclipStemWeights stem[GACLIP_MAX_STEM];
    int conv1, class_embedding, positions, ln_pre_weight, ln_pre_bias;
    int ln_post_weight, ln_post_bias, proj;
    GaclipTransformer transformer;
} GaclipVision;

int gaclip__vision_declare(GaclipVision *vision, const GaclipModelConfig *config,
                           GaclipParameters *parameters, GaclipError *err);
void gaclip__vision_clear(GaclipVision *vision);

typedef struct GaclipStemCache {
    GaclipOperand in;   /* (N, H, W, C_in) channels last */
    float *conv, *norm; /* (N, H', W', C_out) before and after the norm */
    GaclipOperand out;  /* (N, H', W', C_out) after the activation */
    float *stats;       /* (N H' W', 2) */
} GaclipStemCache;

/* One pass over N images of height x width; h x w patches, T = 1 + h*w tokens, E = embed_dim. */
typedef struct GaclipVisionPass {
    int batch, height, width, h, w;
    GaclipDense dense_mode;
    GaclipStemCache stem[GACLIP_MAX_STEM];
    GaclipOperand patches; /* (N h w, C p p) rows for the patch embedding */
    float *positions;      /* (T, W) resampled */
    float *embedded;       /* (N T, W) before ln_pre */
    float *pre_stats;      /* (N T, 2) */
    GaclipTransformerPass transformer;
    float *class_in, *class_norm; /* (N, W) class tokens before and after ln_post */
    float *class_stats, *class_raw, *class_length; /* (N, 2), (N, E), (N) */
    float *class_embedding;                        /* (N, E) unit: the result */
    float *dense_in, *features; /* (N h w, W) patch tokens before and after ln_post */
    float *dense_stats;         /* (N h w, 2) */
    float *dense;               /* (N, h, w, E) not normalised: the result */
    float *grad_tokens, *grad_value, *grad_features, *grad_class; /* backward's temporaries */
    float *grad_patches, *grad_stem[2];
} GaclipVisionPass;

/* Lays out a pass in the arena and reserves scratch. flags: KEEP for a backward, with RECOMPUTE at
 * a third of the memory; CLASS and DENSE for the results wanted. height and width are multiples of
 * the patch size. */
int gaclip__vision_layout(GaclipVisionPass *pass, const GaclipVision *vision,
                          GaclipCompute *compute, GaclipArena *arena, int batch, int height,
                          int width, GaclipDense dense_mode, int flags, GaclipError *err);

/* planes (N, 3, height, width), normalised. */
int gaclip__vision_forward(const GaclipVision *vision, const GaclipCompute *compute,
                           GaclipVisionPass *pass, const float *planes, GaclipError *err);

/* Gradients by what a pass gave; each may be NULL. */
typedef struct GaclipVisionGradients {
    const float *class_embedding;       /* (N, E) by the unit embedding */
    const float *dense;                 /* (N, h, w, E) */
    int head_images;                    /* M: features and stem are of the first so many */
    const float *features;              /* (M h w, W) by pass->features */
    const float *stem[GACLIP_MAX_STEM]; /* (M H' W', C) by a stem layer's out */
} GaclipVisionGradients;

/* Adds to every parameter's gradient. */
int gaclip__vision_backward(const GaclipVision *vision, const GaclipCompute *compute,
                            GaclipVisionPass *pass, const GaclipVisionGradients *grads,
                            GaclipError *err);

#endif
