/* Foreign weights: the oracle's models in others' names give the oracle's embeddings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "oracle_model.h"

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

static void test_hugging_face_names(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char forward[64], weights[64], config[64];
        snprintf(forward, sizeof forward, "%s_forward.safetensors", NAMES[i]);
        snprintf(weights, sizeof weights, "%s_hf.safetensors", NAMES[i]);
        snprintf(config, sizeof config, "%s_openai.safetensors", NAMES[i]);
        GaclipSafetensors *expected = oracle_open(forward);
        GaclipModel *model = oracle_model(weights, config);
        expect_embeddings(model, expected);
        oracle_model_close(model);
        gaclip__safetensors_close(expected);
    }
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
    assert_null(model);
    gaclip_compute_free(compute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hugging_face_names),
                                       cmocka_unit_test(test_bad_folders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
