/* bfloat16, the upper half of a float: rounding to the nearest, ties to even. */
#ifndef GACLIP_BASE_BF16_H
#define GACLIP_BASE_BF16_H

#include <stdint.h>
#include <string.h>

static inline uint16_t gaclip__bf16_round(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16, quiet_nan = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet_nan : rounded);
}

static inline float gaclip__bf16_widen(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
