/* GELU (exact, by erf) and QuickGELU (x sigmoid(1.702 x)), and their derivatives. */
#ifndef GACLIP_MATH_ACTIVATION_H
#define GACLIP_MATH_ACTIVATION_H

#include <stddef.h>

#include "base/compute.h"
#include "gaclip/model.h"
#include "math/operand.h"

/* On the calling thread: out (count) = act(in). */
void gaclip__activate(GaclipActivation kind, GaclipOperand out, GaclipOperand in, size_t count);
/* On the calling thread: out (count) = grad (count) times the derivative at in (count); out may be
 * grad. */
void gaclip__activate_backward(GaclipActivation kind, GaclipOperand out, const float *grad,
                               GaclipOperand in, size_t count);

/* The same on the pool. */
void gaclip__activation_forward(const GaclipCompute *compute, GaclipActivation kind,
                                GaclipOperand out, GaclipOperand in, size_t count);
void gaclip__activation_backward(const GaclipCompute *compute, GaclipActivation kind,
                                 GaclipOperand out, const float *grad, const float *in,
                                 size_t count);

/* a (count) += b (count) */
void gaclip__add(const GaclipCompute *compute, float *a, const float *b, size_t count);

#endif
