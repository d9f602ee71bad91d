/* The losses by finite differences, and their corner cases. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finite.h"
#include "loss/contrastive.h"
#include "loss/proposal_loss.h"
#include "math/norm.h"
#include "oracle.h"

typedef struct Pairs {
    float *a, *b, scale;
    const int *ids;
    int count, width;
} Pairs;

static double contrast(void *payload)
{
    const Pairs *p = payload;
    size_t floats = (size_t)(p->count * p->width);
    float *grad = calloc(2 * floats, sizeof *grad);
    double value, grad_scale = 0;
    GaclipError err = {0};
    expect_ok(gaclip__contrastive(&value, grad, grad + floats, &grad_scale, p->a, p->b, p->ids,
                                  p->count, p->width, (double)p->scale, 1, &err),
              &err);
    free(grad);
    return value;
}

static void check_contrast(const char *name, const int *ids, double weight)
{
    GaclipRandom random;
    GaclipError err = {0};
    gaclip__random_seed(&random, 3);
    Pairs p = {.scale = 5, .ids = ids, .count = 6, .width = 4};
    p.a = random_floats(&random, 24, 0.5f);
    p.b = random_floats(&random, 24, 0.5f);
    float *grad_a = calloc(24, sizeof *grad_a), *grad_b = calloc(24, sizeof *grad_b), by_scale;
    double value, grad_scale = 0;
    expect_ok(gaclip__contrastive(&value, grad_a, grad_b, &grad_scale, p.a, p.b, ids, 6, 4, 5,
                                  weight, &err),
              &err);
    for (int i = 0; i < 24; i++) {
        grad_a[i] /= (float)weight;
        grad_b[i] /= (float)weight;
    }
    by_scale = (float)(grad_scale / weight);
    expect_gradient(name, contrast, &p, p.a, grad_a, 24, 24, 1e-3f, 1e-2);
    expect_gradient(name, contrast, &p, p.b, grad_b, 24, 24, 1e-3f, 1e-2);
    expect_gradient(name, contrast, &p, &p.scale, &by_scale, 1, 1, 1e-2f, 1e-2);
    free(p.a);
    free(p.b);
    free(grad_a);
    free(grad_b);
}

static void test_contrastive(void **state)
{
    static const int IDS[] = {4, 2, 4, -1, -1, 9};
    (void)state;
    check_contrast("all pairs", NULL, 1);
    check_contrast("weighted", NULL, 0.3);
    check_contrast("equal ids masked", IDS, 1);
}

/* One pair, or pairs that all have the same id, have no negatives: no loss and no gradient. */
static void test_contrastive_without_negatives(void **state)
{
    static const int SAME[] = {1, 1};
    float a[4] = {1, 0, 0, 1}, b[4] = {0, 1, 1, 0}, grad_a[4] = {0}, grad_b[4] = {0};
    double value = -1, grad_scale = 0;
    GaclipError err = {0};
    (void)state;
    expect_ok(
        gaclip__contrastive(&value, grad_a, grad_b, &grad_scale, a, b, NULL, 1, 4, 10, 1, &err),
        &err);
    assert_true(fabs(value) < 1e-12);
    expect_ok(
        gaclip__contrastive(&value, grad_a, grad_b, &grad_scale, a, b, SAME, 2, 2, 10, 1, &err),
        &err);
    assert_true(fabs(value) < 1e-12 && fabs(grad_scale) < 1e-12);
    for (int i = 0; i < 4; i++) assert_true(fabsf(grad_a[i]) + fabsf(grad_b[i]) < 1e-6f);
}

static GaclipBox *as_box(float *corners)
{
    return (GaclipBox *)(void *)corners;
}

static double giou(void *payload)
{
    float *boxes = payload;
    double grad[4];
    return gaclip__giou_loss(grad, as_box(boxes), as_box(boxes + 4));
}

static void test_giou(void **state)
{
    /* overlapping, apart, inside, around */
    float cases[][8] = {{1, 2, 6, 5, 3, 1, 8, 4},
                        {0, 0, 2, 2, 5, 4, 8, 8},
                        {2, 2, 3, 4, 1, 1, 6, 6},
                        {0, 0, 9, 9, 3, 4, 5, 7}};
    (void)state;
    for (int i = 0; i < 4; i++) {
        double grad[4];
        float gradient[4];
        gaclip__giou_loss(grad, as_box(cases[i]), as_box(cases[i] + 4));
        for (int k = 0; k < 4; k++) gradient[k] = (float)grad[k];
        expect_gradient("GIoU", giou, cases[i], cases[i], gradient, 4, 4, 1e-3f, 1e-2);
    }
    float same[8] = {1, 2, 3, 4, 1, 2, 3, 4};
    assert_true(fabs(giou(same)) < 1e-6);
}

