/* The text side of foreign weights: 77 positions stretched to 248, Long-CLIP's two tables,
 * FG-CLIP's two ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "foreign_model.h"
#include "model/positions.h"
#include "oracle_model.h"

enum { WIDTH = 32, EMBED = 12, SHORT = 77, LONG = 248 };

/* A table whose numbers tell their row, column and table. Free with free(). */
static float *numbered(int rows, int columns, float table)
{
    float *values = malloc((size_t)(rows * columns) * sizeof *values);
    assert_non_null(values);
    for (int i = 0; i < rows * columns; i++) values[i] = table + (float)i / 65536;
    return values;
}

static const char *write_weights(const ForeignModel *foreign)
{
    const char *merges = scratch_path("merges.txt"), *path = scratch_path("model.safetensors");
    write_file(merges, FOREIGN_MERGES, strlen(FOREIGN_MERGES));
    foreign_write(foreign, path);
    return path;
}

/* Opens the weights with a context (0 = their own); close with gaclip_model_close. */
static GaclipModel *read_weights(const ForeignModel *foreign, int context, GaclipCompute *compute)
{
    GaclipModelReading reading;
    GaclipModel *model;
    GaclipError err = {0};
    gaclip_model_reading_init(&reading);
    reading.context = context;
    expect_ok(gaclip_model_read(&model, write_weights(foreign), &reading, compute, &err), &err);
    return model;
}

/* Rows first to end of a parameter are those of a table. */
static void expect_rows(const GaclipModel *model, const char *name, int first, int end,
                        const float *table)
{
    const GaclipParameter *p = gaclip__parameters_find(&model->parameters, name);
    size_t columns = (size_t)p->shape[1], at = (size_t)first * columns;
    assert_in_range(end, 1, p->shape[0]);
    assert_memory_equal(p->value + at, table + at, (size_t)(end - first) * columns * sizeof(float));
}

static int positions(const GaclipModel *model)
{
    return gaclip__parameters_find(&model->parameters, "positional_embedding")->shape[0];
}

/* The oracle's table of 16 columns, twice beside each other, since the model is 32 wide. */
static float *doubled(const GaclipSafetensors *file, const char *name, int rows)
{
    size_t count, half = WIDTH / 2;
    float *values = oracle_floats(file, name, &count);
    float *wide = malloc(2 * count * sizeof *wide);
    assert_int_equal(count, (size_t)rows * half);
    for (size_t i = 0; i < (size_t)rows; i++) {
        memcpy(wide + 2 * i * half, values + i * half, half * sizeof *wide);
        memcpy(wide + (2 * i + 1) * half, values + i * half, half * sizeof *wide);
    }
    free(values);
    return wide;
}

static void test_stretching(void **state)
{
    (void)state;
    GaclipSafetensors *file = oracle_open("kps.safetensors");
    float *old = doubled(file, "old", SHORT), *new = doubled(file, "new", LONG);
    GaclipModel *plain = plain_model(5);
    ForeignModel foreign;
    foreign_from_model(&foreign, plain);
    foreign_find(&foreign, "positional_embedding")->data = old;
    GaclipModel *model = read_weights(&foreign, LONG, plain->compute);
    assert_int_equal(positions(model), LONG);
    expect_close("kps", gaclip__parameters_find(&model->parameters, "positional_embedding")->value,
                 new, LONG * WIDTH, FORWARD_TOLERANCE);
    expect_rows(model, "positional_embedding", 0, GACLIP__KEPT_POSITIONS, old);
    gaclip_model_close(model);
    free(old);
    free(new);
    oracle_model_close(plain);
    gaclip__safetensors_close(file);
}

static void test_other_lengths(void **state)
{
    (void)state;
    GaclipModel *plain = plain_model(6), *model = NULL;
    ForeignModel foreign;
    GaclipError err = {0};
    foreign_from_model(&foreign, plain);
    const float *table = foreign_find(&foreign, "positional_embedding")->data;
    model = read_weights(&foreign, 50, plain->compute);
    assert_int_equal(positions(model), 50);
    expect_rows(model, "positional_embedding", 0, 50, table);
    gaclip_model_close(model);
    GaclipModelReading reading;
    gaclip_model_reading_init(&reading);
    reading.context = 100;
    model = NULL;
    assert_int_equal(
        gaclip_model_read(&model, write_weights(&foreign), &reading, plain->compute, &err),
        GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "77 can be stretched to 248"));
    assert_null(model);
    oracle_model_close(plain);
}

