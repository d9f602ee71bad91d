/* Linear layers in 8 bits: products against integers, rounding, what follows, whole towers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/int8_products.h"
#include "finite.h"
#include "gaclip/train.h"
#include "math/quantised.h"
#include "oracle_model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A context in int8, or NULL with a message where there is none. */
static GaclipCompute *int8_compute(void)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    int status = gaclip_compute_set_precision(compute, GACLIP_PRECISION_INT8, &err);
    if (!gaclip__int8_supported()) {
        assert_int_equal(status, GACLIP_ERROR_UNSUPPORTED);
        assert_int_equal(gaclip_compute_precision(compute), GACLIP_PRECISION_F32);
        gaclip_compute_free(compute);
        print_message("skipped: no int8 on this processor or in this build\n");
        return NULL;
    }
    expect_ok(status, &err);
    assert_int_equal(gaclip_compute_precision(compute), GACLIP_PRECISION_INT8);
    return compute;
}

static void check_product(GaclipInt8Products *products, GaclipRandom *random, int rows, int columns,
                          int depth, int is_extreme)
{
    const GaclipInt8Kernel *kernel;
    GaclipError err = {0};
    size_t in_count = (size_t)rows * (size_t)depth, weights = (size_t)columns * (size_t)depth;
    uint8_t *in = malloc(in_count);
    int8_t *weight = malloc(weights);
    int32_t *c = malloc((size_t)rows * (size_t)columns * sizeof *c);
    for (size_t i = 0; i < in_count; i++)
        in[i] = is_extreme ? 255 : (uint8_t)gaclip__random_below(random, 256);
    for (size_t i = 0; i < weights; i++)
        weight[i] = is_extreme ? 127 : (int8_t)((int)gaclip__random_below(random, 255) - 127);
    expect_ok(gaclip__int8_kernel(&kernel, products, columns, depth, &err), &err);
    size_t bytes = (gaclip__int8_packed_bytes(kernel) + 63) / 64 * 64;
    void *packed = aligned_alloc(64, bytes);
    assert_int_equal(gaclip__int8_pack(kernel, packed, weight), 0);
    assert_int_equal(gaclip__int8_multiply(kernel, c, in, rows, packed), 0);
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < columns; o++) {
            int32_t sum = 0;
            for (int i = 0; i < depth; i++) sum += in[r * depth + i] * weight[o * depth + i];
            if (c[r * columns + o] != sum)
                fail_msg("%d x %d x %d: [%d,%d] is %d, not %d", rows, columns, depth, r, o,
                         c[r * columns + o], sum);
        }
    free(packed);
    free(in);
    free(weight);
    free(c);
}

/* Bit by bit, the largest factors too, for every number of rows and in odd sizes. */
static void test_products(void **state)
{
    static const int SIZES[][2] = {{1, 1}, {7, 3}, {48, 16}, {33, 65}, {640, 100}, {768, 768}};
    GaclipCompute *compute = int8_compute();
    GaclipRandom random;
    (void)state;
    if (!compute) skip();
    gaclip__random_seed(&random, 3);
    for (size_t s = 0; s < COUNT(SIZES); s++)
        for (int rows = GACLIP__INT8_STEP; rows <= GACLIP__INT8_ROWS; rows += GACLIP__INT8_STEP)
            for (int extreme = 0; extreme < 2; extreme++)
                check_product(compute->int8, &random, rows, SIZES[s][0], SIZES[s][1], extreme);
    gaclip_compute_free(compute);
}

static void test_rows(void **state)
{
    static const float ROWS[][5] = {{-1, 0, 0.25f, 3, 1},
                                    {0.5f, 0.75f, 2, 1, 0.6f},
                                    {-4, -1, -2, -3, -0.1f},
                                    {1e30f, -1e30f, 0, 1e29f, 5},
                                    {1e-30f, 2e-30f, 0, -1e-30f, 0}};
    static const float ZEROS[5] = {0};
    uint8_t q[5];
    (void)state;
    for (size_t r = 0; r < COUNT(ROWS); r++) {
        GaclipQuantisedRow row = gaclip__quantise_row(q, ROWS[r], 5);
        assert_true(row.scale > 0 && row.zero >= 0 && row.zero <= 255);
        for (int i = 0; i < 5; i++) {
            float value = row.scale * (float)(q[i] - row.zero);
            assert_true(fabsf(value - ROWS[r][i]) <= 0.501f * row.scale);
            if (ROWS[r][i] == 0) assert_int_equal(q[i], row.zero);
        }
    }
    assert_true(gaclip__quantise_row(q, ZEROS, 5).scale == 0);
    const float broken[2][5] = {{1, NAN, 2, 3, 4}, {1, 2, -INFINITY, 3, 4}};
    for (int r = 0; r < 2; r++) assert_true(isnan(gaclip__quantise_row(q, broken[r], 5).scale));
}

