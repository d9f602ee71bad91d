/* Scores and what they are worth: the fitted curve, reliability, and a calibrated detector. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "gaclip/calibrate.h"
#include "gaclip/detect.h"
#include "gaclip/image.h"
#include "scene_fixtures.h"

enum { DRAWS = 20000, WINDOW = 32, SIDE = 48 };

/* Detections whose chance to be right is that curve's value at their score. */
static void draw(GaclipJudged *judged, const GaclipCalibration *truth)
{
    GaclipRandom random;
    gaclip__random_seed(&random, 5);
    *judged = (GaclipJudged){malloc(DRAWS * sizeof(float)), malloc(DRAWS),
                             malloc(DRAWS * sizeof(int)), DRAWS, DRAWS};
    for (int i = 0; i < DRAWS; i++) {
        double score = 0.01 + 0.98 * gaclip__random_uniform(&random);
        judged->scores[i] = (float)score;
        judged->images[i] = i;
        judged->right[i] = gaclip__random_uniform(&random) < gaclip_calibrated_score(truth, score);
    }
}

static void test_fit(void **state)
{
    const GaclipCalibration truth = {"", 1.6, -0.9};
    GaclipCalibration fit, halves[2];
    GaclipReliability before, after;
    GaclipJudged judged, both = {0};
    GaclipError err = {0};
    (void)state;
    draw(&judged, &truth);
    expect_ok(gaclip_calibration_fit(&fit, &judged, -1, &err), &err);
    /* three standard errors of this many draws */
    assert_true(fabs(fit.slope - truth.slope) < 0.1 && fabs(fit.offset - truth.offset) < 0.1);
    for (int part = 0; part < 2; part++)
        expect_ok(gaclip_calibration_fit(&halves[part], &judged, part, &err), &err);
    assert_true(halves[0].slope != halves[1].slope);
    gaclip_reliability(&before, &judged, NULL);
    gaclip_reliability(&after, &judged, halves);
    assert_true(before.error > 0.1 && after.error < 0.02);
    /* Twice the same detections say the same. */
    expect_ok(gaclip_judged_add(&both, &judged, &err), &err);
    expect_ok(gaclip_judged_add(&both, &judged, &err), &err);
    GaclipCalibration again;
    expect_ok(gaclip_calibration_fit(&again, &both, -1, &err), &err);
    assert_true(fabs(again.slope - fit.slope) < 1e-3 && fabs(again.offset - fit.offset) < 1e-3);
    gaclip_judged_clear(&both);
    gaclip_judged_clear(&judged);
}

static void test_no_fit(void **state)
{
    float scores[] = {0.2f, 0.4f, 0.6f, 0.8f};
    unsigned char right[] = {1, 1, 0, 0};
    int images[] = {0, 1, 2, 3};
    GaclipJudged judged = {scores, right, images, 4, 4};
    GaclipCalibration fit;
    GaclipError err = {0};
    (void)state;
    assert_int_equal(gaclip_calibration_fit(&fit, &judged, -1, &err), GACLIP_ERROR_EMPTY);
    assert_non_null(strstr(err.message, "no better sign"));
    memset(right, 1, sizeof right);
    assert_int_equal(gaclip_calibration_fit(&fit, &judged, -1, &err), GACLIP_ERROR_EMPTY);
    memset(right, 0, sizeof right);
    assert_int_equal(gaclip_calibration_fit(&fit, &judged, -1, &err), GACLIP_ERROR_EMPTY);
    judged.count = 0;
    assert_int_equal(gaclip_calibration_fit(&fit, &judged, -1, &err), GACLIP_ERROR_EMPTY);
}

static void test_reliability(void **state)
{
    float scores[] = {0.05f, 0.15f, 0.15f, 1};
    unsigned char right[] = {0, 1, 0, 1};
    int images[] = {0, 1, 2, 3};
    const GaclipJudged judged = {scores, right, images, 4, 4};
    GaclipReliability r;
    (void)state;
    gaclip_reliability(&r, &judged, NULL);
    assert_true(r.count[0] == 1 && r.count[1] == 2 && r.count[9] == 1 && r.count[5] == 0);
    assert_true(fabs(r.right[1] - 0.5) < 1e-6 && fabs(r.score[1] - 0.15) < 1e-6);
    /* (|0.05 - 0| + 2 |0.15 - 0.5| + |1 - 1|) / 4 */
    assert_true(fabs(r.error - 0.1875) < 1e-6);
}

/* Judged as average precision is: the better of two on one truth is right, the other is not. */
static void test_judge(void **state)
{
    const GaclipBox truth[] = {{0, 0, 10, 10}};
    const int truth_labels[] = {1};
    const GaclipBox found[] = {{0, 0, 10, 9}, {0, 0, 10, 10}, {50, 0, 60, 10}, {0, 0, 10, 10}};
    const int found_labels[] = {1, 1, 1, 0};
    const float scores[] = {0.6f, 0.7f, 0.2f, 0.9f};
    GaclipEvalImage image = {truth, truth_labels, NULL, 1, found, found_labels, scores, 4};
    GaclipDetectionResult result = {.images = &image, .image_count = 1};
    GaclipJudged judged = {0};
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_judge(&judged, &result, 1, 0.5, &err), &err);
    assert_int_equal(judged.count, 3);
    for (size_t i = 0; i < judged.count; i++)
        assert_int_equal(judged.right[i], judged.scores[i] == 0.7f);
    gaclip_judged_clear(&judged);
}

