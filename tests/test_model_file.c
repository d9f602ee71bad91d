/* Model files: saved and opened again without a change, refused when anything in them is wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/sha256.h"
#include "oracle_model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MOST_TENSORS = 128 };

/* What a model makes of two images and a phrase. */
typedef struct Answers {
    float images[2 * 12], phrase[12], tokens[12], scale;
} Answers;

static void ask(Answers *answers, GaclipModel *model)
{
    enum { FLOATS = 2 * 3 * 32 * 48 };
    GaclipError err = {0};
    GaclipRandom random;
    int32_t row[16];
    float *planes = malloc(FLOATS * sizeof *planes);
    assert_non_null(planes);
    gaclip__random_seed(&random, 9);
    for (int i = 0; i < FLOATS; i++) planes[i] = gaclip__random_normal(&random);
    memset(answers, 0, sizeof *answers);
    expect_ok(gaclip_model_embed_images(model, answers->images, planes, 2, 32, 48, &err), &err);
    expect_ok(gaclip_model_embed_phrase(model, answers->phrase, "storage tank", &err), &err);
    expect_ok(
        gaclip_tokenizer_encode_row(row, NULL, 16, gaclip_model_tokenizer(model), "a tank", &err),
        &err);
    expect_ok(gaclip_model_embed_tokens(model, answers->tokens, row, 1, 16, &err), &err);
    answers->scale = gaclip_model_logit_scale(model);
    free(planes);
}

/* The file of random_model(1) and what that model answers. */
static struct {
    GaclipCompute *compute;
    GaclipSafetensors *file;
    Answers answers;
    char path[512];
} shared;

