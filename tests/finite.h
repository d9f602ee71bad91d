/* Gradients against central differences. */
#ifndef GACLIP_TESTS_FINITE_H
#define GACLIP_TESTS_FINITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"

/* The scalar that is differentiated, as a function of numbers that payload knows the place of. */
typedef double FiniteFunction(void *payload);

/* Moves samples of the count numbers at x by +-step (all of them where samples >= count) and fails
 * the test where the slope differs from gradient by more than tolerance times the largest of the
 * compared gradients. x is left as it was. A wrong sign, a missing term or a missing factor differ
 * by far more than the 1e-2 that rounding in f32 leaves. */
void expect_gradient(const char *name, FiniteFunction *function, void *payload, float *x,
                     const float *gradient, size_t count, size_t samples, float step,
                     double tolerance);

/* count normal numbers of that deviation; free with free(). */
float *random_floats(GaclipRandom *random, size_t count, float deviation);

/* Sum of a[i] b[i] in double precision. */
double dot(const float *a, const float *b, size_t count);

#endif
