/* Detection in one image: the plan of windows, proposals, probabilities, and the whole. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "detect/detector.h"
#include "detect/proposals.h"
#include "detect/windows.h"
#include "oracle_model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check_plan(int length, int size, int overlap)
{
    int count = gaclip__window_count(length, size, overlap), end = 0;
    assert_true(count >= 1);
    for (int i = 0; i < count; i++) {
        int start = gaclip__window_start(i, length, size, overlap);
        if (i == 0) assert_int_equal(start, 0);
        if (i > 0 && (start > end - overlap || start + size <= end))
            fail_msg("length %d, size %d, overlap %d: window %d begins at %d, the last ended at %d",
                     length, size, overlap, i, start, end);
        end = start + size;
    }
    if (length <= size) assert_int_equal(count, 1);
    if (length > size) assert_int_equal(end, length);
}

/* Every pixel is seen, neighbours overlap as asked, no window adds nothing or reaches outside. */
static void test_window_plan(void **state)
{
    (void)state;
    for (int length = 1; length < 200; length++)
        for (int overlap = 0; overlap < 32; overlap++) check_plan(length, 32, overlap);
    check_plan(1 << 20, 224, 112);
    check_plan(7, 1, 0);
}

/* A map of 2 x 3 locations, 8 pixels apart, on image 1 of a batch of two. */
static void test_proposals(void **state)
{
    float out[2 * 6 * GACLIP__HEAD_CHANNELS];
    GaclipProposalPass pass = {
        .batch = 2, .h = 2, .w = 3, .out_h = 2, .out_w = 3, .stride = 8, .out = out};
    GaclipProposal *list;
    GaclipError err = {0};
    int count;
    (void)state;
    for (size_t i = 0; i < COUNT(out); i++) out[i] = i % 5 ? 0.0f : -9.0f; /* boxes of 16 pixels */
    float *image = out + 6 * GACLIP__HEAD_CHANNELS;
    image[0] = 2;     /* (0, 0) */
    image[5] = 0;     /* (0, 1): 8 pixels beside, IoU 1/3 */
    image[5 * 5] = 1; /* (1, 2) */
    image[4 * 5] = 3; /* (1, 1): the best, but a dot */
    for (int k = 1; k < 5; k++) image[4 * 5 + k] = -5;
    expect_ok(gaclip__proposals_pick(&list, &count, &pass, 1, 0.01f, 10, 0.8f, &err), &err);
    assert_int_equal(count, 3);
    assert_true(fabsf(list[0].objectness - 1 / (1 + expf(-2.0f))) < 1e-6f);
    assert_true(list[0].box.x1 == -4 && list[0].box.y1 == -4 && list[0].box.x2 == 12 &&
                list[0].box.y2 == 12);
    assert_true(list[1].box.x1 == 12 && list[1].box.y1 == 4);
    assert_true(list[2].box.x1 == 4 && list[2].objectness == 0.5f);
    free(list);
    expect_ok(gaclip__proposals_pick(&list, &count, &pass, 1, 0.01f, 10, 0.3f, &err), &err);
    assert_int_equal(count, 2); /* the third overlaps the first */
    free(list);
    expect_ok(gaclip__proposals_pick(&list, &count, &pass, 1, 0.6f, 1, 0.8f, &err), &err);
    assert_int_equal(count, 1);
    free(list);
    expect_ok(gaclip__proposals_pick(&list, &count, &pass, 0, 0.01f, 10, 0.8f, &err), &err);
    assert_int_equal(count, 0);
    free(list);
}

/* Shared by the tests below: random weights propose boxes everywhere. */
static const char *const CLASSES[] = {"storage tank", "wind turbine", "a car"};

static GaclipDetector *detector_of(GaclipModel *model, float min_score)
{
    GaclipDetectOptions options;
    GaclipDetector *detector = NULL;
    GaclipError err = {0};
    gaclip_detect_options_init(&options);
    options.min_score = min_score;
    expect_ok(gaclip_detector_new(&detector, model, CLASSES, 3, &options, &err), &err);
    return detector;
}

static int make_model(void **state)
{
    *state = random_model(4);
    return 0;
}

static int close_model(void **state)
{
    oracle_model_close(*state);
    return 0;
}

static void noise_image(GaclipImage *image, int width, int height, int with_mask)
{
    GaclipRandom random;
    GaclipError err = {0};
    expect_ok(gaclip_image_init(image, width, height, with_mask, &err), &err);
    gaclip__random_seed(&random, 8);
    for (int i = 0; i < 3 * width * height; i++)
        image->rgb[i] = (uint8_t)gaclip__random_below(&random, 256);
}

