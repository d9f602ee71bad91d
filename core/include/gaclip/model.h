/* The GeoAlignCLIP model: an image tower, a text tower, a dense map and a proposal head. */
#ifndef GACLIP_MODEL_H
#define GACLIP_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "gaclip/compute.h"
#include "gaclip/error.h"
#include "gaclip/image.h"
#include "gaclip/text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GACLIP_MAX_STEM 4
#define GACLIP_MAX_HEAD 8

typedef enum GaclipActivation {
    GACLIP_QUICK_GELU, /* x sigmoid(1.702 x) */
    GACLIP_GELU        /* x (1 + erf(x / sqrt 2)) / 2 */
} GaclipActivation;

typedef enum GaclipDense {
    GACLIP_DENSE_VALUE, /* last block without attention: value path, out projection, MLP */
    GACLIP_DENSE_FULL   /* the last block's ordinary output */
} GaclipDense;

/* Architecture numbers, stored in the model file under the key "gaclip". */
typedef struct GaclipModelConfig {
    int embed_dim;
    GaclipActivation activation;
    float norm_epsilon;
    GaclipDense dense;
    struct {
        int image_size, patch_size, width, layers, heads;
        int stem_layers; /* 3x3 stride-2 convolutions before the patch embedding; 0 = plain ViT */
        int stem_widths[GACLIP_MAX_STEM];
    } vision;
    struct {
        int context_length, vocab_size, width, layers, heads;
    } text;
    struct {
        int width;    /* channels of the head; 0 = the model has no proposal head */
        int layers;   /* 3x3 convolutions of the head */
        int upsample; /* the head's map is this many times finer than the patch grid: 1 or 2 */
    } proposal;
    float image_mean[3], image_std[3];
    double gsd_min, gsd_max; /* metres a pixel that the model was trained on; 0 = not known */
} GaclipModelConfig;

typedef struct GaclipModel GaclipModel;

/* Opens a gaclip model file: maps it, checks every field, builds the towers. compute is borrowed
 * until gaclip_model_close. */
GACLIP_API int gaclip_model_open(GaclipModel **out, const char *path, GaclipCompute *compute,
                                 GaclipError *err);

/* A model with random weights. The tokenizer is taken over on success (do not free it then);
 * config->text.vocab_size must be its vocabulary. */
GACLIP_API int gaclip_model_new(GaclipModel **out, const GaclipModelConfig *config,
                                GaclipTokenizer *tokenizer, uint64_t seed, GaclipCompute *compute,
                                GaclipError *err);
GACLIP_API void gaclip_model_close(GaclipModel *model);

/* Writes the model atomically (f32). */
GACLIP_API int gaclip_model_save(const GaclipModel *model, const char *path, GaclipError *err);

/* Getters lend. */
GACLIP_API const GaclipModelConfig *gaclip_model_config(const GaclipModel *model);
GACLIP_API const GaclipTokenizer *gaclip_model_tokenizer(const GaclipModel *model);
GACLIP_API size_t gaclip_model_parameter_count(const GaclipModel *model, const char *prefix);
/* SHA-256 of the model file, 64 hex digits, computed at the first call; "" for a model not opened
 * from a file. */
GACLIP_API const char *gaclip_model_sha256(GaclipModel *model);
GACLIP_API const char *gaclip_model_path(const GaclipModel *model); /* "" likewise */
/* The whole "gaclip" metadata object as JSON text. */
GACLIP_API const char *gaclip_model_metadata(const GaclipModel *model);

/* Text lists kept in the file: prompt templates ("an aerial image of a {}"), background phrases,
 * class hints (names it was trained on). */
typedef enum GaclipTextList {
    GACLIP_TEMPLATES,
    GACLIP_BACKGROUND,
    GACLIP_CLASS_HINTS
} GaclipTextList;
GACLIP_API size_t gaclip_model_text_count(const GaclipModel *model, GaclipTextList list);
GACLIP_API const char *gaclip_model_text_at(const GaclipModel *model, GaclipTextList list,
                                            size_t index);
GACLIP_API int gaclip_model_set_texts(GaclipModel *model, GaclipTextList list,
                                      const char *const *texts, size_t count, GaclipError *err);
/* Training provenance: a JSON object as text, stored under "training". */
GACLIP_API int gaclip_model_set_training(GaclipModel *model, const char *json, GaclipError *err);
GACLIP_API void gaclip_model_set_gsd(GaclipModel *model, double gsd_min, double gsd_max);

/* out (count, embed_dim): unit class-token embeddings of normalised planes (count, 3, height,
 * width); height and width are multiples of the patch size. */
GACLIP_API int gaclip_model_embed_images(GaclipModel *model, float *out, const float *planes,
                                         int count, int height, int width, GaclipError *err);

/* out (count, embed_dim): unit embeddings of token rows (count, context). */
GACLIP_API int gaclip_model_embed_tokens(GaclipModel *model, float *out, const int32_t *tokens,
                                         int count, int context, GaclipError *err);

/* out (embed_dim): the unit mean over the model's prompt templates of the phrase's embedding. */
GACLIP_API int gaclip_model_embed_phrase(GaclipModel *model, float *out, const char *phrase,
                                         GaclipError *err);

/* exp of the learned logit scale: 1 / temperature */
GACLIP_API float gaclip_model_logit_scale(const GaclipModel *model);

#ifdef __cplusplus
}
#endif
#endif
