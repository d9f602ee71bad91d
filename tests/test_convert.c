/* Models read otherwise than they lie on disk, and what they cost: stretched contexts against the
 * oracle, storage types, operations of published architectures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/flops.h"
#include "oracle_model.h"

enum { SHORT = 77, LONG = 248, CHANNELS = 16 };

/* A model whose text positions are the oracle's table. */
static GaclipModel *model_of_table(const float *table)
{
    GaclipError err = {0};
    GaclipModel *other = random_model(3), *model;
    GaclipModelConfig config = other->config;
    GaclipTokenizer *tokenizer;
    size_t size;
    const char *merges = gaclip_tokenizer_merges(other->tokenizer, &size);
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, merges, size, 0, &err), &err);
    config.text.context_length = SHORT;
    config.text.width = CHANNELS;
    expect_ok(gaclip_model_new(&model, &config, tokenizer, 3, other->compute, &err), &err);
    gaclip_model_close(other);
    const GaclipParameter *p = gaclip__parameters_find(&model->parameters, "positional_embedding");
    memcpy(model->parameters.values + p->offset, table, p->count * sizeof *table);
    return model;
}

static void test_stretched(void **state)
{
    (void)state;
    GaclipSafetensors *oracle = oracle_open("kps.safetensors");
    float *table = oracle_floats(oracle, "old", NULL);
    GaclipError err = {0};
    GaclipModel *model = model_of_table(table), *stretched;
    GaclipModelReading reading;
    char path[1024], longer[1024];
    snprintf(path, sizeof path, "%s", scratch_path("short.safetensors"));
    snprintf(longer, sizeof longer, "%s", scratch_path("long.safetensors"));
    expect_ok(gaclip_model_save(model, path, &err), &err);
    gaclip_model_reading_init(&reading);
    reading.context = LONG;
    expect_ok(gaclip_model_read(&stretched, path, &reading, model->compute, &err), &err);
    expect_ok(gaclip_model_save(stretched, longer, &err), &err);
    gaclip_model_close(stretched);
    expect_ok(gaclip_model_open(&stretched, longer, model->compute, &err), &err);
    assert_int_equal(gaclip_model_config(stretched)->text.context_length, LONG);
    const GaclipParameter *p =
        gaclip__parameters_find(&stretched->parameters, "positional_embedding");
    expect_tensor(oracle, "new", p->value, (size_t)LONG * CHANNELS, 1e-6);
    gaclip_model_close(stretched);
    oracle_model_close(model);
    free(table);
    gaclip__safetensors_close(oracle);
}

/* What is said of the storage is what was written; a narrow file is read as its rounded values. */
static void test_storage(void **state)
{
    static const struct {
        GaclipStorage storage;
        const char *name;
    } TYPES[] = {{GACLIP_STORE_F32, "f32"}, {GACLIP_STORE_F16, "f16"}, {GACLIP_STORE_BF16, "bf16"}};
    (void)state;
    GaclipError err = {0};
    GaclipModel *model = random_model(7), *read;
    assert_string_equal(gaclip_model_dtype(model), "f32");
    assert_int_equal(gaclip_model_file_bytes(model), 0);
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        const char *path = scratch_path(TYPES[i].name);
        size_t size;
        expect_ok(gaclip_model_save_as(model, path, TYPES[i].storage, &err), &err);
        expect_ok(gaclip_model_open(&read, path, model->compute, &err), &err);
        assert_string_equal(gaclip_model_dtype(read), TYPES[i].name);
        free(read_file(path, &size));
        assert_int_equal(gaclip_model_file_bytes(read), size);
        for (int k = 0; k < model->parameters.count; k++) {
            const GaclipParameter *p = &model->parameters.entries[k];
            const float *found = read->parameters.entries[k].value;
            for (size_t j = 0; j < p->count; j++) {
                float value = p->value[j];
                if (p->rank >= 2 && i == 1) value = gaclip__f16_to_f32(gaclip__f32_to_f16(value));
                if (p->rank >= 2 && i == 2) value = gaclip__bf16_to_f32(gaclip__f32_to_bf16(value));
                assert_true(found[j] == value);
            }
        }
        gaclip_model_close(read);
    }
    oracle_model_close(model);
}

/* ViT-L/14: 162.03 GFLOP an image and 13.30 a text, summed by hand from the products' shapes. */
static void test_operations(void **state)
{
    (void)state;
    const GaclipModelConfig large = {
        .embed_dim = 768,
        .vision = {.image_size = 224, .patch_size = 14, .width = 1024, .layers = 24, .heads = 16},
        .text = {.context_length = 77, .width = 768, .layers = 12}};
    double block = 2.0 * 257 * 1024 * (3072 + 1024 + 4096 + 4096) + 2.0 * 2 * 257 * 257 * 1024;
    double image = 2.0 * 256 * 588 * 1024 + 24 * block + 2.0 * 1024 * 768;
    double words = 2.0 * 77 * 768 * (2304 + 768 + 3072 + 3072) + 2.0 * 2 * 77 * 77 * 768;
    assert_true(gaclip_flops_image(&large, 224, 224) == image);
    assert_true(gaclip_flops_text(&large, 77) == 12 * words + 2.0 * 768 * 768);
    /* Twice the height has twice the patches, but one class token. */
    double tall = 2.0 * 513 * 1024 * 12288 + 2.0 * 2 * 513 * 513 * 1024;
    assert_true(gaclip_flops_image(&large, 448, 224) ==
                2.0 * 512 * 588 * 1024 + 24 * tall + 2.0 * 1024 * 768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stretched),
                                       cmocka_unit_test(test_storage),
                                       cmocka_unit_test(test_operations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