static void test_options(void **state)
{
    GaclipModel *model = *state;
    GaclipDetectOptions good;
    GaclipError err = {0};
    gaclip_detect_options_init(&good);
    assert_true(good.min_score == -1 && good.nms_iou == 0.3f && good.mix == 0.5f);
    assert_true(good.independent == 0 && good.max_proposals == 300 && good.overlap == -1);
    assert_int_equal(good.octaves, -1);
    assert_int_equal(good.finer, -1);
    GaclipDetectOptions bad[14];
    for (size_t i = 0; i < COUNT(bad); i++) bad[i] = good;
    bad[0].min_score = INFINITY;
    bad[1].min_score = 1.1f;
    bad[2].min_score = NAN;
    bad[3].nms_iou = 0;
    bad[4].nms_iou = 1.5f;
    bad[5].nms_iou = NAN;
    bad[6].mix = -1;
    bad[7].mix = 2;
    bad[8].mix = NAN;
    bad[9].max_proposals = 0;
    bad[10].overlap = 32;
    bad[11].overlap = INT32_MAX;
    bad[12].octaves = 5;
    bad[13].finer = 3;
    for (size_t i = 0; i < COUNT(bad); i++) {
        GaclipDetector *detector = NULL;
        int status = gaclip_detector_new(&detector, model, CLASSES, 3, &bad[i], &err);
        if (status != GACLIP_ERROR_ARGUMENT || detector) fail_msg("wrong option %zu is taken", i);
    }
    GaclipDetector *detector;
    good.overlap = 31;
    expect_ok(gaclip_detector_new(&detector, model, CLASSES, 3, &good, &err), &err);
    assert_int_equal(gaclip_detector_overlap(detector), 31);
    assert_int_equal(gaclip_detector_options(detector)->overlap, 31);
    gaclip_detector_free(detector);
    gaclip_detector_free(NULL);
}

static void test_classes(void **state)
{
    static const char *const BLANK[] = {"tank", " \t"};
    GaclipDetectOptions options;
    GaclipDetector *detector = NULL;
    GaclipError err = {0};
    gaclip_detect_options_init(&options);
    assert_int_equal(gaclip_detector_new(&detector, *state, NULL, 0, &options, &err),
                     GACLIP_ERROR_EMPTY);
    assert_int_equal(gaclip_detector_new(&detector, *state, BLANK, 2, &options, &err),
                     GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "class 2"));
    assert_null(detector);
    detector = detector_of(*state, 0.3f);
    assert_string_equal(gaclip_detector_prompt(detector, 1), "an aerial image of a wind turbine");
    assert_int_equal(gaclip_detector_window(detector), 32);
    assert_int_equal(gaclip_detector_overlap(detector), 16);
    gaclip_detector_free(detector);
}

static void test_no_proposal_head(void **state)
{
    GaclipDetectOptions options;
    GaclipDetector *detector = NULL;
    GaclipError err = {0};
    (void)state;
    GaclipModel *model = oracle_model("tiny_openai.safetensors", "tiny_openai.safetensors");
    gaclip_detect_options_init(&options);
    assert_int_equal(gaclip_detector_new(&detector, model, CLASSES, 3, &options, &err),
                     GACLIP_ERROR_UNSUPPORTED);
    oracle_model_close(model);
}

/* The softmax over classes and background by hand; independent, each class without the others. */
static void test_probabilities(void **state)
{
    GaclipModel *model = *state;
    int E = gaclip_model_config(model)->embed_dim;
    GaclipDetector *d = detector_of(model, 0.3f);
    GaclipError err = {0};
    float region[12], probability[3], similarity[3];
    double cosines[4], e[4], scale = gaclip_model_logit_scale(model);
    assert_int_equal(d->text_count, 4);
    expect_ok(gaclip_model_embed_phrase(model, region, "a storage tank and a car", &err), &err);
    for (int t = 0; t < 4; t++) {
        cosines[t] = 0;
        for (int k = 0; k < E; k++) cosines[t] += (double)region[k] * d->texts[t * E + k];
        e[t] = exp(scale * cosines[t]);
    }
    expect_ok(gaclip__class_probabilities(probability, similarity, d, region, &err), &err);
    for (int c = 0; c < 3; c++) {
        assert_true(fabs(similarity[c] - cosines[c]) < 1e-6);
        assert_true(fabs(probability[c] - e[c] / (e[0] + e[1] + e[2] + e[3])) < 1e-6);
    }
    d->options.independent = 1;
    expect_ok(gaclip__class_probabilities(probability, similarity, d, region, &err), &err);
    for (int c = 0; c < 3; c++) assert_true(fabs(probability[c] - e[c] / (e[c] + e[3])) < 1e-6);
    gaclip_detector_free(d);
}

