/* Two models in one detector: the boxes of one, scored by the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "detect/detector.h"
#include "gaclip/dense.h"
#include "oracle_model.h"

static const char *const CLASSES[] = {"storage tank", "wind turbine", "a car"};
enum { CLASS_COUNT = 3, SIDE = 48, EMBED = 10 };

/* The proposer looks through windows of 32 pixels; the scorer, without a head, has 48. */
typedef struct Pair {
    GaclipModel *proposer, *scorer;
} Pair;

static GaclipModel *new_scorer(GaclipCompute *compute)
{
    static const char *const TEXTS[] = {"a storage tank", "a wind turbine", "a car"};
    GaclipError err = {0};
    GaclipTokenizer *tokenizer;
    GaclipModel *model;
    expect_ok(gaclip_tokenizer_learn(&tokenizer, TEXTS, 3, 20, 1, &err), &err);
    GaclipModelConfig config = {.embed_dim = EMBED,
                                .activation = GACLIP_QUICK_GELU,
                                .norm_epsilon = 1e-5f,
                                .dense = GACLIP_DENSE_VALUE,
                                .vision = {SIDE, 16, 16, 2, 2, 0, {0}},
                                .text = {.context_length = 24, .width = 8, .layers = 1, .heads = 2},
                                .proposal = {.layers = 1, .upsample = 1},
                                .image_mean = {0.5f, 0.4f, 0.3f},
                                .image_std = {0.3f, 0.3f, 0.3f}};
    config.text.vocab_size = gaclip_tokenizer_vocab_size(tokenizer);
    expect_ok(gaclip_model_new(&model, &config, tokenizer, 21, compute, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_BACKGROUND, TEXTS + 2, 1, &err), &err);
    return model;
}

static int make_pair(void **state)
{
    static Pair pair;
    pair.proposer = random_model(4);
    pair.scorer = new_scorer(pair.proposer->compute);
    *state = &pair;
    return 0;
}

static int close_pair(void **state)
{
    Pair *pair = *state;
    gaclip_model_close(pair->scorer);
    oracle_model_close(pair->proposer);
    return 0;
}

/* No box is lost to its score, so that those of two models can be compared. */
static GaclipDetectOptions all_boxes(GaclipModel *proposer)
{
    GaclipDetectOptions options;
    gaclip_detect_options_init(&options);
    options.min_score = 0;
    options.max_proposals = 20;
    options.proposer = proposer;
    return options;
}

static GaclipDetector *detector_of(GaclipModel *model, const GaclipDetectOptions *options)
{
    GaclipDetector *detector;
    GaclipError err = {0};
    expect_ok(gaclip_detector_new(&detector, model, CLASSES, CLASS_COUNT, options, &err), &err);
    return detector;
}

static GaclipImage noise(int width, int height, int with_mask)
{
    GaclipImage image;
    GaclipRandom random;
    GaclipError err = {0};
    gaclip__random_seed(&random, 8);
    expect_ok(gaclip_image_init(&image, width, height, with_mask, &err), &err);
    for (int i = 0; i < 3 * width * height; i++)
        image.rgb[i] = (uint8_t)gaclip__random_below(&random, 256);
    return image;
}

static GaclipDetectionList look(GaclipDetector *detector, const GaclipImage *image, int *windows)
{
    GaclipDetectionList list = {0};
    GaclipError err = {0};
    expect_ok(gaclip_detect_unmerged(&list.items, &list.count, windows, detector, image, &err),
              &err);
    return list;
}

/* Where both models are the same one, a proposer changes nothing. */
static void test_proposing_for_itself(void **state)
{
    const Pair *pair = *state;
    GaclipDetectOptions alone = all_boxes(NULL), both = all_boxes(pair->proposer);
    alone.octaves = both.octaves = 1;
    GaclipDetector *a = detector_of(pair->proposer, &alone);
    GaclipDetector *b = detector_of(pair->proposer, &both);
    GaclipImage image = noise(70, 45, 0);
    GaclipDetectionList expected = look(a, &image, NULL), found = look(b, &image, NULL);
    assert_true(expected.count > 0);
    assert_int_equal(found.count, expected.count);
    for (int i = 0; i < found.count; i++) {
        assert_memory_equal(&found.items[i].box, &expected.items[i].box, sizeof(GaclipBox));
        assert_true(fabsf(found.items[i].score - expected.items[i].score) < 1e-4f);
    }
    gaclip__detections_clear(&expected);
    gaclip__detections_clear(&found);
    gaclip_image_clear(&image);
    gaclip_detector_free(a);
    gaclip_detector_free(b);
}

