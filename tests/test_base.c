/* The smallest parts: errors, memory, hashes, files, random numbers, threads. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/atomic_file.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/threads.h"
#include "gaclip/compute.h"
#include "oracle.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_error(void **state)
{
    (void)state;
    GaclipError err = {0};
    assert_int_equal(gaclip_error_set(&err, GACLIP_ERROR_IO, "%s has %d rows", "a.tif", 3),
                     GACLIP_ERROR_IO);
    assert_int_equal(err.status, GACLIP_ERROR_IO);
    assert_string_equal(err.message, "a.tif has 3 rows");
    assert_int_equal(gaclip_error_prefix(&err, "tile %d", 7), GACLIP_ERROR_IO);
    assert_string_equal(err.message, "tile 7: a.tif has 3 rows");
    gaclip_error_set(&err, GACLIP_ERROR_FORMAT, "a\nb\r\tc\033[2J\177 d\xC3\xA9");
    assert_string_equal(err.message, "a b  c [2J  d\xC3\xA9");
    gaclip_error_prefix(&err, "%s", "new\nline");
    assert_string_equal(err.message, "new line: a b  c [2J  d\xC3\xA9");
    gaclip_error_clear(&err);
    assert_int_equal(err.status, GACLIP_OK);
    assert_string_equal(err.message, "");
    assert_int_equal(gaclip_error_set(NULL, GACLIP_ERROR_MEMORY, "x"), GACLIP_ERROR_MEMORY);
    assert_true(gaclip_error_prefix(NULL, "x") < 0);
    gaclip_error_clear(NULL);
}

static void test_long_error(void **state)
{
    (void)state;
    GaclipError err = {0};
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    gaclip_error_set(&err, GACLIP_ERROR_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    gaclip_error_prefix(&err, "%s", "path");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(strncmp(err.message, "path: xxx", 9), 0);
    gaclip_error_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void test_arena(void **state)
{
    static const size_t COUNTS[] = {0, 1, 15, 16, 17, 1000, 300000, 3, 5000000, 40};
    (void)state;
    GaclipArena arena = {0};
    GaclipError err = {0};
    float *first[COUNT(COUNTS)];
    for (int pass = 0; pass < 3; pass++) {
        float *places[COUNT(COUNTS)];
        for (size_t i = 0; i < COUNT(COUNTS); i++) {
            places[i] = gaclip__arena_floats(&arena, COUNTS[i]);
            assert_non_null(places[i]);
            assert_int_equal((uintptr_t)places[i] % 64, 0);
            for (size_t k = 0; k < COUNTS[i]; k++) places[i][k] = (float)i;
        }
        for (size_t i = 0; i < COUNT(COUNTS); i++)
            for (size_t k = 0; k < COUNTS[i]; k++)
                if (places[i][k] != (float)i) fail_msg("array %zu was overwritten", i);
        expect_ok(gaclip__arena_check(&arena, &err), &err);
        /* The same pass again takes the same memory. */
        if (pass) assert_memory_equal(places, first, sizeof first);
        memcpy(first, places, sizeof first);
        gaclip__arena_reset(&arena);
    }
    gaclip__arena_free(&arena);
    assert_null(arena.first);
}

static void test_arena_failure(void **state)
{
    (void)state;
    GaclipArena arena = {0};
    GaclipError err = {0};
    assert_non_null(gaclip__arena_floats(&arena, 10));
    assert_null(gaclip__arena_floats(&arena, SIZE_MAX / 4 + 2)); /* its bytes would wrap round */
    assert_null(gaclip__arena_floats(&arena, 10));               /* stays so until the reset */
    assert_int_equal(gaclip__arena_check(&arena, &err), GACLIP_ERROR_MEMORY);
    gaclip__arena_reset(&arena);
    assert_non_null(gaclip__arena_floats(&arena, 10));
    expect_ok(gaclip__arena_check(&arena, &err), &err);
    gaclip__arena_free(&arena);
}

