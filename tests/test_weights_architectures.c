/* The published architectures are known by their tensors' names and shapes alone. The files have
 * whole headers and holes for values: gigabytes in size, nothing on disk, and nobody reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"
#include "oracle.h"
#include "weights/foreign_config.h"

typedef struct Tower {
    int width, layers, heads;
} Tower;

/* Parameters as the published files have them, temperature included. */
typedef struct Published {
    const char *name;
    int image, patch, embedding;
    Tower vision, text;
    GaclipActivation activation;
    size_t parameters;
} Published;

enum { CONTEXT = 77, VOCABULARY = 49408 };

static const Published PUBLISHED[] = {
    {"ViT-B-32", 224, 32, 512, {768, 12, 12}, {512, 12, 8}, GACLIP_QUICK_GELU, 151277313},
    {"ViT-B-16", 224, 16, 512, {768, 12, 12}, {512, 12, 8}, GACLIP_QUICK_GELU, 149620737},
    {"ViT-L-14", 224, 14, 768, {1024, 24, 16}, {768, 12, 12}, GACLIP_QUICK_GELU, 427616513},
    {"ViT-L-14-336", 336, 14, 768, {1024, 24, 16}, {768, 12, 12}, GACLIP_QUICK_GELU, 427944193},
    {"ViT-H-14", 224, 14, 1024, {1280, 32, 16}, {1024, 24, 16}, GACLIP_GELU, 986109441}};
enum { COUNT = sizeof PUBLISHED / sizeof *PUBLISHED };

/* A safetensors header as it grows. */
typedef struct Header {
    FILE *stream;
    uint64_t bytes; /* of the values so far */
} Header;

/* An f32 tensor; dimensions end with the first 0. */
static void add(Header *h, const char *name, const int dimensions[4])
{
    uint64_t count = 1;
    fprintf(h->stream, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", h->bytes ? "," : "", name);
    for (int d = 0; d < 4 && dimensions[d]; d++) {
        fprintf(h->stream, "%s%d", d ? "," : "", dimensions[d]);
        count *= (uint64_t)dimensions[d];
    }
    uint64_t end = h->bytes + 4 * count;
    fprintf(h->stream, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)h->bytes,
            (unsigned long long)end);
    h->bytes = end;
}

static void add_blocks(Header *h, const char *prefix, Tower tower)
{
    int W = tower.width;
    const struct {
        const char *leaf;
        int dimensions[4];
    } rows[] = {{"ln_1.weight", {W}},
                {"ln_1.bias", {W}},
                {"attn.in_proj_weight", {3 * W, W}},
                {"attn.in_proj_bias", {3 * W}},
                {"attn.out_proj.weight", {W, W}},
                {"attn.out_proj.bias", {W}},
                {"ln_2.weight", {W}},
                {"ln_2.bias", {W}},
                {"mlp.c_fc.weight", {4 * W, W}},
                {"mlp.c_fc.bias", {4 * W}},
                {"mlp.c_proj.weight", {W, 4 * W}},
                {"mlp.c_proj.bias", {W}}};
    for (int i = 0; i < tower.layers; i++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            char name[96];
            snprintf(name, sizeof name, "%stransformer.resblocks.%d.%s", prefix, i, rows[r].leaf);
            add(h, name, rows[r].dimensions);
        }
}

