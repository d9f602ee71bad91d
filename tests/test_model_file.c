/* Model files: saved and opened again without a change, in every type, and damaged at random. */
#include <math.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "model_draft.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_same_texts(const GaclipModel *a, const GaclipModel *b)
{
    for (int list = 0; list < GACLIP__TEXT_LISTS; list++) {
        GaclipTextList which = (GaclipTextList)list;
        assert_int_equal(gaclip_model_text_count(a, which), gaclip_model_text_count(b, which));
        for (size_t i = 0; i < gaclip_model_text_count(a, which); i++)
            assert_string_equal(gaclip_model_text_at(a, which, i),
                                gaclip_model_text_at(b, which, i));
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    Answers answers;
    char sha256[65];
    size_t size;
    GaclipModel *wrote = random_model(1), *model = open_good(shared.path);
    ask(&answers, model);
    assert_memory_equal(&answers, &shared.answers, sizeof answers);
    assert_memory_equal(gaclip_model_config(model), gaclip_model_config(wrote),
                        sizeof(GaclipModelConfig));
    expect_same_texts(model, wrote);
    assert_int_equal(gaclip_model_parameter_count(model, ""),
                     gaclip_model_parameter_count(wrote, ""));
    assert_string_equal(gaclip_model_path(model), shared.path);
    assert_string_equal(gaclip_model_path(wrote), "");
    assert_string_equal(gaclip_model_sha256(wrote), "");
    const void *bytes = gaclip__safetensors_bytes(shared.file, &size);
    gaclip__sha256_hex(sha256, bytes, size);
    assert_string_equal(gaclip_model_sha256(model), sha256);
    cJSON *json = cJSON_Parse(gaclip_model_metadata(model));
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(json, "training");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(training, "steps")->valueint, 3);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(training, "note")->valuestring,
                        "\xC3\xA9");
    cJSON_Delete(json);
    oracle_model_close(wrote);
    gaclip_model_close(model);
}

/* A model saved again, over the file that it is mapped from, gives the same bytes. */
static void test_saved_again(void **state)
{
    (void)state;
    GaclipError err = {0};
    Answers answers;
    size_t size, again_size;
    const char *path = scratch_path("again");
    const char *bytes = gaclip__safetensors_bytes(shared.file, &size);
    write_file(path, bytes, size);
    GaclipModel *model = open_good(path);
    expect_ok(gaclip_model_save(model, path, &err), &err);
    ask(&answers, model);
    assert_memory_equal(&answers, &shared.answers, sizeof answers);
    gaclip_model_close(model);
    char *again = read_file(path, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(again, bytes, size);
    free(again);
}

static const char LINEAR[] = "visual.transformer.resblocks.0.mlp.c_fc.weight";
static const char SCALES[] = "visual.transformer.resblocks.0.mlp.c_fc.weight.scale";

/* random_model(1) in int8. The caller closes *out. */
static void save_int8(GaclipSafetensors **out, const char *path)
{
    GaclipError err = {0};
    GaclipModel *model = open_good(shared.path);
    expect_ok(gaclip_model_save_as(model, path, GACLIP_STORE_INT8, &err), &err);
    gaclip_model_close(model);
    expect_ok(gaclip__safetensors_open(out, path, &err), &err);
}

/* Linear layers come back as what their 8 bits stand for, at most half a step away; the file says
 * so. */
static void test_int8(void **state)
{
    (void)state;
    GaclipSafetensors *file;
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path("int8.safetensors"));
    save_int8(&file, path);
    const GaclipTensor *q = gaclip__safetensors_find(file, LINEAR);
    const GaclipTensor *scales = gaclip__safetensors_find(file, SCALES);
    const GaclipTensor *whole = gaclip__safetensors_find(shared.file, LINEAR);
    assert_true(q && q->dtype == GACLIP_DTYPE_I8 && scales && scales->dtype == GACLIP_DTYPE_F32);
    assert_int_equal(scales->count, q->shape[0]);
    assert_int_equal(gaclip__safetensors_find(file, "visual.proj")->dtype, GACLIP_DTYPE_BF16);
    GaclipModel *model = open_good(path);
    assert_string_equal(gaclip_model_dtype(model), "int8");
    const float *values = gaclip__parameters_find(&model->parameters, LINEAR)->value;
    const float *exact = whole->data, *scale = scales->data;
    const signed char *bytes = q->data;
    size_t length = (size_t)q->shape[1];
    for (size_t i = 0; i < q->count; i++) {
        assert_true(values[i] == scale[i / length] * (float)bytes[i]);
        assert_true(fabsf(values[i] - exact[i]) <= 0.501f * scale[i / length]);
    }
    gaclip_model_close(model);
    gaclip__safetensors_close(file);
}

