/* The matrix-product seam: both backends and precisions, all transposes, set and add, odd sizes;
 * the same bytes every time, on any number of threads. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bf16.h"
#include "base/bf16_products.h"
#include "base/compute.h"
#include "finite.h"
#include "math/gemm.h"
#include "oracle.h"

static void round_all(uint16_t *halves, float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        halves[i] = gaclip__bf16_round(values[i]);
        values[i] = gaclip__bf16_widen(halves[i]);
    }
}

/* Factors are compared as what the product reads: rounded ones in bf16. */
static void check_product(const GaclipCompute *compute, GaclipRandom *random, int ta, int tb, int m,
                          int n, int k, int accumulate)
{
    int lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3;
    size_t a_count = (size_t)((ta ? k : m) * lda), b_count = (size_t)((tb ? n : k) * ldb);
    float *a = random_floats(random, a_count, 1), *b = random_floats(random, b_count, 1);
    float *c = random_floats(random, (size_t)(m * ldc), 1), *got = malloc((size_t)(m * ldc) * 4);
    uint16_t *a_halves = malloc(a_count * 2), *b_halves = malloc(b_count * 2);
    GaclipOperand a_read = gaclip__floats(a), b_read = gaclip__floats(b);
    memcpy(got, c, (size_t)(m * ldc) * sizeof *c);
    if (gaclip_compute_precision(compute) == GACLIP_PRECISION_BF16) {
        round_all(a_halves, a, a_count);
        round_all(b_halves, b, b_count);
        a_read = (GaclipOperand){NULL, a_halves};
        b_read = (GaclipOperand){NULL, b_halves};
    }
    gaclip__gemm(compute, ta, tb, m, n, k, a_read, lda, b_read, ldb, accumulate, got, ldc);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            double sum = 0, expected = (double)c[i * ldc + j];
            for (int l = 0; l < k && j < n; l++)
                sum += (double)a[ta ? l * lda + i : i * lda + l] *
                       (double)b[tb ? j * ldb + l : l * ldb + j];
            if (j < n) expected = sum + (accumulate ? expected : 0);
            if (!(fabs((double)got[i * ldc + j] - expected) < 1e-4 * (1 + fabs(expected))))
                fail_msg("C[%d,%d] of %d x %d x %d (%d, %d): %g, expected %g", i, j, m, n, k, ta,
                         tb, (double)got[i * ldc + j], expected);
        }
    free(a);
    free(b);
    free(c);
    free(got);
    free(a_halves);
    free(b_halves);
}

static void check_products(const GaclipCompute *compute)
{
    static const int SIZES[][3] = {{1, 1, 1},    {1, 7, 3},    {5, 1, 9},
                                   {33, 17, 65}, {70, 40, 19}, {200, 800, 12}};
    GaclipRandom random;
    gaclip__random_seed(&random, 1);
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++)
        for (int t = 0; t < 8; t++)
            check_product(compute, &random, t & 1, t >> 1 & 1, SIZES[s][0], SIZES[s][1],
                          SIZES[s][2], t >> 2);
}

static void test_products(void **state)
{
    static const GaclipBackend BACKENDS[] = {GACLIP_BACKEND_OPENBLAS, GACLIP_BACKEND_ONEDNN};
    (void)state;
    for (int backend = 0; backend < 2; backend++) {
        GaclipCompute *compute;
        GaclipError err = {0};
        int status = gaclip_compute_new(&compute, 2, BACKENDS[backend], &err);
        if (status == GACLIP_ERROR_UNSUPPORTED) {
            print_message("skipped: built without oneDNN\n");
            continue;
        }
        expect_ok(status, &err);
        check_products(compute);
        gaclip_compute_free(compute);
    }
}

static void test_bf16_products(void **state)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    if (gaclip__bf16_supported()) {
        expect_ok(gaclip_compute_set_precision(compute, GACLIP_PRECISION_BF16, &err), &err);
        check_products(compute);
    } else {
        print_message("skipped: no bf16 on this processor or in this build\n");
    }
    gaclip_compute_free(compute);
}

