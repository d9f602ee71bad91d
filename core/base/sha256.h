/* SHA-256 (FIPS 180-4), for model provenance. */
#ifndef GACLIP_BASE_SHA256_H
#define GACLIP_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* hex receives 64 digits and a zero. */
void gaclip__sha256_hex(char hex[65], const void *data, size_t size);

#endif
