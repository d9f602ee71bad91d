#include "model/transformer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "math/activation.h"
#include "math/attention.h"
#include "math/linear.h"
#include "math/norm.h"
#include "math/quantised.h"

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
        *rows[i].place =
            gaclip__parameters_add(t->parameters, name, rows[i].rank, rows[i].d0, rows[i].d1, 0, 0);
        if (*rows[i].place < 0) return GACLIP_ERROR_MEMORY;
        t->parameters->entries[*rows[i].place].is_linear = rows[i].rank == 2;
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

/* One pass's memory: where from, for how many rows, in which precision. */
typedef struct Layout {
    const GaclipTransformer *transformer;
    const GaclipCompute *compute;
    GaclipArena *arena;
    size_t rows;
    int keep;
} Layout;

static float *floats(const Layout *l, size_t columns)
{
    return gaclip__arena_floats(l->arena, l->rows * columns);
}

static GaclipOperand operand(const Layout *l, size_t columns)
{
    return gaclip__arena_operand(l->arena, l->compute, l->rows * columns);
}

/* shared: the tail whose buffers also serve for what a backward computes again, or NULL. */
static void layout_wide(GaclipTail *tail, const Layout *l, const GaclipTail *shared)
{
    size_t width = (size_t)l->transformer->width;
    tail->norm = shared ? shared->norm : operand(l, width);
    tail->stats = shared ? shared->stats : floats(l, 2);
    tail->activated = shared ? shared->activated : operand(l, 4 * width);
    /* Unless a backward wants it, the hidden layer is only passed through on the way to its
     * activation: in f32 in the same memory. */
    tail->hidden = l->keep ? operand(l, 4 * width) : tail->activated;
    if (!l->keep && tail->hidden.bf16) tail->hidden = (GaclipOperand){NULL, NULL};
}

static void layout_stream(GaclipTail *tail, const Layout *l)
{
    size_t width = (size_t)l->transformer->width;
    tail->mixed = operand(l, width);
    tail->mid = floats(l, width);
    tail->out = floats(l, width);
}

static void layout_block(GaclipBlockCache *block, const Layout *l, const GaclipBlockCache *shared)
{
    size_t width = (size_t)l->transformer->width;
    block->norm = shared ? shared->norm : operand(l, width);
    block->stats = shared ? shared->stats : floats(l, 2);
    block->qkv = operand(l, 3 * width);
    layout_wide(&block->full, l, shared ? &shared->full : NULL);
    block->log_sums = floats(l, (size_t)l->transformer->heads);
    layout_stream(&block->full, l);
}

void gaclip__transformer_layout(GaclipTransformerPass *pass, const GaclipTransformer *transformer,
                                const GaclipCompute *compute, GaclipArena *arena, int batch,
                                int tokens, int flags, int with_value)
{
    int keep = (flags & GACLIP__PASS_KEEP) != 0;
    Layout l = {transformer, compute, arena, (size_t)batch * (size_t)tokens, keep};
    size_t width = (size_t)transformer->width, layers = (size_t)transformer->layers;
    *pass = (GaclipTransformerPass){.batch = batch, .tokens = tokens, .with_value = with_value};
    pass->recompute = keep && (flags & GACLIP__PASS_RECOMPUTE);
    pass->blocks = gaclip__arena_bytes(arena, layers * sizeof *pass->blocks);
    float *input = floats(&l, width);
    if (!pass->blocks) return;
    memset(pass->blocks, 0, layers * sizeof *pass->blocks);
    float *spare = keep ? NULL : floats(&l, width);
    for (size_t i = 0; i < layers; i++) {
        GaclipBlockCache *block = &pass->blocks[i];
        if (i == 0 || keep) {
            layout_block(block, &l, i && pass->recompute ? &pass->blocks[0] : NULL);
        } else {
            *block = pass->blocks[0];
            block->full.out = i % 2 ? spare : pass->blocks[0].full.out;
        }
        block->in = i == 0 ? input : pass->blocks[i - 1].full.out;
    }
    if (with_value) {
        GaclipBlockCache *last = &pass->blocks[layers - 1];
        layout_wide(&last->value, &l, pass->recompute ? &last->full : NULL);
        layout_stream(&last->value, &l);
    }
    if (compute->is_int8)
        pass->rows_memory =
            gaclip__arena_bytes(arena, gaclip__quantised_rows_bytes(l.rows, 4 * width));
    if (!keep) return;
    pass->grad_hidden = operand(&l, 4 * width);
    pass->grad_qkv = operand(&l, 3 * width);
    pass->grad_mixed = operand(&l, width);
    pass->grad_norm = floats(&l, width);
    if (compute->precision == GACLIP_PRECISION_BF16) pass->grad_out = operand(&l, width);
}

