/* The published weights of openai/clip-vit-base-patch32, where GACLIP_REAL_WEIGHTS names a folder
 * of them (config.json, model.safetensors or pytorch_model.bin, tokenizer.json or merges.txt). */
#include <math.h>
#include <stdlib.h>

#include "gaclip/model.h"
#include "oracle.h"

enum { IMAGES = 2, TEXTS = 2, SIDE = 224, CONTEXT = 77, EMBED = 512 };

/* Images of one value everywhere, texts, and logits, known to four decimals. */
static const float GREYS[IMAGES] = {0.25f, 0.75f};
static const char *const PHRASES[TEXTS] = {"a photo of a cat", "a photo of a dog"};
static const double LOGITS[IMAGES][TEXTS] = {{22.7866, 23.2389}, {22.8397, 22.8406}};
/* Half a digit of the table, and what the forward pass may differ by. */
static const double TOLERANCE = 0.5e-4 + 23 * FORWARD_TOLERANCE;

static const struct {
    const char *name;
    size_t parameters;
} PARTS[] = {{"visual.", 87849216}, {"", 151277313}};

static const char *folder(void)
{
    const char *path = getenv("GACLIP_REAL_WEIGHTS");
    if (!path || !*path) {
        print_message("skipped: set GACLIP_REAL_WEIGHTS to a folder of "
                      "openai/clip-vit-base-patch32\n");
        skip();
    }
    return path;
}

/* out (IMAGES, EMBED). The value is the image's, normalised as every image is, or the model's own
 * input. */
static void embed_greys(GaclipModel *model, float *out, int is_normalised)
{
    const GaclipModelConfig *config = gaclip_model_config(model);
    size_t plane = (size_t)SIDE * SIDE;
    float *planes = malloc(IMAGES * 3 * plane * sizeof *planes);
    GaclipError err = {0};
    assert_non_null(planes);
    for (size_t i = 0; i < IMAGES * 3 * plane; i++) {
        size_t channel = i / plane % 3;
        float grey = GREYS[i / (3 * plane)];
        planes[i] = is_normalised
                        ? grey
                        : (grey - config->image_mean[channel]) / config->image_std[channel];
    }
    expect_ok(gaclip_model_embed_images(model, out, planes, IMAGES, SIDE, SIDE, &err), &err);
    free(planes);
}

static void embed_phrases(GaclipModel *model, float *out)
{
    int32_t tokens[TEXTS * CONTEXT];
    GaclipError err = {0};
    int used;
    for (int i = 0; i < TEXTS; i++)
        expect_ok(gaclip_tokenizer_encode_row(tokens + i * CONTEXT, &used, CONTEXT,
                                              gaclip_model_tokenizer(model), PHRASES[i], &err),
                  &err);
    expect_ok(gaclip_model_embed_tokens(model, out, tokens, TEXTS, CONTEXT, &err), &err);
}

/* The largest difference from the table, its rows the images, or the texts. */
static double worst(double logits[IMAGES][TEXTS], int rows_are_texts)
{
    double difference = 0;
    for (int i = 0; i < IMAGES; i++)
        for (int j = 0; j < TEXTS; j++) {
            double expected = rows_are_texts ? LOGITS[j][i] : LOGITS[i][j];
            difference = fmax(difference, fabs(logits[i][j] - expected));
        }
    return difference;
}

static double compare(GaclipModel *model, const float *texts, int is_normalised)
{
    float images[IMAGES * EMBED];
    double logits[IMAGES][TEXTS] = {{0}};
    embed_greys(model, images, is_normalised);
    for (int i = 0; i < IMAGES; i++)
        for (int j = 0; j < TEXTS; j++) {
            for (int k = 0; k < EMBED; k++)
                logits[i][j] += (double)images[i * EMBED + k] * texts[j * EMBED + k];
            logits[i][j] *= gaclip_model_logit_scale(model);
        }
    print_message("%s: %.4f %.4f / %.4f %.4f\n", is_normalised ? "model's input" : "image",
                  logits[0][0], logits[0][1], logits[1][0], logits[1][1]);
    return fmin(worst(logits, 0), worst(logits, 1));
}

/* The table does not say whether its greys are meant before the normalisation or after, nor which
 * way it runs; four numbers of six digits leave no room for an agreement by chance. */
static void test_logits(void **state)
{
    (void)state;
    float texts[TEXTS * EMBED];
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipError err = {0};
    const char *path = folder();
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_open(&model, path, compute, &err), &err);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        assert_int_equal(gaclip_model_parameter_count(model, PARTS[i].name), PARTS[i].parameters);
    assert_int_equal(gaclip_model_config(model)->embed_dim, EMBED);
    embed_phrases(model, texts);
    double difference = fmin(compare(model, texts, 0), compare(model, texts, 1));
    if (!(difference <= TOLERANCE)) fail_msg("logits differ by %g", difference);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_logits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
