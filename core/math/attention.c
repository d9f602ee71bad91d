#include "math/attention.h"

#include <math.h>

#include "base/vector.h"
#include "math/exponential.h"
#include "math/gemm.h"

/* Rows of scores at a time: they stay in the second-level cache between the products. */
enum { ROWS = 128 };

typedef struct Attention {
    const GaclipCompute *compute;
    const GaclipAttentionShape *shape;
    int head_width, row_blocks;
    float scale;
    GaclipOperand qkv;      /* (batch, tokens, 3*width) */
    GaclipOperand out;      /* (batch, tokens, width) */
    float *log_sums;        /* (batch, heads, tokens) */
    GaclipOperand grad_qkv; /* (batch, tokens, 3*width) */
    GaclipOperand grad_out; /* (batch, tokens, width) */
    const float *old_log_sums;
} Attention;

static size_t padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* The backward's: scores and their gradients, both again in bf16, sums of two heads' columns. */
size_t gaclip__attention_scratch(const GaclipAttentionShape *s)
{
    size_t tokens = (size_t)s->tokens, width = (size_t)(s->width / s->heads);
    return 3 * padded(ROWS * tokens) + padded(ROWS * width) + 2 * padded(tokens * width);
}

static Attention prepare(const GaclipCompute *compute, const GaclipAttentionShape *shape)
{
    int width = shape->width / shape->heads;
    return (Attention){.compute = compute,
                       .shape = shape,
                       .head_width = width,
                       .row_blocks = (shape->tokens + ROWS - 1) / ROWS,
                       .scale = 1.0f / sqrtf((float)width)};
}

/* One head's view of one image; keys lie width behind queries, values behind keys. */
typedef struct Head {
    GaclipOperand q, k, v; /* (tokens, 3*width) rows, head_width columns of them */
    size_t out;            /* offset of its columns in (batch, tokens, width) */
    size_t qkv;            /* the same in (batch, tokens, 3*width) */
    size_t sums;           /* offset in (batch, heads, tokens) */
} Head;

static Head head_of(const Attention *a, int index)
{
    const GaclipAttentionShape *s = a->shape;
    size_t T = (size_t)s->tokens, W = (size_t)s->width, image = (size_t)(index / s->heads);
    size_t column = (size_t)(index % s->heads * a->head_width);
    Head h = {.out = image * T * W + column, .qkv = image * T * 3 * W + column};
    h.sums = (size_t)index * T;
    h.q = gaclip__operand_at(a->qkv, h.qkv);
    h.k = gaclip__operand_at(h.q, W);
    h.v = gaclip__operand_at(h.k, W);
    return h;
}

/* Where a product reads from: scratch of its own in bf16, the f32 matrix itself otherwise. */
static GaclipOperand operand_beside(GaclipOperand like, float *values, float *scratch)
{
    return like.bf16 ? (GaclipOperand){NULL, (uint16_t *)(void *)scratch} : gaclip__floats(values);
}

/* Row's first visible scores become exp(scale (score - largest)) in place, zeros behind: softmax
 * but for the division by their sum, which is cheaper later. Returns log(sum(exp(scale score))). */
GACLIP__CLONES static float exponential_row(float *row, float *sum_out, int visible, int columns,
                                            float scale)
{
    float largest = row[0], sum = 0;
    GACLIP__PRAGMA(omp simd reduction(max : largest))
    for (int j = 0; j < visible; j++) largest = row[j] > largest ? row[j] : largest;
    GACLIP__SIMD_SUM(sum) for (int j = 0; j < visible; j++)
    {
        row[j] = gaclip__exp((row[j] - largest) * scale);
        sum += row[j];
    }
    for (int j = visible; j < columns; j++) row[j] = 0.0f;
    *sum_out = sum;
    return largest * scale + logf(sum);
}

GACLIP__CLONES static void scale_row(float *row, float factor, int count)
{
    GACLIP__SIMD for (int i = 0; i < count; i++) row[i] *= factor;
}

static void store_columns(GaclipOperand out, size_t stride, const float *rows, int count, int width)
{
    for (size_t r = 0; r < (size_t)count; r++)
        gaclip__operand_set(gaclip__operand_at(out, r * stride), rows + r * (size_t)width,
                            (size_t)width);
}