size_t gaclip__transformer_scratch(const GaclipTransformer *transformer, int batch, int tokens)
{
    GaclipAttentionShape shape = {batch, tokens, transformer->width, transformer->heads,
                                  transformer->causal};
    size_t attention = gaclip__attention_scratch(&shape), linear = gaclip__linear_scratch();
    size_t norm = gaclip__layer_norm_scratch(transformer->width);
    size_t most = attention > linear ? attention : linear;
    return most > norm ? most : norm;
}

/* The parameters and the context that a block's steps share. */
typedef struct Step {
    const GaclipTransformer *t;
    const GaclipCompute *compute;
    const GaclipBlockWeights *weights;
    int rows;
    void *rows_memory; /* for inputs in 8 bits, or NULL */
} Step;

static GaclipOperand matrix_of(const Step *s, int index)
{
    return gaclip__parameters_operand(s->t->parameters, s->compute, index);
}

static const GaclipQuantised *quantised_of(const Step *s, int index)
{
    return gaclip__parameters_quantised(s->t->parameters, s->compute, index);
}

/* norm = ln_1(in) */
static void norm_block(const Step *s, const GaclipBlockCache *c)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    gaclip__layer_norm_forward(
        s->compute, c->norm, c->stats, c->in, gaclip__value(t->parameters, b->ln_1_weight),
        gaclip__value(t->parameters, b->ln_1_bias), s->rows, t->width, t->epsilon);
}

/* qkv = in_proj(ln_1(in)) */
static void open_block(const Step *s, const GaclipBlockCache *c)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    norm_block(s, c);
    gaclip__linear_forward(s->compute,
                           &(GaclipLinear){.rows = s->rows,
                                           .n_in = t->width,
                                           .n_out = 3 * t->width,
                                           .in = c->norm,
                                           .weight = matrix_of(s, b->in_proj_weight),
                                           .quantised = quantised_of(s, b->in_proj_weight),
                                           .rows_memory = s->rows_memory,
                                           .bias = gaclip__value(t->parameters, b->in_proj_bias),
                                           .out = c->qkv});
}

/* norm = ln_2(mid) */
static void norm_tail(const Step *s, const GaclipTail *tail)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    gaclip__layer_norm_forward(s->compute, tail->norm, tail->stats, tail->mid,
                               gaclip__value(t->parameters, b->ln_2_weight),
                               gaclip__value(t->parameters, b->ln_2_bias), s->rows, t->width,
                               t->epsilon);
}

/* activated = act(c_fc(ln_2(mid))) */
static void open_tail(const Step *s, const GaclipTail *tail)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    norm_tail(s, tail);
    gaclip__linear_forward(s->compute,
                           &(GaclipLinear){.rows = s->rows,
                                           .n_in = t->width,
                                           .n_out = 4 * t->width,
                                           .in = tail->norm,
                                           .weight = matrix_of(s, b->c_fc_weight),
                                           .quantised = quantised_of(s, b->c_fc_weight),
                                           .rows_memory = s->rows_memory,
                                           .bias = gaclip__value(t->parameters, b->c_fc_bias),
                                           .out = tail->hidden,
                                           .activated = tail->activated,
                                           .activation = t->activation});
}

