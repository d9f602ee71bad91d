/* Suppression, average precision and retrieval against the oracle; counts, curves, intervals. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/matching.h"
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
                             (float)item(one, "iou")->valuedouble, 1, &err),
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
    expect_ok(gaclip_nms(kept, &kept_count, NULL, NULL, NULL, 0, 0.5f, 1, &err), &err);
    assert_int_equal(kept_count, 0);
    expect_ok(gaclip_nms(kept, &kept_count, BOXES, SCORES, NULL, 4, 0.5f, 1, &err), &err);
    assert_int_equal(kept_count, 3); /* of equal scores the first stays; empty boxes meet nothing */
    assert_memory_equal(kept, ((const int[]){2, 0, 3}), sizeof(int[3]));
    assert_int_equal(gaclip_nms(kept, &kept_count, BOXES, SCORES, NULL, -1, 0.5f, 1, &err),
                     GACLIP_ERROR_ARGUMENT);
}

/* A box inside a better one, around a better one, and inside it by exactly the limit. */
static void test_nms_nesting(void **state)
{
    static const GaclipBox BOXES[] = {
        {0, 0, 40, 40}, {5, 5, 15, 15}, {60, 0, 70, 10}, {55, 0, 95, 20}, {32, 0, 42, 4}};
    static const float SCORES[] = {0.9f, 0.8f, 0.9f, 0.7f, 0.6f};
    int kept[5], kept_count;
    GaclipError err = {0};
    (void)state;
    assert_true(gaclip_box_nesting(&BOXES[0], &BOXES[1]) == 1);
    assert_true(gaclip_box_nesting(&BOXES[0], &BOXES[4]) == 0.8f);
    assert_true(gaclip_box_nesting(&BOXES[0], &BOXES[2]) == 0);
    expect_ok(gaclip_nms(kept, &kept_count, BOXES, SCORES, NULL, 5, 0.5f, 0.8f, &err), &err);
    assert_int_equal(kept_count, 3);
    assert_memory_equal(kept, ((const int[]){0, 2, 4}), sizeof(int[3]));
    expect_ok(gaclip_nms(kept, &kept_count, BOXES, SCORES, NULL, 5, 0.5f, 1, &err), &err);
    assert_int_equal(kept_count, 5);
    static const int LABELS[] = {0, 1, 0, 1, 0};
    expect_ok(gaclip_nms(kept, &kept_count, BOXES, SCORES, LABELS, 5, 0.5f, 0.8f, &err), &err);
    assert_int_equal(kept_count, 5);
}

static GaclipEvalImage *images_of(const cJSON *list)
{
    GaclipEvalImage *images = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *images),
                    *at = images;
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
        double coco;
        expect_ok(gaclip_eval_detection(&ap, images, (size_t)count, label, 0.5, &err), &err);
        assert_int_equal(ap.positives, cJSON_GetArrayItem(item(expected, "npos"), label)->valueint);
        expect_ap("voc11", ap.voc11,
                  cJSON_GetArrayItem(item(item(expected, "voc11"), "ap"), label));
        expect_ap("all points", ap.all_point,
                  cJSON_GetArrayItem(item(item(expected, "all_point"), "ap"), label));
        expect_ok(gaclip_eval_coco(&coco, images, (size_t)count, label, &err), &err);
        expect_ap("coco", coco, cJSON_GetArrayItem(item(item(expected, "coco101"), "ap"), label));
        if (ap.positives == 0) assert_true(ap.voc11 == -1 && ap.all_point == -1 && coco == -1);
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
    static const GaclipBox FOUND[] = {
        {0, 0, 10, 9}, {1, 0, 11, 10}, {20, 5, 30, 20}, {40, 0, 50, 10}};
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

/* Three images whose weights are 2, 0 and 1 rank as the list of images 0, 0 and 2 does. */
static void test_weights(void **state)
{
    static const GaclipBox TRUTH[] = {{0, 0, 10, 10}, {20, 0, 30, 10}};
    static const GaclipBox FOUND[] = {{0, 0, 10, 9}, {50, 0, 60, 10}, {20, 0, 30, 10}};
    static const int LABELS[] = {0, 0, 0}, WEIGHTS[] = {2, 0, 1};
    static const float SCORES[3][3] = {{0.9f, 0.5f, 0.4f}, {0.7f, 0.95f, 0.3f}, {0.2f, 0.8f, 0.1f}};
    GaclipEvalImage images[3], repeated[3];
    GaclipRanking ranking;
    GaclipCurveRoom room;
    GaclipAP weighted, plain;
    GaclipError err = {0};
    (void)state;
    for (int i = 0; i < 3; i++)
        images[i] = (GaclipEvalImage){TRUTH, LABELS, NULL, 2, FOUND, LABELS, SCORES[i], 3};
    repeated[0] = repeated[1] = images[0];
    repeated[2] = images[2];
    expect_ok(gaclip__rank(&ranking, images, 3, 0, 0.5, 0, &err), &err);
    expect_ok(gaclip__curve_room(&room, ranking.count, &err), &err);
    gaclip__average_precision(&weighted, &ranking, WEIGHTS, 3, &room);
    expect_ok(gaclip_eval_detection(&plain, repeated, 3, 0, 0.5, &err), &err);
    assert_int_equal(weighted.positives, plain.positives);
    assert_int_equal(weighted.found, plain.found);
    assert_true(fabs(weighted.voc11 - plain.voc11) < 1e-12);
    assert_true(fabs(weighted.all_point - plain.all_point) < 1e-12);
    assert_true(fabs(weighted.coco101 - plain.coco101) < 1e-12);
    gaclip__curve_room_clear(&room);
    gaclip__ranking_clear(&ranking);
}

