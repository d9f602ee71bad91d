/* Other names of classes: what the model keeps, and detection that is asked by them. */
#include <stdlib.h>
#include <string.h>

#include "gaclip/detect.h"
#include "gaclip/image.h"
#include "scene_fixtures.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { WINDOW = 32, SIDE = 48 };

static GaclipCompute *compute;

static void expect_class(const GaclipModel *model, const char *name, const char *class_name)
{
    assert_string_equal(gaclip_model_class_of(model, name), class_name);
}

static void test_names(void **state)
{
    static const GaclipSynonym ROWS[] = {
        {"vessel", "boat"},     {"boat", "ship"}, /* which takes its vessel along */
        {"Boat", "ship"},                         /* known */
        {"SHIP", "ship"},                         /* its own */
        {"boat", "yacht"},                        /* another's */
        {"ferry-boat", "boat"},                   /* by another name of the class */
    };
    GaclipModel *model = small_model(&compute, WINDOW);
    GaclipError err = {0};
    size_t count = 1;
    (void)state;
    assert_null(gaclip_model_synonyms(model, &count));
    assert_int_equal(count, 0);
    expect_class(model, "boat", "boat");
    expect_ok(gaclip_model_set_synonyms(model, ROWS, COUNT(ROWS), &err), &err);
    expect_class(model, "boat", "ship");
    expect_class(model, "vessel", "ship");
    expect_class(model, "Ferry boat", "ship");
    expect_class(model, "ship", "ship");
    expect_class(model, "yacht", "yacht");
    const GaclipSynonym *all = gaclip_model_synonyms(model, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) assert_string_equal(all[i].class_name, "ship");
    /* What the model lends can be said again. */
    expect_ok(gaclip_model_set_synonyms(model, all + 1, 1, &err), &err);
    expect_class(model, "vessel", "vessel");
    expect_class(model, "boat", "ship");
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

/* One that cannot be kept changes nothing. */
static void test_refused(void **state)
{
    enum { MANY = 4097 };
    static const GaclipSynonym GOOD = {"boat", "ship"};
    static const GaclipSynonym BAD[] = {{"", "ship"}, {"vessel", " "}, {"\033[31m", "ship"}};
    GaclipModel *model = small_model(&compute, WINDOW);
    GaclipSynonym *many = calloc(MANY, sizeof *many);
    GaclipError err = {0};
    (void)state;
    for (int i = 0; i < MANY; i++) many[i] = GOOD;
    expect_ok(gaclip_model_set_synonyms(model, many, MANY - 1, &err), &err);
    assert_int_equal(gaclip_model_set_synonyms(model, many, MANY, &err), GACLIP_ERROR_UNSUPPORTED);
    for (size_t i = 0; i < COUNT(BAD); i++)
        assert_int_equal(gaclip_model_set_synonyms(model, &BAD[i], 1, &err), GACLIP_ERROR_FORMAT);
    expect_class(model, "boat", "ship");
    free(many);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

/* Names in any order, and quotes in them. */
static void test_file(void **state)
{
    static const GaclipSynonym ROWS[] = {
        {"boat", "ship"}, {"wind turbine", "windmill"}, {"a \"vessel\"", "ship"}};
    const char *path = scratch_path("synonyms");
    GaclipModel *model = small_model(&compute, WINDOW), *read;
    GaclipError err = {0};
    size_t count;
    (void)state;
    expect_ok(gaclip_model_set_synonyms(model, ROWS, COUNT(ROWS), &err), &err);
    expect_ok(gaclip_model_save(model, path, &err), &err);
    expect_ok(gaclip_model_open(&read, path, compute, &err), &err);
    assert_non_null(strstr(gaclip_model_metadata(read), "\"windmill\":[\"wind turbine\"]"));
    gaclip_model_synonyms(read, &count);
    assert_int_equal(count, 3);
    expect_class(read, "boat", "ship");
    expect_class(read, "a \"vessel\"", "ship");
    expect_class(read, "Wind-Turbine", "windmill");
    gaclip_model_close(read);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
    remove(path);
}

static GaclipDetection *detect(int *count, GaclipModel *model, const char *const *classes,
                               int class_count, int phrases, char prompt[64])
{
    GaclipDetectOptions options;
    GaclipDetector *detector;
    GaclipDetection *found;
    GaclipError err = {0};
    gaclip_detect_options_init(&options);
    options.min_score = 0;
    options.phrases = phrases;
    GaclipImage image = noise(SIDE);
    expect_ok(gaclip_detector_new(&detector, model, classes, class_count, &options, &err), &err);
    expect_ok(gaclip_detect_image(&found, count, NULL, detector, &image, &err), &err);
    snprintf(prompt, 64, "%s", gaclip_detector_prompt(detector, 0));
    gaclip_detector_free(detector);
    gaclip_image_clear(&image);
    return found;
}

static double sum_of(const GaclipDetection *found, int count, int class_index)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        if (found[i].class_index == class_index) sum += (double)found[i].score;
    return sum;
}

/* Another name finds what the class's own does, with its calibration; asked by both, neither takes
 * from the other's probability. */
static void test_detector(void **state)
{
    static const char *const SHIP[] = {"ship", "tank"}, *const BOAT[] = {"boat", "tank"};
    static const char *const BOTH[] = {"boat", "tank", "ship"};
    static const GaclipSynonym SYNONYM = {"boat", "ship"};
    static const GaclipCalibration ROWS[] = {{"", 1, 0}, {"ship", 0.5, 1}};
    GaclipModel *model = small_model(&compute, WINDOW);
    GaclipError err = {0};
    char prompt[64];
    int count, other_count;
    (void)state;
    expect_ok(gaclip_model_set_calibration(model, ROWS, 2, &err), &err);
    GaclipDetection *found = detect(&count, model, SHIP, 2, 0, prompt);
    GaclipDetection *other = detect(&other_count, model, BOAT, 2, 0, prompt);
    assert_true(sum_of(found, count, 0) > 1);
    double boats = sum_of(other, other_count, 0);
    assert_true(fabs(sum_of(found, count, 0) - boats) > 1e-3);
    free(other);
    expect_ok(gaclip_model_set_synonyms(model, &SYNONYM, 1, &err), &err);
    other = detect(&other_count, model, BOAT, 2, 1, prompt); /* as a phrase */
    assert_non_null(strstr(prompt, "boat"));
    assert_true(sum_of(other, other_count, 0) == boats);
    free(other);
    other = detect(&other_count, model, BOAT, 2, 0, prompt);
    assert_non_null(strstr(prompt, "ship"));
    assert_int_equal(other_count, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(other[i].class_index, found[i].class_index);
        assert_true(other[i].score == found[i].score);
        assert_memory_equal(&other[i].box, &found[i].box, sizeof found[i].box);
    }
    free(other);
    other = detect(&other_count, model, BOTH, 3, 0, prompt);
    double sums[] = {sum_of(found, count, 0), sum_of(found, count, 1), sum_of(found, count, 0)};
    for (int i = 0; i < 3; i++)
        assert_true(fabs(sum_of(other, other_count, i) - sums[i]) < 1e-5 * sums[i]);
    free(other);
    free(found);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_detector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
