#include "math/convolution.h"

#include <string.h>

#include "base/vector.h"
#include "math/gemm.h"

/* CHUNK_PIXELS of output are gathered at a time. The backward's sums are kept in PARTS parts, each
 * of every PARTS-th image, so that they do not depend on the number of threads. */
enum { TAPS = 9, CHUNK_PIXELS = 192, PARTS = 8 };

typedef struct Convolution {
    const GaclipCompute *compute;
    const GaclipConvolutionShape *shape;
    int out_height, out_width, chunk_rows; /* output rows a chunk */
    float *out;                            /* (batch, out_height, out_width, n_out) */
    GaclipOperand in;                      /* (batch, height, width, n_in) */
    GaclipOperand weight;                  /* (n_out, 9 n_in) */
    const float *bias;                     /* (n_out) */
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

static size_t padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static size_t columns_floats(const Convolution *c)
{
    return padded((size_t)c->chunk_rows * (size_t)c->out_width * TAPS * (size_t)c->shape->n_in);
}

static size_t grad_out_floats(const Convolution *c)
{
    return padded((size_t)c->chunk_rows * (size_t)c->out_width * (size_t)c->shape->n_out);
}

/* Of one part's sums. */
static size_t weight_floats(const GaclipConvolutionShape *s)
{
    return padded((size_t)s->n_out * (TAPS * (size_t)s->n_in + 1));
}

size_t gaclip__convolution_scratch(const GaclipConvolutionShape *shape)
{
    Convolution c = prepare(NULL, shape);
    return PARTS * weight_floats(shape) + 2 * columns_floats(&c) + grad_out_floats(&c);
}

/* Where column 0 of tap row ky of output row y begins in the image: -1 above and below it. */
static inline long row_offset(const Convolution *c, int y, int ky)
{
    const GaclipConvolutionShape *s = c->shape;
    int row = y * s->stride + ky - 1;
    return row < 0 || row >= s->height ? -1 : (long)row * s->width * s->n_in;
}

static void clear(GaclipOperand out, size_t count)
{
    if (out.bf16)
        memset(out.bf16, 0, count * sizeof *out.bf16);
    else
        memset(out.f32, 0, count * sizeof *out.f32);
}

/* The three taps of row ky around output pixel x: neighbours lie side by side in the image. */
static void gather_taps(GaclipOperand columns, const Convolution *c, GaclipOperand row, int x)
{
    const GaclipConvolutionShape *s = c->shape;
    size_t n_in = (size_t)s->n_in;
    int first = x * s->stride - 1, skip = first < 0, end = first + 3;
    int taps = (end > s->width ? s->width : end) - first - skip;
    if (skip) clear(columns, n_in);
    gaclip__operand_copy(gaclip__operand_at(columns, (size_t)skip * n_in),
                         gaclip__operand_at(row, (size_t)(first + skip) * n_in),
                         (size_t)taps * n_in);
    if (skip + taps < 3)
        clear(gaclip__operand_at(columns, (size_t)(skip + taps) * n_in),
              (size_t)(3 - skip - taps) * n_in);
}

/* columns (rows*out_width, 9*n_in) of output rows first_row.. of one image. */
static void gather(GaclipOperand columns, const Convolution *c, GaclipOperand image, int first_row,
                   int rows)
{
    size_t taps = 3 * (size_t)c->shape->n_in;
    for (int y = first_row; y < first_row + rows; y++)
        for (int x = 0; x < c->out_width; x++)
            for (int ky = 0; ky < 3; ky++, columns = gaclip__operand_at(columns, taps)) {
                long at = row_offset(c, y, ky);
                if (at < 0)
                    clear(columns, taps);
                else
                    gather_taps(columns, c, gaclip__operand_at(image, (size_t)at), x);
            }
}

GACLIP__CLONES static void add_channels(float *a, const float *b, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) a[i] += b[i];
}

/* The transpose of gather: adds columns to the pixels that they were taken from. */
static void scatter_add(float *image, const Convolution *c, const float *columns, int first_row,
                        int rows)
{
    const GaclipConvolutionShape *s = c->shape;
    size_t n_in = (size_t)s->n_in;
    for (int y = first_row; y < first_row + rows; y++)
        for (int x = 0; x < c->out_width; x++)
            for (int ky = 0; ky < 3; ky++, columns += 3 * n_in) {
                long at = row_offset(c, y, ky);
                int first = x * s->stride - 1, skip = first < 0, end = first + 3;
                int taps = (end > s->width ? s->width : end) - first - skip;
                if (at >= 0)
                    add_channels(image + (size_t)at + (size_t)(first + skip) * n_in,
                                 columns + (size_t)skip * n_in, (size_t)taps * n_in);
            }
}

/* Scratch as a product reads it. */
static GaclipOperand operand_in(GaclipOperand like, float *scratch)
{
    return like.bf16 ? (GaclipOperand){NULL, (uint16_t *)(void *)scratch} : gaclip__floats(scratch);
}