/* The first 20 rows come from the one table, the others from the other. */
static void test_long_clip(void **state)
{
    (void)state;
    float *kept = numbered(LONG, WIDTH, 1), *trained = numbered(LONG, WIDTH, 2);
    GaclipModel *plain = plain_model(7);
    ForeignModel foreign;
    foreign_from_model(&foreign, plain);
    foreign_remove(&foreign, "positional_embedding");
    foreign_add(&foreign, "positional_embedding", LONG, WIDTH, kept);
    foreign_add(&foreign, "positional_embedding_res", LONG, WIDTH, trained);
    static const int CONTEXTS[] = {0, LONG, SHORT, 15};
    for (size_t i = 0; i < sizeof CONTEXTS / sizeof *CONTEXTS; i++) {
        int rows = CONTEXTS[i] ? CONTEXTS[i] : LONG;
        GaclipModel *model = read_weights(&foreign, CONTEXTS[i], plain->compute);
        assert_int_equal(positions(model), rows);
        expect_rows(model, "positional_embedding", 0,
                    rows < GACLIP__KEPT_POSITIONS ? rows : GACLIP__KEPT_POSITIONS, kept);
        if (rows > GACLIP__KEPT_POSITIONS)
            expect_rows(model, "positional_embedding", GACLIP__KEPT_POSITIONS, rows, trained);
        gaclip_model_close(model);
    }
    free(kept);
    free(trained);
    oracle_model_close(plain);
}

/* Hugging Face stores projections as (out, in): the transpose. */
static float *transposed(const float *values)
{
    float *out = malloc(WIDTH * EMBED * sizeof *out);
    for (int i = 0; i < EMBED; i++)
        for (int j = 0; j < WIDTH; j++) out[j * EMBED + i] = values[i * WIDTH + j];
    return out;
}

/* 77 positions and the usual projection; for long texts others, and a projection of their own. */
static void test_fg_clip(void **state)
{
    (void)state;
    float *few = numbered(SHORT, WIDTH, 1), *kept = numbered(LONG, WIDTH, 2),
          *trained = numbered(LONG, WIDTH, 3), *usual = numbered(EMBED, WIDTH, 4),
          *other = numbered(EMBED, WIDTH, 5);
    float *usual_projection = transposed(usual), *other_projection = transposed(other);
    GaclipModel *plain = plain_model(8);
    ForeignModel foreign;
    foreign_from_model(&foreign, plain);
    foreign_remove(&foreign, "positional_embedding");
    foreign_remove(&foreign, "text_projection");
    foreign_add(&foreign, "text_model.embeddings.position_embedding.weight", SHORT, WIDTH, few);
    foreign_add(&foreign, "text_model.embeddings.position_embedding_ori.weight", LONG, WIDTH, kept);
    foreign_add(&foreign, "text_model.embeddings.position_embedding_res.weight", LONG, WIDTH,
                trained);
    foreign_add(&foreign, "text_projection.weight", EMBED, WIDTH, usual);
    foreign_add(&foreign, "text_filip_projection.weight", EMBED, WIDTH, other);
    foreign_add(&foreign, "logit_scale_finegraind", 1, 1, few);
    foreign_add(&foreign, "logit_scale_hardneg", 1, 1, few);
    GaclipModel *model = read_weights(&foreign, 0, plain->compute);
    assert_int_equal(positions(model), SHORT);
    expect_rows(model, "positional_embedding", 0, SHORT, few);
    expect_rows(model, "text_projection", 0, WIDTH, usual_projection);
    gaclip_model_close(model);
    model = read_weights(&foreign, LONG, plain->compute);
    assert_int_equal(positions(model), LONG);
    expect_rows(model, "positional_embedding", 0, GACLIP__KEPT_POSITIONS, kept);
    expect_rows(model, "positional_embedding", GACLIP__KEPT_POSITIONS, LONG, trained);
    expect_rows(model, "text_projection", 0, WIDTH, other_projection);
    gaclip_model_close(model);
    float *tables[] = {few, kept, trained, usual, other, usual_projection, other_projection};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) free(tables[i]);
    oracle_model_close(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stretching), cmocka_unit_test(test_other_lengths),
        cmocka_unit_test(test_long_clip), cmocka_unit_test(test_fg_clip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