static void forward_rows(int index, int worker, void *payload)
{
    const Attention *a = payload;
    const GaclipAttentionShape *s = a->shape;
    Head h = head_of(a, index / a->row_blocks);
    int T = s->tokens, W = s->width, D = a->head_width, first = index % a->row_blocks * ROWS;
    int rows = T - first < ROWS ? T - first : ROWS, keys = s->causal ? first + rows : T;
    float *scores = gaclip__scratch(a->compute, worker); /* (rows, keys) */
    float *beside = scores + padded((size_t)(rows * keys)),
          *mixed = beside + padded(ROWS * (size_t)T);
    float sums[ROWS];
    GaclipOperand p = operand_beside(a->qkv, scores, beside);
    gaclip__gemm_serial(a->compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, rows, keys, D,
                        gaclip__operand_at(h.q, (size_t)first * 3 * (size_t)W), 3 * W, h.k, 3 * W,
                        GACLIP__SET, scores, keys);
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)keys;
        float log_sum =
            exponential_row(scores + at, &sums[i], s->causal ? first + i + 1 : T, keys, a->scale);
        if (a->log_sums) a->log_sums[h.sums + (size_t)(first + i)] = log_sum;
        gaclip__operand_set(gaclip__operand_at(p, at), scores + at, (size_t)keys);
    }
    gaclip__gemm_serial(a->compute, GACLIP__PLAIN, GACLIP__PLAIN, rows, D, keys, p, keys, h.v,
                        3 * W, GACLIP__SET, mixed, D);
    for (int i = 0; i < rows; i++) scale_row(mixed + (size_t)(i * D), 1 / sums[i], D);
    store_columns(gaclip__operand_at(a->out, h.out + (size_t)first * (size_t)W), (size_t)W, mixed,
                  rows, D);
}

void gaclip__attention_forward(const GaclipCompute *compute, GaclipOperand out, float *log_sums,
                               GaclipOperand qkv, const GaclipAttentionShape *shape)
{
    Attention a = prepare(compute, shape);
    a.qkv = qkv;
    a.out = out;
    a.log_sums = log_sums;
    gaclip__threads_run(compute->pool, shape->batch * shape->heads * a.row_blocks, forward_rows,
                        &a);
}

/* From scores to probabilities p = exp(scale scores - log_sum), and from grad by p to grad by the
 * scores, p (grad - sum(p grad)) scale; both in place, zeros behind the visible. What rounding
 * leaves of the latter's sum, which is 0, is taken out again: a key bias has no gradient but that
 * rest, and Adam would make a step of it. */
GACLIP__CLONES static void softmax_backward_row(float *p, float *grad, int visible, int columns,
                                                float scale, float log_sum)
{
    float sum = 0, rest = 0, whole = 0;
    GACLIP__SIMD_SUM(sum) for (int j = 0; j < visible; j++)
    {
        p[j] = gaclip__exp(p[j] * scale - log_sum);
        sum += p[j] * grad[j];
    }
    GACLIP__PRAGMA(omp simd reduction(+ : rest, whole))
    for (int j = 0; j < visible; j++) {
        grad[j] = p[j] * (grad[j] - sum) * scale;
        rest += grad[j];
        whole += p[j];
    }
    float share = rest / whole;
    GACLIP__SIMD for (int j = 0; j < visible; j++) grad[j] -= p[j] * share;
    for (int j = visible; j < columns; j++) p[j] = grad[j] = 0.0f;
}

/* A worker's memory in the backward. */
typedef struct BackwardScratch {
    float *p, *grad_p;       /* (ROWS, tokens) scores, then probabilities, and their gradients */
    GaclipOperand products;  /* p again, as products read it */
    GaclipOperand gradients; /* grad_p again */
    float *grad_q;           /* (ROWS, head_width) */
    float *grad_k, *grad_v;  /* (tokens, head_width) */
} BackwardScratch;