enum { IMAGES = 2, H = 4, W = 5 };
static const float STRIDE = 8;

typedef struct Proposals {
    GaclipProposalPass pass;
    const GaclipTargets *targets;
    double weight_objectness, weight_box;
    int positives;
} Proposals;

static double proposal_loss(void *payload)
{
    Proposals *p = payload;
    float grad[IMAGES * H * W * GACLIP__HEAD_CHANNELS];
    double objectness, box;
    GaclipError err = {0};
    expect_ok(gaclip__proposal_loss(&objectness, &box, &p->positives, grad, &p->pass, p->targets,
                                    p->weight_objectness, p->weight_box, &err),
              &err);
    return p->weight_objectness * objectness + p->weight_box * box;
}

/* The IoU that objectness aims at is held constant, so the two losses are checked one at a time:
 * the box loss by the box channels, the objectness loss by the logits. */
static void test_proposal_loss(void **state)
{
    static const GaclipBox BOXES[] = {{3, 4, 25, 20}, {10, 12, 38, 30}, {20, 2, 33, 12}};
    static const GaclipTargets TARGETS[] = {{BOXES, 2}, {BOXES + 2, 1}};
    enum { COUNT = IMAGES * H * W * GACLIP__HEAD_CHANNELS };
    GaclipRandom random;
    GaclipError err = {0};
    (void)state;
    gaclip__random_seed(&random, 11);
    Proposals p = {.pass = {.batch = IMAGES, .out_h = H, .out_w = W, .stride = STRIDE},
                   .targets = TARGETS};
    p.pass.out = random_floats(&random, COUNT, 0.5f);
    float grad[COUNT];
    for (int channel = 0; channel < GACLIP__HEAD_CHANNELS; channel++) {
        double objectness, box;
        p.weight_objectness = channel == 0 ? 0.7 : 0;
        p.weight_box = channel == 0 ? 0 : 1.3;
        expect_ok(gaclip__proposal_loss(&objectness, &box, &p.positives, grad, &p.pass, TARGETS,
                                        p.weight_objectness, p.weight_box, &err),
                  &err);
        assert_true(p.positives > 0 && p.positives < IMAGES * H * W);
        int checked = 0;
        for (int i = 0; i < IMAGES * H * W; i++) {
            float *at = p.pass.out + i * GACLIP__HEAD_CHANNELS + channel;
            float gradient = grad[i * GACLIP__HEAD_CHANNELS + channel];
            if (fabsf(gradient) <= 1e-3f) continue; /* too flat to tell from rounding */
            expect_gradient("proposal loss", proposal_loss, &p, at, &gradient, 1, 1, 1e-3f, 2e-2);
            checked++;
        }
        assert_true(checked > 3);
    }
    free(p.pass.out);
}

static void test_proposal_loss_without_boxes(void **state)
{
    static const GaclipTargets NONE[IMAGES] = {{NULL, 0}, {NULL, 0}};
    float out[IMAGES * H * W * GACLIP__HEAD_CHANNELS] = {0};
    float grad[IMAGES * H * W * GACLIP__HEAD_CHANNELS];
    GaclipProposalPass pass = {
        .batch = IMAGES, .out_h = H, .out_w = W, .stride = STRIDE, .out = out};
    double objectness, box;
    int positives;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip__proposal_loss(&objectness, &box, &positives, grad, &pass, NONE, 1, 1, &err),
              &err);
    assert_int_equal(positives, 0);
    assert_true(box == 0);
    /* p = 1/2 everywhere: each location gives 1/4 ln 2. */
    assert_true(fabs(objectness - IMAGES * H * W * 0.25 * log(2)) < 1e-6);
    for (int i = 0; i < IMAGES * H * W; i++) assert_true(grad[i * GACLIP__HEAD_CHANNELS] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrastive), cmocka_unit_test(test_contrastive_without_negatives),
        cmocka_unit_test(test_giou), cmocka_unit_test(test_proposal_loss),
        cmocka_unit_test(test_proposal_loss_without_boxes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
