/* e^x without a call into libm, so that loops over it vectorise. */
#ifndef GACLIP_MATH_EXPONENTIAL_H
#define GACLIP_MATH_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/* Relative error below 2e-7 for x in [-87, 88]; clamped outside; NaN stays NaN. x = n ln 2 + r with
 * |r| <= ln 2 / 2, e^r by its Taylor series to r^7, 2^n put into the exponent bits. */
static inline float gaclip__exp(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = x * 1.44269504f;
    n = (n + 12582912.0f) - 12582912.0f; /* 1.5 * 2^23: rounds to the nearest integer */
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    float whole = n == n ? n : 0.0f; /* NaN has no integer; p is NaN already */
    int32_t bits = ((int32_t)whole + 127) * (1 << 23);
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

#endif
