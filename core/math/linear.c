#include "math/linear.h"

#include "base/bf16.h"
#include "base/vector.h"
#include "math/activation.h"
#include "math/gemm.h"
#include "math/quantised.h"

/* A block of the result stays in the second-level cache until all that follows the product is done
 * to it. Blocks do not depend on the number of threads. Every block packs its part of the weights
 * anew, so that few rows are dear: there are only as many blocks of rows as make WANTED_BLOCKS. */
enum {
    WANTED_BLOCKS = 8,
    FEWEST_ROWS = 16,
    FEWEST_COLUMNS = 256,
    MOST_ROWS = 384,
    MOST_COLUMNS = 768,
    STEP = 16, /* of rows and columns */
    BIAS_COLUMNS = 128,
    STRIP = 512 /* values that are rounded at a time */
};

/* result (rows, columns) = in (rows, depth) op(weight), then finished row by row. */
typedef struct Blocks {
    const GaclipCompute *compute;
    int rows, columns, depth, transposed; /* weight is (columns, depth) when transposed */
    int block_rows, block_columns, row_blocks;
    GaclipOperand in, weight, result;
    const GaclipLinear *forward; /* one of the two says what follows, or neither */
    const GaclipLinearBackward *backward;
} Blocks;

size_t gaclip__linear_scratch(void)
{
    return (size_t)MOST_ROWS * MOST_COLUMNS;
}

GACLIP__CLONES static void add_two(float *row, const float *a, const float *b, int count)
{
    if (b) {
        GACLIP__SIMD for (int i = 0; i < count; i++) row[i] += a[i] + b[i];
    } else {
        GACLIP__SIMD for (int i = 0; i < count; i++) row[i] += a[i];
    }
}

/* In bf16 the activation is that of the rounded hidden layer, kept or not: a backward that has only
 * the rounded one computes the very same again. */
static void activate(const GaclipLinear *l, const float *product, size_t at, size_t count)
{
    GaclipOperand activated = gaclip__operand_at(l->activated, at);
    uint16_t halves[STRIP];
    GaclipOperand strip = {NULL, halves};
    if (!activated.bf16 || l->out.bf16) {
        gaclip__activate(l->activation, activated,
                         l->out.bf16 ? gaclip__operand_at(l->out, at) : gaclip__floats(product),
                         count);
        return;
    }
    for (size_t i = 0; i < count; i += STRIP) {
        size_t length = count - i < STRIP ? count - i : STRIP;
        gaclip__operand_set(strip, product + i, length);
        gaclip__activate(l->activation, gaclip__operand_at(activated, i), strip, length);
    }
}

void gaclip__linear_finish(const GaclipLinear *l, float *product, size_t at, int column, int count)
{
    size_t length = (size_t)count;
    const float *bias = l->bias ? l->bias + column : NULL;
    const float *residual = l->residual ? l->residual + at : NULL;
    if (bias || residual) add_two(product, bias ? bias : residual, bias ? residual : NULL, count);
    if (gaclip__operand_wanted(l->out))
        gaclip__operand_set(gaclip__operand_at(l->out, at), product, length);
    if (gaclip__operand_wanted(l->activated)) activate(l, product, at, length);
}

static void finish_backward(const GaclipLinearBackward *l, const float *product, size_t at,
                            int count)
{
    GaclipOperand grad_in = gaclip__operand_at(l->grad_in, at);
    if (gaclip__operand_wanted(l->hidden))
        gaclip__activate_backward(l->activation, grad_in, product,
                                  gaclip__operand_at(l->hidden, at), (size_t)count);
    else
        gaclip__operand_set(grad_in, product, (size_t)count);
}

/* Blocks of the same columns follow each other: their weights stay in the cache meanwhile. */
static void run_block(int index, int worker, void *payload)
{
    const Blocks *b = payload;
    int row = index % b->row_blocks * b->block_rows;
    int column = index / b->row_blocks * b->block_columns;
    int rows = b->rows - row < b->block_rows ? b->rows - row : b->block_rows;
    int columns = b->columns - column < b->block_columns ? b->columns - column : b->block_columns;
    size_t at = (size_t)row * (size_t)b->columns + (size_t)column;
    float *product = b->result.f32 ? b->result.f32 + at : gaclip__scratch(b->compute, worker);
    int stride = b->result.f32 ? b->columns : columns;
    size_t weight_at = b->transposed ? (size_t)column * (size_t)b->depth : (size_t)column;
    gaclip__gemm_serial(b->compute, GACLIP__PLAIN, b->transposed, rows, columns, b->depth,
                        gaclip__operand_at(b->in, (size_t)row * (size_t)b->depth), b->depth,
                        gaclip__operand_at(b->weight, weight_at),
                        b->transposed ? b->depth : b->columns, GACLIP__SET, product, stride);
    for (int r = 0; r < rows; r++, product += stride, at += (size_t)b->columns) {
        if (b->forward) gaclip__linear_finish(b->forward, product, at, column, columns);
        if (b->backward) finish_backward(b->backward, product, at, columns);
    }
}

static int divide(int count, int parts)
{
    return (count + parts - 1) / parts;
}

/* The length of so many even blocks of count, in whole steps. */
static int block_length(int count, int blocks)
{
    return divide(divide(count, blocks), STEP) * STEP;
}

