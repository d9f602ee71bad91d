#include "math/gemm.h"

#include <cblas.h>

#include "base/bf16.h"
#include "base/bf16_products.h"

#if GACLIP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <signal.h>
#endif

/* Blocks of C, about FEWEST_BLOCKS or more: large ones, since each packs its parts of A and B anew.
 */
enum { FEWEST_BLOCKS = 4, FEWEST_ROWS = 64, MOST_ROWS = 384, MOST_COLUMNS = 768 };

/* What oneDNN declined, which it does when memory is short. */
static void multiply_plainly(int transpose_a, int transpose_b, int m, int n, int k,
                             const uint16_t *a, int lda, const uint16_t *b, int ldb, int accumulate,
                             float *c, int ldc)
{
    size_t a_row = transpose_a ? 1 : (size_t)lda, a_step = transpose_a ? (size_t)lda : 1;
    size_t b_column = transpose_b ? (size_t)ldb : 1, b_step = transpose_b ? 1 : (size_t)ldb;
    for (size_t i = 0; i < (size_t)m; i++)
        for (size_t j = 0; j < (size_t)n; j++) {
            float sum = 0, *place = c + i * (size_t)ldc + j;
            for (size_t l = 0; l < (size_t)k; l++)
                sum += gaclip__bf16_widen(a[i * a_row + l * a_step]) *
                       gaclip__bf16_widen(b[j * b_column + l * b_step]);
            *place = accumulate ? *place + sum : sum;
        }
}

#if GACLIP_WITH_ONEDNN
/* All signals but those by which the processor reports an error of the program. */
static sigset_t deferred_signals(void)
{
    static const int OWN[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) sigdelset(&set, OWN[i]);
    return set;
}

/* oneDNN's kernels for small f32 products let the stack pointer point to a buffer on the heap
 * (jit_avx512_common_gemm_f32.cpp, jit_avx_gemm_f32.cpp): the handler of a signal that came now
 * would take what lies below for its stack. So signals wait for the end of the product. */
static dnnl_status_t multiply_undisturbed(int transpose_a, int transpose_b, int m, int n, int k,
                                          const float *a, int lda, const float *b, int ldb,
                                          float beta, float *c, int ldc)
{
    sigset_t deferred = deferred_signals(), before;
    pthread_sigmask(SIG_BLOCK, &deferred, &before);
    dnnl_status_t status = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k,
                                      1.0f, a, lda, b, ldb, beta, c, ldc);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
#endif

void gaclip__gemm_serial(const GaclipCompute *compute, int transpose_a, int transpose_b, int m,
                         int n, int k, GaclipOperand a, int lda, GaclipOperand b, int ldb,
                         int accumulate, float *c, int ldc)
{
    if (a.bf16) {
        if (gaclip__bf16_multiply(compute->bf16, transpose_a, transpose_b, m, n, k, a.bf16, lda,
                                  b.bf16, ldb, accumulate, c, ldc))
            multiply_plainly(transpose_a, transpose_b, m, n, k, a.bf16, lda, b.bf16, ldb,
                             accumulate, c, ldc);
        return;
    }
    float beta = accumulate ? 1.0f : 0.0f;
#if GACLIP_WITH_ONEDNN
    if (compute->backend == GACLIP_BACKEND_ONEDNN &&
        multiply_undisturbed(transpose_a, transpose_b, m, n, k, a.f32, lda, b.f32, ldb, beta, c,
                             ldc) == dnnl_success)
        return;
#endif
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1.0f, a.f32, lda, b.f32, ldb,
                beta, c, ldc);
}

typedef struct Product {
    const GaclipCompute *compute;
    int transpose_a, transpose_b, m, n, k, lda, ldb, accumulate, ldc;
    int block_rows, block_columns, columns; /* columns of blocks */
    GaclipOperand a, b;
    float *c;
} Product;

static void multiply_block(int index, int worker, void *payload)
{
    (void)worker;
    const Product *p = payload;
    int row = index / p->columns * p->block_rows, column = index % p->columns * p->block_columns;
    int m = p->m - row < p->block_rows ? p->m - row : p->block_rows;
    int n = p->n - column < p->block_columns ? p->n - column : p->block_columns;
    size_t a = p->transpose_a ? (size_t)row : (size_t)row * (size_t)p->lda;
    size_t b = p->transpose_b ? (size_t)column * (size_t)p->ldb : (size_t)column;
    gaclip__gemm_serial(p->compute, p->transpose_a, p->transpose_b, m, n, p->k,
                        gaclip__operand_at(p->a, a), p->lda, gaclip__operand_at(p->b, b), p->ldb,
                        p->accumulate, p->c + (size_t)row * (size_t)p->ldc + column, p->ldc);
}

static int rows_of_block(int m, int column_blocks)
{
    int row_blocks = (FEWEST_BLOCKS + column_blocks - 1) / column_blocks;
    int rows = ((m + row_blocks - 1) / row_blocks + 15) / 16 * 16;
    return rows < FEWEST_ROWS ? FEWEST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
}

void gaclip__gemm(const GaclipCompute *compute, int transpose_a, int transpose_b, int m, int n,
                  int k, GaclipOperand a, int lda, GaclipOperand b, int ldb, int accumulate,
                  float *c, int ldc)
{
    int column_blocks = (n + MOST_COLUMNS - 1) / MOST_COLUMNS;
    Product p = {compute,
                 transpose_a,
                 transpose_b,
                 m,
                 n,
                 k,
                 lda,
                 ldb,
                 accumulate,
                 ldc,
                 rows_of_block(m, column_blocks),
                 MOST_COLUMNS,
                 column_blocks,
                 a,
                 b,
                 c};
    int rows = (m + p.block_rows - 1) / p.block_rows;
    gaclip__threads_run(compute->pool, rows * p.columns, multiply_block, &p);
}
