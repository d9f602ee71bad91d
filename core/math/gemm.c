#include "math/gemm.h"

#include <cblas.h>

#if GACLIP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

void gaclip__gemm_serial(GaclipBackend backend, int transpose_a, int transpose_b, int m, int n,
                         int k, float alpha, const float *a, int lda, const float *b, int ldb,
                         float beta, float *c, int ldc)
{
#if GACLIP_WITH_ONEDNN
    if (backend == GACLIP_BACKEND_ONEDNN &&
        dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb,
                   beta, c, ldc) == dnnl_success)
        return;
#else
    (void)backend;
#endif
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
                ldc);
}

typedef struct Product {
    GaclipBackend backend;
    int transpose_a, transpose_b, m, n, k, lda, ldb, ldc, block;
    float alpha, beta;
    const float *a, *b;
    float *c;
} Product;

static void multiply_rows(int index, int worker, void *payload)
{
    (void)worker;
    const Product *p = payload;
    int row = index * p->block;
    int rows = p->m - row < p->block ? p->m - row : p->block;
    const float *a = p->transpose_a ? p->a + row : p->a + (size_t)row * (size_t)p->lda;
    gaclip__gemm_serial(p->backend, p->transpose_a, p->transpose_b, rows, p->n, p->k, p->alpha, a,
                        p->lda, p->b, p->ldb, p->beta, p->c + (size_t)row * (size_t)p->ldc, p->ldc);
}

void gaclip__gemm(const GaclipCompute *compute, int transpose_a, int transpose_b, int m, int n,
                  int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta,
                  float *c, int ldc)
{
    int threads = gaclip__threads_count(compute->pool);
    int block = (m + threads - 1) / threads;
    Product product = {compute->backend, transpose_a, transpose_b, m,    n, k, lda, ldb,
                       ldc,              block,       alpha,       beta, a, b, c};
    gaclip__threads_run(compute->pool, (m + block - 1) / block, multiply_rows, &product);
}
