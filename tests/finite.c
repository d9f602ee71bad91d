#include "finite.h"

#include <math.h>
#include <stdlib.h>

static double slope(FiniteFunction *function, void *payload, float *x, float step)
{
    float before = *x;
    *x = before + step;
    double high = function(payload), width = (double)*x;
    *x = before - step;
    double low = function(payload);
    width -= (double)*x;
    *x = before;
    return (high - low) / width;
}

void expect_gradient(const char *name, FiniteFunction *function, void *payload, float *x,
                     const float *gradient, size_t count, size_t samples, float step,
                     double tolerance)
{
    size_t stride = count > samples ? count / samples : 1;
    double largest = 0;
    for (size_t i = 0; i < count; i += stride) largest = fmax(largest, fabs((double)gradient[i]));
    if (!(largest > 0)) fail_msg("%s: the gradient is zero everywhere", name);
    for (size_t i = 0; i < count; i += stride) {
        double expected = slope(function, payload, &x[i], step);
        if (!(fabs((double)gradient[i] - expected) <= tolerance * largest))
            fail_msg("%s[%zu]: gradient %g, slope %g (largest gradient %g)", name, i,
                     (double)gradient[i], expected, largest);
    }
}

float *random_floats(GaclipRandom *random, size_t count, float deviation)
{
    float *values = malloc((count + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) values[i] = deviation * gaclip__random_normal(random);
    return values;
}

double dot(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}
