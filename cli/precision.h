/* The precision of matrix products by its name. */
#ifndef GACLIP_CLI_PRECISION_H
#define GACLIP_CLI_PRECISION_H

#include "gaclip/compute.h"

/* "auto" (NULL is the same), "f32" or "bf16". */
int precision_apply(GaclipCompute *compute, const char *name, GaclipError *err);

/* The name of what a context computes in. */
const char *precision_name(const GaclipCompute *compute);

#endif
