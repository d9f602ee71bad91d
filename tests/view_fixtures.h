/* A small model of random weights, and a scene to look at with it, in files. */
#ifndef GACLIP_TESTS_VIEW_FIXTURES_H
#define GACLIP_TESTS_VIEW_FIXTURES_H

#include "gaclip/model.h"
#include "geo_fixtures.h"

enum { WIDTH = 150, HEIGHT = 120, WINDOW = 32 };

static inline void make_model(const char *path)
{
    const char *const texts[] = {"an aerial image of a tank", "an aerial image of a boat"};
    GaclipTokenizer *tokenizer;
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_learn(&tokenizer, texts, 2, 20, 1, &err), &err);
    GaclipModelConfig config = {
        .embed_dim = 12,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_VALUE,
        .vision = {.image_size = WINDOW, .patch_size = 8, .width = 16, .layers = 2, .heads = 2},
        .text = {.context_length = 24,
                 .vocab_size = gaclip_tokenizer_vocab_size(tokenizer),
                 .width = 16,
                 .layers = 1,
                 .heads = 2},
        .proposal = {.width = 16, .layers = 1, .upsample = 2},
        .image_mean = {0.4f, 0.4f, 0.4f},
        .image_std = {0.2f, 0.2f, 0.2f}};
    expect_ok(gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_new(&model, &config, tokenizer, 11, compute, &err), &err);
    expect_ok(gaclip_model_save(model, path, &err), &err);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

static inline void draw_scene(const char *path)
{
    GDALDatasetH dataset = new_raster(path, WIDTH, HEIGHT, 3, GDT_Byte, NORTH_UP, UTM15);
    float *values = malloc(WIDTH * HEIGHT * sizeof *values);
    srand(5);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        values[i] =
            (float)(50 + rand() % 60 + (i % WIDTH % 13 < 6 && i / WIDTH % 17 < 7 ? 120 : 0));
    for (int band = 1; band <= 3; band++) write_band(dataset, band, values);
    free(values);
    GDALClose(dataset);
}

#endif
