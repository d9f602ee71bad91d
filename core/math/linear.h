/* out = in W^T + b, and its derivatives. Weights are (n_out, n_in), as PyTorch stores them. */
#ifndef GACLIP_MATH_LINEAR_H
#define GACLIP_MATH_LINEAR_H

#include "base/compute.h"

/* out (rows, n_out), in (rows, n_in), bias (n_out) or NULL. */
void gaclip__linear_forward(const GaclipCompute *compute, float *out, const float *in,
                            const float *weight, const float *bias, int rows, int n_in, int n_out);

/* grad_in (rows, n_in) is set (NULL: not wanted); grad_weight (n_out, n_in) and grad_bias
 * (n_out), either may be NULL, are added to. */
void gaclip__linear_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                             float *grad_bias, const float *grad_out, const float *in,
                             const float *weight, int rows, int n_in, int n_out);

/* out (rows, n_out) = in (rows, n_in) P, for projections stored (n_in, n_out). */
void gaclip__projection_forward(const GaclipCompute *compute, float *out, const float *in,
                                const float *projection, int rows, int n_in, int n_out);
void gaclip__projection_backward(const GaclipCompute *compute, float *grad_in,
                                 float *grad_projection, const float *grad_out, const float *in,
                                 const float *projection, int rows, int n_in, int n_out);

#endif
