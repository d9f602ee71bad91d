/* The matrix-product seam: row-major C = alpha op(A) op(B) + beta C, by OpenBLAS or oneDNN. */
#ifndef GACLIP_MATH_GEMM_H
#define GACLIP_MATH_GEMM_H

#include "base/compute.h"

enum { GACLIP__PLAIN = 0, GACLIP__TRANSPOSED = 1 };

/* op(A) is (m, k), op(B) (k, n), C (m, n); lda, ldb, ldc are row lengths as stored. On the
 * calling thread alone: for use inside pool tasks. */
void gaclip__gemm_serial(GaclipBackend backend, int transpose_a, int transpose_b, int m, int n,
                         int k, float alpha, const float *a, int lda, const float *b, int ldb,
                         float beta, float *c, int ldc);

/* The same, rows of C spread over the pool. */
void gaclip__gemm(const GaclipCompute *compute, int transpose_a, int transpose_b, int m, int n,
                  int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta,
                  float *c, int ldc);

#endif
