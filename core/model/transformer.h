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

enum {
    GACLIP__PASS_KEEP = 1,     /* everything that the backward needs */
    GACLIP__PASS_CLASS = 2,    /* the image tower's class embedding */
    GACLIP__PASS_DENSE = 4,    /* its dense map */
    GACLIP__PASS_RECOMPUTE = 8 /* with KEEP: what is wide is computed again in the backward */
};

/* What follows the mixing of tokens, R = batch * tokens rows:
 * mid = in + out_proj(mixed); out = mid + c_proj(act(c_fc(ln_2(mid)))). */
typedef struct GaclipTail {
    GaclipOperand mixed;     /* (R, width) */
    float *mid;              /* (R, width) */
    GaclipOperand norm;      /* (R, width) */
    float *stats;            /* (R, 2) */
    GaclipOperand hidden;    /* (R, 4*width); none where no backward will come */
    GaclipOperand activated; /* (R, 4*width) */
    float *out;              /* (R, width) */
} GaclipTail;

typedef struct GaclipBlockCache {
    float *in;          /* (R, width) */
    GaclipOperand norm; /* (R, width) */
    float *stats;       /* (R, 2) */
    GaclipOperand qkv;  /* (R, 3*width) */
    float *log_sums;    /* (batch, heads, tokens) */
    GaclipTail full;    /* after attention */
    GaclipTail value;   /* last block alone: every token attends to itself (MODEL.md, dense map) */
} GaclipBlockCache;

/* With recompute, blocks keep what products and attention gave; they share norm, stats and
 * activated, which are made again without any product. */
typedef struct GaclipTransformerPass {
    GaclipBlockCache *blocks; /* (layers) in the arena */
    int batch, tokens, with_value, recompute;
    void *rows_memory; /* for the inputs of quantised layers, where there are any */
    /* The backward's temporaries: by hidden (R, 4*width), qkv (R, 3*width), mixed (R, width), a
     * norm's output (R, width); the residual stream's gradient as products read it (R, width). */
    GaclipOperand grad_hidden, grad_qkv, grad_mixed;
    float *grad_norm;
    GaclipOperand grad_out;
} GaclipTransformerPass;

/* Lays out a pass in the arena (check it afterwards). flags: KEEP and RECOMPUTE; without KEEP the
 * blocks share their buffers. Input goes to pass->blocks[0].in. */
void gaclip__transformer_layout(GaclipTransformerPass *pass, const GaclipTransformer *transformer,
                                const GaclipCompute *compute, GaclipArena *arena, int batch,
                                int tokens, int flags, int with_value);
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
