/* Foreign weights: the oracle's models in others' names give the oracle's embeddings; shards;
 * folders; what is missing, extra or misshapen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "foreign_model.h"
#include "oracle_model.h"
#include "weights/foreign_config.h"
#include "weights/weights.h"

static const char *const NAMES[] = {"tiny", "tiny2"};

static void expect_embeddings(GaclipModel *model, const GaclipSafetensors *expected)
{
    GaclipError err = {0};
    int images = oracle_dimension(expected, "images", 0),
        side = oracle_dimension(expected, "images", 2);
    int texts = oracle_dimension(expected, "tokens", 0),
        context = oracle_dimension(expected, "tokens", 1);
    size_t E = (size_t)gaclip_model_config(model)->embed_dim;
    float *planes = oracle_floats(expected, "images", NULL);
    int32_t *tokens = oracle_integers(expected, "tokens", NULL);
    float *image = malloc((size_t)images * E * sizeof *image);
    float *text = malloc((size_t)texts * E * sizeof *text);
    expect_ok(gaclip_model_embed_images(model, image, planes, images, side, side, &err), &err);
    expect_ok(gaclip_model_embed_tokens(model, text, tokens, texts, context, &err), &err);
    expect_tensor(expected, "image_embedding", image, (size_t)images * E, FORWARD_TOLERANCE);
    expect_tensor(expected, "text_embedding", text, (size_t)texts * E, FORWARD_TOLERANCE);
    free(planes);
    free(tokens);
    free(image);
    free(text);
}

/* Opens weights (a path) with the configuration of one of the oracle's models and compares. */
static void expect_oracle(const char *weights, const char *name)
{
    char path[4096], forward[64], config[64];
    snprintf(path, sizeof path, "%s", weights); /* perhaps oracle_path's, which does not last */
    snprintf(forward, sizeof forward, "%s_forward.safetensors", name);
    snprintf(config, sizeof config, "%s_openai.safetensors", name);
    GaclipSafetensors *expected = oracle_open(forward);
    GaclipModel *model = model_with_config(path, config);
    expect_embeddings(model, expected);
    oracle_model_close(model);
    gaclip__safetensors_close(expected);
}

/* plain_model's configuration as open_clip has it, with more settings of the image tower. */
#define OPEN_CLIP(vision)                                                                          \
    "{\"embed_dim\":12,\"vision_cfg\":{" vision "\"image_size\":16,\"patch_size\":8,\"width\":32," \
    "\"layers\":2,\"head_width\":32},\"text_cfg\":{"                                               \
    "\"context_length\":77,\"vocab_size\":516,\"width\":32,\"layers\":2,\"heads\":1}}"

static void test_hugging_face_names(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char weights[64];
        snprintf(weights, sizeof weights, "%s_hf.safetensors", NAMES[i]);
        expect_oracle(oracle_path(weights), NAMES[i]);
    }
}

/* open_clip's models with a text tower of their own put "text." before its names. */
static void apart(ForeignModel *foreign)
{
    for (size_t i = 0; i < foreign->count; i++) {
        char name[FOREIGN_NAME + 8];
        if (!strncmp(foreign->names[i], "visual.", 7) || !strcmp(foreign->names[i], "logit_scale"))
            continue;
        snprintf(name, sizeof name, "text.%s", foreign->names[i]);
        foreign_rename(foreign, foreign->names[i], name);
    }
}

static void test_prefixes(void **state)
{
    static const char *const PREFIXES[] = {"",       "module.",       "clip.",
                                           "model.", "module.model.", "clip_model."};
    static const struct {
        const char *file;
        int is_apart;
    } STYLES[] = {{"tiny2_openai.safetensors", 0},
                  {"tiny2_openai.safetensors", 1},
                  {"tiny2_hf.safetensors", 0}};
    (void)state;
    for (size_t s = 0; s < sizeof STYLES / sizeof *STYLES; s++) {
        GaclipSafetensors *file = oracle_open(STYLES[s].file);
        for (size_t p = 0; p < sizeof PREFIXES / sizeof *PREFIXES; p++) {
            ForeignModel foreign;
            foreign_from_file(&foreign, file);
            if (STYLES[s].is_apart) apart(&foreign);
            foreign_prefix(&foreign, PREFIXES[p]);
            const char *path = scratch_path("named.safetensors");
            foreign_write(&foreign, path);
            expect_oracle(path, "tiny2");
        }
        gaclip__safetensors_close(file);
    }
}

