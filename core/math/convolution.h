/* 3x3 convolutions with padding 1, channels last, by gathering patches into matrix rows. */
#ifndef GACLIP_MATH_CONVOLUTION_H
#define GACLIP_MATH_CONVOLUTION_H

#include <stddef.h>

#include "base/compute.h"
#include "math/operand.h"

typedef struct GaclipConvolutionShape {
    int batch, height, width; /* of the input */
    int n_in, n_out, stride;
} GaclipConvolutionShape;

static inline int gaclip__convolved(int length, int stride)
{
    return (length - 1) / stride + 1;
}

/* Floats of scratch a worker, for either direction. */
size_t gaclip__convolution_scratch(const GaclipConvolutionShape *shape);

/* out (batch, height', width', n_out) from in (batch, height, width, n_in), weight (n_out, 3, 3,
 * n_in), bias (n_out). in and weight are of one precision. */
void gaclip__convolution_forward(const GaclipCompute *compute, float *out, GaclipOperand in,
                                 GaclipOperand weight, const float *bias,
                                 const GaclipConvolutionShape *shape);

/* grad_in is set (NULL: not wanted); grad_weight and grad_bias are added to. */
void gaclip__convolution_backward(const GaclipCompute *compute, float *grad_in, float *grad_weight,
                                  float *grad_bias, const float *grad_out, GaclipOperand in,
                                  GaclipOperand weight, const GaclipConvolutionShape *shape);

#endif
