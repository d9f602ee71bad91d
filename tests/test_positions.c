/* Resampling of position tables: against the oracle, and its transpose. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finite.h"
#include "model/positions.h"
#include "oracle.h"

enum { SIDE = 7, CHANNELS = 6 };

static void test_oracle(void **state)
{
    (void)state;
    GaclipSafetensors *file = oracle_open("positions.safetensors");
    float *table = oracle_floats(file, "table", NULL);
    int sizes = 0;
    for (size_t i = 0; i < gaclip__safetensors_count(file); i++) {
        const GaclipTensor *tensor = gaclip__safetensors_at(file, i);
        int height, width;
        GaclipError err = {0};
        if (sscanf(tensor->name, "to.%dx%d", &height, &width) != 2) continue;
        float *out = malloc(tensor->count * sizeof *out);
        expect_ok(gaclip__positions_resample(out, height, width, table, SIDE, CHANNELS, &err),
                  &err);
        expect_tensor(file, tensor->name, out, tensor->count, FORWARD_TOLERANCE);
        free(out);
        sizes++;
    }
    assert_true(sizes >= 4);
    free(table);
    gaclip__safetensors_close(file);
}

/* <R x, y> = <x, R' y> for every pair, so R' is R's transpose. */
static void test_transpose(void **state)
{
    static const int SIZES[][2] = {{7, 7}, {9, 12}, {3, 11}, {1, 1}, {14, 5}};
    GaclipRandom random;
    (void)state;
    gaclip__random_seed(&random, 5);
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        size_t in = (1 + SIDE * SIDE) * CHANNELS;
        size_t out = (size_t)(1 + SIZES[i][0] * SIZES[i][1]) * CHANNELS;
        float *x = random_floats(&random, in, 1), *y = random_floats(&random, out, 1);
        float *rx = calloc(out, sizeof *rx), *ry = calloc(in, sizeof *ry);
        GaclipError err = {0};
        expect_ok(gaclip__positions_resample(rx, SIZES[i][0], SIZES[i][1], x, SIDE, CHANNELS, &err),
                  &err);
        expect_ok(gaclip__positions_resample_backward(ry, SIDE, y, SIZES[i][0], SIZES[i][1],
                                                      CHANNELS, &err),
                  &err);
        assert_true(fabs(dot(rx, y, out) - dot(x, ry, in)) < 1e-3);
        free(x);
        free(y);
        free(rx);
        free(ry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle),
                                       cmocka_unit_test(test_transpose)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
