#include "math/convolution.h"

#include <string.h>

#include "base/vector.h"
#include "math/gemm.h"

enum { TAPS = 9, CHUNK_PIXELS = 192 };

typedef struct Convolution {
    const GaclipCompute *compute;
    const GaclipConvolutionShape *shape;
    int out_height, out_width, chunk_rows; /* chunk_rows output rows are gathered at a time */
    float *out;                            /* (batch, out_height, out_width, n_out) */
    const float *in;                       /* (batch, height, width, n_in) */
    const float *weight, *bias;            /* (n_out, 9 n_in), (n_out) */
    float *grad_in;
    const float *grad_out;
} Convolution;

static Convolution prepare(const GaclipCompute *compute, const GaclipConvolutionShape *s)
{
    Convolution c = {.compute = compute, .shape = s};
    c.out_height = gaclip__convolved(s->height, s->stride);
    c.out_width = gaclip__convolved(s->width, s->stride);
    c.chunk_rows = CHUNK_PIXELS / c.out_width > 0 ? CHUNK_PIXELS / c.out_width : 1;
    return c;
}

static size_t columns_floats(const Convolution *c)
{
    return (size_t)c->chunk_rows * (size_t)c->out_width * TAPS * (size_t)c->shape->n_in;
}

static size_t weight_floats(const GaclipConvolutionShape *s)
{
    return (size_t)s->n_out * (TAPS * (size_t)s->n_in + 1);
}

size_t gaclip__convolution_scratch(const GaclipConvolutionShape *shape)
{
    Convolution c = prepare(NULL, shape);
    return weight_floats(shape) + 2 * columns_floats(&c);
}

/* Where tap (ky, kx) of output pixel (y, x) falls in the input: -1 outside. */
static inline long tap_offset(const Convolution *c, int y, int x, int tap)
{
    const GaclipConvolutionShape *s = c->shape;
    int row = y * s->stride + tap / 3 - 1, column = x * s->stride + tap % 3 - 1;
    if (row < 0 || row >= s->height || column < 0 || column >= s->width) return -1;
    return ((long)row * s->width + column) * s->n_in;
}

/* columns (rows*out_width, 9*n_in) of output rows first_row.. of one image. */
static void gather(float *columns, const Convolution *c, const float *image, int first_row,
                   int rows)
{
    size_t n_in = (size_t)c->shape->n_in;
    for (int y = first_row; y < first_row + rows; y++)
        for (int x = 0; x < c->out_width; x++)
            for (int tap = 0; tap < TAPS; tap++, columns += n_in) {
                long at = tap_offset(c, y, x, tap);
                if (at < 0)
                    memset(columns, 0, n_in * sizeof *columns);
                else
                    memcpy(columns, image + at, n_in * sizeof *columns);
            }
}

GACLIP__CLONES static void add_channels(float *a, const float *b, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) a[i] += b[i];
}

static void scatter_add(float *image, const Convolution *c, const float *columns, int first_row,
                        int rows)
{
    size_t n_in = (size_t)c->shape->n_in;
    for (int y = first_row; y < first_row + rows; y++)
        for (int x = 0; x < c->out_width; x++)
            for (int tap = 0; tap < TAPS; tap++, columns += n_in) {
                long at = tap_offset(c, y, x, tap);
                if (at >= 0) add_channels(image + at, columns, n_in);
            }
}

static void forward_chunk(int index, int worker, void *payload)
{
    const Convolution *c = payload;
    const GaclipConvolutionShape *s = c->shape;
    int chunks = (c->out_height + c->chunk_rows - 1) / c->chunk_rows;
    int row = index % chunks * c->chunk_rows;
    size_t image = (size_t)(index / chunks);
    int rows = c->out_height - row < c->chunk_rows ? c->out_height - row : c->chunk_rows;
    int pixels = rows * c->out_width, taps = TAPS * s->n_in;
    float *columns = gaclip__scratch(c->compute, worker);
    float *out = c->out + (image * (size_t)c->out_height + (size_t)row) * (size_t)c->out_width *
                              (size_t)s->n_out;
    gather(columns, c, c->in + image * (size_t)s->height * (size_t)s->width * (size_t)s->n_in, row,
           rows);
    for (int i = 0; i < pixels; i++)
        memcpy(out + (size_t)i * (size_t)s->n_out, c->bias, (size_t)s->n_out * sizeof *out);
    gaclip__gemm_serial(c->compute->backend, GACLIP__PLAIN, GACLIP__TRANSPOSED, pixels, s->n_out,
                        taps, 1.0f, columns, taps, c->weight, taps, 1.0f, out, s->n_out);
}

