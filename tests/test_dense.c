/* Scores of given places: the dense map and regions, with and without a proposal head. */
#include "gaclip/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "oracle.h"

enum { WINDOW = 32, PATCH = 8, MAP = WINDOW / PATCH, EMBED = 12 };

static const char *const CLASSES[] = {"tank", "boat", "road"};
enum { CLASS_COUNT = 3 };

static GaclipCompute *compute;

static GaclipModel *new_model(int head_width)
{
    const char *const texts[] = {"an aerial image of a tank", "an aerial image of a boat"};
    GaclipTokenizer *tokenizer;
    GaclipModel *model;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_learn(&tokenizer, texts, 2, 20, 1, &err), &err);
    GaclipModelConfig config = {
        .embed_dim = EMBED,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_VALUE,
        .vision = {.image_size = WINDOW, .patch_size = PATCH, .width = 16, .layers = 2, .heads = 2},
        .text = {.context_length = 24,
                 .vocab_size = gaclip_tokenizer_vocab_size(tokenizer),
                 .width = 16,
                 .layers = 1,
                 .heads = 2},
        .proposal = {.width = head_width, .layers = 1, .upsample = 2},
        .image_mean = {0.4f, 0.4f, 0.4f},
        .image_std = {0.2f, 0.2f, 0.2f}};
    expect_ok(gaclip_model_new(&model, &config, tokenizer, 11, compute, &err), &err);
    return model;
}

static GaclipImage noise(int side, uint64_t seed)
{
    GaclipImage image;
    GaclipRandom random;
    GaclipError err = {0};
    gaclip__random_seed(&random, seed);
    expect_ok(gaclip_image_init(&image, side, side, 0, &err), &err);
    for (int i = 0; i < 3 * side * side; i++)
        image.rgb[i] = (uint8_t)gaclip__random_below(&random, 256);
    return image;
}

static GaclipDetector *new_scorer(GaclipModel *model)
{
    GaclipDetector *detector;
    GaclipDetectOptions options;
    GaclipError err = {0};
    gaclip_detect_options_init(&options);
    options.min_score = 0;
    expect_ok(gaclip_scorer_new(&detector, model, CLASSES, CLASS_COUNT, &options, &err), &err);
    return detector;
}

static void expect_refused(int status, int expected, const GaclipError *err)
{
    assert_int_equal(status, expected);
    assert_true(*err->message != '\0');
}

/* Such a model scores, but finds nothing of its own. */
static void test_model_without_head(void **state)
{
    GaclipModel *model = new_model(0);
    GaclipDetector *detector = NULL;
    GaclipDetectOptions options;
    GaclipError err = {0};
    GaclipDetection *found;
    int count;
    float scores[MAP * MAP * CLASS_COUNT];
    GaclipImage image = noise(WINDOW, 1);
    (void)state;
    gaclip_detect_options_init(&options);
    expect_refused(gaclip_detector_new(&detector, model, CLASSES, CLASS_COUNT, &options, &err),
                   GACLIP_ERROR_UNSUPPORTED, &err);
    detector = new_scorer(model);
    assert_int_equal(gaclip_detector_map_side(detector), MAP);
    expect_ok(gaclip_detector_dense(scores, NULL, detector, &image, 1, &err), &err);
    expect_refused(gaclip_detect_unmerged(&found, &count, NULL, detector, &image, &err),
                   GACLIP_ERROR_UNSUPPORTED, &err);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
    gaclip_model_close(model);
}

static void test_dense(void **state)
{
    enum { IMAGES = 3, VALUES = MAP * MAP * CLASS_COUNT };
    GaclipModel *model = new_model(16);
    GaclipDetector *detector = new_scorer(model);
    GaclipImage images[IMAGES] = {noise(WINDOW, 1), noise(WINDOW, 2), noise(WINDOW, 1)};
    float probability[IMAGES * VALUES], similarity[IMAGES * VALUES], alone[VALUES];
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_detector_dense(probability, similarity, detector, images, IMAGES, &err), &err);
    for (int i = 0; i < IMAGES * MAP * MAP; i++) {
        float sum = 0;
        for (int c = 0; c < CLASS_COUNT; c++) {
            assert_true(fabsf(similarity[i * CLASS_COUNT + c]) <= 1.0001f);
            sum += probability[i * CLASS_COUNT + c];
        }
        /* The model has no background phrases, so the classes share everything. */
        assert_true(fabsf(sum - 1) < 1e-5f);
    }
    expect_ok(gaclip_detector_dense(NULL, alone, detector, &images[2], 1, &err), &err);
    for (int i = 0; i < VALUES; i++) {
        assert_true(fabsf(similarity[i] - similarity[2 * VALUES + i]) < 1e-5f);
        assert_true(fabsf(similarity[i] - alone[i]) < 1e-5f);
    }
    assert_true(memcmp(similarity, similarity + VALUES, sizeof alone) != 0);
    for (int i = 0; i < IMAGES; i++) gaclip_image_clear(&images[i]);
    gaclip_detector_free(detector);
    gaclip_model_close(model);
}

/* A box that a window shows, before any vote moves it, is scored alike when it is given. */
static void test_align_as_detect(void **state)
{
    GaclipModel *model = new_model(16);
    GaclipDetector *detector = new_scorer(model);
    GaclipImage image = noise(WINDOW, 5), crop = noise(11, 6);
    GaclipDetection *found;
    GaclipError err = {0};
    int count;
    (void)state;
    expect_ok(gaclip_detect_unmerged(&found, &count, NULL, detector, &image, &err), &err);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        float probability[CLASS_COUNT], similarity[CLASS_COUNT], consistency;
        expect_ok(gaclip_detector_align(probability, similarity, &consistency, detector, &image,
                                        &found[i].box, i % 2 ? &crop : NULL, &err),
                  &err);
        assert_true(fabsf(similarity[found[i].class_index] - found[i].similarity) < 1e-4f);
        assert_true(fabsf(probability[found[i].class_index] - found[i].probability) < 1e-3f);
        assert_true(i % 2 ? consistency != 0 && fabsf(consistency) <= 1.0001f : consistency == 0);
    }
    free(found);
    gaclip_image_clear(&crop);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
    gaclip_model_close(model);
}

static void test_bad_input(void **state)
{
    GaclipModel *model = new_model(16);
    GaclipDetector *detector = new_scorer(model);
    GaclipImage small = noise(WINDOW - 1, 1), image = noise(WINDOW, 1);
    float scores[MAP * MAP * CLASS_COUNT], unused;
    const GaclipBox boxes[] = {{5, 5, 5, 9}, {9, 9, 5, 5}, {40, 40, 50, 50}, {NAN, 0, 5, 5}};
    GaclipError err = {0};
    (void)state;
    expect_refused(gaclip_detector_dense(scores, NULL, detector, &small, 1, &err),
                   GACLIP_ERROR_ARGUMENT, &err);
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        expect_refused(
            gaclip_detector_align(scores, scores, &unused, detector, &image, &boxes[i], NULL, &err),
            GACLIP_ERROR_ARGUMENT, &err);
    gaclip_image_clear(&small);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
    gaclip_model_close(model);
}

static int set_up(void **state)
{
    (void)state;
    return gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    gaclip_compute_free(compute);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_without_head), cmocka_unit_test(test_dense),
        cmocka_unit_test(test_align_as_detect), cmocka_unit_test(test_bad_input)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
