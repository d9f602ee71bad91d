/* Suppression and average precision against the oracle; counts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/eval.h"
#include "oracle.h"

static const cJSON *item(const cJSON *object, const char *key)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!found) fail_msg("the fixture has no %s", key);
    return found;
}

static GaclipBox *boxes_of(const cJSON *list)
{
    int count = cJSON_GetArraySize(list), i = 0;
    GaclipBox *boxes = malloc((size_t)(count + 1) * sizeof *boxes);
    const cJSON *b;
    cJSON_ArrayForEach(b, list)
    {
        float v[4];
        for (int k = 0; k < 4; k++) v[k] = (float)cJSON_GetArrayItem(b, k)->valuedouble;
        boxes[i++] = (GaclipBox){v[0], v[1], v[2], v[3]};
    }
    return boxes;
}

static int *integers_of(const cJSON *list)
{
    int *values = malloc((size_t)(cJSON_GetArraySize(list) + 1) * sizeof *values), i = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, list) values[i++] = v->valueint;
    return values;
}

static unsigned char *flags_of(const cJSON *list)
{
    unsigned char *values = malloc((size_t)(cJSON_GetArraySize(list) + 1));
    int i = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, list) values[i++] = cJSON_IsTrue(v) || v->valueint;
    return values;
}

static float *floats_of(const cJSON *list)
{
    float *values = malloc((size_t)(cJSON_GetArraySize(list) + 1) * sizeof *values);
    int i = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, list) values[i++] = (float)v->valuedouble;
    return values;
}

static void test_nms(void **state)
{
    (void)state;
    cJSON *cases = oracle_json("metrics/nms_cases.json");
    const cJSON *one;
    cJSON_ArrayForEach(one, cases)
    {
        int count = cJSON_GetArraySize(item(one, "boxes")), kept_count;
        GaclipBox *boxes = boxes_of(item(one, "boxes"));
        float *scores = floats_of(item(one, "scores"));
        int *labels = integers_of(item(one, "labels")), *expected = integers_of(item(one, "kept"));
        int *kept = malloc((size_t)(count + 1) * sizeof *kept);
        GaclipError err = {0};
        expect_ok(gaclip_nms(kept, &kept_count, boxes, scores, labels, count,
                             (float)item(one, "iou")->valuedouble, &err),
                  &err);
        assert_int_equal(kept_count, cJSON_GetArraySize(item(one, "kept")));
        assert_memory_equal(kept, expected, (size_t)kept_count * sizeof *kept);
        free(boxes);
        free(scores);
        free(labels);
        free(expected);
        free(kept);
    }
    cJSON_Delete(cases);
}

static void test_nms_edges(void **state)
{
    static const GaclipBox BOXES[] = {{0, 0, 2, 2}, {0, 0, 2, 2}, {1, 1, 1, 1}, {5, 5, 4, 4}};
    static const float SCORES[] = {0.5f, 0.5f, 0.9f, -1};
    int kept[4], kept_count = 7;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_nms(kept, &kept_count, NULL, NULL, NULL, 0, 0.5f, &err), &err);
    assert_int_equal(kept_count, 0);
    expect_ok(gaclip_nms(kept, &kept_count, BOXES, SCORES, NULL, 4, 0.5f, &err), &err);
    assert_int_equal(kept_count, 3); /* of equal scores the first stays; empty boxes meet nothing */
    assert_memory_equal(kept, ((const int[]){2, 0, 3}), sizeof(int[3]));
    assert_int_equal(gaclip_nms(kept, &kept_count, BOXES, SCORES, NULL, -1, 0.5f, &err),
                     GACLIP_ERROR_ARGUMENT);
}

static GaclipEvalImage *images_of(const cJSON *list)
{
    GaclipEvalImage *images = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *images), *at = images;
    const cJSON *one;
    cJSON_ArrayForEach(one, list) *at++ =
        (GaclipEvalImage){.truth_boxes = boxes_of(item(one, "gt_boxes")),
                          .truth_labels = integers_of(item(one, "gt_labels")),
                          .truth_difficult = flags_of(item(one, "gt_difficult")),
                          .truth_count = cJSON_GetArraySize(item(one, "gt_boxes")),
                          .found_boxes = boxes_of(item(one, "det_boxes")),
                          .found_labels = integers_of(item(one, "det_labels")),
                          .found_scores = floats_of(item(one, "det_scores")),
                          .found_count = cJSON_GetArraySize(item(one, "det_boxes"))};
    return images;
}

static void free_images(GaclipEvalImage *images, int count)
{
    for (int i = 0; i < count; i++) {
        free((void *)(uintptr_t)images[i].truth_boxes);
        free((void *)(uintptr_t)images[i].truth_labels);
        free((void *)(uintptr_t)images[i].truth_difficult);
        free((void *)(uintptr_t)images[i].found_boxes);
        free((void *)(uintptr_t)images[i].found_labels);
        free((void *)(uintptr_t)images[i].found_scores);
    }
    free(images);
}