static void tail_forward(const Step *s, const GaclipTail *tail, const float *in)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    gaclip__linear_forward(s->compute,
                           &(GaclipLinear){.rows = s->rows,
                                           .n_in = t->width,
                                           .n_out = t->width,
                                           .in = tail->mixed,
                                           .weight = matrix_of(s, b->out_proj_weight),
                                           .quantised = quantised_of(s, b->out_proj_weight),
                                           .rows_memory = s->rows_memory,
                                           .bias = gaclip__value(t->parameters, b->out_proj_bias),
                                           .residual = in,
                                           .out = gaclip__floats(tail->mid)});
    open_tail(s, tail);
    gaclip__linear_forward(s->compute,
                           &(GaclipLinear){.rows = s->rows,
                                           .n_in = 4 * t->width,
                                           .n_out = t->width,
                                           .in = tail->activated,
                                           .weight = matrix_of(s, b->c_proj_weight),
                                           .quantised = quantised_of(s, b->c_proj_weight),
                                           .rows_memory = s->rows_memory,
                                           .bias = gaclip__value(t->parameters, b->c_proj_bias),
                                           .residual = tail->mid,
                                           .out = gaclip__floats(tail->out)});
}

/* The value third of qkv (R, 3*width) as rows of their own. */
static void take_values(GaclipOperand values, GaclipOperand qkv, int rows, int width)
{
    size_t W = (size_t)width;
    for (size_t r = 0; r < (size_t)rows; r++)
        gaclip__operand_copy(gaclip__operand_at(values, r * W),
                             gaclip__operand_at(qkv, r * 3 * W + 2 * W), W);
}

void gaclip__transformer_forward(const GaclipTransformer *transformer, const GaclipCompute *compute,
                                 GaclipTransformerPass *pass)
{
    const GaclipTransformer *t = transformer;
    int rows = pass->batch * pass->tokens;
    GaclipAttentionShape shape = {pass->batch, pass->tokens, t->width, t->heads, t->causal};
    gaclip__parameters_round(t->parameters, compute);
    for (int i = 0; i < t->layers; i++) {
        GaclipBlockCache *c = &pass->blocks[i];
        Step step = {t, compute, &t->blocks[i], rows, pass->rows_memory};
        open_block(&step, c);
        gaclip__attention_forward(compute, c->full.mixed, c->log_sums, c->qkv, &shape);
        if (pass->with_value && i == t->layers - 1) {
            take_values(c->value.mixed, c->qkv, rows, t->width);
            tail_forward(&step, &c->value, c->in);
        }
        tail_forward(&step, &c->full, c->in);
    }
}

/* The residual stream's gradient as products read it. */
static GaclipOperand read_gradient(const Step *s, const GaclipTransformerPass *pass,
                                   const float *grad)
{
    if (!gaclip__operand_wanted(pass->grad_out)) return gaclip__floats(grad);
    gaclip__operand_fill(s->compute, pass->grad_out, grad, (size_t)s->rows * (size_t)s->t->width);
    return pass->grad_out;
}

