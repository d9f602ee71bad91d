/* Linear layers in 8 bits: weights as s8 with a scale for each output, rows of the input as u8 with
 * a scale and a zero point of their own, found as they come (Jacob et al., 2018, equations 1 to 7).
 */
#ifndef GACLIP_MATH_QUANTISED_H
#define GACLIP_MATH_QUANTISED_H

#include "base/compute.h"
#include "math/linear.h"

/* weight[o][i] = scales[o] * q[o][i]; q is packed in pieces of kernel's columns. */
struct GaclipQuantised {
    const GaclipInt8Kernel *kernel; /* lent by the context */
    int n_in, n_out, columns;       /* the last: of a piece, a divisor of n_out */
    unsigned char *packed;          /* (n_out / columns, piece_bytes), 64-byte aligned */
    size_t piece_bytes;
    float *scales; /* (n_out) */
    int32_t *sums; /* (n_out) of q over its inputs */
    int is_packed; /* 0: products go by the f32 weights */
};

/* Memory and kernels for weights (n_out, n_in); the caller clears *out in any case. */
int gaclip__quantised_init(GaclipQuantised *out, GaclipCompute *compute, int n_out, int n_in,
                           GaclipError *err);
void gaclip__quantised_clear(GaclipQuantised *weights);

/* The scale of a row of weights, and its q, at most 127 either way, to nearest. */
float gaclip__quantise_weights(int8_t *q, const float *weight, int count);

/* Takes over the values of weight (n_out, n_in), on the calling thread; any number at once. */
void gaclip__quantised_set(GaclipQuantised *out, const float *weight);

/* Bytes that the rows of an input take, with what belongs to each. */
size_t gaclip__quantised_rows_bytes(size_t rows, size_t n_in);

/* A row of the input: in[i] = scale * (q[i] - zero). Zero is always met exactly. A row with an
 * infinity or a NaN in it has a NaN for scale. */
typedef struct GaclipQuantisedRow {
    float scale;
    int zero;
} GaclipQuantisedRow;
GaclipQuantisedRow gaclip__quantise_row(uint8_t *q, const float *in, int count);

/* gaclip__linear_forward by linear->quantised, with rows_memory for its input's rows. */
void gaclip__quantised_forward(const GaclipCompute *compute, const GaclipLinear *linear);

#endif
