/* Merging boxes over a tree, against the same rule applied to every pair. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "gaclip/detect.h"
#include "merge.h"
#include "oracle.h"

/* Boxes crowded into a square, on a grid of half pixels and with few scores, so that ties and
 * identical boxes occur. */
static GaclipFoundList random_boxes(uint64_t seed, int count, int side, int classes)
{
    GaclipFoundList list = {0};
    GaclipRandom random;
    gaclip__random_seed(&random, seed);
    for (int i = 0; i < count; i++) {
        GaclipError err = {0};
        double x = gaclip__random_below(&random, 2 * side) / 2.0,
               y = gaclip__random_below(&random, 2 * side) / 2.0;
        GaclipFound f = {.x1 = x,
                         .y1 = y,
                         .x2 = x + 4 + gaclip__random_below(&random, 40) / 2.0,
                         .y2 = y + 4 + gaclip__random_below(&random, 40) / 2.0,
                         .class_index = gaclip__random_below(&random, classes),
                         .score = (float)(1 + gaclip__random_below(&random, 50)) / 50,
                         .column = gaclip__random_below(&random, 4),
                         .row = gaclip__random_below(&random, 4),
                         .is_cut = gaclip__random_below(&random, 4) == 0};
        f.objectness = f.score / 2;
        expect_ok(gaclip__found_add(&list, &f, &err), &err);
    }
    return list;
}

static GaclipFoundList copy_of(const GaclipFoundList *list)
{
    GaclipFoundList copy = {.count = list->count, .capacity = list->count};
    copy.items = malloc(((size_t)list->count + 1) * sizeof *copy.items);
    memcpy(copy.items, list->items, (size_t)list->count * sizeof *copy.items);
    return copy;
}

static void shuffle(GaclipFoundList *list, uint64_t seed)
{
    GaclipRandom random;
    gaclip__random_seed(&random, seed);
    for (int i = list->count - 1; i > 0; i--) {
        int j = gaclip__random_below(&random, i + 1);
        GaclipFound other = list->items[i];
        list->items[i] = list->items[j];
        list->items[j] = other;
    }
}

static double area(const GaclipFound *f)
{
    return (f->x2 - f->x1) * (f->y2 - f->y1);
}

static double shared(const GaclipFound *a, const GaclipFound *b)
{
    double w = fmin(a->x2, b->x2) - fmax(a->x1, b->x1), h = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
    return w > 0 && h > 0 ? w * h : 0;
}

/* The order in which boxes are looked at: score, class, then the corners. */
static int comes_before(const GaclipFound *a, const GaclipFound *b)
{
    double keys[6] = {(double)b->score - (double)a->score,
                      a->class_index - b->class_index,
                      a->y1 - b->y1,
                      a->x1 - b->x1,
                      a->y2 - b->y2,
                      a->x2 - b->x2};
    for (int i = 0; i < 6; i++)
        if (keys[i] < 0 || keys[i] > 0) return keys[i] < 0;
    return 0;
}

static void naive_sort(GaclipFoundList *list)
{
    for (int i = 1; i < list->count; i++)
        for (int j = i; j > 0 && comes_before(&list->items[j], &list->items[j - 1]); j--) {
            GaclipFound other = list->items[j];
            list->items[j] = list->items[j - 1];
            list->items[j - 1] = other;
        }
}

static void naive_replace_cut(GaclipFoundList *list)
{
    GaclipFoundList before = copy_of(list);
    list->count = 0;
    for (int i = 0; i < before.count; i++) {
        const GaclipFound *a = &before.items[i];
        int gone = 0;
        for (int j = 0; j < before.count && a->is_cut; j++) {
            const GaclipFound *b = &before.items[j];
            gone |= !b->is_cut && b->class_index == a->class_index &&
                    shared(a, b) > (double)GACLIP_CUT_COVERED * area(a);
        }
        if (!gone) list->items[list->count++] = *a;
    }
    free(before.items);
}

static int is_nested(const GaclipFound *a, const GaclipFound *b, double nms_iou)
{
    return nms_iou < 1 && shared(a, b) > (double)0.8f * fmin(area(a), area(b));
}

/* The box of list->items[index], moved by those that it suppresses, which are marked; so are those
 * that lie in it or around it, which do not move it. */
static GaclipFound naive_vote(const GaclipFoundList *list, int index, char *gone, double nms_iou)
{
    GaclipFound kept = list->items[index];
    double sums[4] = {0}, weight = 0;
    for (int j = index; j < list->count; j++) {
        const GaclipFound *a = &list->items[index], *b = &list->items[j];
        double both = shared(a, b);
        int may_go = !gone[j] && b->class_index == a->class_index;
        int joins = may_go && both / (area(a) + area(b) - both) > nms_iou;
        if (may_go && is_nested(a, b, nms_iou)) gone[j] = 1;
        if (j != index && !joins) continue;
        gone[j] = 1;
        if (j != index && b->is_cut) continue;
        double vote = pow((double)b->score, 4);
        weight += vote;
        sums[0] += vote * b->x1;
        sums[1] += vote * b->y1;
        sums[2] += vote * b->x2;
        sums[3] += vote * b->y2;
    }
    if (kept.is_cut) return kept;
    kept.x1 = sums[0] / weight;
    kept.y1 = sums[1] / weight;
    kept.x2 = sums[2] / weight;
    kept.y2 = sums[3] / weight;
    return kept;
}