static void test_curve(void **state)
{
    static const GaclipBox TRUTH[] = {{0, 0, 10, 10}, {20, 0, 30, 10}};
    static const GaclipBox FOUND[] = {{50, 0, 60, 10}, {0, 0, 10, 10}, {20, 0, 30, 10}};
    static const int LABELS[] = {4, 4, 4};
    static const float SCORES[] = {0.9f, 0.8f, 0.7f};
    GaclipEvalImage image = {TRUTH, LABELS, NULL, 2, FOUND, LABELS, SCORES, 3};
    GaclipCurvePoint *points;
    GaclipError err = {0};
    size_t count;
    (void)state;
    expect_ok(gaclip_eval_curve(&points, &count, &image, 1, 4, 0.5, &err), &err);
    assert_int_equal(count, 3);
    assert_true(points[0].precision == 0 && points[0].recall == 0);
    assert_true(points[1].precision == 0.5 && points[1].recall == 0.5);
    assert_true(fabs(points[2].precision - 2.0 / 3) < 1e-12 && points[2].recall == 1);
    assert_true(points[2].score == 0.7f);
    free(points);
    expect_ok(gaclip_eval_curve(&points, &count, &image, 1, 5, 0.5, &err), &err);
    assert_int_equal(count, 0);
    free(points);
}

/* One image at a time, all labels at once, gives the counts of the labels one by one. */
static void test_match(void **state)
{
    static const GaclipBox TRUTH[] = {{0, 0, 10, 10}, {20, 0, 30, 10}, {40, 0, 50, 10}};
    static const GaclipBox FOUND[] = {
        {1, 0, 11, 10}, {0, 0, 10, 9}, {20, 0, 30, 9}, {40, 0, 50, 10}, {0, 0, 10, 10}};
    static const int TRUTH_LABELS[] = {0, 1, 0}, FOUND_LABELS[] = {0, 0, 1, 0, 1};
    static const unsigned char DIFFICULT[] = {0, 0, 1};
    static const float SCORES[] = {0.8f, 0.9f, 0.3f, 0.7f, 0.1f};
    GaclipEvalImage image = {TRUTH, TRUTH_LABELS, DIFFICULT, 3, FOUND, FOUND_LABELS, SCORES, 5};
    signed char found[5];
    unsigned char met[3];
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_eval_match(found, met, &image, 0.5, 0.2f, &err), &err);
    assert_memory_equal(found, ((const signed char[]){0, 1, 1, -1, -1}), 5);
    assert_memory_equal(met, ((const unsigned char[]){1, 1, 1}), 3);
    expect_ok(gaclip_eval_match(found, met, &image, 0.5, 0, &err), &err);
    assert_int_equal(found[4], 0);
    expect_ok(gaclip_eval_match(found, met, &image, 0.5, 0.85f, &err), &err);
    assert_memory_equal(met, ((const unsigned char[]){1, 0, 0}), 3);
}

static double *doubles_of(const cJSON *list, int rows, int columns)
{
    double *values = malloc((size_t)(rows * columns + 1) * sizeof *values);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            values[i * columns + j] =
                cJSON_GetArrayItem(cJSON_GetArrayItem(list, i), j)->valuedouble;
    return values;
}

static void expect_recalls(const char *what, const GaclipInterval *got, const cJSON *expected)
{
    for (int k = 0; k < GACLIP_RECALLS; k++)
        expect_ap(what, got[k].value, cJSON_GetArrayItem(expected, k));
}

