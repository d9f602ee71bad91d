#include "loss/contrastive.h"

#include <math.h>
#include <stdlib.h>

#include "base/vector.h"

GACLIP__CLONES static float dot(const float *a, const float *b, int width)
{
    float sum = 0;
    GACLIP__SIMD_SUM(sum) for (int i = 0; i < width; i++) sum += a[i] * b[i];
    return sum;
}

GACLIP__CLONES static void add_scaled(float *a, const float *b, float factor, int width)
{
    GACLIP__SIMD for (int i = 0; i < width; i++) a[i] += factor * b[i];
}

static int takes_part(const int *ids, int i, int j)
{
    return i == j || !ids || ids[i] != ids[j];
}

/* Adds the softmax of row i (stride 1) or column i (stride count) of the similarities, minus one at
 * i, to the same places of grad; returns -log softmax[i]. */
static double direction(double *grad, const double *similarity, const int *ids, int count, int i,
                        double scale, int by_column)
{
    size_t first = by_column ? (size_t)i : (size_t)i * (size_t)count;
    size_t stride = by_column ? (size_t)count : 1;
    double largest = -INFINITY, sum = 0;
    for (int j = 0; j < count; j++)
        if (takes_part(ids, i, j)) largest = fmax(largest, similarity[first + stride * (size_t)j]);
    for (int j = 0; j < count; j++)
        if (takes_part(ids, i, j))
            sum += exp(scale * (similarity[first + stride * (size_t)j] - largest));
    for (int j = 0; j < count; j++)
        if (takes_part(ids, i, j)) {
            size_t at = first + stride * (size_t)j;
            grad[at] += exp(scale * (similarity[at] - largest)) / sum - (i == j);
        }
    return log(sum) - scale * (similarity[first + stride * (size_t)i] - largest);
}

int gaclip__contrastive(double *loss, float *grad_a, float *grad_b, double *grad_scale,
                        const float *a, const float *b, const int *ids, int count, int width,
                        double scale, double weight, GaclipError *err)
{
    size_t N = (size_t)count, W = (size_t)width;
    double *similarity = calloc(2 * N * N + 1, sizeof *similarity), *grad = similarity + N * N;
    if (!similarity) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) similarity[i * N + j] = dot(a + i * W, b + j * W, width);
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += direction(grad, similarity, ids, count, i, scale, 0) +
               direction(grad, similarity, ids, count, i, scale, 1);
    double factor = weight / (2.0 * count), by_scale = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double g = grad[i * N + j] * factor;
            by_scale += g * similarity[i * N + j];
            if (g == 0) continue;
            add_scaled(grad_a + i * W, b + j * W, (float)(g * scale), width);
            add_scaled(grad_b + j * W, a + i * W, (float)(g * scale), width);
        }
    *grad_scale += by_scale;
    *loss = count ? sum / (2.0 * count) : 0.0;
    free(similarity);
    return GACLIP_OK;
}
