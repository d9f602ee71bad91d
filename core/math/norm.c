#include "math/norm.h"

#include <math.h>
#include <string.h>

#include "base/vector.h"

enum { ROW_BLOCK = 64 };

typedef struct Norm {
    const GaclipCompute *compute;
    float *out, *stats;                /* (rows, width), (rows, 2) */
    const float *in, *weight, *bias;   /* (rows, width), (width), (width) */
    float *grad_in;                    /* (rows, width) */
    const float *grad_out, *old_stats; /* (rows, width), (rows, 2) */
    int rows, width, accumulate;
    float epsilon;
} Norm;

GACLIP__CLONES static void normalise_row(float *out, float *stats, const float *in,
                                         const float *weight, const float *bias, int width,
                                         float epsilon)
{
    float mean = 0, variance = 0;
    GACLIP__SIMD_SUM(mean) for (int i = 0; i < width; i++) mean += in[i];
    mean /= (float)width;
    GACLIP__SIMD_SUM(variance) for (int i = 0; i < width; i++)
    {
        float d = in[i] - mean;
        variance += d * d;
    }
    float inverse = 1.0f / sqrtf(variance / (float)width + epsilon);
    GACLIP__SIMD for (int i = 0; i < width; i++) out[i] =
        (in[i] - mean) * inverse * weight[i] + bias[i];
    if (stats) {
        stats[0] = mean;
        stats[1] = inverse;
    }
}

static void forward_rows(int index, int worker, void *payload)
{
    (void)worker;
    const Norm *n = payload;
    int end = (index + 1) * ROW_BLOCK < n->rows ? (index + 1) * ROW_BLOCK : n->rows;
    for (int r = index * ROW_BLOCK; r < end; r++) {
        size_t at = (size_t)r * (size_t)n->width;
        normalise_row(n->out + at, n->stats ? n->stats + 2 * (size_t)r : NULL, n->in + at,
                      n->weight, n->bias, n->width, n->epsilon);
    }
}

void gaclip__layer_norm_forward(const GaclipCompute *compute, float *out, float *stats,
                                const float *in, const float *weight, const float *bias, int rows,
                                int width, float epsilon)
{
    Norm n = {.compute = compute,
              .out = out,
              .stats = stats,
              .in = in,
              .weight = weight,
              .bias = bias,
              .rows = rows,
              .width = width,
              .epsilon = epsilon};
    gaclip__threads_run(compute->pool, (rows + ROW_BLOCK - 1) / ROW_BLOCK, forward_rows, &n);
}

/* With x^ = (x - mean) / deviation and g = grad_out * weight:
 * grad_in = (g - mean(g) - x^ mean(g x^)) / deviation. */
GACLIP__CLONES static void backward_row(float *grad_in, float *grad_weight, float *grad_bias,
                                        const float *grad_out, const float *in, const float *stats,
                                        const float *weight, int width, int accumulate)
{
    float mean = stats[0], inverse = stats[1], sum = 0, sum_hat = 0;
    GACLIP__PRAGMA(omp simd reduction(+ : sum, sum_hat))
    for (int i = 0; i < width; i++) {
        float hat = (in[i] - mean) * inverse, g = grad_out[i] * weight[i];
        sum += g;
        sum_hat += g * hat;
        grad_weight[i] += grad_out[i] * hat;
        grad_bias[i] += grad_out[i];
    }
    sum /= (float)width;
    sum_hat /= (float)width;
    if (!accumulate) {
        GACLIP__SIMD for (int i = 0; i < width; i++)
        {
            float hat = (in[i] - mean) * inverse;
            grad_in[i] = (grad_out[i] * weight[i] - sum - hat * sum_hat) * inverse;
        }
        return;
    }
    GACLIP__SIMD for (int i = 0; i < width; i++)
    {
        float hat = (in[i] - mean) * inverse;
        grad_in[i] += (grad_out[i] * weight[i] - sum - hat * sum_hat) * inverse;
    }
}

static void backward_rows(int index, int worker, void *payload)
{
    const Norm *n = payload;
    float *grad_weight = gaclip__scratch(n->compute, worker), *grad_bias = grad_weight + n->width;
    int end = (index + 1) * ROW_BLOCK < n->rows ? (index + 1) * ROW_BLOCK : n->rows;
    for (int r = index * ROW_BLOCK; r < end; r++) {
        size_t at = (size_t)r * (size_t)n->width;
        backward_row(n->grad_in + at, grad_weight, grad_bias, n->grad_out + at, n->in + at,
                     n->old_stats + 2 * (size_t)r, n->weight, n->width, n->accumulate);
    }
}

void gaclip__layer_norm_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                                 float *grad_bias, const float *grad_out, const float *in,
                                 const float *stats, const float *weight, int rows, int width,
                                 int accumulate)
{
    Norm n = {.compute = compute,
              .in = in,
              .weight = weight,
              .grad_in = grad_in,
              .grad_out = grad_out,
              .old_stats = stats,
              .rows = rows,
              .width = width,
              .accumulate = accumulate};
    int threads = gaclip__threads_count(compute->pool);
    for (int w = 0; w < threads; w++)
        memset(gaclip__scratch(compute, w), 0, 2 * (size_t)width * sizeof(float));
    gaclip__threads_run(compute->pool, (rows + ROW_BLOCK - 1) / ROW_BLOCK, backward_rows, &n);
    for (int w = 0; w < threads; w++) {
        const float *partial = gaclip__scratch(compute, w);
        for (int i = 0; i < width; i++) {
            grad_weight[i] += partial[i];
            grad_bias[i] += partial[width + i];
        }
    }
}

void gaclip__unit_forward(float *out, float *lengths, const float *in, int rows, int width)
{
    for (int r = 0; r < rows; r++) {
        const float *x = in + (size_t)r * (size_t)width;
        double squares = 0;
        for (int i = 0; i < width; i++) squares += (double)x[i] * x[i];
        float length = (float)sqrt(squares);
        if (lengths) lengths[r] = length;
        for (int i = 0; i < width; i++)
            out[(size_t)r * (size_t)width + (size_t)i] = length > 0 ? x[i] / length : 0.0f;
    }
}

void gaclip__unit_backward(float *grad_in, const float *grad_out, const float *out,
                           const float *lengths, int rows, int width)
{
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)width;
        double along = 0;
        for (int i = 0; i < width; i++) along += (double)out[at + (size_t)i] * grad_out[at + (size_t)i];
        for (int i = 0; i < width; i++) {
            size_t k = at + (size_t)i;
            grad_in[k] =
                lengths[r] > 0 ? (float)((grad_out[k] - along * out[k]) / lengths[r]) : 0.0f;
        }
    }
}