enum { SHARDS = 3 };

static void shard_name(char out[64], int shard)
{
    snprintf(out, 64, "model-%05d-of-%05d.safetensors", shard + 1, SHARDS);
}

/* Shards in a folder and the index, its path returned, which names them all. */
static const char *write_shards(const ForeignModel *foreign, const char *folder)
{
    char path[1024], name[64];
    cJSON *index = cJSON_CreateObject(), *map = cJSON_AddObjectToObject(index, "weight_map");
    mkdir(folder, 0777);
    for (int i = 0; i < SHARDS; i++) {
        shard_name(name, i);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        foreign_write_part(foreign, path, (size_t)i, SHARDS);
    }
    for (size_t i = 0; i < foreign->count; i++) {
        shard_name(name, (int)(i % SHARDS));
        cJSON_AddStringToObject(map, foreign->names[i], name);
    }
    static char out[1100];
    snprintf(out, sizeof out, "%s/model.safetensors.index.json", folder);
    char *text = cJSON_Print(index);
    write_file(out, text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(index);
    return out;
}

static void test_shards(void **state)
{
    (void)state;
    ForeignModel foreign;
    GaclipSafetensors *file = oracle_open("tiny_hf.safetensors");
    foreign_from_file(&foreign, file);
    expect_oracle(write_shards(&foreign, scratch_path("shards")), "tiny");
    gaclip__safetensors_close(file);
}

static void expect_refused_weights(const char *path, const char *part)
{
    GaclipWeights *weights = NULL;
    GaclipError err = {0};
    expect_refusal(gaclip__weights_open(&weights, path, &err), &err, path);
    if (!strstr(err.message, part)) fail_msg("\"%s\" does not name %s", err.message, part);
    assert_null(weights);
}

static void test_bad_shards(void **state)
{
    static const char *const NO_FILES[] = {"{\"weight_map\":{\"a\":\"../model.safetensors\"}}",
                                           "{\"weight_map\":{\"a\":\"/dev/zero\"}}",
                                           "{\"weight_map\":{\"a\":\"..\"}}",
                                           "{\"weight_map\":{\"a\":\"\"}}",
                                           "{\"weight_map\":{\"a\":[1]}}",
                                           "{\"weight_map\":{}}"};
    (void)state;
    ForeignModel foreign;
    GaclipModel *model = plain_model(1);
    char shard[1024];
    const char *folder = scratch_path("bad_shards");
    foreign_from_model(&foreign, model);
    const char *index = write_shards(&foreign, folder);
    snprintf(shard, sizeof shard, "%s/model-00002-of-00003.safetensors", folder);
    foreign_write_part(&foreign, shard, 0, SHARDS);
    expect_refused_weights(index, "is there twice");
    assert_int_equal(remove(shard), 0);
    GaclipWeights *weights;
    GaclipError err = {0};
    expect_refusal(gaclip__weights_open(&weights, index, &err), &err, shard);
    for (size_t i = 0; i < sizeof NO_FILES / sizeof *NO_FILES; i++) {
        write_file(index, NO_FILES[i], strlen(NO_FILES[i]));
        expect_refused_weights(index, "weight_map");
    }
    write_file(index, "{}", 2);
    expect_refused_weights(index, "weight_map");
    oracle_model_close(model);
}

/* A folder as Hugging Face has it: configuration, shards, merges. */
static void test_folder(void **state)
{
    static const char CONFIG[] =
        "{\"model_type\":\"clip\",\"projection_dim\":12,"
        "\"text_config\":{\"hidden_size\":32,\"intermediate_size\":128,\"num_hidden_layers\":2,"
        "\"num_attention_heads\":4,\"vocab_size\":516,\"hidden_act\":\"gelu\"},"
        "\"vision_config\":{\"hidden_size\":32,\"intermediate_size\":128,\"num_hidden_layers\":2,"
        "\"num_attention_heads\":2,\"image_size\":16,\"patch_size\":8,\"hidden_act\":\"gelu\"}}";
    static const char IMAGE[] = "{\"image_mean\":[0.5,0.25,0.125],\"image_std\":[1,2,4]}";
    (void)state;
    ForeignModel foreign;
    GaclipModel *model = plain_model(2), *read;
    GaclipError err = {0};
    char path[1024];
    const char *folder = scratch_path("folder");
    foreign_from_model(&foreign, model);
    write_shards(&foreign, folder);
    snprintf(path, sizeof path, "%s/config.json", folder);
    write_file(path, CONFIG, strlen(CONFIG));
    snprintf(path, sizeof path, "%s/preprocessor_config.json", folder);
    write_file(path, IMAGE, strlen(IMAGE));
    snprintf(path, sizeof path, "%s/merges.txt", folder);
    write_file(path, FOREIGN_MERGES, strlen(FOREIGN_MERGES));
    expect_ok(gaclip_model_open(&read, folder, model->compute, &err), &err);
    assert_int_equal(read->config.vision.heads, 2);
    assert_int_equal(read->config.text.heads, 4);
    assert_int_equal(read->config.text.context_length, 77);
    assert_int_equal(read->config.activation, GACLIP_GELU);
    assert_true(read->config.image_mean[1] == 0.25f && read->config.image_std[2] == 4.0f);
    for (int i = 0; i < read->parameters.count; i++) {
        const GaclipParameter *a = &read->parameters.entries[i];
        const GaclipParameter *b = gaclip__parameters_find(&model->parameters, a->name);
        assert_non_null(b);
        assert_memory_equal(a->value, b->value, a->count * sizeof *a->value);
    }
    gaclip_model_close(read);
    oracle_model_close(model);
}

/* Everything that is wrong, in one line, blocks folded. */
static void test_lists(void **state)
{
    static const char *const PARTS[] = {
        "3 missing: ln_final.bias, transformer.resblocks.{0..1}.ln_1.weight",
        "1 of another shape or type: visual.proj (12x32, not 32x12)",
        "2 extra: module.transformer.resblocks.7.ln_1.weight, other.table"};
    (void)state;
    ForeignModel foreign;
    GaclipModel *model = plain_model(3), *read = NULL;
    GaclipError err = {0};
    foreign_from_model(&foreign, model);
    foreign_remove(&foreign, "ln_final.bias");
    foreign_remove(&foreign, "transformer.resblocks.0.ln_1.weight");
    foreign_rename(&foreign, "transformer.resblocks.1.ln_1.weight",
                   "module.transformer.resblocks.7.ln_1.weight");
    foreign_rename(&foreign, "transformer.resblocks.0.ln_1.bias",
                   "model.transformer.resblocks.0.ln_1.bias");
    GaclipTensor *projection = foreign_find(&foreign, "visual.proj");
    projection->shape[0] = 12;
    projection->shape[1] = 32;
    foreign_add(&foreign, "other.table", 1, 1, model->parameters.entries[0].value);
    const char *path = scratch_path("wrong.safetensors"), *merges = scratch_path("merges.txt");
    foreign_write(&foreign, path);
    write_file(merges, FOREIGN_MERGES, strlen(FOREIGN_MERGES));
    char config[512];
    snprintf(config, sizeof config, "%s", scratch_path("wrong.json"));
    write_file(config, OPEN_CLIP(""), strlen(OPEN_CLIP("")));
    expect_refusal(gaclip_model_open(&read, path, model->compute, &err), &err, path);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        if (!strstr(err.message, PARTS[i])) fail_msg("\"%s\" lacks %s", err.message, PARTS[i]);
    assert_null(read);
    oracle_model_close(model);
}

static void expect_not_opened(const ForeignModel *foreign, const char *file, const char *part)
{
    GaclipError err = {0};
    GaclipCompute *compute;
    GaclipModel *model = NULL;
    const char *path = scratch_path(file);
    foreign_write(foreign, path);
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    expect_refusal(gaclip_model_open(&model, path, compute, &err), &err, path);
    if (!strstr(err.message, part)) fail_msg("\"%s\" lacks %s", err.message, part);
    gaclip_compute_free(compute);
}

/* What is missing is named as the file would name it. */
static void test_missing_of_hugging_face(void **state)
{
    (void)state;
    ForeignModel foreign;
    GaclipSafetensors *file = oracle_open("tiny2_hf.safetensors");
    foreign_from_file(&foreign, file);
    foreign_remove(&foreign, "vision_model.encoder.layers.0.self_attn.q_proj.weight");
    foreign_remove(&foreign, "vision_model.pre_layrnorm.bias");
    foreign_remove(&foreign, "visual_projection.weight");
    expect_not_opened(&foreign, "holes.safetensors", "3 missing: ");
    expect_not_opened(&foreign, "holes.safetensors",
                      "vision_model.encoder.layers.0.self_attn.q_proj.weight");
    expect_not_opened(&foreign, "holes.safetensors", "vision_model.pre_layrnorm.bias");
    expect_not_opened(&foreign, "holes.safetensors", "visual_projection.weight");
    gaclip__safetensors_close(file);
}

static void test_missing_sizes(void **state)
{
    (void)state;
    ForeignModel foreign;
    GaclipModel *model = plain_model(5);
    foreign_from_model(&foreign, model);
    foreign_remove(&foreign, "token_embedding.weight");
    foreign_remove(&foreign, "text_projection");
    expect_not_opened(&foreign, "sizes.safetensors",
                      "lack token_embedding.weight, text_projection (");
    oracle_model_close(model);
}

/* Settings under which the same tensors would mean something else. */
static void test_other_computation(void **state)
{
    static const struct {
        const char *json, *name; /* NULL = as CLIP computes */
    } CASES[] = {{OPEN_CLIP(""), NULL},
                 {OPEN_CLIP("\"pool_type\":\"tok\",\"norm_kwargs\":{},\"act_kwargs\":null,"), NULL},
                 {OPEN_CLIP("\"pool_type\":\"avg\","), "vision_cfg.pool_type"},
                 {OPEN_CLIP("\"final_ln_after_pool\":true,"), "vision_cfg.final_ln_after_pool"},
                 {OPEN_CLIP("\"norm_kwargs\":{\"eps\":1e-6},"), "vision_cfg.norm_kwargs"},
                 {OPEN_CLIP("\"act_kwargs\":{\"approximate\":\"tanh\"},"), "vision_cfg.act_kwargs"},
                 {OPEN_CLIP("\"attentional_pool\":\"parallel\","), "vision_cfg.attentional_pool"}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        GaclipModelConfig config;
        GaclipError err = {0};
        cJSON *json = cJSON_Parse(CASES[i].json);
        assert_non_null(json);
        int status = gaclip__foreign_config_read(&config, json, &err);
        const char *name = CASES[i].name;
        assert_int_equal(status, name ? GACLIP_ERROR_UNSUPPORTED : GACLIP_OK);
        if (name && !strstr(err.message, name)) fail_msg("\"%s\" lacks %s", err.message, name);
        cJSON_Delete(json);
    }
}

/* Four times the width would not be an int. */
static void test_large_width(void **state)
{
    GaclipModelConfig config;
    GaclipError err = {0};
    (void)state;
    cJSON *json = cJSON_Parse("{\"projection_dim\":12,\"text_config\":{},"
                              "\"vision_config\":{\"hidden_size\":633944587}}");
    assert_int_equal(gaclip__foreign_config_read(&config, json, &err), GACLIP_ERROR_FORMAT);
    if (!strstr(err.message, "hidden_size")) fail_msg("%s", err.message);
    cJSON_Delete(json);
}

/* timm's folders: all of CLIP in open_clip's file, the image tower alone in Hugging Face's. */
static void test_folder_of_both(void **state)
{
    (void)state;
    ForeignModel foreign;
    GaclipModel *model = plain_model(6), *read;
    GaclipError err = {0};
    char path[1024];
    const char *folder = scratch_path("both");
    mkdir(folder, 0777);
    foreign_from_model(&foreign, model);
    snprintf(path, sizeof path, "%s/open_clip_model.safetensors", folder);
    foreign_write(&foreign, path);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    foreign_write_part(&foreign, path, 0, FOREIGN_TENSORS);
    snprintf(path, sizeof path, "%s/open_clip_config.json", folder);
    write_file(path, OPEN_CLIP(""), strlen(OPEN_CLIP("")));
    snprintf(path, sizeof path, "%s/config.json", folder);
    write_file(path, "{\"architecture\":\"vit_tiny\"}", 27);
    snprintf(path, sizeof path, "%s/merges.txt", folder);
    write_file(path, FOREIGN_MERGES, strlen(FOREIGN_MERGES));
    expect_ok(gaclip_model_open(&read, folder, model->compute, &err), &err);
    gaclip_model_close(read);
    oracle_model_close(model);
}

/* A folder without weights, and an archive that is none, are refused by name. */
static void test_bad_folders(void **state)
{
    (void)state;
    GaclipError err = {0};
    GaclipCompute *compute;
    GaclipModel *model = NULL;
    char path[1024];
    const char *folder = scratch_path("nothing");
    mkdir(folder, 0777);
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    expect_refusal(gaclip_model_open(&model, folder, compute, &err), &err, folder);
    snprintf(path, sizeof path, "%s/pytorch_model.bin", folder);
    write_file(path, "PK\x03\x04 no archive", 15);
    expect_refusal(gaclip_model_open(&model, folder, compute, &err), &err, folder);
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", folder);
    assert_int_equal(mkfifo(path, 0666), 0); /* nobody writes: it must not be waited for */
    expect_refusal(gaclip_model_open(&model, folder, compute, &err), &err, path);
    assert_null(model);
    gaclip_compute_free(compute);
    GaclipTokenizer *tokenizer = NULL;
    snprintf(path, sizeof path, "%s/merges.txt", folder);
    assert_int_equal(mkfifo(path, 0666), 0);
    expect_refusal(gaclip_tokenizer_open(&tokenizer, path, &err), &err, path);
    assert_null(tokenizer);
}

/* A few megabytes that would take a gigabyte once parsed. */
static void test_crowded_json(void **state)
{
    enum { SIZE = 6 << 20 };
    (void)state;
    char *text = malloc(SIZE);
    assert_non_null(text);
    memset(text, ',', SIZE);
    for (int i = 0; i < SIZE; i += 2) text[i] = '1';
    memcpy(text, "{\"weight_map\":[", 15);
    memcpy(text + SIZE - 3, "1]}", 3);
    const char *path = scratch_path("crowded.json");
    write_file(path, text, SIZE);
    expect_refused_weights(path, "values");
    const uint64_t header = SIZE - 8;
    memmove(text + 8, text, SIZE - 8);
    for (int i = 0; i < 8; i++) text[i] = (char)(header >> (8 * i) & 255);
    path = scratch_path("crowded.safetensors");
    write_file(path, text, SIZE);
    expect_refused_weights(path, "values");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hugging_face_names),
                                       cmocka_unit_test(test_prefixes),
                                       cmocka_unit_test(test_shards),
                                       cmocka_unit_test(test_bad_shards),
                                       cmocka_unit_test(test_folder),
                                       cmocka_unit_test(test_lists),
                                       cmocka_unit_test(test_missing_of_hugging_face),
                                       cmocka_unit_test(test_missing_sizes),
                                       cmocka_unit_test(test_other_computation),
                                       cmocka_unit_test(test_large_width),
                                       cmocka_unit_test(test_folder_of_both),
                                       cmocka_unit_test(test_bad_folders),
                                       cmocka_unit_test(test_crowded_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
