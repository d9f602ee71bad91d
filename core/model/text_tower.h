/* The text tower: token and position embeddings, causal transformer, end-of-text pooling. */
#ifndef GACLIP_MODEL_TEXT_TOWER_H
#define GACLIP_MODEL_TEXT_TOWER_H

#include <stdint.h>

#include "model/transformer.h"

typedef struct GaclipTextTower {
    const GaclipModelConfig *config; /* lent by the model, as parameters are */
    GaclipParameters *parameters;
    int token_embedding, positions, ln_final_weight, ln_final_bias, projection;
    GaclipTransformer transformer;
} GaclipTextTower;

int gaclip__text_declare(GaclipTextTower *tower, const GaclipModelConfig *config,
                         GaclipParameters *parameters, GaclipError *err);
void gaclip__text_clear(GaclipTextTower *tower);

/* One pass over M rows of T tokens; W = text width, E = embed_dim. */
typedef struct GaclipTextPass {
    int batch, tokens;
    int32_t *ids, *ends; /* (M, T) cut to the longest text; (M) where each text ends */
    GaclipTransformerPass transformer;
    float *end_in, *end_norm, *end_stats;     /* (M, W), (M, W), (M, 2) around ln_final */
    float *raw, *length, *embedding;          /* (M, E), (M), (M, E) unit: the result */
    float *grad_tokens, *grad_end, *grad_raw; /* backward's temporaries */
} GaclipTextPass;

/* Lays out a pass over ids (count, context) in the arena, copies the ids, reserves scratch. The
 * feature is taken at the first largest id of a row (the end of text); columns behind the last
 * such place are cut: causal attention never sees them. flags: KEEP and RECOMPUTE. An id outside
 * the vocabulary is GACLIP_ERROR_ARGUMENT. */
int gaclip__text_layout(GaclipTextPass *pass, const GaclipTextTower *tower, GaclipCompute *compute,
                        GaclipArena *arena, const int32_t *ids, int count, int context, int flags,
                        GaclipError *err);

void gaclip__text_forward(const GaclipTextTower *tower, const GaclipCompute *compute,
                          GaclipTextPass *pass);

/* Adds to every parameter's gradient; grad_embedding (M, E) by the unit embeddings. */
void gaclip__text_backward(const GaclipTextTower *tower, const GaclipCompute *compute,
                           GaclipTextPass *pass, const float *grad_embedding);

#endif
