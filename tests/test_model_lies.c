/* Model files in which something is wrong: each is refused with the fact. */
#include <math.h>
#include <sys/stat.h>

#include "model_draft.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

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
        {"synonyms", "[]", "synonyms"},
        {"synonyms", "{\"tank\":\"silo\"}", "tank"},
        {"synonyms", "{\"tank\":[\"silo\",7]}", "tank"},
        {"synonyms", "{\"\":[\"silo\"]}", "blank"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_metadata),     cmocka_unit_test(test_optional_metadata),
        cmocka_unit_test(test_damaged_metadata), cmocka_unit_test(test_bad_weights),
        cmocka_unit_test(test_bad_tokenizer),    cmocka_unit_test(test_not_models)};
    return cmocka_run_group_tests(tests, make_shared, free_shared);
}
