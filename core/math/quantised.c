#include "math/quantised.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"

/* Columns of a piece at most: it stays in the second-level cache while rows run past it. */
enum { MOST_COLUMNS = 768, COLUMN_STEP = 16, ALIGNMENT = 64 };

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* As few pieces as fit and as divide the columns evenly; n_out is often a multiple of step. */
static int columns_of_piece(int n_out)
{
    int step = n_out % COLUMN_STEP ? 1 : COLUMN_STEP,
        pieces = (n_out + MOST_COLUMNS - 1) / MOST_COLUMNS;
    while (n_out % (pieces * step)) pieces++;
    return n_out / pieces;
}

int gaclip__quantised_init(GaclipQuantised *out, GaclipCompute *compute, int n_out, int n_in,
                           GaclipError *err)
{
    *out = (GaclipQuantised){.n_in = n_in, .n_out = n_out, .columns = columns_of_piece(n_out)};
    int status = gaclip__int8_kernel(&out->kernel, compute->int8, out->columns, n_in, err);
    if (status) return status;
    out->piece_bytes = aligned(gaclip__int8_packed_bytes(out->kernel));
    out->packed = aligned_alloc(ALIGNMENT, out->piece_bytes * (size_t)(n_out / out->columns));
    out->scales = malloc((size_t)n_out * sizeof *out->scales);
    out->sums = malloc((size_t)n_out * sizeof *out->sums);
    if (out->packed && out->scales && out->sums) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory (int8 weights of %d x %d)",
                            n_out, n_in);
}

void gaclip__quantised_clear(GaclipQuantised *weights)
{
    free(weights->packed);
    free(weights->scales);
    free(weights->sums);
    *weights = (GaclipQuantised){0};
}

GACLIP__CLONES static float largest(const float *values, int count)
{
    float most = 0;
    GACLIP__PRAGMA(omp simd reduction(max : most))
    for (int i = 0; i < count; i++) {
        float size = fabsf(values[i]);
        most = size > most ? size : most;
    }
    return most;
}

GACLIP__CLONES static void round_weights(int8_t *q, const float *weight, float inverse, int count)
{
    GACLIP__SIMD for (int i = 0; i < count; i++)
    {
        float value = weight[i] * inverse + 128.5f; /* above 0, so that truncation rounds */
        int whole = (int)(value > 1 ? value : 1.0f);
        q[i] = (int8_t)((whole < 255 ? whole : 255) - 128);
    }
}

float gaclip__quantise_weights(int8_t *q, const float *weight, int count)
{
    float most = largest(weight, count), scale = most / 127;
    round_weights(q, weight, scale > 0 ? 1 / scale : 0.0f, count);
    return scale;
}

static int32_t sum_of(const int8_t *q, int count)
{
    int32_t sum = 0;
    for (int i = 0; i < count; i++) sum += q[i];
    return sum;
}

void gaclip__quantised_set(GaclipQuantised *out, const float *weight)
{
    size_t depth = (size_t)out->n_in;
    int8_t *piece = malloc((size_t)out->columns * depth);
    out->is_packed = piece != NULL;
    for (int first = 0; first < out->n_out && out->is_packed; first += out->columns) {
        for (int o = 0; o < out->columns; o++) {
            int8_t *q = piece + (size_t)o * depth;
            out->scales[first + o] =
                gaclip__quantise_weights(q, weight + (size_t)(first + o) * depth, out->n_in);
            out->sums[first + o] = sum_of(q, out->n_in);
        }
        if (gaclip__int8_pack(out->kernel,
                              out->packed + (size_t)(first / out->columns) * out->piece_bytes,
                              piece))
            out->is_packed = 0;
    }
    free(piece);
}

static size_t padded(size_t rows)
{
    return (rows + GACLIP__INT8_ROWS - 1) / GACLIP__INT8_ROWS * GACLIP__INT8_ROWS;
}

size_t gaclip__quantised_rows_bytes(size_t rows, size_t n_in)
{
    return aligned(padded(rows) * n_in) + padded(rows) * sizeof(GaclipQuantisedRow);
}

GACLIP__CLONES static void find_range(float *low, float *high, const float *in, int count)
{
    float least = 0, most = 0, sum = 0;
    GACLIP__PRAGMA(omp simd reduction(min : least) reduction(max : most) reduction(+ : sum))
    for (int i = 0; i < count; i++) {
        least = in[i] < least ? in[i] : least;
        most = in[i] > most ? in[i] : most;
        sum += in[i] * 0.0f; /* a NaN for any value that is not finite */
    }
    *low = least + sum;
    *high = most + sum;
}

GACLIP__CLONES static void round_row(uint8_t *q, const float *in, float inverse, float zero,
                                     int count)
{
    GACLIP__SIMD for (int i = 0; i < count; i++)
    {
        float value = in[i] * inverse + (zero + 0.5f);
        int whole = (int)(value > 0 ? value : 0.0f);
        q[i] = (uint8_t)(whole < 255 ? whole : 255);
    }
}

