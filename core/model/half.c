/* Half precision formats: IEEE 754 binary16, and bfloat16. */
#include <string.h>

#include "base/bf16.h"
#include "model/safetensors.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t gaclip__f32_to_bf16(float value)
{
    return gaclip__bf16_round(value);
}

float gaclip__bf16_to_f32(uint16_t half)
{
    return gaclip__bf16_widen(half);
}

/* value >> shift, rounded to the nearest, ties to even. */
static uint32_t shift_to_even(uint32_t value, uint32_t shift)
{
    uint32_t half = 1u << (shift - 1), rest = value & ((1u << shift) - 1), result = value >> shift;
    return result + (rest > half || (rest == half && (result & 1)));
}

uint16_t gaclip__f32_to_f16(float value)
{
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7FFFFFFFu;
    if (size > 0x7F800000u) return (uint16_t)(sign | 0x7E00u | (size >> 13 & 0x3FFu));
    if (size >= 0x47800000u) return (uint16_t)(sign | 0x7C00u); /* 65536 and more */
    if (size >= 0x38800000u)                                    /* normal from 2^-14 on */
        return (uint16_t)(sign | shift_to_even(size - 0x38000000u, 13));
    if (size < 0x33000000u) return (uint16_t)sign; /* below half the smallest, 2^-25 */
    uint32_t exponent = size >> 23;
    return (uint16_t)(sign | shift_to_even((size & 0x7FFFFFu) | 0x800000u, 126 - exponent));
}

float gaclip__f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u;
    uint32_t fraction = half & 0x3FFu;
    if (exponent == 31) return float_of(sign | 0x7F800000u | fraction << 13);
    if (exponent) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float size = (float)fraction * 0x1p-24f;
    return sign ? -size : size;
}