static void check_detection(const GaclipDetection *d, const GaclipImage *image, float min_score)
{
    const GaclipBox *b = &d->box;
    assert_true(b->x1 >= 0 && b->y1 >= 0 && b->x2 <= (float)image->width &&
                b->y2 <= (float)image->height && b->x2 - b->x1 > 1 && b->y2 - b->y1 > 1);
    assert_in_range(d->class_index, 0, 2);
    assert_true(d->score >= min_score && d->score <= 1);
    assert_true(d->objectness > 0 && d->objectness < 1);
    assert_true(d->probability >= 0 && d->probability <= 1);
    assert_true(fabsf(d->similarity) <= 1.0001f);
    assert_true(fabsf(d->score - sqrtf(d->objectness * d->probability)) < 1e-5f);
}

/* Sizes below, at and above one window of 32 pixels (steps of 16); repeated, the same bytes. */
static void test_detecting(void **state)
{
    static const struct {
        int width, height, windows;
    } SIZES[] = {{32, 32, 1}, {5, 9, 1}, {33, 32, 2}, {80, 57, 12}};
    GaclipDetector *detector = detector_of(*state, 0.02f);
    GaclipError err = {0};
    for (size_t s = 0; s < COUNT(SIZES); s++) {
        GaclipImage image;
        GaclipDetection *found, *again;
        int count, again_count, windows;
        noise_image(&image, SIZES[s].width, SIZES[s].height, 0);
        expect_ok(gaclip_detect_image(&found, &count, &windows, detector, &image, &err), &err);
        assert_int_equal(windows, SIZES[s].windows);
        assert_true(count > 0);
        for (int i = 0; i < count; i++) {
            check_detection(&found[i], &image, 0.02f);
            if (i) assert_true(found[i].score <= found[i - 1].score);
            if (windows == 1) assert_false(found[i].is_cut);
        }
        expect_ok(gaclip_detect_image(&again, &again_count, NULL, detector, &image, &err), &err);
        assert_int_equal(again_count, count);
        for (int i = 0; i < count; i++) {
            assert_memory_equal(&again[i].box, &found[i].box, sizeof(GaclipBox));
            assert_true(again[i].score == found[i].score);
        }
        free(found);
        free(again);
        gaclip_image_clear(&image);
    }
    gaclip_detector_free(detector);
}

/* Unmerged boxes are those that merging starts from. */
static void test_unmerged(void **state)
{
    GaclipDetector *detector = detector_of(*state, 0.02f);
    GaclipImage image;
    GaclipDetection *merged;
    GaclipDetectionList list = {0};
    GaclipError err = {0};
    int count, cut = 0;
    noise_image(&image, 60, 40, 0);
    expect_ok(gaclip_detect_image(&merged, &count, NULL, detector, &image, &err), &err);
    expect_ok(gaclip_detect_unmerged(&list.items, &list.count, NULL, detector, &image, &err), &err);
    assert_true(list.count > count);
    for (int i = 0; i < list.count; i++) cut += list.items[i].is_cut;
    assert_in_range(cut, 1, list.count - 1);
    expect_ok(gaclip__merge_windows(&list, detector->options.nms_iou, &err), &err);
    assert_int_equal(list.count, count);
    for (int i = 0; i < count; i++) assert_true(list.items[i].score == merged[i].score);
    free(merged);
    gaclip__detections_clear(&list);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
}

/* The smallest score chooses among boxes; it moves and suppresses none. */
static void test_min_score_chooses(void **state)
{
    static const GaclipCalibration LIKELY = {"", 1, 3};
    GaclipDetection *all, *found, *unmerged;
    GaclipImage image;
    GaclipError err = {0};
    int all_count, count, unmerged_count, voters = 0, expected = 0;
    expect_ok(gaclip_model_set_calibration(*state, &LIKELY, 1, &err), &err);
    noise_image(&image, 60, 40, 0);
    GaclipDetector *detector = detector_of(*state, 0.1f);
    expect_ok(gaclip_detect_image(&all, &all_count, NULL, detector, &image, &err), &err);
    gaclip_detector_free(detector);
    float middle = all[all_count / 2].score;
    detector = detector_of(*state, middle);
    expect_ok(gaclip_detect_image(&found, &count, NULL, detector, &image, &err), &err);
    expect_ok(gaclip_detect_unmerged(&unmerged, &unmerged_count, NULL, detector, &image, &err),
              &err);
    while (expected < all_count && all[expected].score >= middle) expected++;
    assert_in_range(expected, 1, all_count - 1);
    assert_int_equal(count, expected);
    assert_memory_equal(found, all, (size_t)count * sizeof *found);
    for (int i = 0; i < unmerged_count; i++) voters += unmerged[i].score < middle;
    assert_true(voters > 0);
    free(all);
    free(found);
    free(unmerged);
    gaclip_detector_free(detector);
    gaclip_image_clear(&image);
}