static int make_shared(void **state)
{
    (void)state;
    GaclipError err = {0};
    GaclipModel *model = random_model(1);
    snprintf(shared.path, sizeof shared.path, "%s", scratch_path("model.safetensors"));
    expect_ok(gaclip_model_save(model, shared.path, &err), &err);
    ask(&shared.answers, model);
    oracle_model_close(model);
    expect_ok(gaclip__safetensors_open(&shared.file, shared.path, &err), &err);
    expect_ok(gaclip_compute_new(&shared.compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    return 0;
}

static int free_shared(void **state)
{
    (void)state;
    gaclip__safetensors_close(shared.file);
    gaclip_compute_free(shared.compute);
    return 0;
}

static GaclipModel *open_good(const char *path)
{
    GaclipError err = {0};
    GaclipModel *model = NULL;
    expect_ok(gaclip_model_open(&model, path, shared.compute, &err), &err);
    return model;
}

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

/* Opening path fails, with or without a place for the message, which names fact. */
static void expect_bad(const char *what, const char *path, const char *fact)
{
    GaclipModel *model = NULL;
    GaclipError err = {0};
    int status = gaclip_model_open(&model, path, shared.compute, &err);
    if (!status) fail_msg("accepted: %s", what);
    expect_refusal(status, &err, path);
    if (!strstr(err.message, fact)) fail_msg("%s: \"%s\" is not in: %s", what, fact, err.message);
    assert_null(model);
    assert_int_equal(gaclip_model_open(&model, path, shared.compute, NULL), status);
}

/* The shared file's tensors and metadata, to be changed and written again. */
typedef struct Draft {
    GaclipTensor tensors[MOST_TENSORS];
    size_t count;
    cJSON *json;
} Draft;

static void draft_of(Draft *draft, const GaclipSafetensors *file)
{
    draft->count = gaclip__safetensors_count(file);
    assert_in_range(draft->count, 1, MOST_TENSORS);
    for (size_t i = 0; i < draft->count; i++)
        draft->tensors[i] = *gaclip__safetensors_at(file, i);
    draft->json = cJSON_Parse(gaclip__safetensors_metadata(file, "gaclip"));
    assert_non_null(draft->json);
}

static void draft_open(Draft *draft)
{
    draft_of(draft, shared.file);
}

static GaclipTensor *draft_tensor(Draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->count; i++)
        if (!strcmp(draft->tensors[i].name, name)) return &draft->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void draft_write(const Draft *draft, const char *path)
{
    GaclipError err = {0};
    const char *key = "gaclip";
    char *text = cJSON_PrintUnformatted(draft->json);
    const char *value = text;
    expect_ok(gaclip__safetensors_write(path, draft->tensors, draft->count, &key, &value, 1, &err),
              &err);
    cJSON_free(text);
}

/* Puts the JSON text at the place "key/key"; NULL takes what is there away. */
static void edit(cJSON *json, const char *place, const char *text)
{
    const char *slash = strchr(place, '/');
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)(slash ? slash - place : (int)strlen(place)), place);
    if (slash) {
        edit(cJSON_GetObjectItemCaseSensitive(json, key), slash + 1, text);
        return;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(json, key);
    if (!text) return;
    cJSON *item = cJSON_Parse(text);
    if (!item) fail_msg("not JSON: %s", text);
    cJSON_AddItemToObject(json, key, item);
}

static void test_bad_metadata(void **state)
{
    static const struct {
        const char *place, *text, *fact;
    } EDITS[] = {
        {"format", NULL, "format"},
        {"format", "2", "format"},
        {"format", "\"1\"", "format"},
        {"architecture", NULL, "configuration"},
        {"architecture", "[]", "configuration"},
        {"architecture/embed_dim", NULL, "embed_dim"},
        {"architecture/embed_dim", "0", "embed_dim"},
        {"architecture/embed_dim", "-12", "embed_dim"},
        {"architecture/embed_dim", "12.5", "embed_dim"},
        {"architecture/embed_dim", "\"12\"", "embed_dim"},
        {"architecture/embed_dim", "1e300", "embed_dim"},
        {"architecture/embed_dim", "8192", "shape"},
        {"architecture/activation", "\"relu\"", "activation"},
        {"architecture/activation", NULL, "activation"},
        {"architecture/dense_mode", "3", "dense_mode"},
        {"architecture/ln_eps", "0", "ln_eps"},
        {"architecture/ln_eps", "null", "ln_eps"},
        {"architecture/ln_eps", "-1e-5", "ln_eps"},
        {"architecture/vision", NULL, "vision"},
        {"architecture/vision/image_size", "33", "patch_size"},
        {"architecture/vision/image_size", "64", "visual.positional_embedding"},
        {"architecture/vision/image_size", "100000", "image_size"},
        {"architecture/vision/patch_size", "0", "patch_size"},
        {"architecture/vision/patch_size", "16", "shape"},
        {"architecture/vision/width", "18", "shape"},
        {"architecture/vision/layers", "1", "extra"},
        {"architecture/vision/layers", "3", "missing"},
        {"architecture/vision/layers", "1000000", "layers"},
        {"architecture/vision/heads", "3", "heads"},
        {"architecture/vision/heads", "0", "heads"},
        {"architecture/vision/stem", "[]", "extra"},
        {"architecture/vision/stem", "[7]", "shape"},
        {"architecture/vision/stem", "[6,6]", "missing"},
        {"architecture/vision/stem", "[6,6,6,6]", "stem"},
        {"architecture/vision/stem", "[6,6,6,6,6]", "stem"},
        {"architecture/vision/stem", "[-6]", "stem"},
        {"architecture/vision/stem", "[6.5]", "stem"},
        {"architecture/vision/stem", "[null]", "stem"},
        {"architecture/vision/stem", "6", "stem"},
        {"architecture/text", "7", "text"},
        {"architecture/text/context_length", "17", "positional_embedding"},
        {"architecture/text/context_length", "1", "context_length"},
        {"architecture/text/vocab_size", "600", "vocab_size"},
        {"architecture/text/heads", "5", "heads"},
        {"architecture/proposal", NULL, "extra"},
        {"architecture/proposal/width", "9", "shape"},
        {"architecture/proposal/width", "-1", "width"},
        {"architecture/proposal/upsample", "1", "extra"},
        {"architecture/proposal/upsample", "3", "upsample"},
        {"architecture/image_mean", "[0,0]", "image_mean"},
        {"architecture/image_mean", "[0,0,0,0]", "image_mean"},
        {"architecture/image_mean", "[0,0,\"0\"]", "image_mean"},
        {"architecture/image_mean", "[0,1e39,0]", "image_mean"},
        {"architecture/image_std", "[1,0,1]", "image_std"},
        {"architecture/image_std", "[1,-1,1]", "image_std"},
        {"architecture/image_std", NULL, "image_std"},
        {"architecture/gsd", "[2,1]", "gsd"},
        {"architecture/gsd", "[-1,1]", "gsd"},
        {"architecture/gsd", "[1]", "gsd"},
        {"architecture/gsd", "\"0.3 m\"", "gsd"},
        {"templates", NULL, "templates"},
        {"templates", "\"{}\"", "templates"},
        {"templates", "[\"{}\",7]", "templates"},
        {"background", "{}", "background"},
        {"classes", "null", "classes"},
        {"architecture/proposal/lateral", "1", "lateral"},
        {"architecture/proposal/lateral", "2", "lateral"},
        {"calibration", "{}", "calibration"},
        {"calibration", "[[\"tank\",1,0]]", "calibration"},
        {"calibration", "[{\"class\":\"tank\",\"slope\":1}]", "calibration"},
        {"calibration", "[{\"class\":\"tank\",\"slope\":-1,\"offset\":0}]", "rising"},
        {"calibration", "[{\"class\":\"tank\",\"slope\":1e9,\"offset\":0}]", "rising"},
        {"training", "[1]", "training"},
    };
    (void)state;
    const char *path = scratch_path("edited");
    Draft draft;
    draft_open(&draft);
    draft_write(&draft, path);
    gaclip_model_close(open_good(path)); /* unchanged, it is right */
    cJSON_Delete(draft.json);
    for (size_t i = 0; i < COUNT(EDITS); i++) {
        char what[160];
        draft_open(&draft);
        edit(draft.json, EDITS[i].place, EDITS[i].text);
        draft_write(&draft, path);
        snprintf(what, sizeof what, "%s: %s", EDITS[i].place,
                 EDITS[i].text ? EDITS[i].text : "(nothing)");
        expect_bad(what, path, EDITS[i].fact);
        cJSON_Delete(draft.json);
    }
}

/* What may be left out. */
static void test_optional_metadata(void **state)
{
    (void)state;
    const char *path = scratch_path("optional");
    Draft draft;
    draft_open(&draft);
    edit(draft.json, "architecture/gsd", NULL);
    edit(draft.json, "training", NULL);
    edit(draft.json, "later", "{\"key\":1}");
    draft_write(&draft, path);
    cJSON_Delete(draft.json);
    GaclipModel *model = open_good(path);
    assert_true(gaclip_model_config(model)->gsd_max == 0);
    gaclip_model_close(model);
}

/* The "gaclip" text itself. */
static void test_damaged_metadata(void **state)
{
    static const char *const TEXTS[] = {"",     "[]",         "7",   "{", "{}", "{\"format\":1}",
                                        "{} x", "\"format\"", "null"};
    (void)state;
    const char *path = scratch_path("text"), *key = "gaclip", *other = "format";
    Draft draft;
    GaclipError err = {0};
    draft_open(&draft);
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        expect_ok(
            gaclip__safetensors_write(path, draft.tensors, draft.count, &key, &TEXTS[i], 1, &err),
            &err);
        expect_bad(TEXTS[i], path, "");
    }
    expect_ok(gaclip__safetensors_write(path, draft.tensors, draft.count, &other, &key, 1, &err),
              &err);
    expect_bad("no gaclip metadata", path, "gaclip");
    cJSON_Delete(draft.json);
}