static void test_weights(void **state)
{
    static const float WEIGHT[6] = {0.1f, -0.635f, 0.32f, 0, -0.004f, 0.635f};
    static const int8_t EXPECTED[6] = {20, -127, 64, 0, -1, 127};
    static const float ZEROS[6] = {0};
    int8_t q[6], again[6];
    (void)state;
    float scale = gaclip__quantise_weights(q, WEIGHT, 6), values[6];
    assert_true(fabsf(scale - 0.005f) < 1e-8f);
    assert_memory_equal(q, EXPECTED, 6);
    for (int i = 0; i < 6; i++) values[i] = scale * (float)q[i];
    assert_true(fabsf(gaclip__quantise_weights(again, values, 6) - scale) < 1e-9f);
    assert_memory_equal(again, q, 6); /* what is rounded once stays */
    assert_true(gaclip__quantise_weights(q, ZEROS, 6) == 0);
    for (int i = 0; i < 6; i++) assert_int_equal(q[i], 0);
}

/* A layer against sums in double of what its 8 bits stand for. */
static void check_layer(GaclipCompute *compute, int rows, int n_in, int n_out, int is_packed)
{
    GaclipQuantised weights;
    GaclipRandom random;
    GaclipError err = {0};
    gaclip__random_seed(&random, (uint64_t)(rows + n_in));
    size_t in_count = (size_t)rows * (size_t)n_in, out_count = (size_t)rows * (size_t)n_out;
    float *in = random_floats(&random, in_count, 1),
          *bias = random_floats(&random, (size_t)n_out, 1);
    float *weight = random_floats(&random, (size_t)n_in * (size_t)n_out, 1);
    float *residual = random_floats(&random, out_count, 1), *out = malloc(out_count * sizeof *out);
    size_t bytes = gaclip__quantised_rows_bytes((size_t)rows, (size_t)n_in);
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    uint8_t *q = malloc((size_t)n_in);
    int8_t *w = malloc((size_t)n_in);
    expect_ok(gaclip__compute_reserve(compute, gaclip__linear_scratch(), &err), &err);
    expect_ok(gaclip__quantised_init(&weights, compute, n_out, n_in, &err), &err);
    gaclip__quantised_set(&weights, weight);
    assert_int_equal(weights.is_packed, 1);
    weights.is_packed = is_packed; /* as where oneDNN declines */
    gaclip__linear_forward(compute, &(GaclipLinear){.rows = rows,
                                                    .n_in = n_in,
                                                    .n_out = n_out,
                                                    .in = gaclip__floats(in),
                                                    .weight = gaclip__floats(weight),
                                                    .quantised = &weights,
                                                    .rows_memory = memory,
                                                    .bias = bias,
                                                    .residual = residual,
                                                    .out = gaclip__floats(out)});
    for (int o = 0; o < n_out; o++) {
        double scale = (double)gaclip__quantise_weights(w, weight + o * n_in, n_in);
        for (int r = 0; r < rows; r++) {
            GaclipQuantisedRow row = gaclip__quantise_row(q, in + r * n_in, n_in);
            double sum = 0, size = 0;
            for (int i = 0; i < n_in; i++) {
                double term = (double)row.scale * (q[i] - row.zero) *
                              (is_packed ? scale * w[i] : (double)weight[o * n_in + i]);
                sum += term;
                size += fabs(term);
            }
            sum += (double)bias[o] + (double)residual[r * n_out + o];
            if (!(fabs((double)out[r * n_out + o] - sum) < 1e-5 * (1 + size)))
                fail_msg("%d x %d x %d: [%d,%d] is %g, not %g", rows, n_out, n_in, r, o,
                         (double)out[r * n_out + o], sum);
        }
    }
    gaclip__quantised_clear(&weights);
    free(in);
    free(bias);
    free(weight);
    free(residual);
    free(out);
    free(memory);
    free(q);
    free(w);
}

