#include "math/activation.h"

#include <math.h>

#include "base/vector.h"
#include "math/exponential.h"

enum { BLOCK = 16384 };

/* erf(|z|) = 1 - poly(t) e^(-z^2), t = 1 / (1 + p |z|), error below 1.5e-7: Abramowitz and Stegun,
 * Handbook of Mathematical Functions, 7.1.26. gauss is e^(-z^2). */
static inline float erf_by_gauss(float z, float gauss)
{
    float t = 1.0f / (1.0f + 0.3275911f * fabsf(z));
    float poly = t * (0.254829592f +
                      t * (-0.284496736f +
                           t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
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

GACLIP__CLONES static void gelu_gradient(float *grad, const float *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++)
    {
        float x = in[i], gauss = gaclip__exp(-0.5f * x * x);
        float cumulative = 0.5f * (1.0f + erf_by_gauss(x * 0.70710678f, gauss));
        grad[i] *= cumulative + x * gauss * 0.39894228f;
    }
}

GACLIP__CLONES static void quick_gelu(float *out, const float *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) out[i] =
        in[i] / (1.0f + gaclip__exp(-1.702f * in[i]));
}

GACLIP__CLONES static void quick_gelu_gradient(float *grad, const float *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++)
    {
        float sigmoid = 1.0f / (1.0f + gaclip__exp(-1.702f * in[i]));
        grad[i] *= sigmoid * (1.0f + 1.702f * in[i] * (1.0f - sigmoid));
    }
}

GACLIP__CLONES static void add(float *a, const float *b, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) a[i] += b[i];
}

typedef void Loop(float *, const float *, size_t);

typedef struct Elementwise {
    Loop *loop;
    float *a;       /* (count) */
    const float *b; /* (count) */
    size_t count;
} Elementwise;

static void run_block(int index, int worker, void *payload)
{
    (void)worker;
    const Elementwise *e = payload;
    size_t first = (size_t)index * BLOCK;
    e->loop(e->a + first, e->b + first, e->count - first < BLOCK ? e->count - first : BLOCK);
}

static void run(const GaclipCompute *compute, Loop *loop, float *a, const float *b, size_t count)
{
    Elementwise e = {loop, a, b, count};
    gaclip__threads_run(compute->pool, (int)((count + BLOCK - 1) / BLOCK), run_block, &e);
}

void gaclip__activation_forward(const GaclipCompute *compute, GaclipActivation kind, float *out,
                                const float *in, size_t count)
{
    run(compute, kind == GACLIP_GELU ? gelu : quick_gelu, out, in, count);
}

void gaclip__activation_backward(const GaclipCompute *compute, GaclipActivation kind, float *grad,
                                 const float *in, size_t count)
{
    run(compute, kind == GACLIP_GELU ? gelu_gradient : quick_gelu_gradient, grad, in, count);
}

void gaclip__add(const GaclipCompute *compute, float *a, const float *b, size_t count)
{
    run(compute, add, a, b, count);
}