static void test_precision(void **state)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_OPENBLAS, &err), &err);
    assert_int_equal(gaclip_compute_precision(compute), GACLIP_PRECISION_F32);
    expect_ok(gaclip_compute_set_precision(compute, GACLIP_PRECISION_AUTO, &err), &err);
    assert_int_equal(gaclip_compute_precision(compute), GACLIP_PRECISION_F32);
    assert_int_equal(gaclip_compute_set_precision(compute, GACLIP_PRECISION_BF16, &err),
                     GACLIP_ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "oneDNN"));
    assert_int_equal(gaclip_compute_precision(compute), GACLIP_PRECISION_F32);
    gaclip_compute_free(compute);
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    int status = gaclip_compute_set_precision(compute, GACLIP_PRECISION_BF16, &err);
    assert_int_equal(status, gaclip__bf16_supported() ? GACLIP_OK : GACLIP_ERROR_UNSUPPORTED);
    expect_ok(gaclip_compute_set_precision(compute, GACLIP_PRECISION_AUTO, &err), &err);
    assert_int_equal(gaclip_compute_precision(compute),
                     gaclip__bf16_supported() ? GACLIP_PRECISION_BF16 : GACLIP_PRECISION_F32);
    gaclip_compute_free(compute);
}

static void test_same_bytes_again(void **state)
{
    enum { M = 301, N = 65, K = 77 };
    GaclipRandom random;
    (void)state;
    gaclip__random_seed(&random, 2);
    float *a = random_floats(&random, M * K, 1), *b = random_floats(&random, K * N, 1);
    float *first = malloc(M * N * sizeof *first), *c = malloc(M * N * sizeof *c);
    for (int threads = 1; threads <= 4; threads++) {
        GaclipCompute *compute;
        GaclipError err = {0};
        expect_ok(gaclip_compute_new(&compute, threads, GACLIP_BACKEND_AUTO, &err), &err);
        for (int round = 0; round < 2; round++) {
            gaclip__gemm(compute, 0, 0, M, N, K, gaclip__floats(a), K, gaclip__floats(b), N,
                         GACLIP__SET, c, N);
            if (round == 0 && threads == 1) memcpy(first, c, M * N * sizeof *c);
            assert_memory_equal(first, c, M * N * sizeof *c);
        }
        gaclip_compute_free(compute);
    }
    free(a);
    free(b);
    free(c);
    free(first);
}

/* Where this thread's stack lies, and what the handler saw. */
static char *stack_low, *stack_high;
static atomic_int handled, astray, is_over;

static void note_place(int number)
{
    char here;
    (void)number;
    handled++;
    if (&here < stack_low || &here > stack_high) astray++;
}

static void find_stack(void)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;
    assert_int_equal(pthread_getattr_np(pthread_self(), &attributes), 0);
    assert_int_equal(pthread_attr_getstack(&attributes, &low, &size), 0);
    pthread_attr_destroy(&attributes);
    stack_low = low;
    stack_high = stack_low + size;
}

static void *disturb(void *target)
{
    while (!is_over) pthread_kill(*(pthread_t *)target, SIGUSR1);
    return NULL;
}

static void multiply_disturbed(const GaclipCompute *compute)
{
    enum { M = 40, N = 16, K = 144, ROUNDS = 3000 };
    GaclipRandom random;
    gaclip__random_seed(&random, 3);
    float *a = random_floats(&random, M * K, 1), *b = random_floats(&random, N * K, 1);
    float *first = malloc(M * N * sizeof *first), *c = malloc(M * N * sizeof *c);
    for (int i = 0; i < ROUNDS; i++) {
        gaclip__gemm_serial(compute, 0, 0, M, N, K, gaclip__floats(a), K, gaclip__floats(b), N,
                            GACLIP__SET, i ? c : first, N);
        if (i) assert_memory_equal(first, c, M * N * sizeof *c);
    }
    free(a);
    free(b);
    free(first);
    free(c);
}

/* A signal handler needs a stack, and finds it at the stack pointer, which oneDNN lends to other
 * uses: handlers wait for the end of a product. */
static void test_signals(void **state)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    pthread_t self = pthread_self(), other;
    struct sigaction action = {.sa_handler = note_place, .sa_flags = SA_RESTART}, before;
    (void)state;
    find_stack();
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &before);
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    assert_int_equal(pthread_create(&other, NULL, disturb, &self), 0);
    multiply_disturbed(compute);
    while (!handled) sched_yield();
    is_over = 1;
    pthread_join(other, NULL);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(astray, 0);
    gaclip_compute_free(compute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_bf16_products),
        cmocka_unit_test(test_precision), cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_signals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
