#include "math/activation.h"

#include <math.h>

#include "base/vector.h"
#include "math/exponential.h"

/* STRIP values at a time are kept in the first-level cache between f32 arithmetic and bf16. */
enum { BLOCK = 16384, STRIP = 512 };

/* erf(|z|) = 1 - poly(t) e^(-z^2), t = 1 / (1 + p |z|), error below 1.5e-7: Abramowitz and Stegun,
 * Handbook of Mathematical Functions, 7.1.26. gauss is e^(-z^2). */
static inline float erf_by_gauss(float z, float gauss)
{
    float t = 1.0f / (1.0f + 0.3275911f * fabsf(z));
    float poly =
        t * (0.254829592f +
             t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    return copysignf(1.0f - poly * gauss, z);
}

GACLIP__CLONES static void gelu(float *out, const float *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++)
    {
        float x = in[i];
        out[i] = 0.5f * x * (1.0f + erf_by_gauss(x * 0.70710678f, gaclip__exp(-0.5f * x * x)));
    }
}

GACLIP__CLONES static void gelu_gradient(float *out, const float *grad, const float *in,
                                         size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++)
    {
        float x = in[i], gauss = gaclip__exp(-0.5f * x * x);
        float cumulative = 0.5f * (1.0f + erf_by_gauss(x * 0.70710678f, gauss));
        out[i] = grad[i] * (cumulative + x * gauss * 0.39894228f);
    }
}

GACLIP__CLONES static void quick_gelu(float *out, const float *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) out[i] =
        in[i] / (1.0f + gaclip__exp(-1.702f * in[i]));
}

GACLIP__CLONES static void quick_gelu_gradient(float *out, const float *grad, const float *in,
                                               size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++)
    {
        float sigmoid = 1.0f / (1.0f + gaclip__exp(-1.702f * in[i]));
        out[i] = grad[i] * (sigmoid * (1.0f + 1.702f * in[i] * (1.0f - sigmoid)));
    }
}

void gaclip__activate(GaclipActivation kind, GaclipOperand out, GaclipOperand in, size_t count)
{
    void (*activate)(float *, const float *, size_t) = kind == GACLIP_GELU ? gelu : quick_gelu;
    float strip[STRIP], wide[STRIP];
    if (out.f32 && in.f32) {
        activate(out.f32, in.f32, count);
        return;
    }
    for (size_t i = 0; i < count; i += STRIP) {
        size_t length = count - i < STRIP ? count - i : STRIP;
        if (in.bf16) gaclip__operand_get(wide, gaclip__operand_at(in, i), length);
        activate(strip, in.bf16 ? wide : in.f32 + i, length);
        gaclip__operand_set(gaclip__operand_at(out, i), strip, length);
    }
}

void gaclip__activate_backward(GaclipActivation kind, GaclipOperand out, const float *grad,
                               GaclipOperand in, size_t count)
{
    void (*derive)(float *, const float *, const float *, size_t) =
        kind == GACLIP_GELU ? gelu_gradient : quick_gelu_gradient;
    float strip[STRIP], wide[STRIP];
    if (out.f32 && in.f32) {
        derive(out.f32, grad, in.f32, count);
        return;
    }
    for (size_t i = 0; i < count; i += STRIP) {
        size_t length = count - i < STRIP ? count - i : STRIP;
        gaclip__operand_get(wide, gaclip__operand_at(in, i), length);
        derive(strip, grad + i, wide, length);
        gaclip__operand_set(gaclip__operand_at(out, i), strip, length);
    }
}

typedef struct Elementwise {
    GaclipActivation kind;
    GaclipOperand out, in; /* (count) */
    const float *grad;     /* (count) */
    size_t count;
} Elementwise;

static void forward_block(int index, int worker, void *payload)
{
    (void)worker;
    const Elementwise *e = payload;
    size_t first = (size_t)index * BLOCK;
    gaclip__activate(e->kind, gaclip__operand_at(e->out, first), gaclip__operand_at(e->in, first),
                     e->count - first < BLOCK ? e->count - first : BLOCK);
}

static void backward_block(int index, int worker, void *payload)
{
    (void)worker;
    const Elementwise *e = payload;
    size_t first = (size_t)index * BLOCK;
    gaclip__activate_backward(e->kind, gaclip__operand_at(e->out, first), e->grad + first,
                              gaclip__operand_at(e->in, first),
                              e->count - first < BLOCK ? e->count - first : BLOCK);
}

void gaclip__activation_forward(const GaclipCompute *compute, GaclipActivation kind,
                                GaclipOperand out, GaclipOperand in, size_t count)
{
    Elementwise e = {kind, out, in, NULL, count};
    gaclip__threads_run(compute->pool, (int)((count + BLOCK - 1) / BLOCK), forward_block, &e);
}

void gaclip__activation_backward(const GaclipCompute *compute, GaclipActivation kind,
                                 GaclipOperand out, const float *grad, const float *in,
                                 size_t count)
{
    Elementwise e = {kind, out, gaclip__floats(in), grad, count};
    gaclip__threads_run(compute->pool, (int)((count + BLOCK - 1) / BLOCK), backward_block, &e);
}

GACLIP__CLONES static void add(float *a, const float *b, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) a[i] += b[i];
}

typedef struct Sum {
    float *a;
    const float *b;
    size_t count;
} Sum;

static void add_block(int index, int worker, void *payload)
{
    (void)worker;
    const Sum *s = payload;
    size_t first = (size_t)index * BLOCK;
    add(s->a + first, s->b + first, s->count - first < BLOCK ? s->count - first : BLOCK);
}

void gaclip__add(const GaclipCompute *compute, float *a, const float *b, size_t count)
{
    Sum sum = {a, b, count};
    gaclip__threads_run(compute->pool, (int)((count + BLOCK - 1) / BLOCK), add_block, &sum);
}