static void test_curve(void **state)
{
    const GaclipCalibration curve = {"", 2.5, -1.25}, plain = {"", 1, 0};
    double last = 0;
    (void)state;
    for (int i = 1; i < 100; i++) {
        double s = i / 100.0, calibrated = gaclip_calibrated_score(&curve, s);
        assert_true(calibrated > last && calibrated < 1);
        assert_true(fabs(gaclip_uncalibrated_score(&curve, calibrated) - s) < 1e-9);
        assert_true(fabs(gaclip_calibrated_score(&plain, s) - s) < 1e-12);
        last = calibrated;
    }
    assert_true(gaclip_uncalibrated_score(&curve, 0) == 0);
    assert_true(gaclip_uncalibrated_score(&curve, 1) == 1);
}

static GaclipDetection *detect(int *count, GaclipModel *model, float min_score, int uncalibrated)
{
    static const char *const CLASSES[] = {"storage tank", "ship"};
    GaclipDetectOptions options;
    GaclipDetector *detector;
    GaclipDetection *found;
    GaclipError err = {0};
    gaclip_detect_options_init(&options);
    options.min_score = min_score;
    options.nms_iou = 1; /* nothing is suppressed, so that no vote moves a box */
    options.uncalibrated = uncalibrated;
    GaclipImage image = noise(SIDE);
    expect_ok(gaclip_detector_new(&detector, model, CLASSES, 2, &options, &err), &err);
    expect_ok(gaclip_detect_image(&found, count, NULL, detector, &image, &err), &err);
    gaclip_detector_free(detector);
    gaclip_image_clear(&image);
    return found;
}

static int count_from(const GaclipDetection *found, int count, float score)
{
    int from = 0;
    for (int i = 0; i < count; i++) from += found[i].score >= score;
    return from;
}

/* Half right is the default of scores that say it. */
static void expect_default(GaclipModel *model, int uncalibrated, float score)
{
    static const char *const CLASSES[] = {"ship"};
    GaclipDetectOptions options;
    GaclipDetector *detector;
    GaclipError err = {0};
    gaclip_detect_options_init(&options);
    options.uncalibrated = uncalibrated;
    expect_ok(gaclip_detector_new(&detector, model, CLASSES, 1, &options, &err), &err);
    assert_true(gaclip_detector_default_score(detector) == score);
    assert_true(gaclip_detector_options(detector)->min_score == score);
    gaclip_detector_free(detector);
}

/* The curve of a class's own name however it is spelled, the other one's for the rest; the file
 * keeps both; a smallest score means calibrated ones. */
static void test_detector(void **state)
{
    static const GaclipCalibration ROWS[] = {{"", 0.5, 1}, {"Storage-Tank", 2, 1.5}};
    const char *path = scratch_path("calibrated");
    GaclipCompute *compute;
    GaclipModel *made = small_model(&compute, WINDOW), *model;
    GaclipError err = {0};
    int plain_count, count, strong_count, likely_count;
    size_t rows;
    (void)state;
    expect_ok(gaclip_model_set_calibration(made, ROWS, 2, &err), &err);
    expect_ok(gaclip_model_save(made, path, &err), &err);
    expect_ok(gaclip_model_open(&model, path, compute, &err), &err);
    const GaclipCalibration *kept = gaclip_model_calibration(model, &rows);
    assert_int_equal(rows, 2);
    assert_string_equal(kept[1].class_name, "Storage-Tank");
    GaclipDetection *plain = detect(&plain_count, model, 0, 1);
    GaclipDetection *found = detect(&count, model, 0, 0);
    assert_true(plain_count > 20 && count == plain_count);
    for (int i = 0; i < plain_count; i++) {
        const GaclipDetection *p = &plain[i], *match = NULL;
        for (int k = 0; k < count && !match; k++)
            if (found[k].class_index == p->class_index &&
                !memcmp(&found[k].box, &p->box, sizeof p->box))
                match = &found[k];
        assert_non_null(match);
        double score = gaclip_calibrated_score(&ROWS[p->class_index == 0], (double)p->score);
        assert_true(fabs((double)match->score - score) < 1e-6);
    }
    float middle = found[count / 2].score;
    GaclipDetection *strong = detect(&strong_count, model, middle, 0);
    assert_int_equal(strong_count, count_from(found, count, middle));
    assert_true(strong_count < count);
    GaclipDetection *likely = detect(&likely_count, model, -1, 0);
    assert_int_equal(likely_count, count_from(found, count, 0.5f));
    assert_true(likely_count > 0 && likely_count < count);
    expect_default(model, 0, 0.5f);
    expect_default(model, 1, 0.3f);
    free(plain);
    free(found);
    free(strong);
    free(likely);
    gaclip_model_close(model);
    gaclip_model_close(made);
    gaclip_compute_free(compute);
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),   cmocka_unit_test(test_no_fit),
        cmocka_unit_test(test_judge), cmocka_unit_test(test_reliability),
        cmocka_unit_test(test_curve), cmocka_unit_test(test_detector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
