#include "math/attention.h"

#include <math.h>

#include "base/vector.h"
#include "math/exponential.h"
#include "math/gemm.h"

typedef struct Attention {
    const GaclipCompute *compute;
    const GaclipAttentionShape *shape;
    const float *qkv;      /* (batch, tokens, 3*width) */
    float *out;            /* (batch, tokens, width) */
    float *log_sums;       /* (batch, heads, tokens) */
    float *grad_qkv;       /* (batch, tokens, 3*width) */
    const float *grad_out; /* (batch, tokens, width) */
    const float *old_log_sums;
} Attention;

size_t gaclip__attention_scratch(const GaclipAttentionShape *shape)
{
    return 2 * (size_t)shape->tokens * (size_t)shape->tokens;
}

/* Softmax of row's first visible scores in place, zeros behind; returns log(sum(exp)). */
GACLIP__CLONES static float softmax_row(float *row, int visible, int tokens, float scale)
{
    float largest = row[0], sum = 0;
    GACLIP__PRAGMA(omp simd reduction(max : largest))
    for (int j = 0; j < visible; j++) largest = row[j] > largest ? row[j] : largest;
    GACLIP__SIMD_SUM(sum) for (int j = 0; j < visible; j++)
    {
        row[j] = gaclip__exp((row[j] - largest) * scale);
        sum += row[j];
    }
    float inverse = 1.0f / sum;
    GACLIP__SIMD for (int j = 0; j < visible; j++) row[j] *= inverse;
    for (int j = visible; j < tokens; j++) row[j] = 0.0f;
    return largest * scale + logf(sum);
}

static void forward_head(int index, int worker, void *payload)
{
    const Attention *a = payload;
    const GaclipAttentionShape *s = a->shape;
    int T = s->tokens, W = s->width, D = W / s->heads, h = index % s->heads;
    size_t image = (size_t)(index / s->heads);
    const float *q = a->qkv + image * (size_t)T * 3 * (size_t)W + (size_t)(h * D);
    float *out = a->out + image * (size_t)T * (size_t)W + (size_t)(h * D);
    float *scores = gaclip__scratch(a->compute, worker); /* (T, T) */
    GaclipBackend backend = a->compute->backend;
    gaclip__gemm_serial(backend, GACLIP__PLAIN, GACLIP__TRANSPOSED, T, T, D, 1.0f, q, 3 * W, q + W,
                        3 * W, 0.0f, scores, T);
    for (int i = 0; i < T; i++) {
        float sum = softmax_row(scores + (size_t)i * (size_t)T, s->causal ? i + 1 : T, T,
                                1.0f / sqrtf((float)D));
        if (a->log_sums) a->log_sums[(size_t)index * (size_t)T + (size_t)i] = sum;
    }
    gaclip__gemm_serial(backend, GACLIP__PLAIN, GACLIP__PLAIN, T, D, T, 1.0f, scores, T, q + 2 * W,
                        3 * W, 0.0f, out, W);
}

void gaclip__attention_forward(const GaclipCompute *compute, float *out, float *log_sums,
                               const float *qkv, const GaclipAttentionShape *shape)
{
    Attention a = {
        .compute = compute, .shape = shape, .qkv = qkv, .out = out, .log_sums = log_sums};
    gaclip__threads_run(compute->pool, shape->batch * shape->heads, forward_head, &a);
}

GACLIP__CLONES static void probability_row(float *row, int visible, int tokens, float scale,
                                           float log_sum)
{
    GACLIP__SIMD for (int j = 0; j < visible; j++) row[j] = gaclip__exp(row[j] * scale - log_sum);
    for (int j = visible; j < tokens; j++) row[j] = 0.0f;
}

/* grad of the scores: p (grad_p - sum(p grad_p)) * scale, into grad_p. What rounding leaves of the
 * row's sum, which is 0, is taken out again: a key bias has no gradient but that rest, and Adam
 * would make a step of it. */
GACLIP__CLONES static void softmax_gradient_row(float *grad, const float *p, int tokens, float scale)
{
    float sum = 0, rest = 0, whole = 0;
    GACLIP__SIMD_SUM(sum) for (int j = 0; j < tokens; j++) sum += p[j] * grad[j];
    GACLIP__SIMD for (int j = 0; j < tokens; j++) grad[j] = p[j] * (grad[j] - sum) * scale;
    GACLIP__SIMD_SUM(rest) for (int j = 0; j < tokens; j++) rest += grad[j];
    GACLIP__SIMD_SUM(whole) for (int j = 0; j < tokens; j++) whole += p[j];
    float share = rest / whole;
    GACLIP__SIMD for (int j = 0; j < tokens; j++) grad[j] -= p[j] * share;
}

static void backward_head(int index, int worker, void *payload)
{
    const Attention *a = payload;
    const GaclipAttentionShape *s = a->shape;
    int T = s->tokens, W = s->width, D = W / s->heads, h = index % s->heads;
    size_t image = (size_t)(index / s->heads);
    const float *q = a->qkv + image * (size_t)T * 3 * (size_t)W + (size_t)(h * D);
    const float *k = q + W, *v = k + W;
    float *grad_q = a->grad_qkv + (q - a->qkv), *grad_k = grad_q + W, *grad_v = grad_k + W;
    const float *grad_out = a->grad_out + image * (size_t)T * (size_t)W + (size_t)(h * D);
    float *p = gaclip__scratch(a->compute, worker); /* (T, T) */
    float *grad_p = p + (size_t)T * (size_t)T;      /* (T, T) */
    float scale = 1.0f / sqrtf((float)D);
    GaclipBackend backend = a->compute->backend;
    gaclip__gemm_serial(backend, GACLIP__PLAIN, GACLIP__TRANSPOSED, T, T, D, 1.0f, q, 3 * W, k,
                        3 * W, 0.0f, p, T);
    gaclip__gemm_serial(backend, GACLIP__PLAIN, GACLIP__TRANSPOSED, T, T, D, 1.0f, grad_out, W, v,
                        3 * W, 0.0f, grad_p, T);
    for (int i = 0; i < T; i++) {
        size_t row = (size_t)i * (size_t)T;
        probability_row(p + row, s->causal ? i + 1 : T, T, scale,
                        a->old_log_sums[(size_t)index * (size_t)T + (size_t)i]);
    }
    gaclip__gemm_serial(backend, GACLIP__TRANSPOSED, GACLIP__PLAIN, T, D, T, 1.0f, p, T, grad_out,
                        W, 0.0f, grad_v, 3 * W);
    for (int i = 0; i < T; i++)
        softmax_gradient_row(grad_p + (size_t)i * (size_t)T, p + (size_t)i * (size_t)T, T, scale);
    gaclip__gemm_serial(backend, GACLIP__PLAIN, GACLIP__PLAIN, T, D, T, 1.0f, grad_p, T, k, 3 * W,
                        0.0f, grad_q, 3 * W);
    gaclip__gemm_serial(backend, GACLIP__TRANSPOSED, GACLIP__PLAIN, T, D, T, 1.0f, grad_p, T, q,
                        3 * W, 0.0f, grad_k, 3 * W);
}

void gaclip__attention_backward(const GaclipCompute *compute, float *grad_qkv,
                                const float *grad_out, const float *qkv, const float *log_sums,
                                const GaclipAttentionShape *shape)
{
    Attention a = {.compute = compute,
                   .shape = shape,
                   .qkv = qkv,
                   .grad_qkv = grad_qkv,
                   .grad_out = grad_out,
                   .old_log_sums = log_sums};
    gaclip__threads_run(compute->pool, shape->batch * shape->heads, backward_head, &a);
}
