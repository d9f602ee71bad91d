#include "model/transformer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "math/activation.h"
#include "math/attention.h"
#include "math/linear.h"
#include "math/norm.h"

static const float *value_of(const GaclipTransformer *t, int index)
{
    return t->parameters->entries[index].value;
}

static float *gradient_of(const GaclipTransformer *t, int index)
{
    return t->parameters->entries[index].gradient;
}

static int declare_block(GaclipTransformer *t, int index, const char *prefix)
{
    int W = t->width;
    GaclipBlockWeights *b = &t->blocks[index];
    const struct {
        int *place;
        const char *leaf;
        int rank, d0, d1;
    } rows[] = {{&b->ln_1_weight, "ln_1.weight", 1, W, 0},
                {&b->ln_1_bias, "ln_1.bias", 1, W, 0},
                {&b->in_proj_weight, "attn.in_proj_weight", 2, 3 * W, W},
                {&b->in_proj_bias, "attn.in_proj_bias", 1, 3 * W, 0},
                {&b->out_proj_weight, "attn.out_proj.weight", 2, W, W},
                {&b->out_proj_bias, "attn.out_proj.bias", 1, W, 0},
                {&b->ln_2_weight, "ln_2.weight", 1, W, 0},
                {&b->ln_2_bias, "ln_2.bias", 1, W, 0},
                {&b->c_fc_weight, "mlp.c_fc.weight", 2, 4 * W, W},
                {&b->c_fc_bias, "mlp.c_fc.bias", 1, 4 * W, 0},
                {&b->c_proj_weight, "mlp.c_proj.weight", 2, W, 4 * W},
                {&b->c_proj_bias, "mlp.c_proj.bias", 1, W, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[GACLIP__NAME_SIZE];
        snprintf(name, sizeof name, "%stransformer.resblocks.%d.%s", prefix, index, rows[i].leaf);
        *rows[i].place = gaclip__parameters_add(t->parameters, name, rows[i].rank, rows[i].d0,
                                                rows[i].d1, 0, 0);
        if (*rows[i].place < 0) return GACLIP_ERROR_MEMORY;
    }
    return GACLIP_OK;
}

int gaclip__transformer_declare(GaclipTransformer *transformer, GaclipParameters *parameters,
                                const char *prefix, GaclipError *err)
{
    transformer->parameters = parameters;
    transformer->blocks = calloc((size_t)transformer->layers, sizeof *transformer->blocks);
    int status = transformer->blocks ? GACLIP_OK : GACLIP_ERROR_MEMORY;
    for (int i = 0; i < transformer->layers && !status; i++)
        status = declare_block(transformer, i, prefix);
    if (status) gaclip_error_set(err, status, "out of memory");
    return status;
}

void gaclip__transformer_clear(GaclipTransformer *transformer)
{
    free(transformer->blocks);
    transformer->blocks = NULL;
}

static void layout_tail(GaclipTail *tail, GaclipArena *arena, size_t rows, size_t width)
{
    tail->mixed = gaclip__arena_floats(arena, rows * width);
    tail->mid = gaclip__arena_floats(arena, rows * width);
    tail->norm = gaclip__arena_floats(arena, rows * width);
    tail->stats = gaclip__arena_floats(arena, rows * 2);
    tail->hidden = gaclip__arena_floats(arena, rows * 4 * width);
    tail->activated = gaclip__arena_floats(arena, rows * 4 * width);
    tail->out = gaclip__arena_floats(arena, rows * width);
}

static void layout_block(GaclipBlockCache *block, const GaclipTransformer *t, GaclipArena *arena,
                         size_t rows)
{
    size_t width = (size_t)t->width;
    block->norm = gaclip__arena_floats(arena, rows * width);
    block->stats = gaclip__arena_floats(arena, rows * 2);
    block->qkv = gaclip__arena_floats(arena, rows * 3 * width);
    block->log_sums = gaclip__arena_floats(arena, rows * (size_t)t->heads);
    layout_tail(&block->full, arena, rows, width);
}

void gaclip__transformer_layout(GaclipTransformerPass *pass, const GaclipTransformer *transformer,
                                GaclipArena *arena, int batch, int tokens, int keep, int with_value)
{
    size_t rows = (size_t)batch * (size_t)tokens, width = (size_t)transformer->width;
    size_t layers = (size_t)transformer->layers;
    *pass = (GaclipTransformerPass){.batch = batch, .tokens = tokens, .with_value = with_value};
    pass->blocks = gaclip__arena_bytes(arena, layers * sizeof *pass->blocks);
    float *input = gaclip__arena_floats(arena, rows * width);
    if (!pass->blocks) return;
    memset(pass->blocks, 0, layers * sizeof *pass->blocks);
    float *spare = keep ? NULL : gaclip__arena_floats(arena, rows * width);
    for (size_t i = 0; i < layers; i++) {
        GaclipBlockCache *block = &pass->blocks[i];
        if (i == 0 || keep) {
            layout_block(block, transformer, arena, rows);
        } else {
            *block = pass->blocks[0];
            block->full.out = i % 2 ? spare : pass->blocks[0].full.out;
        }
        block->in = i == 0 ? input : pass->blocks[i - 1].full.out;
    }
    if (with_value) layout_tail(&pass->blocks[layers - 1].value, arena, rows, width);
    if (!keep) return;
    pass->grad_hidden = gaclip__arena_floats(arena, rows * 4 * width);
    pass->grad_qkv = gaclip__arena_floats(arena, rows * 3 * width);
    pass->grad_mixed = gaclip__arena_floats(arena, rows * width);
}

size_t gaclip__transformer_scratch(const GaclipTransformer *transformer, int batch, int tokens)
{
    GaclipAttentionShape shape = {batch, tokens, transformer->width, transformer->heads,
                                  transformer->causal};
    size_t attention = gaclip__attention_scratch(&shape), norm = 2 * (size_t)transformer->width;
    return attention > norm ? attention : norm;
}

static void tail_forward(const GaclipTransformer *t, const GaclipCompute *compute,
                         const GaclipBlockWeights *b, const GaclipTail *tail, const float *in,
                         int rows)
{
    int W = t->width;
    size_t count = (size_t)rows * (size_t)W;
    gaclip__linear_forward(compute, tail->mid, tail->mixed, value_of(t, b->out_proj_weight),
                           value_of(t, b->out_proj_bias), rows, W, W);
    gaclip__add(compute, tail->mid, in, count);
    gaclip__layer_norm_forward(compute, tail->norm, tail->stats, tail->mid,
                               value_of(t, b->ln_2_weight), value_of(t, b->ln_2_bias), rows, W,
                               t->epsilon);
    gaclip__linear_forward(compute, tail->hidden, tail->norm, value_of(t, b->c_fc_weight),
                           value_of(t, b->c_fc_bias), rows, W, 4 * W);
    gaclip__activation_forward(compute, t->activation, tail->activated, tail->hidden, 4 * count);
    gaclip__linear_forward(compute, tail->out, tail->activated, value_of(t, b->c_proj_weight),
                           value_of(t, b->c_proj_bias), rows, 4 * W, W);
    gaclip__add(compute, tail->out, tail->mid, count);
}

/* The value third of qkv (R, 3*width) as rows of their own. */
static void take_values(float *values, const float *qkv, int rows, int width)
{
    size_t W = (size_t)width;
    for (size_t r = 0; r < (size_t)rows; r++)
        memcpy(values + r * W, qkv + r * 3 * W + 2 * W, W * sizeof *values);
}

static void add_to_values(float *grad_qkv, const float *grad_values, int rows, int width)
{
    for (int r = 0; r < rows; r++) {
        float *v = grad_qkv + ((size_t)r * 3 + 2) * (size_t)width;
        const float *g = grad_values + (size_t)r * (size_t)width;
        GACLIP__SIMD for (int i = 0; i < width; i++) v[i] += g[i];
    }
}

void gaclip__transformer_forward(const GaclipTransformer *transformer, const GaclipCompute *compute,
                                 GaclipTransformerPass *pass)
{
    const GaclipTransformer *t = transformer;
    int rows = pass->batch * pass->tokens, W = t->width;
    GaclipAttentionShape shape = {pass->batch, pass->tokens, W, t->heads, t->causal};
    for (int i = 0; i < t->layers; i++) {
        const GaclipBlockWeights *b = &t->blocks[i];
        GaclipBlockCache *c = &pass->blocks[i];
        gaclip__layer_norm_forward(compute, c->norm, c->stats, c->in, value_of(t, b->ln_1_weight),
                                   value_of(t, b->ln_1_bias), rows, W, t->epsilon);
        gaclip__linear_forward(compute, c->qkv, c->norm, value_of(t, b->in_proj_weight),
                               value_of(t, b->in_proj_bias), rows, W, 3 * W);
        gaclip__attention_forward(compute, c->full.mixed, c->log_sums, c->qkv, &shape);
        if (pass->with_value && i == t->layers - 1) {
            take_values(c->value.mixed, c->qkv, rows, W);
            tail_forward(t, compute, b, &c->value, c->in, rows);
        }
        tail_forward(t, compute, b, &c->full, c->in, rows);
    }
}

/* grad (R, width): from d/d out to d/d in, along the residual; pass->grad_mixed is set. */
static void tail_backward(const GaclipTransformer *t, const GaclipCompute *compute,
                          const GaclipTransformerPass *pass, const GaclipBlockWeights *b,
                          const GaclipTail *tail, float *grad, int rows)
{
    int W = t->width;
    gaclip__linear_backward(compute, pass->grad_hidden, gradient_of(t, b->c_proj_weight),
                            gradient_of(t, b->c_proj_bias), grad, tail->activated,
                            value_of(t, b->c_proj_weight), rows, 4 * W, W);
    gaclip__activation_backward(compute, t->activation, pass->grad_hidden, tail->hidden,
                                (size_t)rows * 4 * (size_t)W);
    gaclip__linear_backward(compute, pass->grad_mixed, gradient_of(t, b->c_fc_weight),
                            gradient_of(t, b->c_fc_bias), pass->grad_hidden, tail->norm,
                            value_of(t, b->c_fc_weight), rows, W, 4 * W);
    gaclip__layer_norm_backward(compute, grad, gradient_of(t, b->ln_2_weight),
                                gradient_of(t, b->ln_2_bias), pass->grad_mixed, tail->mid,
                                tail->stats, value_of(t, b->ln_2_weight), rows, W, 1);
    gaclip__linear_backward(compute, pass->grad_mixed, gradient_of(t, b->out_proj_weight),
                            gradient_of(t, b->out_proj_bias), grad, tail->mixed,
                            value_of(t, b->out_proj_weight), rows, W, W);
}

void gaclip__transformer_backward(const GaclipTransformer *transformer,
                                  const GaclipCompute *compute, GaclipTransformerPass *pass,
                                  float *grad, float *grad_value)
{
    const GaclipTransformer *t = transformer;
    int rows = pass->batch * pass->tokens, W = t->width;
    GaclipAttentionShape shape = {pass->batch, pass->tokens, W, t->heads, t->causal};
    for (int i = t->layers - 1; i >= 0; i--) {
        const GaclipBlockWeights *b = &t->blocks[i];
        GaclipBlockCache *c = &pass->blocks[i];
        tail_backward(t, compute, pass, b, &c->full, grad, rows);
        gaclip__attention_backward(compute, pass->grad_qkv, pass->grad_mixed, c->qkv, c->log_sums,
                                   &shape);
        if (grad_value && i == t->layers - 1) {
            tail_backward(t, compute, pass, b, &c->value, grad_value, rows);
            add_to_values(pass->grad_qkv, pass->grad_mixed, rows, W);
            gaclip__add(compute, grad, grad_value, (size_t)rows * (size_t)W);
        }
        gaclip__linear_backward(compute, pass->grad_mixed, gradient_of(t, b->in_proj_weight),
                                gradient_of(t, b->in_proj_bias), pass->grad_qkv, c->norm,
                                value_of(t, b->in_proj_weight), rows, W, 3 * W);
        gaclip__layer_norm_backward(compute, grad, gradient_of(t, b->ln_1_weight),
                                    gradient_of(t, b->ln_1_bias), pass->grad_mixed, c->in, c->stats,
                                    value_of(t, b->ln_1_weight), rows, W, 1);
    }
}
