/* From the boxes of overlapping windows and scales to one box an object. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "detect/detector.h"
#include "gaclip/eval.h"
#include "oracle_model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static GaclipDetection box_of(int class_index, float score, float x1, float y1, float x2, float y2,
                              int is_cut)
{
    return (GaclipDetection){
        .box = {x1, y1, x2, y2}, .class_index = class_index, .score = score, .is_cut = is_cut};
}

/* Merges the list and compares what is left, by score. */
static void expect_merged(const GaclipDetection *in, int count, float iou, const float *scores,
                          int expected)
{
    GaclipDetectionList list = {0};
    GaclipError err = {0};
    for (int i = 0; i < count; i++) expect_ok(gaclip__detections_add(&list, &in[i], &err), &err);
    expect_ok(gaclip__merge_windows(&list, iou, &err), &err);
    assert_int_equal(list.count, expected);
    for (int i = 0; i < expected; i++)
        if (list.items[i].score != scores[i])
            fail_msg("place %d: score %g in place of %g", i, (double)list.items[i].score,
                     (double)scores[i]);
    gaclip__detections_clear(&list);
}

static void test_merging(void **state)
{
    (void)state;
    expect_merged(NULL, 0, 0.4f, NULL, 0);
    /* Suppression within a class alone, the result by score. */
    const GaclipDetection same[] = {
        box_of(0, 0.5f, 0, 0, 10, 10, 0), box_of(1, 0.7f, 0, 0, 10, 10, 0),
        box_of(0, 0.6f, 1, 0, 11, 10, 0), box_of(0, 0.9f, 50, 0, 60, 10, 0)};
    expect_merged(same, 4, 0.4f, (const float[]){0.9f, 0.7f, 0.6f}, 3);
    /* A cut box gives way to a whole one of its class over more than half of it, of any score. */
    const GaclipDetection cut[] = {box_of(0, 0.9f, 0, 0, 10, 10, 1),
                                   box_of(0, 0.4f, 0, 0, 40, 10, 0)};
    expect_merged(cut, 2, 0.9f, (const float[]){0.4f}, 1);
    const GaclipDetection other[] = {box_of(0, 0.9f, 0, 0, 10, 10, 1),
                                     box_of(1, 0.4f, 0, 0, 40, 10, 0)};
    expect_merged(other, 2, 0.9f, (const float[]){0.9f, 0.4f}, 2);
    const GaclipDetection half[] = {box_of(0, 0.9f, 0, 0, 10, 10, 1),
                                    box_of(0, 0.4f, 5, 0, 40, 10, 0)};
    expect_merged(half, 2, 0.9f, (const float[]){0.9f, 0.4f}, 2);
    /* A cut one does not replace a cut one; suppression still does. */
    const GaclipDetection both[] = {box_of(0, 0.9f, 0, 0, 10, 10, 1),
                                    box_of(0, 0.4f, 0, 0, 40, 10, 1)};
    expect_merged(both, 2, 1, (const float[]){0.9f, 0.4f}, 2);
    expect_merged(both, 2, 0.2f, (const float[]){0.9f}, 1);
    /* A whole box stays although a cut one covers it. */
    const GaclipDetection whole[] = {box_of(0, 0.3f, 0, 0, 10, 10, 0),
                                     box_of(0, 0.2f, 0, 0, 40, 10, 1)};
    expect_merged(whole, 2, 1, (const float[]){0.3f, 0.2f}, 2);
    /* What lies in a better box of its class goes, and what lies around one. */
    const GaclipDetection nested[] = {
        box_of(0, 0.9f, 0, 0, 40, 40, 0), box_of(0, 0.8f, 5, 5, 15, 15, 0),
        box_of(1, 0.7f, 5, 5, 15, 15, 0), box_of(1, 0.6f, 0, 0, 40, 40, 0)};
    expect_merged(nested, 4, 0.4f, (const float[]){0.9f, 0.7f}, 2);
    expect_merged(nested, 4, 1, (const float[]){0.9f, 0.8f, 0.7f, 0.6f}, 4);
}

/* The box that stays moves towards those of its class that it suppresses, whole ones alone; one
 * that was cut stays where it is. */
static void test_votes(void **state)
{
    const GaclipDetection boxes[] = {
        box_of(0, 0.75f, 10, 10, 30, 30, 0), box_of(0, 0.25f, 14, 10, 34, 30, 0),
        box_of(1, 0.75f, 14, 10, 34, 30, 0), box_of(2, 0.75f, 60, 10, 80, 30, 1),
        box_of(2, 0.50f, 62, 10, 82, 30, 1)};
    GaclipDetectionList list = {0};
    GaclipError err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(boxes); i++)
        expect_ok(gaclip__detections_add(&list, &boxes[i], &err), &err);
    expect_ok(gaclip__merge_windows(&list, 0.4f, &err), &err);
    assert_int_equal(list.count, 3);
    assert_true(fabs((double)list.items[0].box.x1 - 10 - 4 / 82.0) < 1e-5);
    assert_true(fabs((double)list.items[0].box.x2 - 30 - 4 / 82.0) < 1e-5);
    assert_true(list.items[1].box.x1 == 14 && list.items[2].box.x1 == 60);
    gaclip__detections_clear(&list);
}