static void check_retrieval_case(const cJSON *one)
{
    const cJSON *expected = item(one, "expected");
    int images = cJSON_GetArraySize(item(one, "sim"));
    int captions = cJSON_GetArraySize(item(one, "caption_image"));
    double *similarity = doubles_of(item(one, "sim"), images, captions);
    int *owners = integers_of(item(one, "caption_image"));
    int *image_rank = malloc((size_t)images * sizeof(int));
    int *caption_rank = malloc((size_t)captions * sizeof(int));
    GaclipRecall recall;
    GaclipError err = {0};
    expect_ok(gaclip_retrieval_ranks(image_rank, caption_rank, similarity, images, captions, owners,
                                     &err),
              &err);
    expect_ok(gaclip_retrieval_recall(&recall, image_rank, caption_rank, images, captions, owners,
                                      50, 3, &err),
              &err);
    expect_recalls("image to text", recall.image_to_text, item(expected, "image_to_text"));
    expect_recalls("text to image", recall.text_to_image, item(expected, "text_to_image"));
    expect_ap("mean recall", recall.mean.value, item(expected, "mean_recall"));
    assert_true(recall.mean.low <= recall.mean.value && recall.mean.value <= recall.mean.high);
    for (int k = 0; k < GACLIP_RECALLS; k++)
        assert_int_equal(gaclip_recall_at(k), cJSON_GetArrayItem(item(expected, "k"), k)->valueint);
    free(similarity);
    free(owners);
    free(image_rank);
    free(caption_rank);
}

static void test_retrieval(void **state)
{
    (void)state;
    cJSON *cases = oracle_json("metrics/retrieval_cases.json");
    const cJSON *one;
    cJSON_ArrayForEach(one, cases) check_retrieval_case(one);
    cJSON_Delete(cases);
}

/* Ties go to the lower index; an image without captions is no query but a distractor. */
static void test_retrieval_edges(void **state)
{
    static const double EQUAL[] = {1, 1, 1, 1, 1, 1};
    static const double BROKEN[] = {1, NAN, 1, 1, 1, 1};
    static const int OWNERS[] = {2, 1}, BAD[] = {0, 3};
    int image_rank[3], caption_rank[2];
    GaclipRecall recall;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_retrieval_ranks(image_rank, caption_rank, EQUAL, 3, 2, OWNERS, &err), &err);
    assert_memory_equal(image_rank, ((const int[]){-1, 1, 0}), sizeof image_rank);
    assert_memory_equal(caption_rank, ((const int[]){2, 1}), sizeof caption_rank);
    expect_ok(gaclip_retrieval_recall(&recall, image_rank, caption_rank, 3, 2, OWNERS, 0, 1, &err),
              &err);
    assert_int_equal(recall.images, 2);
    assert_true(recall.image_to_text[0].value == 50 && recall.text_to_image[0].value == 0);
    assert_true(recall.mean.low == recall.mean.value && recall.mean.high == recall.mean.value);
    assert_int_equal(gaclip_retrieval_ranks(image_rank, caption_rank, BROKEN, 3, 2, OWNERS, &err),
                     GACLIP_ERROR_FORMAT);
    assert_int_equal(gaclip_retrieval_ranks(image_rank, caption_rank, EQUAL, 3, 2, BAD, &err),
                     GACLIP_ERROR_ARGUMENT);
}

/* A share of 30 in 100 images: the interval is that of the binomial, 30 +- 1.96 * 4.58. */
static void test_intervals(void **state)
{
    GaclipTally tallies[100] = {{0}};
    GaclipInterval first, again, other, none, sure;
    GaclipError err = {0};
    (void)state;
    for (int i = 0; i < 100; i++) tallies[i] = (GaclipTally){i < 30, 1};
    expect_ok(gaclip__tally_up(&first, NULL, tallies, 100, 1, 2000, 7, &err), &err);
    expect_ok(gaclip__tally_up(&again, NULL, tallies, 100, 1, 2000, 7, &err), &err);
    expect_ok(gaclip__tally_up(&other, NULL, tallies, 100, 1, 2000, 8, &err), &err);
    expect_ok(gaclip__tally_up(&none, NULL, tallies, 100, 1, 0, 8, &err), &err);
    assert_true(first.value == 30 && none.low == 30 && none.high == 30);
    assert_true(fabs(first.low - 21) <= 1.5 && fabs(first.high - 39) <= 1.5);
    assert_true(first.low == again.low && first.high == again.high);
    assert_true(fabs(other.low - 21) <= 1.5 && fabs(other.high - 39) <= 1.5);
    for (int i = 0; i < 100; i++) tallies[i].hits = 1;
    expect_ok(gaclip__tally_up(&sure, NULL, tallies, 100, 1, 200, 7, &err), &err);
    assert_true(sure.low == 100 && sure.high == 100);
    expect_ok(gaclip__tally_up(&none, NULL, tallies, 0, 1, 200, 7, &err), &err);
    assert_true(none.value == 0 && none.high == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nms),
                                       cmocka_unit_test(test_nms_edges),
                                       cmocka_unit_test(test_nms_nesting),
                                       cmocka_unit_test(test_average_precision),
                                       cmocka_unit_test(test_no_detections),
                                       cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_weights),
                                       cmocka_unit_test(test_curve),
                                       cmocka_unit_test(test_match),
                                       cmocka_unit_test(test_retrieval),
                                       cmocka_unit_test(test_retrieval_edges),
                                       cmocka_unit_test(test_intervals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