static void add_ends(Header *h, const Published *p)
{
    int side = p->image / p->patch, V = p->vision.width, T = p->text.width, E = p->embedding;
    const struct {
        const char *name;
        int dimensions[4];
    } rows[] = {{"visual.class_embedding", {V}},
                {"visual.positional_embedding", {side * side + 1, V}},
                {"visual.conv1.weight", {V, 3, p->patch, p->patch}},
                {"visual.ln_pre.weight", {V}},
                {"visual.ln_pre.bias", {V}},
                {"visual.ln_post.weight", {V}},
                {"visual.ln_post.bias", {V}},
                {"visual.proj", {V, E}},
                {"token_embedding.weight", {VOCABULARY, T}},
                {"positional_embedding", {CONTEXT, T}},
                {"ln_final.weight", {T}},
                {"ln_final.bias", {T}},
                {"text_projection", {T, E}},
                {"logit_scale", {0}}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        add(h, rows[r].name, rows[r].dimensions);
}

/* The model's tensors in OpenAI's names, and one more where extra names it. */
static const char *write_holes(const Published *p, const char *extra)
{
    char *text = NULL, name[64];
    size_t length = 0;
    Header header = {open_memstream(&text, &length), 0};
    assert_non_null(header.stream);
    fputs("00000000{", header.stream); /* room for the length */
    add_ends(&header, p);
    add_blocks(&header, "visual.", p->vision);
    add_blocks(&header, "", p->text);
    if (extra) add(&header, extra, (const int[4]){1});
    fputc('}', header.stream);
    assert_int_equal(fclose(header.stream), 0);
    for (int i = 0; i < 8; i++) text[i] = (char)((length - 8) >> (8 * i) & 255);
    snprintf(name, sizeof name, "%s.safetensors", p->name);
    const char *path = scratch_path(name);
    write_file(path, text, length);
    if (truncate(path, (off_t)(length + header.bytes)))
        fail_msg("%s: no room for a file of %llu MiB that has only holes", path,
                 (unsigned long long)header.bytes >> 20);
    free(text);
    return path;
}

static void expect_config(const GaclipModelConfig *c, const Published *p)
{
    assert_int_equal(c->embed_dim, p->embedding);
    assert_int_equal(c->activation, p->activation);
    assert_int_equal(c->vision.image_size, p->image);
    assert_int_equal(c->vision.patch_size, p->patch);
    assert_int_equal(c->vision.width, p->vision.width);
    assert_int_equal(c->vision.layers, p->vision.layers);
    assert_int_equal(c->vision.heads, p->vision.heads);
    assert_int_equal(c->text.context_length, CONTEXT);
    assert_int_equal(c->text.vocab_size, VOCABULARY);
    assert_int_equal(c->text.width, p->text.width);
    assert_int_equal(c->text.layers, p->text.layers);
    assert_int_equal(c->text.heads, p->text.heads);
}

static void test_configurations(void **state)
{
    GaclipCompute *compute = *state;
    for (int i = 0; i < COUNT; i++) {
        const Published *p = &PUBLISHED[i];
        GaclipModelConfig config;
        GaclipWeights *weights;
        GaclipModel *model;
        GaclipError err = {0};
        expect_ok(gaclip__weights_open(&weights, write_holes(p, NULL), &err), &err);
        expect_ok(gaclip__foreign_config_guess(&config, weights, &err), &err);
        gaclip__weights_close(weights);
        expect_config(&config, p);
        expect_ok(gaclip__model_declare(&model, &config, compute, &err), &err);
        assert_int_equal(gaclip_model_parameter_count(model, ""), p->parameters);
        gaclip_model_close(model);
    }
}

/* Of all tensors one is too many: so no other is missing, extra, or of another shape. */
static void test_tensors(void **state)
{
    GaclipCompute *compute = *state;
    for (int i = 0; i < COUNT; i++) {
        GaclipModel *model;
        GaclipError err = {0};
        const char *path = write_holes(&PUBLISHED[i], "visual.one_too_many");
        assert_int_equal(gaclip_model_open(&model, path, compute, &err), GACLIP_ERROR_FORMAT);
        const char *facts = strstr(err.message, "not those of the configuration: ");
        if (!facts) fail_msg("%s: %s", PUBLISHED[i].name, err.message);
        assert_string_equal(facts,
                            "not those of the configuration: 1 extra: visual.one_too_many "
                            "(gaclip-model convert --ignore-extra leaves these out)");
    }
}

static int start(void **state)
{
    GaclipError err = {0};
    GaclipCompute *compute;
    int status = gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, &err);
    *state = compute;
    return status;
}

static int end(void **state)
{
    gaclip_compute_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_configurations),
                                       cmocka_unit_test(test_tensors)};
    return cmocka_run_group_tests(tests, start, end);
}
