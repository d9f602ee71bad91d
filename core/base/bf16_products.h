/* Products of bf16 matrices with f32 sums, by oneDNN's matmul primitives. They are created once for
 * any size, so that a product can neither wait for a compiler nor run out of memory for one. */
#ifndef GACLIP_BASE_BF16_PRODUCTS_H
#define GACLIP_BASE_BF16_PRODUCTS_H

#include <stdint.h>

#include "gaclip/error.h"

typedef struct GaclipBf16Products GaclipBf16Products;

/* Whether this build and this processor multiply bf16 natively (AVX512-BF16 or AMX). */
int gaclip__bf16_supported(void);

/* GACLIP_ERROR_UNSUPPORTED where gaclip__bf16_supported says no. */
int gaclip__bf16_products_new(GaclipBf16Products **out, GaclipError *err);
void gaclip__bf16_products_free(GaclipBf16Products *products);

/* A product as gemm.h has it. Any number of threads may run products at once. Returns non-zero
 * when oneDNN declines, C untouched. */
int gaclip__bf16_multiply(const GaclipBf16Products *products, int transpose_a, int transpose_b,
                          int m, int n, int k, const uint16_t *a, int lda, const uint16_t *b,
                          int ldb, int accumulate, float *c, int ldc);

#endif
