/* A small model of random weights, and ground to look at with it. */
#ifndef GACLIP_TESTS_SCENE_FIXTURES_H
#define GACLIP_TESTS_SCENE_FIXTURES_H

#include "base/random.h"
#include "gaclip/image.h"
#include "gaclip/model.h"
#include "geo_fixtures.h"

/* The caller closes the model, then frees *compute. */
static inline GaclipModel *small_model(GaclipCompute **compute, int window)
{
    const char *const texts[] = {"an aerial image of a tank", "an aerial image of a boat"};
    GaclipTokenizer *tokenizer;
    GaclipModel *model;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_learn(&tokenizer, texts, 2, 20, 1, &err), &err);
    GaclipModelConfig config = {
        .embed_dim = 12,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_VALUE,
        .vision = {.image_size = window, .patch_size = 8, .width = 16, .layers = 2, .heads = 2},
        .text = {.context_length = 24,
                 .vocab_size = gaclip_tokenizer_vocab_size(tokenizer),
                 .width = 16,
                 .layers = 1,
                 .heads = 2},
        .proposal = {.width = 16, .layers = 1, .upsample = 2},
        .image_mean = {0.4f, 0.4f, 0.4f},
        .image_std = {0.2f, 0.2f, 0.2f}};
    expect_ok(gaclip_compute_new(compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_new(&model, &config, tokenizer, 11, *compute, &err), &err);
    return model;
}

/* A square of bytes without any pattern; the caller clears it. */
static inline GaclipImage noise(int side)
{
    GaclipImage image = {0};
    GaclipRandom random;
    GaclipError err = {0};
    expect_ok(gaclip_image_init(&image, side, side, 0, &err), &err);
    gaclip__random_seed(&random, 3);
    for (int i = 0; i < 3 * side * side; i++)
        image.rgb[i] = (uint8_t)gaclip__random_below(&random, 256);
    return image;
}

/* Ground with a bright square every 13 pixels or so, and noise; the caller frees it. */
static inline float *ground(int width, int height)
{
    float *values = malloc((size_t)(width * height) * sizeof *values);
    srand(5);
    for (int i = 0; i < width * height; i++) {
        int x = i % width, y = i / width;
        values[i] = (float)(50 + rand() % 60 + (x % 13 < 6 && y % 17 < 7 ? 120 : 0));
    }
    return values;
}

/* Three bands of it. */
static inline void draw_ground(const char *path, int width, int height,
                               const double geotransform[6], const char *crs)
{
    GDALDatasetH dataset = new_raster(path, width, height, 3, GDT_Byte, geotransform, crs);
    float *values = ground(width, height);
    for (int band = 1; band <= 3; band++) write_band(dataset, band, values);
    free(values);
    GDALClose(dataset);
}

#endif