/* Columns are divided before rows. */
static void run_blocks(Blocks *b)
{
    int row_blocks = divide(b->rows, MOST_ROWS), column_blocks = divide(b->columns, MOST_COLUMNS);
    while (row_blocks * column_blocks < WANTED_BLOCKS &&
           divide(b->columns, column_blocks + 1) >= FEWEST_COLUMNS)
        column_blocks++;
    while (row_blocks * column_blocks < WANTED_BLOCKS &&
           divide(b->rows, row_blocks + 1) >= FEWEST_ROWS)
        row_blocks++;
    b->block_rows = block_length(b->rows, row_blocks);
    b->block_columns = block_length(b->columns, column_blocks);
    b->row_blocks = divide(b->rows, b->block_rows);
    gaclip__threads_run(b->compute->pool, b->row_blocks * divide(b->columns, b->block_columns),
                        run_block, b);
}

void gaclip__linear_forward(const GaclipCompute *compute, const GaclipLinear *l)
{
    if (l->quantised) {
        gaclip__quantised_forward(compute, l);
        return;
    }
    Blocks blocks = {.compute = compute,
                     .rows = l->rows,
                     .columns = l->n_out,
                     .depth = l->n_in,
                     .transposed = 1,
                     .in = l->in,
                     .weight = l->weight,
                     .result = l->out,
                     .forward = l};
    run_blocks(&blocks);
}

typedef struct BiasSum {
    float *grad_bias;       /* (width) */
    GaclipOperand grad_out; /* (rows, width) */
    int rows, width;
} BiasSum;

/* sum (count) += the first count columns of rows (rows, width). */
GACLIP__CLONES static void add_floats(float *restrict sum, const float *restrict in, int rows,
                                      int width, int count)
{
    for (int r = 0; r < rows; r++, in += width)
        GACLIP__SIMD for (int i = 0; i < count; i++) sum[i] += in[i];
}

GACLIP__CLONES static void add_halves(float *restrict sum, const uint16_t *restrict in, int rows,
                                      int width, int count)
{
    for (int r = 0; r < rows; r++, in += width)
        GACLIP__SIMD for (int i = 0; i < count; i++) sum[i] += gaclip__bf16_widen(in[i]);
}

static void bias_columns(int index, int worker, void *payload)
{
    (void)worker;
    const BiasSum *b = payload;
    int first = index * BIAS_COLUMNS;
    int count = b->width - first < BIAS_COLUMNS ? b->width - first : BIAS_COLUMNS;
    GaclipOperand grad_out = gaclip__operand_at(b->grad_out, (size_t)first);
    float sum[BIAS_COLUMNS] = {0};
    if (grad_out.bf16)
        add_halves(sum, grad_out.bf16, b->rows, b->width, count);
    else
        add_floats(sum, grad_out.f32, b->rows, b->width, count);
    add_floats(b->grad_bias + first, sum, 1, b->width, count);
}

void gaclip__linear_backward(const GaclipCompute *compute, const GaclipLinearBackward *l)
{
    if (gaclip__operand_wanted(l->grad_in)) {
        Blocks blocks = {.compute = compute,
                         .rows = l->rows,
                         .columns = l->n_in,
                         .depth = l->n_out,
                         .in = l->grad_out,
                         .weight = l->weight,
                         .result = l->grad_in,
                         .backward = l};
        run_blocks(&blocks);
    }
    if (l->grad_weight)
        gaclip__gemm(compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, l->n_out, l->n_in, l->rows,
                     l->grad_out, l->n_out, l->in, l->n_in, GACLIP__ADD, l->grad_weight, l->n_in);
    if (l->grad_bias) {
        BiasSum b = {l->grad_bias, l->grad_out, l->rows, l->n_out};
        gaclip__threads_run(compute->pool, (l->n_out + BIAS_COLUMNS - 1) / BIAS_COLUMNS,
                            bias_columns, &b);
    }
}

void gaclip__projection_forward(const GaclipCompute *compute, float *out, const float *in,
                                const float *projection, int rows, int n_in, int n_out)
{
    Blocks blocks = {.compute = compute,
                     .rows = rows,
                     .columns = n_out,
                     .depth = n_in,
                     .in = gaclip__floats(in),
                     .weight = gaclip__floats(projection),
                     .result = gaclip__floats(out)};
    run_blocks(&blocks);
}

void gaclip__projection_backward(const GaclipCompute *compute, float *grad_in,
                                 float *grad_projection, const float *grad_out, const float *in,
                                 const float *projection, int rows, int n_in, int n_out)
{
    if (grad_in) {
        Blocks blocks = {.compute = compute,
                         .rows = rows,
                         .columns = n_in,
                         .depth = n_out,
                         .transposed = 1,
                         .in = gaclip__floats(grad_out),
                         .weight = gaclip__floats(projection),
                         .result = gaclip__floats(grad_in)};
        run_blocks(&blocks);
    }
    if (grad_projection)
        gaclip__gemm(compute, GACLIP__TRANSPOSED, GACLIP__PLAIN, n_in, n_out, rows,
                     gaclip__floats(in), n_in, gaclip__floats(grad_out), n_out, GACLIP__ADD,
                     grad_projection, n_out);
}