static void test_score_floor(void **state)
{
    GaclipDetector *detector = detector_of(*state, 1.0f);
    GaclipImage image;
    GaclipDetection *found;
    GaclipError err = {0};
    int count = 7, windows;
    noise_image(&image, 40, 40, 0);
    expect_ok(gaclip_detect_image(&found, &count, &windows, detector, &image, &err), &err);
    assert_int_equal(count, 0);
    assert_int_equal(windows, 4);
    free(found);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
}

/* Without valid pixels no window runs; else a box has its centre on valid ground, and what lies
 * under the mask plays no part. */
static void test_masks(void **state)
{
    GaclipDetector *detector = detector_of(*state, 0.02f);
    GaclipImage image;
    GaclipDetection *found, *again;
    GaclipError err = {0};
    int count = 7, again_count, windows = 7;
    noise_image(&image, 96, 32, 1);
    expect_ok(gaclip_detect_image(&found, &count, &windows, detector, &image, &err), &err);
    assert_int_equal(count, 0);
    assert_int_equal(windows, 0);
    free(found);
    for (int y = 0; y < 32; y++) memset(image.mask + y * 96, 255, 40); /* the left part is valid */
    expect_ok(gaclip_detect_image(&found, &count, &windows, detector, &image, &err), &err);
    assert_int_equal(windows, 3); /* those at 0, 16 and 32; 48 and 64 see nothing */
    assert_true(count > 0);
    for (int i = 0; i < count; i++)
        assert_true((int)((found[i].box.x1 + found[i].box.x2) / 2) < 40);
    for (int i = 0; i < 96 * 32; i++)
        if (!image.mask[i]) memset(image.rgb + 3 * i, 77, 3);
    expect_ok(gaclip_detect_image(&again, &again_count, NULL, detector, &image, &err), &err);
    assert_int_equal(again_count, count);
    for (int i = 0; i < count; i++)
        assert_memory_equal(&again[i].box, &found[i].box, sizeof(GaclipBox));
    free(found);
    free(again);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
}

/* An octave adds what the model sees in the image at half of its size, in the image's own pixels;
 * none is added to an image that one window shows. */
static void test_octaves(void **state)
{
    GaclipDetector *detector = detector_of(*state, 0.02f);
    GaclipImage image, half, small;
    GaclipDetection *fine, *coarse, *both;
    GaclipError err = {0};
    int fine_count, coarse_count, both_count, windows[4];
    noise_image(&image, 80, 60, 0);
    noise_image(&small, 30, 32, 0);
    expect_ok(gaclip_image_resize(&half, &image, 40, 30, &err), &err);
    detector->options.octaves = 0;
    expect_ok(gaclip_detect_unmerged(&fine, &fine_count, &windows[0], detector, &image, &err),
              &err);
    expect_ok(gaclip_detect_unmerged(&coarse, &coarse_count, &windows[1], detector, &half, &err),
              &err);
    detector->options.octaves = 1;
    assert_int_equal(gaclip_detector_span(detector), 64);
    assert_int_equal(gaclip_detector_span_overlap(detector), 32);
    expect_ok(gaclip_detect_unmerged(&both, &both_count, &windows[2], detector, &image, &err),
              &err);
    assert_int_equal(windows[2], windows[0] + windows[1]);
    assert_in_range(both_count, fine_count + 1, fine_count + coarse_count);
    for (int i = 0; i < fine_count; i++)
        assert_memory_equal(&both[i].box, &fine[i].box, sizeof(GaclipBox));
    for (int i = fine_count, k = 0; i < both_count; i++, k++) {
        while (k < coarse_count && coarse[k].score != both[i].score) k++;
        assert_true(k < coarse_count);
        assert_true(both[i].box.x1 == 2 * coarse[k].box.x1);
        assert_true(both[i].box.y2 == 2 * coarse[k].box.y2);
    }
    free(both);
    expect_ok(gaclip_detect_unmerged(&both, &both_count, &windows[3], detector, &small, &err),
              &err);
    assert_int_equal(windows[3], 1);
    free(fine);
    free(coarse);
    free(both);
    gaclip_image_clear(&image);
    gaclip_image_clear(&half);
    gaclip_image_clear(&small);
    gaclip_detector_free(detector);
}

