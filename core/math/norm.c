#include "math/norm.h"

#include <math.h>
#include <string.h>

#include "base/vector.h"

/* The backward's sums over rows are kept in PARTS parts, each of every PARTS-th block of rows, so
 * that they do not depend on the number of threads. */
enum { ROW_BLOCK = 64, PARTS = 16, STRIP = 512 };

typedef struct Norm {
    const GaclipCompute *compute;
    GaclipOperand out;                 /* (rows, width) */
    float *stats;                      /* (rows, 2) */
    const float *in, *weight, *bias;   /* (rows, width), (width), (width) */
    float *grad_in;                    /* (rows, width) */
    const float *grad_out, *old_stats; /* (rows, width), (rows, 2) */
    int rows, width, accumulate;
    float epsilon;
} Norm;

/* stats (2) = mean, 1 / deviation */
GACLIP__CLONES static void measure_row(float *stats, const float *in, int width, float epsilon)
{
    float mean = 0, variance = 0;
    GACLIP__SIMD_SUM(mean) for (int i = 0; i < width; i++) mean += in[i];
    mean /= (float)width;
    GACLIP__SIMD_SUM(variance) for (int i = 0; i < width; i++)
    {
        float d = in[i] - mean;
        variance += d * d;
    }
    stats[0] = mean;
    stats[1] = 1.0f / sqrtf(variance / (float)width + epsilon);
}

GACLIP__CLONES static void normalise(float *out, const float *in, const float *stats,
                                     const float *weight, const float *bias, int count)
{
    float mean = stats[0], inverse = stats[1];
    GACLIP__SIMD for (int i = 0; i < count; i++) out[i] =
        (in[i] - mean) * inverse * weight[i] + bias[i];
}

static void forward_row(const Norm *n, size_t row)
{
    size_t width = (size_t)n->width, at = row * width;
    const float *in = n->in + at;
    float own[2], *stats = n->stats ? n->stats + 2 * row : own, strip[STRIP];
    measure_row(stats, in, n->width, n->epsilon);
    if (n->out.f32) {
        normalise(n->out.f32 + at, in, stats, n->weight, n->bias, n->width);
        return;
    }
    for (size_t i = 0; i < width; i += STRIP) {
        size_t count = width - i < STRIP ? width - i : STRIP;
        normalise(strip, in + i, stats, n->weight + i, n->bias + i, (int)count);
        gaclip__operand_set(gaclip__operand_at(n->out, at + i), strip, count);
    }
}

static void forward_rows(int index, int worker, void *payload)
{
    (void)worker;
    const Norm *n = payload;
    int end = (index + 1) * ROW_BLOCK < n->rows ? (index + 1) * ROW_BLOCK : n->rows;
    for (int r = index * ROW_BLOCK; r < end; r++) forward_row(n, (size_t)r);
}

void gaclip__layer_norm_forward(const GaclipCompute *compute, GaclipOperand out, float *stats,
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

static void backward_part(int part, int worker, void *payload)
{
    (void)worker;
    const Norm *n = payload;
    size_t width = (size_t)n->width;
    float *grad_weight = gaclip__scratch(n->compute, 0) + 2 * width * (size_t)part;
    float *grad_bias = grad_weight + width;
    memset(grad_weight, 0, 2 * width * sizeof *grad_weight);
    for (int first = part * ROW_BLOCK; first < n->rows; first += PARTS * ROW_BLOCK) {
        int end = first + ROW_BLOCK < n->rows ? first + ROW_BLOCK : n->rows;
        for (int r = first; r < end; r++) {
            size_t at = (size_t)r * width;
            backward_row(n->grad_in + at, grad_weight, grad_bias, n->grad_out + at, n->in + at,
                         n->old_stats + 2 * (size_t)r, n->weight, n->width, n->accumulate);
        }
    }
}

size_t gaclip__layer_norm_scratch(int width)
{
    return PARTS * 2 * (size_t)width;
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
    gaclip__threads_run(compute->pool, PARTS, backward_part, &n);
    for (int part = 0; part < PARTS; part++) {
        const float *sums = gaclip__scratch(compute, 0) + 2 * part * width;
        for (int i = 0; i < width; i++) {
            grad_weight[i] += sums[i];
            grad_bias[i] += sums[width + i];
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
        for (int i = 0; i < width; i++)
            along += (double)out[at + (size_t)i] * grad_out[at + (size_t)i];
        for (int i = 0; i < width; i++) {
            size_t k = at + (size_t)i;
            grad_in[k] =
                lengths[r] > 0 ? (float)((grad_out[k] - along * out[k]) / lengths[r]) : 0.0f;
        }
    }
}