/* FIPS 180-4's examples, and runs of "a" around the padding's boundaries. */
static void test_sha256(void **state)
{
    static const struct {
        const char *text, *hex;
    } TEXTS[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                 {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                 {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    static const struct {
        size_t count;
        const char *hex;
    } RUNS[] = {{55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
                {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
                {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
                {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
                {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
                {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
                {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
                {1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
    (void)state;
    char hex[65];
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        gaclip__sha256_hex(hex, TEXTS[i].text, strlen(TEXTS[i].text));
        assert_string_equal(hex, TEXTS[i].hex);
    }
    char *run = malloc(1000000);
    assert_non_null(run);
    memset(run, 'a', 1000000);
    for (size_t i = 0; i < COUNT(RUNS); i++) {
        gaclip__sha256_hex(hex, run, RUNS[i].count);
        assert_string_equal(hex, RUNS[i].hex);
    }
    free(run);
}

static void expect_content(const char *path, const char *expected)
{
    char *bytes = read_file(path, NULL);
    assert_non_null(bytes);
    assert_string_equal(bytes, expected);
    free(bytes);
}

static void test_atomic_file(void **state)
{
    (void)state;
    GaclipAtomicFile file;
    GaclipError err = {0};
    struct stat info;
    const char *path = scratch_path("result");
    int before = scratch_count();
    mode_t mask = umask(027);
    expect_ok(gaclip__atomic_open(&file, path, &err), &err);
    fputs("one", file.stream);
    assert_int_equal(access(path, F_OK), -1); /* not before it is complete */
    expect_ok(gaclip__atomic_commit(&file, &err), &err);
    umask(mask);
    expect_content(path, "one");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    expect_ok(gaclip__atomic_open(&file, path, &err), &err);
    fputs("two", file.stream);
    gaclip__atomic_abandon(&file);
    expect_content(path, "one");
    expect_ok(gaclip__atomic_open(&file, path, &err), &err);
    fputs("three", file.stream);
    expect_ok(gaclip__atomic_commit(&file, &err), &err);
    expect_content(path, "three");
    assert_int_equal(scratch_count(), before + 1);
}

static void test_atomic_failures(void **state)
{
    enum { LIMIT = 10000 };
    (void)state;
    GaclipAtomicFile file;
    GaclipError err = {0};
    const char *older = scratch_path("older"), *folder = scratch_path("folder");
    const char *missing = scratch_path("no/such/place");
    write_file(older, "older", 5);
    mkdir(folder, 0777);
    int before = scratch_count();
    expect_refusal(gaclip__atomic_open(&file, missing, &err), &err, missing);
    expect_ok(gaclip__atomic_open(&file, folder, &err), &err);
    expect_refusal(gaclip__atomic_commit(&file, &err), &err, folder);
    /* The disk is full for a while, and the writer does not look. */
    limit_files(LIMIT);
    expect_ok(gaclip__atomic_open(&file, older, &err), &err);
    for (int i = 0; i < 2 * LIMIT; i++) fputc('x', file.stream);
    unlimit_files();
    expect_refusal(gaclip__atomic_commit(&file, &err), &err, older);
    assert_int_equal(scratch_count(), before);
    expect_content(older, "older");
}

static void test_random(void **state)
{
    /* From the authors' definitions of SplitMix64 and xoshiro256**, computed apart. */
    static const uint64_t EXPECTED[2][5] = {
        {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c,
         0xbba5ad4a1f842e59},
        {0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1, 0xecb8ad4703b360a1,
         0xfde6dc7fe2ec5e64}};
    (void)state;
    GaclipRandom random;
    for (int s = 0; s < 2; s++) {
        gaclip__random_seed(&random, s ? 42 : 0);
        for (int i = 0; i < 5; i++)
            if (gaclip__random_next(&random) != EXPECTED[s][i])
                fail_msg("seed %d, number %d", s, i);
    }
}

static void test_random_ranges(void **state)
{
    enum { DRAWS = 100000 };
    (void)state;
    GaclipRandom random;
    int hits[7] = {0};
    double sum = 0, squares = 0;
    gaclip__random_seed(&random, 3);
    for (int i = 0; i < DRAWS; i++) {
        double u = gaclip__random_uniform(&random);
        assert_true(u >= 0 && u < 1);
        int k = gaclip__random_below(&random, 7);
        assert_in_range(k, 0, 6);
        hits[k]++;
        float n = gaclip__random_normal(&random);
        assert_true(isfinite(n));
        sum += n;
        squares += (double)n * n;
    }
    for (int k = 0; k < 7; k++) assert_in_range(hits[k], DRAWS / 7 - 600, DRAWS / 7 + 600);
    assert_true(fabs(sum / DRAWS) < 0.015); /* 5 standard errors */
    assert_true(fabs(squares / DRAWS - 1) < 0.025);
    assert_int_equal(gaclip__random_below(&random, 1), 0);
}

typedef struct Loop {
    int calls[1000], busy[8], failed;
} Loop;

static void count_call(int index, int worker, void *payload)
{
    Loop *loop = payload;
    if (worker < 0 || worker >= 8 || loop->busy[worker]++) loop->failed = 1;
    loop->calls[index]++;
    loop->busy[worker]--;
}

static void test_threads(void **state)
{
    static const int COUNTS[] = {0, 1, 3, 1000};
    (void)state;
    GaclipError err = {0};
    for (int threads = 1; threads <= 4; threads++) {
        GaclipThreads *pool;
        expect_ok(gaclip__threads_new(&pool, threads, &err), &err);
        assert_int_equal(gaclip__threads_count(pool), threads);
        for (size_t i = 0; i < COUNT(COUNTS); i++) {
            Loop loop = {0};
            gaclip__threads_run(pool, COUNTS[i], count_call, &loop);
            assert_false(loop.failed);
            for (int k = 0; k < 1000; k++) assert_int_equal(loop.calls[k], k < COUNTS[i]);
        }
        gaclip__threads_free(pool);
    }
}

static void see_blas(int index, int worker, void *payload)
{
    (void)index, (void)worker;
    if (openblas_get_num_threads() != 1) *(int *)payload = 1;
}

/* OpenBLAS' threads are the host program's, but for the time of a loop. */
static void test_host_threads(void **state)
{
    (void)state;
    GaclipThreads *pool;
    GaclipError err = {0};
    int before = openblas_get_num_threads(), failed = 0;
    openblas_set_num_threads(2);
    expect_ok(gaclip__threads_new(&pool, 2, &err), &err);
    gaclip__threads_run(pool, 100, see_blas, &failed);
    assert_false(failed);
    assert_int_equal(openblas_get_num_threads(), 2);
    gaclip__threads_free(pool);
    openblas_set_num_threads(before);
}

static void test_compute(void **state)
{
    (void)state;
    GaclipCompute *compute = NULL;
    GaclipError err = {0};
    expect_ok(gaclip_compute_new(&compute, 0, GACLIP_BACKEND_AUTO, &err), &err);
    assert_true(gaclip_compute_threads(compute) >= 1);
    gaclip_compute_free(compute);
    expect_ok(gaclip_compute_new(&compute, 3, GACLIP_BACKEND_OPENBLAS, &err), &err);
    assert_int_equal(gaclip_compute_threads(compute), 3);
    assert_string_equal(gaclip_compute_backend_name(compute), "OpenBLAS");
    gaclip_compute_free(compute);
    assert_int_equal(gaclip_compute_new(&compute, -1, GACLIP_BACKEND_AUTO, &err),
                     GACLIP_ERROR_ARGUMENT);
    gaclip_compute_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error),           cmocka_unit_test(test_long_error),
        cmocka_unit_test(test_arena),           cmocka_unit_test(test_arena_failure),
        cmocka_unit_test(test_sha256),          cmocka_unit_test(test_atomic_file),
        cmocka_unit_test(test_atomic_failures), cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_ranges),   cmocka_unit_test(test_threads),
        cmocka_unit_test(test_host_threads),    cmocka_unit_test(test_compute)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
