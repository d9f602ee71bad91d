/* GELU (exact, by erf) and QuickGELU (x sigmoid(1.702 x)), and their derivatives. */
#ifndef GACLIP_MATH_ACTIVATION_H
#define GACLIP_MATH_ACTIVATION_H

#include <stddef.h>

#include "base/compute.h"
#include "gaclip/model.h"

/* out, in (count); out may be in. */
void gaclip__activation_forward(const GaclipCompute *compute, GaclipActivation kind, float *out,
                                const float *in, size_t count);

/* grad (count) is multiplied by the derivative at in (count). */
void gaclip__activation_backward(const GaclipCompute *compute, GaclipActivation kind, float *grad,
                                 const float *in, size_t count);

/* a (count) += b (count) */
void gaclip__add(const GaclipCompute *compute, float *a, const float *b, size_t count);

#endif