void gaclip__convolution_forward(const GaclipCompute *compute, float *out, const float *in,
                                 const float *weight, const float *bias,
                                 const GaclipConvolutionShape *shape)
{
    Convolution c = prepare(compute, shape);
    c.out = out;
    c.in = in;
    c.weight = weight;
    c.bias = bias;
    int chunks = (c.out_height + c.chunk_rows - 1) / c.chunk_rows;
    gaclip__threads_run(compute->pool, shape->batch * chunks, forward_chunk, &c);
}

/* A whole image a task, so that no two tasks add to the same input pixel. The worker's sums of
 * weight and bias gradients lie at the start of its scratch. */
static void backward_image(int index, int worker, void *payload)
{
    const Convolution *c = payload;
    const GaclipConvolutionShape *s = c->shape;
    int taps = TAPS * s->n_in;
    float *grad_weight = gaclip__scratch(c->compute, worker);
    float *grad_bias = grad_weight + (size_t)s->n_out * (size_t)taps;
    float *columns = grad_bias + s->n_out, *grad_columns = columns + columns_floats(c);
    size_t in_floats = (size_t)s->height * (size_t)s->width * (size_t)s->n_in;
    const float *in = c->in + (size_t)index * in_floats;
    float *grad_in = c->grad_in ? c->grad_in + (size_t)index * in_floats : NULL;
    if (grad_in) memset(grad_in, 0, in_floats * sizeof *grad_in);
    for (int row = 0; row < c->out_height; row += c->chunk_rows) {
        int rows = c->out_height - row < c->chunk_rows ? c->out_height - row : c->chunk_rows;
        int pixels = rows * c->out_width;
        const float *grad_out = c->grad_out + ((size_t)index * (size_t)c->out_height + (size_t)row) *
                                                  (size_t)c->out_width * (size_t)s->n_out;
        gather(columns, c, in, row, rows);
        gaclip__gemm_serial(c->compute->backend, GACLIP__TRANSPOSED, GACLIP__PLAIN, s->n_out, taps,
                            pixels, 1.0f, grad_out, s->n_out, columns, taps, 1.0f, grad_weight,
                            taps);
        for (int i = 0; i < pixels; i++)
            add_channels(grad_bias, grad_out + (size_t)i * (size_t)s->n_out, (size_t)s->n_out);
        if (!grad_in) continue;
        gaclip__gemm_serial(c->compute->backend, GACLIP__PLAIN, GACLIP__PLAIN, pixels, taps,
                            s->n_out, 1.0f, grad_out, s->n_out, c->weight, taps, 0.0f, grad_columns,
                            taps);
        scatter_add(grad_in, c, grad_columns, row, rows);
    }
}

void gaclip__convolution_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                                  float *grad_bias, const float *grad_out, const float *in,
                                  const float *weight, const GaclipConvolutionShape *shape)
{
    Convolution c = prepare(compute, shape);
    c.in = in;
    c.weight = weight;
    c.grad_in = grad_in;
    c.grad_out = grad_out;
    int threads = gaclip__threads_count(compute->pool);
    size_t weights = (size_t)shape->n_out * TAPS * (size_t)shape->n_in;
    for (int w = 0; w < threads; w++)
        memset(gaclip__scratch(compute, w), 0, weight_floats(shape) * sizeof(float));
    gaclip__threads_run(compute->pool, shape->batch, backward_image, &c);
    for (int w = 0; w < threads; w++) {
        add_channels(grad_weight, gaclip__scratch(compute, w), weights);
        add_channels(grad_bias, gaclip__scratch(compute, w) + weights, (size_t)shape->n_out);
    }
}