static void expect_bad_scales(Draft *draft, const char *what, const char *fact)
{
    const char *path = scratch_path("scales.safetensors");
    draft_write(draft, path);
    expect_bad(what, path, fact);
}

static void test_bad_scales(void **state)
{
    static const float BAD[] = {NAN, INFINITY, -1};
    (void)state;
    GaclipSafetensors *file;
    Draft draft;
    save_int8(&file, scratch_path("int8.safetensors"));
    draft_of(&draft, file);
    GaclipTensor *scales = draft_tensor(&draft, SCALES), good = *scales;
    float *values = malloc(good.bytes);
    assert_non_null(values);
    scales->data = values;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        memcpy(values, good.data, good.bytes);
        values[good.count - 1] = BAD[i];
        expect_bad_scales(&draft, "a scale that is none", SCALES);
    }
    *scales = good;
    scales->rank = 2;
    scales->shape[1] = 1;
    expect_bad_scales(&draft, "scales in a matrix", SCALES);
    *scales = good;
    scales->dtype = GACLIP_DTYPE_I32;
    expect_bad_scales(&draft, "scales of whole numbers", SCALES);
    *scales = good;
    scales->count = (size_t)--scales->shape[0];
    scales->bytes -= sizeof(float);
    expect_bad_scales(&draft, "too few scales", SCALES);
    *scales = good;
    scales->name = "another.scale";
    expect_bad_scales(&draft, "no scales", "without scales");
    *scales = good;
    /* Only linear layers may be in 8 bits. */
    GaclipTensor *table = draft_tensor(&draft, POSITIONS);
    unsigned char *bytes = calloc(table->count, 1);
    assert_non_null(bytes);
    table->dtype = GACLIP_DTYPE_I8;
    table->data = bytes;
    table->bytes = table->count;
    char name[128];
    snprintf(name, sizeof name, "%s%s", POSITIONS, GACLIP__SCALE_ENDING);
    GaclipTensor *more = &draft.tensors[draft.count++];
    *more = good;
    more->name = name;
    more->shape[0] = table->shape[0];
    more->count = (size_t)table->shape[0];
    more->bytes = more->count * sizeof(float);
    assert_true(more->bytes <= good.bytes);
    expect_bad_scales(&draft, "positions in 8 bits", POSITIONS);
    cJSON_Delete(draft.json);
    free(bytes);
    free(values);
    gaclip__safetensors_close(file);
}

/* Weights kept in double precision are the same weights; what f32 cannot hold is refused. */
static void test_wide_weights(void **state)
{
    (void)state;
    const char *path = scratch_path("wide");
    Answers answers;
    Draft draft;
    draft_open(&draft);
    GaclipTensor *tensor = draft_tensor(&draft, POSITIONS);
    const float *narrow = tensor->data;
    double *wide = malloc(tensor->count * sizeof *wide);
    assert_non_null(wide);
    for (size_t i = 0; i < tensor->count; i++) wide[i] = narrow[i];
    tensor->dtype = GACLIP_DTYPE_F64;
    tensor->data = wide;
    tensor->bytes = tensor->count * sizeof *wide;
    draft_write(&draft, path);
    GaclipModel *model = open_good(path);
    ask(&answers, model);
    assert_memory_equal(&answers, &shared.answers, sizeof answers);
    gaclip_model_close(model);
    wide[5] = 1e39;
    draft_write(&draft, path);
    expect_bad("a weight beyond f32", path, POSITIONS);
    cJSON_Delete(draft.json);
    free(wide);
}