/* The boxes, windows, scales and masks are the proposer's, whoever scores. */
static void test_boxes(void **state)
{
    const Pair *pair = *state;
    GaclipDetectOptions alone = all_boxes(NULL), both = all_boxes(pair->proposer);
    alone.octaves = both.octaves = 1;
    GaclipDetector *a = detector_of(pair->proposer, &alone);
    GaclipDetector *b = detector_of(pair->scorer, &both);
    GaclipImage image = noise(80, 60, 1);
    int windows[2], cut = 0;
    double gsd[2];
    memset(image.mask + 20 * 80, 255, 40 * 80); /* the lower two thirds are valid */
    GaclipDetectionList expected = look(a, &image, &windows[0]);
    GaclipDetectionList found = look(b, &image, &windows[1]);
    assert_int_equal(windows[1], windows[0]);
    assert_true(expected.count > 0);
    assert_int_equal(found.count, expected.count);
    for (int i = 0; i < found.count; i++) {
        assert_memory_equal(&found.items[i].box, &expected.items[i].box, sizeof(GaclipBox));
        assert_true(found.items[i].objectness == expected.items[i].objectness);
        assert_int_equal(found.items[i].is_cut, expected.items[i].is_cut);
        assert_true((found.items[i].box.y1 + found.items[i].box.y2) / 2 >= 20);
        cut += found.items[i].is_cut;
    }
    assert_in_range(cut, 1, found.count - 1);
    assert_int_equal(gaclip_detector_window(b), 32);
    assert_int_equal(gaclip_detector_span(b), 64);
    gaclip_detector_gsd(&gsd[0], &gsd[1], b);
    assert_true(gsd[0] == 0.1 && gsd[1] == 0.7);
    gaclip__detections_clear(&expected);
    gaclip__detections_clear(&found);
    gaclip_image_clear(&image);
    gaclip_detector_free(a);
    gaclip_detector_free(b);
}

/* The window as the scorer sees it, and the box there. */
static GaclipImage resampled(const GaclipImage *window, const GaclipDetection *found,
                             GaclipBox *box)
{
    const float zoom = (float)SIDE / 32;
    GaclipImage image;
    GaclipError err = {0};
    expect_ok(gaclip_image_resize(&image, window, SIDE, SIDE, &err), &err);
    *box = (GaclipBox){found->box.x1 * zoom, found->box.y1 * zoom, found->box.x2 * zoom,
                       found->box.y2 * zoom};
    return image;
}

/* The pixels from the box's first to its last, those that it cuts too. */
static GaclipImage crop_of(const GaclipImage *image, const GaclipBox *box)
{
    GaclipImage crop;
    GaclipError err = {0};
    int x = (int)floorf(box->x1), y = (int)floorf(box->y1);
    expect_ok(gaclip_image_crop(&crop, image, x, y, (int)ceilf(box->x2) - x,
                                (int)ceilf(box->y2) - y, &err),
              &err);
    return crop;
}

static float crop_similarity(GaclipDetector *scorer, const GaclipImage *crop, int class_index)
{
    const GaclipModelConfig *config = &scorer->model->config;
    GaclipImage whole;
    GaclipError err = {0};
    float planes[3 * SIDE * SIDE], embedding[EMBED], probability[CLASS_COUNT],
        similarity[CLASS_COUNT];
    expect_ok(gaclip_image_resize(&whole, crop, SIDE, SIDE, &err), &err);
    gaclip_image_normalise(planes, &whole, config->image_mean, config->image_std);
    expect_ok(gaclip_model_embed_images(scorer->model, embedding, planes, 1, SIDE, SIDE, &err),
              &err);
    expect_ok(gaclip__class_probabilities(probability, similarity, scorer, embedding, &err), &err);
    gaclip_image_clear(&whole);
    return similarity[class_index];
}

/* The similarity of every box of a window by gaclip_detector_align, which looks at one at a time.
 */