GaclipQuantisedRow gaclip__quantise_row(uint8_t *q, const float *in, int count)
{
    float low, high;
    find_range(&low, &high, in, count);
    float scale = high / 255 - low / 255;
    if (!(scale < INFINITY)) {
        memset(q, 0, (size_t)count);
        return (GaclipQuantisedRow){NAN, 0};
    }
    float inverse = scale > FLT_MIN ? 1 / scale : 0.0f, zero = rintf(-low * inverse);
    round_row(q, in, inverse, zero, count);
    return (GaclipQuantisedRow){scale > FLT_MIN ? scale : 0.0f, (int)zero};
}

typedef struct Pass {
    const GaclipCompute *compute;
    const GaclipLinear *linear;
    uint8_t *q;               /* (padded rows, n_in) */
    GaclipQuantisedRow *rows; /* (padded rows) */
    int pieces;
} Pass;

static void quantise_block(int index, int worker, void *payload)
{
    const Pass *p = payload;
    const GaclipLinear *l = p->linear;
    float *wide = gaclip__scratch(p->compute, worker);
    size_t depth = (size_t)l->n_in;
    for (int i = 0; i < GACLIP__INT8_STEP; i++) {
        int row = index * GACLIP__INT8_STEP + i;
        uint8_t *q = p->q + (size_t)row * depth;
        if (row >= l->rows) {
            memset(q, 0, depth);
            continue;
        }
        GaclipOperand in = gaclip__operand_at(l->in, (size_t)row * depth);
        if (in.bf16) gaclip__operand_get(wide, in, depth);
        p->rows[row] = gaclip__quantise_row(q, in.bf16 ? wide : in.f32, l->n_in);
    }
}

/* What oneDNN declined, which it does when memory is short: by the weights themselves. */
static void multiply_plainly(float *out, const Pass *p, int row, int first, int count)
{
    const GaclipLinear *l = p->linear;
    const uint8_t *q = p->q + (size_t)row * (size_t)l->n_in;
    for (int c = 0; c < count; c++) {
        const float *weight = l->weight.f32 + (size_t)(first + c) * (size_t)l->n_in;
        float sum = 0;
        for (int i = 0; i < l->n_in; i++) sum += (float)(q[i] - p->rows[row].zero) * weight[i];
        out[c] = sum * p->rows[row].scale;
    }
}

/* out may be sums. */
GACLIP__CLONES static void rescale(float *out, const int32_t *sums, GaclipQuantisedRow row,
                                   const float *scales, const int32_t *weight_sums, int count)
{
    GACLIP__SIMD for (int c = 0; c < count; c++) out[c] =
        (float)(sums[c] - row.zero * weight_sums[c]) * (row.scale * scales[c]);
}

static void multiply_block(int index, int worker, void *payload)
{
    const Pass *p = payload;
    const GaclipLinear *l = p->linear;
    const GaclipQuantised *w = l->quantised;
    int first_row = index / p->pieces * GACLIP__INT8_ROWS, piece = index % p->pieces;
    int rows = l->rows - first_row < GACLIP__INT8_ROWS ? l->rows - first_row : GACLIP__INT8_ROWS;
    int stepped = (rows + GACLIP__INT8_STEP - 1) / GACLIP__INT8_STEP * GACLIP__INT8_STEP;
    int column = piece * w->columns;
    float *product = gaclip__scratch(p->compute, worker);
    int32_t *sums = (int32_t *)product + (size_t)GACLIP__INT8_ROWS * MOST_COLUMNS;
    int declined = !w->is_packed || gaclip__int8_multiply(
                                        w->kernel, sums, p->q + (size_t)first_row * (size_t)l->n_in,
                                        stepped, w->packed + (size_t)piece * w->piece_bytes);
    for (int r = 0; r < rows; r++) {
        int row = first_row + r;
        if (declined)
            multiply_plainly(product, p, row, column, w->columns);
        else
            rescale(product, sums + (size_t)r * (size_t)w->columns, p->rows[row],
                    w->scales + column, w->sums + column, w->columns);
        gaclip__linear_finish(l, product, (size_t)row * (size_t)l->n_out + (size_t)column, column,
                              w->columns);
    }
}

void gaclip__quantised_forward(const GaclipCompute *compute, const GaclipLinear *linear)
{
    size_t rows = (size_t)linear->rows, depth = (size_t)linear->n_in;
    uint8_t *memory = linear->rows_memory;
    Pass pass = {compute, linear, memory,
                 (GaclipQuantisedRow *)(void *)(memory + aligned(padded(rows) * depth)),
                 linear->n_out / linear->quantised->columns};
    int steps = (int)(padded(rows) / GACLIP__INT8_STEP);
    gaclip__threads_run(compute->pool, steps, quantise_block, &pass);
    gaclip__threads_run(compute->pool, (int)(padded(rows) / GACLIP__INT8_ROWS) * pass.pieces,
                        multiply_block, &pass);
}
