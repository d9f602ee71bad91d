/* out = in W^T + b with what follows it, and its derivatives. Weights are (n_out, n_in), as PyTorch
 * stores them. */
#ifndef GACLIP_MATH_LINEAR_H
#define GACLIP_MATH_LINEAR_H

#include "base/compute.h"
#include "gaclip/model.h"
#include "math/operand.h"

typedef struct GaclipQuantised GaclipQuantised; /* math/quantised.h */

typedef struct GaclipLinear {
    int rows, n_in, n_out;
    GaclipOperand in;        /* (rows, n_in) */
    GaclipOperand weight;    /* (n_out, n_in) */
    const float *bias;       /* (n_out) or NULL */
    const float *residual;   /* (rows, n_out) added to the product, or NULL */
    GaclipOperand out;       /* (rows, n_out), or not wanted */
    GaclipOperand activated; /* (rows, n_out) act(out), or not wanted */
    GaclipActivation activation;
    const GaclipQuantised *quantised; /* the weights in 8 bits, or NULL; weight is then in f32 */
    void *rows_memory; /* then gaclip__quantised_rows_bytes(rows, n_in), 64-byte aligned */
} GaclipLinear;

typedef struct GaclipLinearBackward {
    int rows, n_in, n_out;
    GaclipOperand in, weight; /* as above */
    GaclipOperand grad_out;   /* (rows, n_out) */
    GaclipOperand grad_in;    /* (rows, n_in) set, or not wanted */
    GaclipOperand hidden;     /* (rows, n_in) where in = act(hidden): grad_in is then by
                               * hidden; or none */
    GaclipActivation activation;
    float *grad_weight, *grad_bias; /* (n_out, n_in), (n_out), added to, or NULL */
} GaclipLinearBackward;

/* Floats of scratch a worker, for either direction. */
size_t gaclip__linear_scratch(void);

/* What follows the product: product (count) is a stretch of one row of it, at `at` in the whole and
 * at `column` in the row. */
void gaclip__linear_finish(const GaclipLinear *linear, float *product, size_t at, int column,
                           int count);

void gaclip__linear_forward(const GaclipCompute *compute, const GaclipLinear *linear);
void gaclip__linear_backward(const GaclipCompute *compute, const GaclipLinearBackward *linear);

/* out (rows, n_out) = in (rows, n_in) P, for projections stored (n_in, n_out). */
void gaclip__projection_forward(const GaclipCompute *compute, float *out, const float *in,
                                const float *projection, int rows, int n_in, int n_out);
void gaclip__projection_backward(const GaclipCompute *compute, float *grad_in,
                                 float *grad_projection, const float *grad_out, const float *in,
                                 const float *projection, int rows, int n_in, int n_out);

#endif