static void forward_chunk(int index, int worker, void *payload)
{
    const Convolution *c = payload;
    const GaclipConvolutionShape *s = c->shape;
    int chunks = (c->out_height + c->chunk_rows - 1) / c->chunk_rows;
    int row = index % chunks * c->chunk_rows;
    size_t image = (size_t)(index / chunks), n_out = (size_t)s->n_out;
    int rows = c->out_height - row < c->chunk_rows ? c->out_height - row : c->chunk_rows;
    int pixels = rows * c->out_width, taps = TAPS * s->n_in;
    GaclipOperand columns = operand_in(c->in, gaclip__scratch(c->compute, worker));
    float *out =
        c->out + (image * (size_t)c->out_height + (size_t)row) * (size_t)c->out_width * n_out;
    size_t in = image * (size_t)s->height * (size_t)s->width * (size_t)s->n_in;
    gather(columns, c, gaclip__operand_at(c->in, in), row, rows);
    for (size_t i = 0; i < (size_t)pixels; i++)
        memcpy(out + i * n_out, c->bias, n_out * sizeof *out);
    gaclip__gemm_serial(c->compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, pixels, s->n_out, taps,
                        columns, taps, c->weight, taps, GACLIP__ADD, out, s->n_out);
}

void gaclip__convolution_forward(const GaclipCompute *compute, float *out, GaclipOperand in,
                                 GaclipOperand weight, const float *bias,
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

/* A part's sums lie at the start of the scratch memory, PARTS of them one after the other. */
static float *sums_of(const Convolution *c, int part)
{
    return gaclip__scratch(c->compute, 0) + (size_t)part * weight_floats(c->shape);
}

static void backward_chunk(const Convolution *c, int worker, float *grad_weight, size_t image,
                           int row)
{
    const GaclipConvolutionShape *s = c->shape;
    int rows = c->out_height - row < c->chunk_rows ? c->out_height - row : c->chunk_rows;
    int taps = TAPS * s->n_in, pixels = rows * c->out_width;
    size_t n_out = (size_t)s->n_out;
    size_t in = image * (size_t)s->height * (size_t)s->width * (size_t)s->n_in;
    float *memory = gaclip__scratch(c->compute, worker) + PARTS * weight_floats(s);
    float *grad_columns = memory + columns_floats(c);
    float *grad_bias = grad_weight + n_out * (size_t)taps;
    const float *grad_out =
        c->grad_out + (image * (size_t)c->out_height + (size_t)row) * (size_t)c->out_width * n_out;
    GaclipOperand columns = operand_in(c->in, memory), grad = gaclip__floats(grad_out);
    if (c->in.bf16) {
        grad = operand_in(c->in, grad_columns + columns_floats(c));
        gaclip__operand_set(grad, grad_out, (size_t)pixels * n_out);
    }
    gather(columns, c, gaclip__operand_at(c->in, in), row, rows);
    gaclip__gemm_serial(c->compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, s->n_out, taps, pixels, grad,
                        s->n_out, columns, taps, GACLIP__ADD, grad_weight, taps);
    for (size_t i = 0; i < (size_t)pixels; i++)
        add_channels(grad_bias, grad_out + i * n_out, n_out);
    if (!c->grad_in) return;
    gaclip__gemm_serial(c->compute, GACLIP__PLAIN, GACLIP__PLAIN, pixels, taps, s->n_out, grad,
                        s->n_out, c->weight, taps, GACLIP__SET, grad_columns, taps);
    scatter_add(c->grad_in + in, c, grad_columns, row, rows);
}

/* Whole images, so that no two tasks add to the same input pixel. */
static void backward_part(int part, int worker, void *payload)
{
    const Convolution *c = payload;
    const GaclipConvolutionShape *s = c->shape;
    size_t in_floats = (size_t)s->height * (size_t)s->width * (size_t)s->n_in;
    float *sums = sums_of(c, part);
    memset(sums, 0, weight_floats(s) * sizeof *sums);
    for (int image = part; image < s->batch; image += PARTS) {
        if (c->grad_in)
            memset(c->grad_in + (size_t)image * in_floats, 0, in_floats * sizeof *c->grad_in);
        for (int row = 0; row < c->out_height; row += c->chunk_rows)
            backward_chunk(c, worker, sums, (size_t)image, row);
    }
}

void gaclip__convolution_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                                  float *grad_bias, const float *grad_out, GaclipOperand in,
                                  GaclipOperand weight, const GaclipConvolutionShape *shape)
{
    Convolution c = prepare(compute, shape);
    c.in = in;
    c.weight = weight;
    c.grad_in = grad_in;
    c.grad_out = grad_out;
    int parts = shape->batch < PARTS ? shape->batch : PARTS;
    size_t weights = (size_t)shape->n_out * TAPS * (size_t)shape->n_in;
    gaclip__threads_run(compute->pool, parts, backward_part, &c);
    for (int part = 0; part < parts; part++) {
        add_channels(grad_weight, sums_of(&c, part), weights);
        add_channels(grad_bias, sums_of(&c, part) + weights, (size_t)shape->n_out);
    }
}
