/* Layer normalisation over the last dimension (biased variance), and unit-length rows. */
#ifndef GACLIP_MATH_NORM_H
#define GACLIP_MATH_NORM_H

#include "base/compute.h"
#include "math/operand.h"

/* out, in (rows, width); stats (rows, 2) keeps mean and 1/deviation for the backward (NULL: not
 * wanted). out may be in. */
void gaclip__layer_norm_forward(const GaclipCompute *compute, GaclipOperand out, float *stats,
                                const float *in, const float *weight, const float *bias, int rows,
                                int width, float epsilon);

/* Floats of scratch a worker for the backward. */
size_t gaclip__layer_norm_scratch(int width);

/* grad_in (rows, width) is added to when accumulate, else set; grad_weight and grad_bias (width)
 * are added to. grad_in may be grad_out when not accumulating. */
void gaclip__layer_norm_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                                 float *grad_bias, const float *grad_out, const float *in,
                                 const float *stats, const float *weight, int rows, int width,
                                 int accumulate);

/* out (rows, width) = in / |in|; lengths (rows) for the backward. A row of zeros stays zero. */
void gaclip__unit_forward(float *out, float *lengths, const float *in, int rows, int width);
/* grad_in = (grad_out - out (out . grad_out)) / length */
void gaclip__unit_backward(float *grad_in, const float *grad_out, const float *out,
                           const float *lengths, int rows, int width);

#endif