/* The order of equal scores does not hang on the order of the windows. */
static void test_merge_order(void **state)
{
    GaclipDetectionList list = {0};
    GaclipError err = {0};
    (void)state;
    const GaclipDetection in[] = {box_of(1, 0.5f, 0, 0, 5, 5, 0), box_of(0, 0.5f, 50, 9, 60, 20, 0),
                                  box_of(0, 0.5f, 90, 0, 95, 5, 0),
                                  box_of(0, 0.5f, 20, 0, 30, 5, 0)};
    for (int i = 0; i < 4; i++) expect_ok(gaclip__detections_add(&list, &in[i], &err), &err);
    expect_ok(gaclip__merge_windows(&list, 0.5f, &err), &err);
    static const float LEFT[] = {20, 90, 50, 0};
    assert_int_equal(list.count, 4);
    for (int i = 0; i < 4; i++) assert_true(list.items[i].box.x1 == LEFT[i]);
    gaclip__detections_clear(&list);
}

enum { MANY = 400 };

static int is_replaced(const GaclipDetection *cut, const GaclipDetection *all)
{
    for (int i = 0; i < MANY && cut->is_cut; i++) {
        const GaclipBox *a = &cut->box, *b = &all[i].box;
        float w = fminf(a->x2, b->x2) - fmaxf(a->x1, b->x1);
        float h = fminf(a->y2, b->y2) - fmaxf(a->y1, b->y1);
        float area = (a->x2 - a->x1) * (a->y2 - a->y1);
        if (!all[i].is_cut && all[i].class_index == cut->class_index && w > 0 && h > 0 &&
            w * h / area > GACLIP_CUT_COVERED)
            return 1;
    }
    return 0;
}

/* The mean of all boxes that one stands for, looked for among all. */
static double voted_left(const GaclipDetection *kept, const GaclipDetection *all, float iou)
{
    double weight = 0, sum = 0;
    for (int i = 0; i < MANY; i++) {
        if (all[i].is_cut || all[i].class_index != kept->class_index ||
            !(gaclip_box_iou(&all[i].box, &kept->box) > iou))
            continue;
        weight += gaclip_vote_weight(all[i].score);
        sum += gaclip_vote_weight(all[i].score) * (double)all[i].box.x1;
    }
    return kept->is_cut ? (double)kept->box.x1 : sum / weight;
}

/* Many boxes of many sizes and classes: what asks every pair gives the same. */
static void test_many(void **state)
{
    GaclipRandom random;
    GaclipError err = {0};
    GaclipDetection all[MANY];
    const float IOU = 0.3f;
    (void)state;
    gaclip__random_seed(&random, 4);
    for (int i = 0; i < MANY; i++) {
        float x = (float)gaclip__random_below(&random, 200);
        float y = (float)gaclip__random_below(&random, 200);
        float w = (float)(5 + gaclip__random_below(&random, i % 9 ? 40 : 250));
        float h = (float)(5 + gaclip__random_below(&random, i % 9 ? 40 : 250));
        all[i] = box_of(gaclip__random_below(&random, 3), (float)(i + 1) / (MANY + 1), x, y, x + w,
                        y + h, gaclip__random_below(&random, 4) == 0);
    }
    GaclipDetectionList list = {0};
    for (int i = 0; i < MANY; i++) expect_ok(gaclip__detections_add(&list, &all[i], &err), &err);
    expect_ok(gaclip__merge_windows(&list, IOU, &err), &err);
    int next = 0, replaced = 0, moved = 0;
    unsigned char is_kept[MANY] = {0};
    for (int i = MANY - 1; i >= 0; i--) {
        int survives = !is_replaced(&all[i], all);
        replaced += !survives;
        for (int k = MANY - 1; k > i && survives; k--)
            survives = !is_kept[k] || all[k].class_index != all[i].class_index ||
                       !(gaclip_box_iou(&all[k].box, &all[i].box) > IOU ||
                         gaclip_box_nesting(&all[k].box, &all[i].box) > 0.8f);
        if (!survives) continue;
        is_kept[i] = 1;
        assert_true(next < list.count && list.items[next].score == all[i].score);
        double left = voted_left(&all[i], all, IOU);
        assert_true(fabs((double)list.items[next].box.x1 - left) < 1e-3);
        moved += fabs(left - (double)all[i].box.x1) > 0.1;
        next++;
    }
    assert_int_equal(next, list.count);
    assert_true(replaced > 20 && moved > 20 && next > 20);
    gaclip__detections_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_merging),
                                       cmocka_unit_test(test_merge_order),
                                       cmocka_unit_test(test_votes), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