/* Any bytes changed: refused in one line, or a model that answers. */
static void test_mutations(void **state)
{
    enum { MUTATIONS = 400 };
    (void)state;
    const char *path = scratch_path("mutant");
    size_t size;
    int refused = 0;
    const char *bytes = gaclip__safetensors_bytes(shared.file, &size);
    size_t header = (size_t)((const char *)gaclip__safetensors_at(shared.file, 0)->data - bytes);
    char *mutant = malloc(size);
    GaclipRandom random;
    gaclip__random_seed(&random, 6);
    assert_non_null(mutant);
    for (size_t i = 0; i < gaclip__safetensors_count(shared.file); i++) {
        const char *data = gaclip__safetensors_at(shared.file, i)->data;
        if ((size_t)(data - bytes) < header) header = (size_t)(data - bytes);
    }
    for (int i = 0; i < MUTATIONS; i++) {
        GaclipModel *model;
        GaclipError err = {0};
        Answers answers;
        memcpy(mutant, bytes, size);
        size_t range = i % 4 ? header : size;
        mutant[gaclip__random_below(&random, (int)range)] =
            (char)gaclip__random_below(&random, 256);
        write_file(path, mutant, size);
        int status = gaclip_model_open(&model, path, shared.compute, &err);
        if (status) {
            expect_refusal(status, &err, path);
            refused++;
        } else {
            ask(&answers, model);
            gaclip_model_close(model);
        }
    }
    assert_in_range(refused, MUTATIONS / 4, MUTATIONS - 1);
    free(mutant);
}

static void expect_save_fails(const GaclipModel *model, const char *path)
{
    GaclipError err = {0};
    int before = scratch_count();
    expect_refusal(gaclip_model_save(model, path, &err), &err, path);
    assert_int_equal(scratch_count(), before);
}

static void test_save_failures(void **state)
{
    (void)state;
    GaclipModel *model = open_good(shared.path);
    const char *older = scratch_path("older");
    write_file(older, "older", 5);
    expect_save_fails(model, scratch_path("no/such/folder"));
    expect_save_fails(model, scratch_path("older/model"));
    mkdir(scratch_path("folder"), 0777);
    expect_save_fails(model, scratch_path("folder"));
    limit_files(5000);
    expect_save_fails(model, older);
    expect_save_fails(model, scratch_path("newer"));
    unlimit_files();
    gaclip_model_close(model);
    char *bytes = read_file(older, NULL);
    assert_string_equal(bytes, "older");
    free(bytes);
}

/* Nothing is written that could not be opened. */
static void test_unsavable(void **state)
{
    static const double GSD[][2] = {{2, 1}, {-1, 1}, {NAN, 1}, {0, INFINITY}};
    (void)state;
    GaclipModel *model = random_model(2);
    const char *path = scratch_path("unsavable");
    for (size_t i = 0; i < COUNT(GSD); i++) {
        gaclip_model_set_gsd(model, GSD[i][0], GSD[i][1]);
        expect_save_fails(model, path);
    }
    gaclip_model_set_gsd(model, 0.2, 0.4);
    model->parameters.values[model->parameters.entries[3].offset] = NAN;
    expect_save_fails(model, path);
    oracle_model_close(model);
}

static void test_bad_arguments(void **state)
{
    static const char *const BAD[] = {"", "[]", "7", "{", "{} {}"};
    (void)state;
    GaclipError err = {0};
    GaclipModel *model = random_model(2), *other = NULL;
    for (size_t i = 0; i < COUNT(BAD); i++)
        assert_int_equal(gaclip_model_set_training(model, BAD[i], &err), GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(model->training, "steps")); /* the former one stays */
    GaclipModelConfig config = *gaclip_model_config(model);
    config.text.vocab_size++;
    assert_true(gaclip_model_new(&other, &config, model->tokenizer, 1, model->compute, &err) < 0);
    config.text.vocab_size--;
    config.vision.heads = 3;
    assert_true(gaclip_model_new(&other, &config, model->tokenizer, 1, model->compute, &err) < 0);
    assert_null(other);
    expect_ok(gaclip_model_set_texts(model, GACLIP_TEMPLATES, NULL, 0, &err), &err);
    assert_int_equal(gaclip_model_text_count(model, GACLIP_TEMPLATES), 0);
    oracle_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_saved_again),
        cmocka_unit_test(test_int8),          cmocka_unit_test(test_bad_scales),
        cmocka_unit_test(test_wide_weights),  cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_save_failures), cmocka_unit_test(test_unsavable),
        cmocka_unit_test(test_bad_arguments)};
    return cmocka_run_group_tests(tests, make_shared, free_shared);
}