static const char POSITIONS[] = "visual.positional_embedding";

static void test_bad_weights(void **state)
{
    static const float BAD[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    const char *path = scratch_path("weights");
    Draft draft;
    draft_open(&draft);
    GaclipTensor *tensor = draft_tensor(&draft, POSITIONS), good = *tensor;
    float *values = malloc(tensor->bytes);
    assert_non_null(values);
    tensor->data = values;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        memcpy(values, good.data, good.bytes);
        values[good.count - 1] = BAD[i];
        draft_write(&draft, path);
        expect_bad("a weight that is not finite", path, POSITIONS);
    }
    *tensor = good;
    tensor->shape[0] = good.shape[1];
    tensor->shape[1] = good.shape[0];
    draft_write(&draft, path);
    expect_bad("a transposed weight", path, POSITIONS);
    *tensor = good;
    tensor->rank = 3;
    tensor->shape[2] = 1;
    draft_write(&draft, path);
    expect_bad("a weight of three dimensions", path, POSITIONS);
    *tensor = good;
    tensor->dtype = GACLIP_DTYPE_I32;
    draft_write(&draft, path);
    expect_bad("a weight of whole numbers", path, POSITIONS);
    *tensor = good;
    tensor->name = "visual.positional_embeddings";
    draft_write(&draft, path);
    expect_bad("a misspelled weight", path, "positional_embedding");
    *tensor = draft.tensors[--draft.count];
    draft_write(&draft, path);
    expect_bad("a missing weight", path, "missing");
    cJSON_Delete(draft.json);
    free(values);
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

static void test_bad_tokenizer(void **state)
{
    static const char BROKEN[] = "a b\nnot a merge line\n";
    (void)state;
    const char *path = scratch_path("vocabulary");
    Draft draft;
    draft_open(&draft);
    GaclipTensor *merges = draft_tensor(&draft, "tokenizer.merges"), good = *merges;
    *merges = (GaclipTensor){.name = "tokenizer.merges",
                             .dtype = GACLIP_DTYPE_U8,
                             .rank = 1,
                             .shape = {sizeof BROKEN - 1},
                             .data = BROKEN,
                             .bytes = sizeof BROKEN - 1};
    draft_write(&draft, path);
    expect_bad("merges that are none", path, "line 2");
    merges->shape[0] = 4;
    merges->bytes = 4;
    draft_write(&draft, path);
    expect_bad("too few merges", path, "vocab_size");
    merges->shape[0] = 0;
    merges->bytes = 0;
    draft_write(&draft, path);
    expect_bad("no merges", path, "vocab_size");
    *merges = good;
    merges->rank = 2;
    merges->shape[1] = 1;
    draft_write(&draft, path);
    expect_bad("merges in a table", path, "tokenizer.merges");
    *merges = good;
    merges->dtype = GACLIP_DTYPE_BOOL;
    draft_write(&draft, path);
    expect_bad("merges of another type", path, "tokenizer.merges");
    *merges = draft.tensors[--draft.count];
    draft_write(&draft, path);
    expect_bad("no tokenizer", path, "tokenizer.merges");
    cJSON_Delete(draft.json);
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

static void test_not_models(void **state)
{
    (void)state;
    size_t size;
    const char *path = scratch_path("short"),
               *bytes = gaclip__safetensors_bytes(shared.file, &size);
    write_file(path, bytes, size - 1);
    expect_bad("a file that is cut short", path, "");
    write_file(path, "", 0);
    expect_bad("an empty file", path, "bytes");
    expect_bad("no file", scratch_path("none"), "opened");
    mkdir(scratch_path("hollow"), 0777);
    expect_bad("a folder without weights", scratch_path("hollow"), "holds no model.safetensors");
    expect_bad("weights without a tokenizer", oracle_path("tiny_openai.safetensors"),
               "has no tokenizer");
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
        cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_saved_again),
        cmocka_unit_test(test_bad_metadata),     cmocka_unit_test(test_optional_metadata),
        cmocka_unit_test(test_damaged_metadata), cmocka_unit_test(test_bad_weights),
        cmocka_unit_test(test_bad_tokenizer),    cmocka_unit_test(test_wide_weights),
        cmocka_unit_test(test_mutations),        cmocka_unit_test(test_save_failures),
        cmocka_unit_test(test_unsavable),        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_int8),             cmocka_unit_test(test_bad_scales),
        cmocka_unit_test(test_not_models)};
    return cmocka_run_group_tests(tests, make_shared, free_shared);
}
