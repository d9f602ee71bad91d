/* A stack of pre-norm residual attention blocks, as in CLIP's two towers. */
#ifndef GACLIP_MODEL_TRANSFORMER_H
#define GACLIP_MODEL_TRANSFORMER_H

#include "base/arena.h"
#include "base/compute.h"
#include "gaclip/model.h"
#include "model/parameters.h"

/* Indices into the parameter table. */
typedef struct GaclipBlockWeights {
    int ln_1_weight, ln_1_bias, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias;
    int ln_2_weight, ln_2_bias, c_fc_weight, c_fc_bias, c_proj_weight, c_proj_bias;
} GaclipBlockWeights;

typedef struct GaclipTransformer {
    GaclipParameters *parameters; /* lent by the model */
    GaclipBlockWeights *blocks;   /* (layers) */
    int layers, width, heads, causal;
    GaclipActivation activation;
    float epsilon;
} GaclipTransformer;

/* Declares the blocks' parameters under "PREFIXtransformer.resblocks.I.". */
int gaclip__transformer_declare(GaclipTransformer *transformer, GaclipParameters *parameters,
                                const char *prefix, GaclipError *err);
void gaclip__transformer_clear(GaclipTransformer *transformer);

/* What follows the mixing of tokens, R = batch * tokens rows:
 * mid = in + out_proj(mixed); out = mid + c_proj(act(c_fc(ln_2(mid)))). */
typedef struct GaclipTail {
    float *mixed, *mid, *norm; /* (R, width) */
    float *stats;              /* (R, 2) */
    float *hidden, *activated; /* (R, 4*width) */
    float *out;                /* (R, width) */
} GaclipTail;

typedef struct GaclipBlockCache {
    float *in, *norm; /* (R, width) */
    float *stats;     /* (R, 2) */
    float *qkv;       /* (R, 3*width) */
    float *log_sums;  /* (batch, heads, tokens) */
    GaclipTail full;  /* after attention */
    GaclipTail value; /* last block alone: every token attends to itself (MODEL.md, dense map) */
} GaclipBlockCache;

typedef struct GaclipTransformerPass {
    GaclipBlockCache *blocks; /* (layers) in the arena */
    int batch, tokens, with_value;
    float *grad_hidden, *grad_qkv, *grad_mixed; /* backward's temporaries */
} GaclipTransformerPass;

/* Lays out a pass in the arena (check it afterwards). keep: for a backward; else the blocks share
 * their buffers. Input goes to pass->blocks[0].in. */
void gaclip__transformer_layout(GaclipTransformerPass *pass, const GaclipTransformer *transformer,
                                GaclipArena *arena, int batch, int tokens, int keep,
                                int with_value);
size_t gaclip__transformer_scratch(const GaclipTransformer *transformer, int batch, int tokens);

/* Output in the last block's full.out, and value.out where that was asked for. */
void gaclip__transformer_forward(const GaclipTransformer *transformer, const GaclipCompute *compute,
                                 GaclipTransformerPass *pass);

/* grad (R, width): on entry d loss / d full.out (or zeros), on return d loss / d input.
 * grad_value: d loss / d value.out, destroyed; NULL when the pass has none. */
void gaclip__transformer_backward(const GaclipTransformer *transformer,
                                  const GaclipCompute *compute, GaclipTransformerPass *pass,
                                  float *grad, float *grad_value);

#endif
