#include "math/linear.h"

#include "base/vector.h"
#include "math/gemm.h"

/* Rows a task: small enough that the bias is added while the product is in the cache. */
enum { ROW_BLOCK = 192, COLUMN_BLOCK = 64 };

typedef struct Linear {
    const GaclipCompute *compute;
    float *out;          /* (rows, n_out) */
    const float *in;     /* (rows, n_in) */
    const float *weight; /* (n_out, n_in), or (n_in, n_out) when projected */
    const float *bias;   /* (n_out) or NULL */
    int rows, n_in, n_out, projected;
} Linear;

GACLIP__CLONES static void add_bias(float *rows, const float *bias, int count, int width)
{
    for (int r = 0; r < count; r++) {
        float *row = rows + (size_t)r * (size_t)width;
        GACLIP__SIMD for (int i = 0; i < width; i++) row[i] += bias[i];
    }
}

static void forward_rows(int index, int worker, void *payload)
{
    (void)worker;
    const Linear *l = payload;
    int first = index * ROW_BLOCK;
    int count = l->rows - first < ROW_BLOCK ? l->rows - first : ROW_BLOCK;
    float *out = l->out + (size_t)first * (size_t)l->n_out;
    gaclip__gemm_serial(l->compute->backend, GACLIP__PLAIN,
                        l->projected ? GACLIP__PLAIN : GACLIP__TRANSPOSED, count, l->n_out, l->n_in,
                        1.0f, l->in + (size_t)first * (size_t)l->n_in, l->n_in, l->weight,
                        l->projected ? l->n_out : l->n_in, 0.0f, out, l->n_out);
    if (l->bias) add_bias(out, l->bias, count, l->n_out);
}

static int row_blocks(int rows)
{
    return (rows + ROW_BLOCK - 1) / ROW_BLOCK;
}

void gaclip__linear_forward(const GaclipCompute *compute, float *out, const float *in,
                            const float *weight, const float *bias, int rows, int n_in, int n_out)
{
    Linear l = {compute, out, in, weight, bias, rows, n_in, n_out, 0};
    gaclip__threads_run(compute->pool, row_blocks(rows), forward_rows, &l);
}

void gaclip__projection_forward(const GaclipCompute *compute, float *out, const float *in,
                                const float *projection, int rows, int n_in, int n_out)
{
    Linear l = {compute, out, in, projection, NULL, rows, n_in, n_out, 1};
    gaclip__threads_run(compute->pool, row_blocks(rows), forward_rows, &l);
}

typedef struct BiasSum {
    float *grad_bias;      /* (width) */
    const float *grad_out; /* (rows, width) */
    int rows, width;
} BiasSum;

GACLIP__CLONES static void sum_columns(float *restrict sum, const float *restrict rows, int count,
                                       int stride, int width)
{
    for (int r = 0; r < count; r++) {
        const float *row = rows + (size_t)r * (size_t)stride;
        GACLIP__SIMD for (int i = 0; i < width; i++) sum[i] += row[i];
    }
}

static void bias_columns(int index, int worker, void *payload)
{
    (void)worker;
    const BiasSum *b = payload;
    int first = index * COLUMN_BLOCK;
    int width = b->width - first < COLUMN_BLOCK ? b->width - first : COLUMN_BLOCK;
    float sum[COLUMN_BLOCK] = {0};
    sum_columns(sum, b->grad_out + first, b->rows, b->width, width);
    for (int i = 0; i < width; i++) b->grad_bias[first + i] += sum[i];
}

void gaclip__linear_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                             float *grad_bias, const float *grad_out, const float *in,
                             const float *weight, int rows, int n_in, int n_out)
{
    if (grad_in)
        gaclip__projection_forward(compute, grad_in, grad_out, weight, rows, n_out, n_in);
    if (grad_weight)
        gaclip__gemm(compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, n_out, n_in, rows, 1.0f, grad_out,
                     n_out, in, n_in, 1.0f, grad_weight, n_in);
    if (grad_bias) {
        BiasSum b = {grad_bias, grad_out, rows, n_out};
        gaclip__threads_run(compute->pool, (n_out + COLUMN_BLOCK - 1) / COLUMN_BLOCK, bias_columns,
                            &b);
    }
}

void gaclip__projection_backward(const GaclipCompute *compute, float *grad_in,
                                 float *grad_projection, const float *grad_out, const float *in,
                                 const float *projection, int rows, int n_in, int n_out)
{
    if (grad_in)
        gaclip__linear_forward(compute, grad_in, grad_out, projection, NULL, rows, n_out, n_in);
    if (grad_projection)
        gaclip__gemm(compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, n_in, n_out, rows, 1.0f, in, n_in,
                     grad_out, n_out, 1.0f, grad_projection, n_out);
}