static void naive_merge(GaclipFoundList *list, double nms_iou)
{
    naive_sort(list);
    naive_replace_cut(list);
    GaclipFoundList before = copy_of(list);
    char *gone = calloc((size_t)before.count + 1, 1);
    list->count = 0;
    for (int i = 0; i < before.count; i++)
        if (!gone[i]) list->items[list->count++] = naive_vote(&before, i, gone, nms_iou);
    free(gone);
    free(before.items);
}

static void expect_same_list(const GaclipFoundList *a, const GaclipFoundList *b, double tolerance)
{
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        const GaclipFound *p = &a->items[i], *q = &b->items[i];
        double d = fmax(fmax(fabs(p->x1 - q->x1), fabs(p->y1 - q->y1)),
                        fmax(fabs(p->x2 - q->x2), fabs(p->y2 - q->y2)));
        if (!(d <= tolerance)) fail_msg("box %d is off by %g", i, d);
        assert_true(p->score == q->score);
        assert_int_equal(p->class_index, q->class_index);
        assert_int_equal(p->is_cut, q->is_cut);
    }
}

static void merge(GaclipFoundList *list, double nms_iou)
{
    GaclipError err = {0};
    expect_ok(gaclip__merge(list, nms_iou, &err), &err);
}

static void test_against_naive(void **state)
{
    static const double THRESHOLDS[] = {0, 0.2, 0.4, 0.7, 1};
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++)
        for (int t = 0; t < 5; t++) {
            GaclipFoundList got = random_boxes(seed, 20 + 10 * (int)seed, 80, 3);
            GaclipFoundList expected = copy_of(&got);
            merge(&got, THRESHOLDS[t]);
            naive_merge(&expected, THRESHOLDS[t]);
            expect_same_list(&got, &expected, 1e-9);
            free(got.items);
            free(expected.items);
        }
}

static void test_input_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        GaclipFoundList first = random_boxes(seed, 400, 60, 2), second = copy_of(&first);
        shuffle(&second, seed + 100);
        merge(&first, 0.4);
        merge(&second, 0.4);
        expect_same_list(&first, &second, 0);
        for (int i = 0; i < first.count; i++) {
            assert_int_equal(first.items[i].column, second.items[i].column);
            assert_int_equal(first.items[i].row, second.items[i].row);
        }
        free(first.items);
        free(second.items);
    }
}

static void merge_these(GaclipFound *boxes, int *count, double nms_iou)
{
    GaclipFoundList list = {0};
    GaclipError err = {0};
    for (int i = 0; i < *count; i++) expect_ok(gaclip__found_add(&list, &boxes[i], &err), &err);
    merge(&list, nms_iou);
    *count = list.count;
    memcpy(boxes, list.items, (size_t)list.count * sizeof *boxes);
    free(list.items);
}

/* Neither does the tile that is named depend on it where two saw the very same box. */
static void test_identical(void **state)
{
    GaclipFound boxes[2][2];
    int counts[2] = {2, 2};
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            boxes[i][k] = (GaclipFound){.x2 = 10, .y2 = 10, .score = 0.5f, .column = i ^ k};
    for (int i = 0; i < 2; i++) {
        merge_these(boxes[i], &counts[i], 0.4);
        assert_int_equal(counts[i], 1);
        assert_int_equal(boxes[i][0].column, 0);
    }
}

/* A cut box goes in favour of a whole one with a lower score, and does not move it. */
static void test_cut_gives_way(void **state)
{
    GaclipFound boxes[] = {
        {.x1 = 10, .y1 = 10, .x2 = 20, .y2 = 30, .score = 0.9f, .is_cut = 1},
        {.x1 = 10, .y1 = 10, .x2 = 50, .y2 = 30, .score = 0.4f},
    };
    int count = 2;
    (void)state;
    merge_these(boxes, &count, 0.4);
    assert_int_equal(count, 1);
    assert_true(boxes[0].x1 == 10 && boxes[0].x2 == 50 && boxes[0].score == 0.4f);
}

/* A cut box stays where the whole one covers half of it or less, or is of another class. */
static void test_cut_stays(void **state)
{
    GaclipFound half[] = {
        {.x1 = 0, .y1 = 0, .x2 = 20, .y2 = 10, .score = 0.9f, .is_cut = 1},
        {.x1 = 10, .y1 = 0, .x2 = 90, .y2 = 10, .score = 0.4f},
    };
    GaclipFound other_class[] = {
        {.x1 = 10, .y1 = 10, .x2 = 20, .y2 = 30, .score = 0.9f, .is_cut = 1},
        {.x1 = 10, .y1 = 10, .x2 = 50, .y2 = 30, .score = 0.4f, .class_index = 1},
    };
    int count = 2;
    (void)state;
    merge_these(half, &count, 0.4);
    assert_int_equal(count, 2);
    half[0].x1 += 0.001;
    merge_these(half, &count, 0.4);
    assert_int_equal(count, 1);
    count = 2;
    merge_these(other_class, &count, 0.4);
    assert_int_equal(count, 2);
}