/* Adds to the logit of the objectness everywhere, and to the logarithms of the boxes' sides. */
static void shift_head(GaclipModel *model, float objectness, float sides)
{
    GaclipParameter *bias = gaclip__parameters_find(&model->parameters, "proposal.out.bias");
    for (size_t i = 0; i < 5; i++)
        model->parameters.values[bias->offset + i] += i ? sides : objectness;
    gaclip__parameters_changed(&model->parameters);
}

/* A finer scale adds the small and whole of what the model sees in the image at twice its size, in
 * windows that overlap by a quarter, also where one window shows all of the image; a scene's tiles
 * need not grow for it. */
static void test_finer(void **state)
{
    GaclipModel *model = *state;
    shift_head(model, 5, -2);
    GaclipDetector *detector = detector_of(model, 0.02f);
    GaclipImage image, twice;
    GaclipDetection *own, *fine, *both;
    GaclipError err = {0};
    int own_count, fine_count, both_count, windows[3];
    noise_image(&image, 28, 28, 0);
    expect_ok(gaclip_image_resize(&twice, &image, 56, 56, &err), &err);
    detector->options.octaves = 0;
    assert_int_equal(gaclip_detector_finer(detector), 0);
    expect_ok(gaclip_detect_unmerged(&own, &own_count, &windows[0], detector, &image, &err), &err);
    assert_int_equal(windows[0], 1);
    detector->options.finer = 1;
    int span = gaclip_detector_window(detector);
    assert_int_equal(gaclip_detector_span(detector), span);
    expect_ok(gaclip_detect_unmerged(&both, &both_count, &windows[2], detector, &image, &err),
              &err);
    detector->options.finer = 0;
    detector->options.overlap = gaclip_detector_window(detector) / 4;
    expect_ok(gaclip_detect_unmerged(&fine, &fine_count, &windows[1], detector, &twice, &err),
              &err);
    assert_int_equal(windows[1], 4);
    assert_int_equal(windows[2], windows[0] + windows[1]);
    assert_in_range(both_count, own_count + 1, own_count + fine_count - 1);
    for (int i = 0; i < own_count; i++)
        assert_memory_equal(&both[i].box, &own[i].box, sizeof(GaclipBox));
    int next = own_count;
    for (int i = 0; i < fine_count; i++) {
        const GaclipBox *box = &fine[i].box;
        if (fine[i].is_cut || box->x2 - box->x1 > 8 || box->y2 - box->y1 > 8) continue;
        assert_true(next < both_count);
        assert_true(both[next].score == fine[i].score && 2 * both[next].box.x1 == box->x1 &&
                    2 * both[next].box.y2 == box->y2);
        next++;
    }
    assert_int_equal(next, both_count);
    free(own);
    free(fine);
    free(both);
    gaclip_image_clear(&image);
    gaclip_image_clear(&twice);
    gaclip_detector_free(detector);
}

/* Where the image itself shows no sign of an object, or of large ones alone, nobody looks closer.
 */
static void test_finer_signs(void **state)
{
    GaclipDetector *detector = detector_of(*state, 0.001f);
    GaclipImage image;
    GaclipDetection *found;
    GaclipError err = {0};
    int count, windows;
    noise_image(&image, 80, 28, 0);
    detector->options.octaves = 0;
    detector->options.finer = 1;
    shift_head(*state, -20, 0);
    expect_ok(gaclip_detect_unmerged(&found, &count, &windows, detector, &image, &err), &err);
    assert_int_equal(windows, 4);
    free(found);
    shift_head(*state, 40, 0); /* too large */
    expect_ok(gaclip_detect_unmerged(&found, &count, &windows, detector, &image, &err), &err);
    assert_int_equal(windows, 4);
    free(found);
    shift_head(*state, 0, -2);
    expect_ok(gaclip_detect_unmerged(&found, &count, &windows, detector, &image, &err), &err);
    assert_int_equal(windows, 4 + 2 * 7);
    free(found);
    gaclip_image_clear(&image);
    gaclip_detector_free(detector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_plan),
        cmocka_unit_test(test_proposals),
        cmocka_unit_test_setup_teardown(test_options, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_classes, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_probabilities, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_detecting, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_unmerged, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_octaves, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_finer, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_finer_signs, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_min_score_chooses, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_score_floor, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_masks, make_model, close_model),
        cmocka_unit_test(test_no_proposal_head)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
