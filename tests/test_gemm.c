/* The matrix-product seam: both backends, all transposes, alpha and beta, odd sizes; the same bytes
 * every time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compute.h"
#include "finite.h"
#include "math/gemm.h"
#include "oracle.h"

static void check_product(const GaclipCompute *compute, GaclipRandom *random, int ta, int tb, int m,
                          int n, int k)
{
    int lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3;
    float *a = random_floats(random, (size_t)((ta ? k : m) * lda), 1);
    float *b = random_floats(random, (size_t)((tb ? n : k) * ldb), 1);
    float *c = random_floats(random, (size_t)(m * ldc), 1), *got = malloc((size_t)(m * ldc) * 4);
    memcpy(got, c, (size_t)(m * ldc) * sizeof *c);
    gaclip__gemm(compute, ta, tb, m, n, k, 0.5f, a, lda, b, ldb, 2, got, ldc);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            double sum = 0, expected = (double)c[i * ldc + j];
            for (int l = 0; l < k && j < n; l++)
                sum += (double)a[ta ? l * lda + i : i * lda + l] *
                       (double)b[tb ? j * ldb + l : l * ldb + j];
            if (j < n) expected = 0.5 * sum + 2 * expected;
            if (!(fabs((double)got[i * ldc + j] - expected) < 1e-4 * (1 + fabs(expected))))
                fail_msg("C[%d,%d] of %d x %d x %d (%d, %d): %g, expected %g", i, j, m, n, k, ta, tb,
                         (double)got[i * ldc + j], expected);
        }
    free(a);
    free(b);
    free(c);
    free(got);
}

static void test_products(void **state)
{
    static const GaclipBackend BACKENDS[] = {GACLIP_BACKEND_OPENBLAS, GACLIP_BACKEND_ONEDNN};
    static const int SIZES[][3] = {{1, 1, 1}, {1, 7, 3}, {5, 1, 9}, {33, 17, 65}, {70, 40, 19}};
    GaclipRandom random;
    (void)state;
    gaclip__random_seed(&random, 1);
    for (int backend = 0; backend < 2; backend++) {
        GaclipCompute *compute;
        GaclipError err = {0};
        int status = gaclip_compute_new(&compute, 2, BACKENDS[backend], &err);
        if (status == GACLIP_ERROR_UNSUPPORTED) {
            print_message("skipped: built without oneDNN\n");
            continue;
        }
        expect_ok(status, &err);
        for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++)
            for (int t = 0; t < 4; t++)
                check_product(compute, &random, t & 1, t >> 1, SIZES[s][0], SIZES[s][1], SIZES[s][2]);
        gaclip_compute_free(compute);
    }
}

static void test_same_bytes_again(void **state)
{
    enum { M = 301, N = 65, K = 77 };
    GaclipRandom random;
    (void)state;
    gaclip__random_seed(&random, 2);
    float *a = random_floats(&random, M * K, 1), *b = random_floats(&random, K * N, 1);
    float *first = malloc(M * N * sizeof *first), *c = malloc(M * N * sizeof *c);
    for (int threads = 2; threads <= 4; threads++) {
        GaclipCompute *compute;
        GaclipError err = {0};
        expect_ok(gaclip_compute_new(&compute, threads, GACLIP_BACKEND_AUTO, &err), &err);
        for (int round = 0; round < 2; round++) {
            gaclip__gemm(compute, 0, 0, M, N, K, 1, a, K, b, N, 0, c, N);
            if (round == 0) memcpy(first, c, M * N * sizeof *c);
            assert_memory_equal(first, c, M * N * sizeof *c);
        }
        gaclip_compute_free(compute);
    }
    free(a);
    free(b);
    free(c);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products),
                                       cmocka_unit_test(test_same_bytes_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
