#include "loss/contrastive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "math/gemm.h"

/* N pairs, W wide. */
typedef struct Work {
    float *a, *b;           /* (N, W) in the pairs' order */
    float *similarity;      /* (N, N) a_i . b_j */
    float *grad;            /* (N, N) by the similarities times scale */
    float *grad_a, *grad_b; /* (N, W) */
} Work;

static int allocate(Work *work, float **memory, size_t N, size_t W)
{
    float *floats = malloc((2 * N * N + 4 * N * W + 1) * sizeof *floats);
    *memory = floats;
    if (!floats) return 0;
    *work = (Work){.a = floats, .b = floats + N * W};
    work->grad_a = floats + 2 * N * W;
    work->grad_b = floats + 3 * N * W;
    work->similarity = floats + 4 * N * W;
    work->grad = work->similarity + N * N;
    return 1;
}

static void gather(float *out, const float *rows, const int *places, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * width, rows + (places ? (size_t)places[i] : i) * width,
               width * sizeof *out);
}

GACLIP__CLONES static void scatter(float *rows, const float *in, const int *places, size_t count,
                                   size_t width, float factor)
{
    for (size_t i = 0; i < count; i++) {
        float *row = rows + (places ? (size_t)places[i] : i) * width;
        const float *from = in + i * width;
        GACLIP__SIMD for (size_t k = 0; k < width; k++) row[k] += factor * from[k];
    }
}

static int takes_part(const int *ids, int i, int j)
{
    return i == j || !ids || ids[i] != ids[j];
}

/* Adds the softmax of row i (stride 1) or column i (stride count) of the similarities, minus one at
 * i, to the same places of grad; returns -log softmax[i]. */
static double direction(float *grad, const float *similarity, const int *ids, int count, int i,
                        double scale, size_t stride)
{
    size_t first = (size_t)i * (stride == 1 ? (size_t)count : 1);
    double largest = -INFINITY, sum = 0;
    for (int j = 0; j < count; j++)
        if (takes_part(ids, i, j))
            largest = fmax(largest, (double)similarity[first + stride * (size_t)j]);
    for (int j = 0; j < count; j++)
        if (takes_part(ids, i, j))
            sum += exp(scale * ((double)similarity[first + stride * (size_t)j] - largest));
    double log_sum = log(sum) + scale * largest;
    for (int j = 0; j < count; j++)
        if (takes_part(ids, i, j)) {
            size_t at = first + stride * (size_t)j;
            grad[at] += (float)(exp(scale * (double)similarity[at] - log_sum) - (i == j));
        }
    return log_sum - scale * (double)similarity[first + stride * (size_t)i];
}

static double both_directions(const Work *w, const int *ids, int count, double scale)
{
    double sum = 0;
    memset(w->grad, 0, (size_t)count * (size_t)count * sizeof *w->grad);
    for (int i = 0; i < count; i++)
        sum += direction(w->grad, w->similarity, ids, count, i, scale, 1) +
               direction(w->grad, w->similarity, ids, count, i, scale, (size_t)count);
    return sum;
}

int gaclip__contrastive(double *loss, double *grad_scale, const GaclipCompute *compute,
                        const GaclipPairs *pairs, double scale, double weight, GaclipError *err)
{
    int count = pairs->count, width = pairs->width;
    size_t N = (size_t)count, W = (size_t)width;
    Work w;
    float *memory;
    *loss = 0;
    if (count == 0) return GACLIP_OK;
    if (!allocate(&w, &memory, N, W))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for %d pairs", count);
    gather(w.a, pairs->a, pairs->a_rows, N, W);
    gather(w.b, pairs->b, pairs->b_rows, N, W);
    GaclipOperand a = gaclip__floats(w.a), b = gaclip__floats(w.b), grad = gaclip__floats(w.grad);
    gaclip__gemm(compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, count, count, width, a, width, b,
                 width, GACLIP__SET, w.similarity, count);
    *loss = both_directions(&w, pairs->ids, count, scale) / (2.0 * count);
    gaclip__gemm(compute, GACLIP__PLAIN, GACLIP__PLAIN, count, width, count, grad, count, b, width,
                 GACLIP__SET, w.grad_a, width);
    gaclip__gemm(compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, count, width, count, grad, count, a,
                 width, GACLIP__SET, w.grad_b, width);
    double factor = weight / (2.0 * count), by_scale = 0;
    for (size_t i = 0; i < N * N; i++) by_scale += (double)w.grad[i] * (double)w.similarity[i];
    *grad_scale += by_scale * factor;
    scatter(pairs->grad_a, w.grad_a, pairs->a_rows, N, W, (float)(factor * scale));
    scatter(pairs->grad_b, w.grad_b, pairs->b_rows, N, W, (float)(factor * scale));
    free(memory);
    return GACLIP_OK;
}