/* One piece and several, rows that fill their blocks and rows that do not. */
static void test_layers(void **state)
{
    GaclipCompute *compute = int8_compute();
    (void)state;
    if (!compute) skip();
    check_layer(compute, 1, 3, 5, 1);
    check_layer(compute, 50, 24, 72, 1);
    check_layer(compute, 64, 32, 96, 1);
    check_layer(compute, 131, 40, 1920, 1);
    check_layer(compute, 17, 40, 1001, 1);
    check_layer(compute, 21, 40, 48, 0);
    gaclip_compute_free(compute);
}

static double cosine(const float *a, const float *b, int count)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < count; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* The oracle's own image and texts, by both towers: 0.99 of them stay, and not all, for then
 * nothing was quantised. Back in f32 all is as it was. */
static void test_towers(void **state)
{
    enum { IMAGES = 3 };
    GaclipError err = {0};
    (void)state;
    GaclipModel *model = oracle_model("tiny_openai.safetensors", "tiny_openai.safetensors");
    int E = model->config.embed_dim, side = model->config.vision.image_size;
    int context = model->config.text.context_length;
    GaclipRandom random;
    gaclip__random_seed(&random, 2);
    size_t floats = IMAGES * 3 * (size_t)side * (size_t)side;
    float *planes = random_floats(&random, floats, 1);
    int32_t *tokens = malloc((size_t)context * IMAGES * sizeof *tokens);
    float *out[3];
    for (int i = 0; i < IMAGES * context; i++)
        tokens[i] = (int32_t)gaclip__random_below(&random, model->config.text.vocab_size);
    if (gaclip__int8_supported()) {
        static const GaclipPrecision WAYS[] = {GACLIP_PRECISION_F32, GACLIP_PRECISION_INT8,
                                               GACLIP_PRECISION_F32};
        for (int way = 0; way < 3; way++) {
            out[way] = malloc(2 * IMAGES * (size_t)E * sizeof *out[way]);
            expect_ok(gaclip_compute_set_precision(model->compute, WAYS[way], &err), &err);
            expect_ok(gaclip_model_embed_images(model, out[way], planes, IMAGES, side, side, &err),
                      &err);
            expect_ok(gaclip_model_embed_tokens(model, out[way] + IMAGES * E, tokens, IMAGES,
                                                context, &err),
                      &err);
        }
        for (int i = 0; i < 2 * IMAGES; i++) {
            double same = cosine(out[0] + i * E, out[1] + i * E, E);
            assert_true(same >= 0.99 && same < 1 - 1e-7);
        }
        assert_memory_equal(out[0], out[2], 2 * IMAGES * (size_t)E * sizeof *out[0]);
        for (int way = 0; way < 3; way++) free(out[way]);
    } else {
        print_message("skipped: no int8 on this processor or in this build\n");
    }
    free(planes);
    free(tokens);
    oracle_model_close(model);
}

static void test_refused(void **state)
{
    GaclipCompute *compute;
    GaclipPrecision precision = GACLIP_PRECISION_BF16;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_OPENBLAS, &err), &err);
    assert_int_equal(gaclip_compute_set_precision(compute, GACLIP_PRECISION_INT8, &err),
                     GACLIP_ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "oneDNN"));
    assert_int_equal(gaclip_compute_precision(compute), GACLIP_PRECISION_F32);
    gaclip_compute_free(compute);
    assert_int_equal(gaclip_precision_find(&precision, "int4", &err), GACLIP_ERROR_ARGUMENT);
    expect_ok(gaclip_precision_find(&precision, "int8", &err), &err);
    assert_string_equal(gaclip_precision_name(precision), "int8");
    compute = int8_compute();
    if (!compute) return;
    gaclip_compute_free(compute);
    GaclipModel *model = random_model(1);
    GaclipTrainOptions options;
    gaclip_train_options_init(&options);
    expect_ok(gaclip_compute_set_precision(model->compute, GACLIP_PRECISION_INT8, &err), &err);
    assert_int_equal(gaclip_train(model, NULL, &options, NULL, &err), GACLIP_ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "int8"));
    oracle_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_weights),  cmocka_unit_test(test_layers),
        cmocka_unit_test(test_towers),   cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
