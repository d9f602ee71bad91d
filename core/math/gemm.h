/* The matrix-product seam: row-major C = op(A) op(B), or C += op(A) op(B), by OpenBLAS or oneDNN,
 * in f32 or with bf16 factors and f32 sums. */
#ifndef GACLIP_MATH_GEMM_H
#define GACLIP_MATH_GEMM_H

#include "base/compute.h"
#include "math/operand.h"

enum { GACLIP__PLAIN = 0, GACLIP__TRANSPOSED = 1 };
enum { GACLIP__SET = 0, GACLIP__ADD = 1 };

/* op(A) is (m, k), op(B) (k, n), C (m, n); lda, ldb, ldc are row lengths as stored; A and B are of
 * one precision. On the calling thread alone: for use inside pool tasks. */
void gaclip__gemm_serial(const GaclipCompute *compute, int transpose_a, int transpose_b, int m,
                         int n, int k, GaclipOperand a, int lda, GaclipOperand b, int ldb,
                         int accumulate, float *c, int ldc);

/* The same, C spread over the pool in blocks that do not depend on its size. */
void gaclip__gemm(const GaclipCompute *compute, int transpose_a, int transpose_b, int m, int n,
                  int k, GaclipOperand a, int lda, GaclipOperand b, int ldb, int accumulate,
                  float *c, int ldc);

#endif