static BackwardScratch backward_scratch(const Attention *a, int worker)
{
    size_t scores = padded(ROWS * (size_t)a->shape->tokens), D = (size_t)a->head_width;
    BackwardScratch m = {.p = gaclip__scratch(a->compute, worker)};
    m.grad_p = m.p + scores;
    float *beside = m.grad_p + scores; /* halves of both fit into one more */
    m.products = operand_beside(a->qkv, m.p, beside);
    m.gradients = operand_beside(a->qkv, m.grad_p, beside + scores / 2);
    m.grad_q = beside + scores;
    m.grad_k = m.grad_q + padded(ROWS * D);
    m.grad_v = m.grad_k + padded((size_t)a->shape->tokens * D);
    return m;
}

/* Adds a block of rows' share to grad_k and grad_v, or sets them, and sets the block's grad_q. */
static void backward_rows(const Attention *a, const Head *h, const BackwardScratch *m, int first,
                          int set)
{
    const GaclipAttentionShape *s = a->shape;
    int T = s->tokens, W = s->width, D = a->head_width, sums = set ? GACLIP__SET : GACLIP__ADD;
    int rows = T - first < ROWS ? T - first : ROWS, keys = s->causal ? first + rows : T;
    GaclipOperand q = gaclip__operand_at(h->q, (size_t)first * 3 * (size_t)W);
    GaclipOperand grad_out = gaclip__operand_at(a->grad_out, h->out + (size_t)first * (size_t)W);
    gaclip__gemm_serial(a->compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, rows, keys, D, q, 3 * W,
                        h->k, 3 * W, GACLIP__SET, m->p, keys);
    gaclip__gemm_serial(a->compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, rows, keys, D, grad_out, W,
                        h->v, 3 * W, GACLIP__SET, m->grad_p, keys);
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)keys;
        softmax_backward_row(m->p + at, m->grad_p + at, s->causal ? first + i + 1 : T, keys,
                             a->scale, a->old_log_sums[h->sums + (size_t)(first + i)]);
    }
    gaclip__operand_set(m->products, m->p, (size_t)(rows * keys));
    gaclip__operand_set(m->gradients, m->grad_p, (size_t)(rows * keys));
    gaclip__gemm_serial(a->compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, keys, D, rows, m->products,
                        keys, grad_out, W, sums, m->grad_v, D);
    gaclip__gemm_serial(a->compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, keys, D, rows, m->gradients,
                        keys, q, 3 * W, sums, m->grad_k, D);
    gaclip__gemm_serial(a->compute, GACLIP__PLAIN, GACLIP__PLAIN, rows, D, keys, m->gradients, keys,
                        h->k, 3 * W, GACLIP__SET, m->grad_q, D);
    store_columns(gaclip__operand_at(a->grad_qkv, h->qkv + (size_t)first * 3 * (size_t)W),
                  3 * (size_t)W, m->grad_q, rows, D);
}

static void backward_head(int index, int worker, void *payload)
{
    const Attention *a = payload;
    const GaclipAttentionShape *s = a->shape;
    size_t W = (size_t)s->width;
    Head h = head_of(a, index);
    BackwardScratch m = backward_scratch(a, worker);
    /* From the last block to the first: where a block sees only the keys before its end, the first
     * one done sees them all, sets all sums, and the others add to theirs. */
    for (int block = a->row_blocks - 1; block >= 0; block--)
        backward_rows(a, &h, &m, block * ROWS, block == a->row_blocks - 1);
    GaclipOperand grad_q = gaclip__operand_at(a->grad_qkv, h.qkv);
    store_columns(gaclip__operand_at(grad_q, W), 3 * W, m.grad_k, s->tokens, a->head_width);
    store_columns(gaclip__operand_at(grad_q, 2 * W), 3 * W, m.grad_v, s->tokens, a->head_width);
}

void gaclip__attention_backward(const GaclipCompute *compute, GaclipOperand grad_qkv,
                                GaclipOperand grad_out, GaclipOperand qkv, const float *log_sums,
                                const GaclipAttentionShape *shape)
{
    Attention a = prepare(compute, shape);
    a.qkv = qkv;
    a.grad_qkv = grad_qkv;
    a.grad_out = grad_out;
    a.old_log_sums = log_sums;
    gaclip__threads_run(compute->pool, shape->batch * shape->heads, backward_head, &a);
}