static void expect_aligned(const Pair *pair, GaclipDetectOptions options)
{
    GaclipDetector *detector = detector_of(pair->scorer, &options), *scorer;
    GaclipImage window = noise(32, 32, 0);
    GaclipDetectionList list = look(detector, &window, NULL);
    GaclipError err = {0};
    expect_ok(gaclip_scorer_new(&scorer, pair->scorer, CLASSES, CLASS_COUNT, &options, &err), &err);
    assert_int_equal(gaclip_detector_window(scorer), SIDE);
    assert_true(list.count > CLASS_COUNT);
    for (int i = 0; i < list.count; i++) {
        const GaclipDetection *found = &list.items[i];
        float probability[CLASS_COUNT], similarity[CLASS_COUNT], consistency;
        GaclipBox box;
        GaclipImage seen = resampled(&window, found, &box), crop = crop_of(&window, &found->box);
        expect_ok(gaclip_detector_align(probability, similarity, &consistency, scorer, &seen, &box,
                                        &crop, &err),
                  &err);
        float expected = similarity[found->class_index];
        /* u . (a + b) / |a + b| of unit a and b, whose sum has the length sqrt(2 + 2 a . b) */
        if (options.crops)
            expected = (expected + crop_similarity(scorer, &crop, found->class_index)) /
                       sqrtf(2 + 2 * consistency);
        assert_true(fabsf(found->similarity - expected) < 1e-4f);
        gaclip_image_clear(&seen);
        gaclip_image_clear(&crop);
    }
    gaclip__detections_clear(&list);
    gaclip_image_clear(&window);
    gaclip_detector_free(detector);
    gaclip_detector_free(scorer);
}

static void test_scores(void **state)
{
    const Pair *pair = *state;
    expect_aligned(pair, all_boxes(pair->proposer));
}

static void test_crops(void **state)
{
    const Pair *pair = *state;
    GaclipDetectOptions options = all_boxes(pair->proposer);
    options.crops = 1;
    expect_aligned(pair, options);
}

/* The option stands above what the model says; the proposals stay those of their own mode. */
static void test_dense_mode(void **state)
{
    const Pair *pair = *state;
    GaclipDetectOptions options = all_boxes(pair->proposer);
    GaclipImage image = noise(40, 40, 0);
    GaclipDetectionList lists[3];
    int different = 0;
    for (int i = 0; i < 3; i++) {
        options.dense = i - 1; /* the model's, which is by value; by value; full */
        GaclipDetector *detector = detector_of(pair->scorer, &options);
        lists[i] = look(detector, &image, NULL);
        gaclip_detector_free(detector);
    }
    assert_int_equal(lists[1].count, lists[0].count);
    assert_int_equal(lists[2].count, lists[0].count);
    for (int i = 0; i < lists[0].count; i++) {
        assert_true(lists[1].items[i].similarity == lists[0].items[i].similarity);
        assert_true(lists[2].items[i].objectness == lists[0].items[i].objectness);
        different += lists[2].items[i].similarity != lists[0].items[i].similarity;
    }
    assert_true(different > 0);
    for (int i = 0; i < 3; i++) gaclip__detections_clear(&lists[i]);
    gaclip_image_clear(&image);
}

/* A calibration belongs to the boxes that it was fitted to. */
static void test_calibration(void **state)
{
    const Pair *pair = *state;
    const GaclipCalibration rows[] = {{"", 2, -1}};
    GaclipModel *models[] = {pair->proposer, pair->scorer};
    GaclipError err = {0};
    for (int i = 0; i < 2; i++) {
        GaclipDetectOptions options = all_boxes(pair->proposer);
        expect_ok(gaclip_model_set_calibration(models[i], rows, 1, &err), &err);
        GaclipDetector *detector = detector_of(models[i], &options);
        assert_true((detector->calibration != NULL) == (models[i] == pair->scorer));
        gaclip_detector_free(detector);
        expect_ok(gaclip_model_set_calibration(models[i], NULL, 0, &err), &err);
    }
}

static void test_refused(void **state)
{
    const Pair *pair = *state;
    GaclipDetectOptions options = all_boxes(pair->scorer);
    GaclipDetector *detector = NULL;
    GaclipError err = {0};
    assert_int_equal(
        gaclip_detector_new(&detector, pair->scorer, CLASSES, CLASS_COUNT, &options, &err),
        GACLIP_ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no proposal head"));
    options = all_boxes(pair->proposer);
    options.overlap = 32; /* less than the scorer's side */
    assert_int_equal(
        gaclip_detector_new(&detector, pair->scorer, CLASSES, CLASS_COUNT, &options, &err),
        GACLIP_ERROR_ARGUMENT);
    options = all_boxes(pair->proposer);
    options.dense = 2;
    assert_int_equal(
        gaclip_detector_new(&detector, pair->scorer, CLASSES, CLASS_COUNT, &options, &err),
        GACLIP_ERROR_ARGUMENT);
    assert_null(detector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_proposing_for_itself),
                                       cmocka_unit_test(test_boxes),
                                       cmocka_unit_test(test_scores),
                                       cmocka_unit_test(test_crops),
                                       cmocka_unit_test(test_dense_mode),
                                       cmocka_unit_test(test_calibration),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, make_pair, close_pair);
}