static void expect_ap(const char *what, double got, const cJSON *expected)
{
    if (cJSON_IsNull(expected)) return;
    if (!(fabs(got - expected->valuedouble) <= 1e-6))
        fail_msg("%s: %.9f, expected %.9f", what, got, expected->valuedouble);
}

static void check_map_case(const cJSON *one)
{
    const cJSON *list = item(one, "images"), *expected = item(one, "expected");
    int count = cJSON_GetArraySize(list);
    GaclipEvalImage *images = images_of(list);
    GaclipError err = {0};
    for (int label = 0; label < item(one, "classes")->valueint; label++) {
        GaclipAP ap;
        double coco = 0;
        expect_ok(gaclip_eval_detection(&ap, images, (size_t)count, label, 0.5, &err), &err);
        assert_int_equal(ap.positives, cJSON_GetArrayItem(item(expected, "npos"), label)->valueint);
        expect_ap("voc11", ap.voc11, cJSON_GetArrayItem(item(item(expected, "voc11"), "ap"), label));
        expect_ap("all points", ap.all_point,
                  cJSON_GetArrayItem(item(item(expected, "all_point"), "ap"), label));
        for (int i = 0; i < 10; i++) {
            expect_ok(gaclip_eval_detection(&ap, images, (size_t)count, label, 0.5 + 0.05 * i, &err),
                      &err);
            coco += ap.coco101 / 10;
        }
        expect_ap("coco", coco, cJSON_GetArrayItem(item(item(expected, "coco101"), "ap"), label));
        if (ap.positives == 0) assert_true(ap.voc11 == -1 && ap.all_point == -1);
    }
    free_images(images, count);
}

/* Nothing found, a score that is not a number, no images. */
static void test_no_detections(void **state)
{
    static const GaclipBox TRUTH[] = {{0, 0, 10, 10}};
    static const int LABELS[] = {3};
    static const float SCORES[] = {NAN};
    GaclipEvalImage image = {.truth_boxes = TRUTH, .truth_labels = LABELS, .truth_count = 1};
    GaclipAP ap;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_eval_detection(&ap, &image, 1, 3, 0.5, &err), &err);
    assert_true(ap.positives == 1 && ap.found == 0 && ap.voc11 == 0 && ap.all_point == 0);
    image.found_boxes = TRUTH;
    image.found_labels = LABELS;
    image.found_scores = SCORES;
    image.found_count = 1;
    expect_ok(gaclip_eval_detection(&ap, &image, 1, 3, 0.5, &err), &err);
    assert_true(ap.found == 0 && ap.coco101 == 0);
    expect_ok(gaclip_eval_detection(&ap, NULL, 0, 3, 0.5, &err), &err);
    assert_true(ap.positives == 0 && ap.voc11 == -1);
}

static void test_average_precision(void **state)
{
    (void)state;
    cJSON *cases = oracle_json("metrics/map_cases.json");
    const cJSON *one;
    cJSON_ArrayForEach(one, cases) check_map_case(one);
    cJSON_Delete(cases);
}

static void test_counts(void **state)
{
    static const GaclipBox TRUTH[] = {{0, 0, 10, 10}, {20, 0, 30, 10}, {40, 0, 50, 10}};
    static const GaclipBox FOUND[] = {{0, 0, 10, 9}, {1, 0, 11, 10}, {20, 5, 30, 20}, {40, 0, 50, 10}};
    static const int LABELS[] = {0, 0, 0, 0};
    static const float SCORES[] = {0.9f, 0.8f, 0.7f, 0.2f};
    GaclipEvalImage image = {.truth_boxes = TRUTH,
                             .truth_labels = LABELS,
                             .truth_count = 3,
                             .found_boxes = FOUND,
                             .found_labels = LABELS,
                             .found_scores = SCORES,
                             .found_count = 4};
    GaclipCounts counts;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_eval_counts(&counts, &image, 1, 0, 0.5, 0.5f, &err), &err);
    assert_int_equal(counts.true_positives, 1);
    assert_int_equal(counts.false_positives, 2);
    assert_int_equal(counts.false_negatives, 2);
    assert_true(fabs(counts.precision - 1.0 / 3) < 1e-12 && fabs(counts.recall - 1.0 / 3) < 1e-12);
    expect_ok(gaclip_eval_counts(&counts, &image, 1, 0, 0.5, 0, &err), &err);
    assert_int_equal(counts.true_positives, 2);
    expect_ok(gaclip_eval_counts(&counts, &image, 1, 7, 0.5, 0, &err), &err);
    assert_true(counts.true_positives == 0 && counts.f1 == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nms),
                                       cmocka_unit_test(test_nms_edges),
                                       cmocka_unit_test(test_average_precision),
                                       cmocka_unit_test(test_no_detections),
                                       cmocka_unit_test(test_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