/* grad (R, width): from d/d out to d/d mid, along the residual; then pass->grad_mixed is set. */
static void tail_backward(const Step *s, const GaclipTransformerPass *pass, const GaclipTail *tail,
                          float *grad)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    int W = t->width;
    if (pass->recompute) {
        norm_tail(s, tail);
        gaclip__activation_forward(s->compute, t->activation, tail->activated, tail->hidden,
                                   (size_t)s->rows * 4 * (size_t)W);
    }
    gaclip__linear_backward(
        s->compute,
        &(GaclipLinearBackward){.rows = s->rows,
                                .n_in = 4 * W,
                                .n_out = W,
                                .in = tail->activated,
                                .weight = matrix_of(s, b->c_proj_weight),
                                .grad_out = read_gradient(s, pass, grad),
                                .grad_in = pass->grad_hidden,
                                .hidden = tail->hidden,
                                .activation = t->activation,
                                .grad_weight = gaclip__gradient(t->parameters, b->c_proj_weight),
                                .grad_bias = gaclip__gradient(t->parameters, b->c_proj_bias)});
    gaclip__linear_backward(
        s->compute,
        &(GaclipLinearBackward){.rows = s->rows,
                                .n_in = W,
                                .n_out = 4 * W,
                                .in = tail->norm,
                                .weight = matrix_of(s, b->c_fc_weight),
                                .grad_out = pass->grad_hidden,
                                .grad_in = gaclip__floats(pass->grad_norm),
                                .grad_weight = gaclip__gradient(t->parameters, b->c_fc_weight),
                                .grad_bias = gaclip__gradient(t->parameters, b->c_fc_bias)});
    gaclip__layer_norm_backward(s->compute, grad, gaclip__gradient(t->parameters, b->ln_2_weight),
                                gaclip__gradient(t->parameters, b->ln_2_bias), pass->grad_norm,
                                tail->mid, tail->stats,
                                gaclip__value(t->parameters, b->ln_2_weight), s->rows, W, 1);
    gaclip__linear_backward(
        s->compute,
        &(GaclipLinearBackward){.rows = s->rows,
                                .n_in = W,
                                .n_out = W,
                                .in = tail->mixed,
                                .weight = matrix_of(s, b->out_proj_weight),
                                .grad_out = read_gradient(s, pass, grad),
                                .grad_in = pass->grad_mixed,
                                .grad_weight = gaclip__gradient(t->parameters, b->out_proj_weight),
                                .grad_bias = gaclip__gradient(t->parameters, b->out_proj_bias)});
}

/* grad (R, width): from qkv's gradient to the block's input, along the residual. */
static void open_backward(const Step *s, const GaclipTransformerPass *pass,
                          const GaclipBlockCache *c, float *grad)
{
    const GaclipTransformer *t = s->t;
    const GaclipBlockWeights *b = s->weights;
    int W = t->width;
    gaclip__linear_backward(
        s->compute,
        &(GaclipLinearBackward){.rows = s->rows,
                                .n_in = W,
                                .n_out = 3 * W,
                                .in = c->norm,
                                .weight = matrix_of(s, b->in_proj_weight),
                                .grad_out = pass->grad_qkv,
                                .grad_in = gaclip__floats(pass->grad_norm),
                                .grad_weight = gaclip__gradient(t->parameters, b->in_proj_weight),
                                .grad_bias = gaclip__gradient(t->parameters, b->in_proj_bias)});
    gaclip__layer_norm_backward(s->compute, grad, gaclip__gradient(t->parameters, b->ln_1_weight),
                                gaclip__gradient(t->parameters, b->ln_1_bias), pass->grad_norm,
                                c->in, c->stats, gaclip__value(t->parameters, b->ln_1_weight),
                                s->rows, W, 1);
}

static void add_to_values(GaclipOperand grad_qkv, GaclipOperand grad_values, int rows, int width)
{
    for (size_t r = 0; r < (size_t)rows; r++)
        gaclip__operand_add(gaclip__operand_at(grad_qkv, (r * 3 + 2) * (size_t)width),
                            gaclip__operand_at(grad_values, r * (size_t)width), (size_t)width);
}

void gaclip__transformer_backward(const GaclipTransformer *transformer,
                                  const GaclipCompute *compute, GaclipTransformerPass *pass,
                                  float *grad, float *grad_value)
{
    const GaclipTransformer *t = transformer;
    int rows = pass->batch * pass->tokens;
    GaclipAttentionShape shape = {pass->batch, pass->tokens, t->width, t->heads, t->causal};
    for (int i = t->layers - 1; i >= 0; i--) {
        GaclipBlockCache *c = &pass->blocks[i];
        Step step = {t, compute, &t->blocks[i], rows, NULL};
        tail_backward(&step, pass, &c->full, grad);
        if (pass->recompute) norm_block(&step, c);
        gaclip__attention_backward(compute, pass->grad_qkv, pass->grad_mixed, c->qkv, c->log_sums,
                                   &shape);
        if (grad_value && i == t->layers - 1) {
            tail_backward(&step, pass, &c->value, grad_value);
            add_to_values(pass->grad_qkv, pass->grad_mixed, rows, t->width);
            gaclip__add(compute, grad, grad_value, (size_t)rows * (size_t)t->width);
        }
        open_backward(&step, pass, c, grad);
    }
}
