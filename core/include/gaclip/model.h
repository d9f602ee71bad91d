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
        int upsample; /* the head's map is this many times finer than the patch grid: 1, 2, 4 */
        int lateral;  /* the stem's finer maps join where the head's map is up-sampled */
        int octaves;  /* coarser scales to look at besides the image's own, each half as fine */
        int finer;    /* finer scales to look at besides it, each twice as fine: 0 to 2 */
    } proposal;
    float image_mean[3], image_std[3];
    double gsd_min, gsd_max; /* metres a pixel that the model was trained on; 0 = not known */
} GaclipModelConfig;

typedef struct GaclipModel GaclipModel;

/* Opens a model and builds the towers; every field is checked. path: a file that gaclip wrote; or
 * CLIP weights as others publish them: a Hugging Face or open_clip folder; a safetensors file, or
 * a PyTorch archive (.pt, .bin) of a state dict, in OpenAI's, open_clip's or Hugging Face's names;
 * or an index.json of such files' shards. A foreign file's configuration and tokenizer lie in its
 * folder (config.json, open_clip_config.json or FILE.json; tokenizer.json, merges.txt with
 * vocab.json, or bpe_simple_vocab_16e6.txt.gz); without a configuration the sizes follow from the
 * tensors' shapes. f32 safetensors are mapped, not copied. compute is borrowed until
 * gaclip_model_close. */
GACLIP_API int gaclip_model_open(GaclipModel **out, const char *path, GaclipCompute *compute,
                                 GaclipError *err);

/* How a model is to differ from what its files say. */
typedef struct GaclipModelReading {
    int context;           /* positions of a text; 0 = as in the file. 77 are stretched to 248, or
                              replaced by the model's own 248 (FG-CLIP); fewer are cut off */
    int activation;        /* a GaclipActivation; -1 = what the configuration says */
    int ignore_extra;      /* tensors of other things in a foreign file are no error */
    const char *tokenizer; /* a foreign model's, by file; NULL = the one in its folder */
} GaclipModelReading;

GACLIP_API void gaclip_model_reading_init(GaclipModelReading *reading);
GACLIP_API int gaclip_model_read(GaclipModel **out, const char *path,
                                 const GaclipModelReading *reading, GaclipCompute *compute,
                                 GaclipError *err);

/* A model with random weights. The tokenizer is taken over on success (do not free it then);
 * config->text.vocab_size must be its vocabulary. */
GACLIP_API int gaclip_model_new(GaclipModel **out, const GaclipModelConfig *config,
                                GaclipTokenizer *tokenizer, uint64_t seed, GaclipCompute *compute,
                                GaclipError *err);
GACLIP_API void gaclip_model_close(GaclipModel *model);

/* Writes the model atomically (f32). */
GACLIP_API int gaclip_model_save(const GaclipModel *model, const char *path, GaclipError *err);

typedef enum GaclipStorage {
    GACLIP_STORE_F32,
    GACLIP_STORE_F16,
    GACLIP_STORE_BF16,
    GACLIP_STORE_INT8
} GaclipStorage;

/* The same with matrices rounded to that type (to nearest, ties to even); vectors stay f32. A value
 * that f16 cannot hold is GACLIP_ERROR_UNSUPPORTED. INT8 is of the blocks' linear layers, a scale
 * for each output; other matrices are then bf16. */
GACLIP_API int gaclip_model_save_as(const GaclipModel *model, const char *path,
                                    GaclipStorage storage, GaclipError *err);

/* Getters lend. */
GACLIP_API const GaclipModelConfig *gaclip_model_config(const GaclipModel *model);
GACLIP_API const GaclipTokenizer *gaclip_model_tokenizer(const GaclipModel *model);
GACLIP_API size_t gaclip_model_parameter_count(const GaclipModel *model, const char *prefix);
/* The context that the model was opened with, lent. */
GACLIP_API const GaclipCompute *gaclip_model_compute(const GaclipModel *model);
/* SHA-256 of the weights' file, 64 hex digits, computed at the first call (of several files: of
 * their digests, in order); "" for a model not opened from a file. */
GACLIP_API const char *gaclip_model_sha256(GaclipModel *model);
GACLIP_API const char *gaclip_model_path(const GaclipModel *model); /* "" likewise */
/* The type that most of its values are stored in: "f64", "f32", "f16" or "bf16"; "int8" where any
 * are; "f32" for a model not opened from a file. The string is static. */
GACLIP_API const char *gaclip_model_dtype(const GaclipModel *model);
/* Bytes of all files that the weights lie in; 0 for a model not opened from a file. */
GACLIP_API uint64_t gaclip_model_file_bytes(const GaclipModel *model);
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

/* Another name of what boxes go by class_name: "wind turbine" of "windmill". */
typedef struct GaclipSynonym {
    const char *name, *class_name;
} GaclipSynonym;

/* Replaces what is kept in the file; count 0: none. Rows are copied. A name that is the class's
 * own, or another class's by an earlier row, stays what it is; a class that becomes a name takes
 * its names along. GACLIP_ERROR_FORMAT where a text is blank or holds control characters. */
GACLIP_API int gaclip_model_set_synonyms(GaclipModel *model, const GaclipSynonym *rows,
                                         size_t count, GaclipError *err);
/* All of them, lent; NULL and *count 0 where there are none. */
GACLIP_API const GaclipSynonym *gaclip_model_synonyms(const GaclipModel *model, size_t *count);
/* The class that goes by that name (compared as gaclip_same_class), lent by the model; the name
 * itself where the model knows no other. Detectors ask for that, unless classes are phrases. */
GACLIP_API const char *gaclip_model_class_of(const GaclipModel *model, const char *name);

/* From a detection's score s to the share of such detections that are right:
 * 1 / (1 + exp(-(slope * ln(s / (1 - s)) + offset))) (Platt, 1999, section 2.1, on the logit). */
typedef struct GaclipCalibration {
    const char *class_name; /* lent by the model; "" = every class that has none of its own */
    double slope, offset;   /* slope > 0: the order of scores stays */
} GaclipCalibration;

/* The score that calibration makes of s in 0..1; slope 1 and offset 0 leave it. */
GACLIP_API double gaclip_calibrated_score(const GaclipCalibration *calibration, double score);
/* The score that becomes this one. */
GACLIP_API double gaclip_uncalibrated_score(const GaclipCalibration *calibration, double score);

/* Replaces what is kept in the file; count 0: none. Rows are copied. */
GACLIP_API int gaclip_model_set_calibration(GaclipModel *model, const GaclipCalibration *rows,
                                            size_t count, GaclipError *err);
/* All rows, lent; NULL and *count 0 where the scores are not calibrated. */
GACLIP_API const GaclipCalibration *gaclip_model_calibration(const GaclipModel *model,
                                                             size_t *count);

/* Training provenance: a JSON object as text, stored under "training". */
GACLIP_API int gaclip_model_set_training(GaclipModel *model, const char *json, GaclipError *err);
GACLIP_API void gaclip_model_set_gsd(GaclipModel *model, double gsd_min, double gsd_max);

/* Coarser scales (0 to 4) and finer ones (0 to 2) at which detection looks besides the image's own;
 * negative: as before. GACLIP_ERROR_UNSUPPORTED of a model without a proposal head. */
GACLIP_API int gaclip_model_set_scales(GaclipModel *model, int octaves, int finer,
                                       GaclipError *err);

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
