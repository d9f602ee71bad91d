/* A number that stands for texts. */
#ifndef GACLIP_GEO_TEXT_HASH_H
#define GACLIP_GEO_TEXT_HASH_H

#include <stdint.h>

/* What a hash begins with. */
static const uint64_t GACLIP__HASH_START = 0xCBF29CE484222325u;

/* FNV-1a, 64 bits (Fowler, Noll and Vo), going on from value. */
static inline uint64_t gaclip__text_hash(uint64_t value, const char *text)
{
    for (; *text; text++) value = (value ^ (uint8_t)*text) * 0x100000001B3u;
    return value;
}

#endif