/* Of several cut ones that nobody saw whole, the best stays as it is. */
static void test_only_cut(void **state)
{
    GaclipFound boxes[] = {
        {.x1 = 0, .y1 = 0, .x2 = 20, .y2 = 10, .score = 0.5f, .is_cut = 1},
        {.x1 = 1, .y1 = 0, .x2 = 21, .y2 = 10, .score = 0.7f, .is_cut = 1},
    };
    int count = 2;
    (void)state;
    merge_these(boxes, &count, 0.4);
    assert_int_equal(count, 1);
    assert_true(boxes[0].x1 == 1 && boxes[0].x2 == 21 && boxes[0].score == 0.7f);
}

/* Whole boxes vote for the place, weighted by the fourth power of the score, here 81 : 1;
 * the score is the best one's. */
static void test_votes(void **state)
{
    GaclipFound boxes[] = {
        {.x1 = 10, .y1 = 10, .x2 = 30, .y2 = 30, .score = 0.75f},
        {.x1 = 14, .y1 = 10, .x2 = 34, .y2 = 30, .score = 0.25f},
    };
    int count = 2;
    (void)state;
    merge_these(boxes, &count, 0.4);
    assert_int_equal(count, 1);
    assert_true(fabs(boxes[0].x1 - 10 - 4 / 82.0) < 1e-6 &&
                fabs(boxes[0].x2 - 30 - 4 / 82.0) < 1e-6);
    assert_true(boxes[0].score == 0.75f);
}

/* Of a box and one inside it the better stays, where it is; with nms_iou 1 both do. */
static void test_nested(void **state)
{
    const GaclipFound inside[] = {
        {.x1 = 10, .y1 = 10, .x2 = 50, .y2 = 50, .score = 0.5f},
        {.x1 = 20, .y1 = 20, .x2 = 30, .y2 = 30, .score = 0.75f},
    };
    GaclipFound boxes[2];
    int count = 2;
    (void)state;
    memcpy(boxes, inside, sizeof boxes);
    merge_these(boxes, &count, 0.4);
    assert_int_equal(count, 1);
    assert_true(boxes[0].x1 == 20 && boxes[0].x2 == 30);
    count = 2;
    memcpy(boxes, inside, sizeof boxes);
    merge_these(boxes, &count, 1);
    assert_int_equal(count, 2);
}

static void test_classes(void **state)
{
    GaclipFound boxes[] = {
        {.x1 = 10, .y1 = 10, .x2 = 30, .y2 = 30, .score = 0.5f, .class_index = 1},
        {.x1 = 10, .y1 = 10, .x2 = 30, .y2 = 30, .score = 0.5f, .class_index = 0},
        {.x1 = 10, .y1 = 10, .x2 = 30, .y2 = 30, .score = 0.6f, .class_index = 2},
    };
    int count = 3;
    (void)state;
    merge_these(boxes, &count, 0.1);
    assert_int_equal(count, 3);
    assert_int_equal(boxes[0].class_index, 2);
    assert_int_equal(boxes[1].class_index, 0);
    assert_int_equal(boxes[2].class_index, 1);
}

static void test_empty_and_flat(void **state)
{
    GaclipFoundList none = {0};
    GaclipFound flat[] = {{.x1 = 5, .y1 = 5, .x2 = 5, .y2 = 5, .score = 0.5f},
                          {.x1 = 5, .y1 = 5, .x2 = 9, .y2 = 5, .score = 0.4f, .is_cut = 1},
                          {.x1 = 0, .y1 = 0, .x2 = 9, .y2 = 9, .score = 0}};
    int count = 3;
    (void)state;
    merge(&none, 0.4);
    assert_int_equal(none.count, 0);
    merge_these(flat, &count, 0.4);
    assert_int_equal(count, 3);
    assert_true(flat[2].x2 == 9); /* a score of 0 leaves the box where it is */
}

/* Many boxes spread out, and many in one heap. */
static void test_many(void **state)
{
    (void)state;
    GaclipFoundList spread = random_boxes(1, 50000, 20000, 4),
                    heap = random_boxes(2, 50000, 200, 4);
    merge(&spread, 0.4);
    merge(&heap, 0.4);
    assert_in_range(spread.count, 30000, 50000);
    assert_in_range(heap.count, 100, 20000);
    for (int i = 1; i < heap.count; i++)
        assert_true(heap.items[i - 1].score >= heap.items[i].score);
    free(spread.items);
    free(heap.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_naive), cmocka_unit_test(test_input_order),
        cmocka_unit_test(test_identical),     cmocka_unit_test(test_cut_gives_way),
        cmocka_unit_test(test_cut_stays),     cmocka_unit_test(test_only_cut),
        cmocka_unit_test(test_votes),         cmocka_unit_test(test_nested),
        cmocka_unit_test(test_classes),       cmocka_unit_test(test_empty_and_flat),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
