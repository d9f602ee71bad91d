/* The losses by finite differences, and their corner cases. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finite.h"
#include "loss/contrastive.h"
#include "loss/hard_negative.h"
#include "loss/proposal_loss.h"
#include "loss/visual_consistency.h"
#include "oracle.h"

/* What every test of a loss of embeddings has: one thread is enough. */
static GaclipCompute *compute;

static int start(void **state)
{
    (void)state;
    return gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, NULL);
}

static int finish(void **state)
{
    (void)state;
    gaclip_compute_free(compute);
    return 0;
}

/* Rows of a loss under test, its gradients, and the scale. */
typedef struct Case {
    float *a, *b, *grad_a, *grad_b, scale;
    const int *a_rows, *b_rows, *ids;
    int rows, count, width;
    double weight, grad_scale;
} Case;

static double contrast(void *payload)
{
    Case *c = payload;
    GaclipPairs pairs = {c->a,      c->b,   c->grad_a, c->grad_b, c->a_rows,
                         c->b_rows, c->ids, c->count,  c->width};
    double value;
    GaclipError err = {0};
    expect_ok(gaclip__contrastive(&value, &c->grad_scale, compute, &pairs, (double)c->scale,
                                  c->weight, &err),
              &err);
    return c->weight * value;
}

static const GaclipTrial TRIALS[] = {{2, 0, 3}, {0, 3, 2}, {2, 5, 2}};
static const int TRIAL_TEXTS[] = {4, 1, 0, 2, 3, 0, 4};

static double hard_negative(void *payload)
{
    Case *c = payload;
    return c->weight * gaclip__hard_negative(c->grad_a, c->grad_b, &c->grad_scale, c->a, c->b,
                                             TRIALS, TRIAL_TEXTS, 3, c->width, (double)c->scale,
                                             c->weight);
}

static double visual_consistency(void *payload)
{
    static const int PLACES[] = {3, 0, 3, 5, 1, 2};
    Case *c = payload;
    return c->weight * gaclip__visual_consistency(c->grad_a, c->grad_b, c->a, c->b, PLACES,
                                                  c->count, c->width, c->weight);
}

/* Gradients, which are added to, of a loss of two sets of rows and the scale. */
static void check_loss(const char *name, FiniteFunction *loss, Case c)
{
    GaclipRandom random;
    size_t floats = (size_t)(c.rows * c.width);
    gaclip__random_seed(&random, 3);
    c.scale = 5;
    c.a = random_floats(&random, floats, 0.5f);
    c.b = random_floats(&random, floats, 0.5f);
    float *grad_a = calloc(floats, sizeof *grad_a), *grad_b = calloc(floats, sizeof *grad_b);
    float *spare = calloc(2 * floats, sizeof *spare); /* what later calls add to */
    for (size_t i = 0; i < floats; i++) grad_a[i] = grad_b[i] = 0.25f;
    c.grad_a = grad_a;
    c.grad_b = grad_b;
    loss(&c);
    for (size_t i = 0; i < floats; i++) {
        grad_a[i] -= 0.25f;
        grad_b[i] -= 0.25f;
    }
    float by_scale = (float)c.grad_scale;
    c.grad_a = spare;
    c.grad_b = spare + floats;
    expect_gradient(name, loss, &c, c.a, grad_a, floats, floats, 1e-3f, 1e-2);
    expect_gradient(name, loss, &c, c.b, grad_b, floats, floats, 1e-3f, 1e-2);
    if (loss != visual_consistency)
        expect_gradient(name, loss, &c, &c.scale, &by_scale, 1, 1, 1e-2f, 1e-2);
    free(c.a);
    free(c.b);
    free(grad_a);
    free(grad_b);
    free(spare);
}

static void test_contrastive(void **state)
{
    static const int IDS[] = {4, 2, 4, -1, -1, 9}, A_ROWS[] = {1, 0, 1, 5}, B_ROWS[] = {2, 2, 0, 4};
    (void)state;
    Case all = {.rows = 6, .count = 6, .width = 4, .weight = 1}, some = all, masked = all;
    check_loss("all pairs", contrast, all);
    all.weight = 0.3;
    check_loss("weighted", contrast, all);
    masked.ids = IDS;
    check_loss("equal ids masked", contrast, masked);
    some.count = 4;
    some.a_rows = A_ROWS;
    some.b_rows = B_ROWS;
    check_loss("rows of larger arrays", contrast, some);
}

/* One pair, or pairs that all have the same id, have no negatives: no loss and no gradient. */
static void test_contrastive_without_negatives(void **state)
{
    static const int SAME[] = {1, 1};
    (void)state;
    for (int i = 0; i < 3; i++) {
        float a[4] = {1, 0, 0, 1}, b[4] = {0, 1, 1, 0}, grad_a[4] = {0}, grad_b[4] = {0};
        Case c = {a, b, grad_a, grad_b, 10, .count = i, .width = i == 2 ? 2 : 4, .weight = 1};
        if (i == 2) c.ids = SAME;
        assert_true(fabs(contrast(&c)) < 1e-12 && fabs(c.grad_scale) < 1e-12);
        for (int k = 0; k < 4; k++) assert_true(fabsf(grad_a[k]) + fabsf(grad_b[k]) < 1e-6f);
    }
}

static void test_hard_negative(void **state)
{
    (void)state;
    check_loss("hard negatives", hard_negative, (Case){.rows = 5, .width = 4, .weight = 1});
    check_loss("weighted", hard_negative, (Case){.rows = 5, .width = 7, .weight = 0.6});
    assert_true(gaclip__hard_negative(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, 1, 1) == 0);
}

static void test_visual_consistency(void **state)
{
    float one[2] = {0.6f, 0.8f}, grad[2] = {0}, grad_crop[2] = {0};
    const int first = 0;
    (void)state;
    check_loss("two views", visual_consistency,
               (Case){.rows = 6, .count = 6, .width = 4, .weight = 0.7});
    assert_true(fabs(gaclip__visual_consistency(grad, grad_crop, one, one, &first, 1, 2, 1)) <
                1e-6);
    assert_true(gaclip__visual_consistency(NULL, NULL, NULL, NULL, NULL, 0, 2, 1) == 0);
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
static const GaclipLocations MAP = {H, W, 8};

typedef struct Proposals {
    GaclipProposalPass pass;
    const GaclipTargets *targets;
    double weight_objectness, weight_box;
    double positives;
} Proposals;

static double proposal_loss(void *payload)
{
    Proposals *p = payload;
    float grad[IMAGES * H * W * GACLIP__HEAD_CHANNELS];
    double objectness, box;
    GaclipError err = {0};
    expect_ok(gaclip__proposal_loss(&objectness, &box, grad, &p->pass, p->targets, p->positives,
                                    p->weight_objectness, p->weight_box, &err),
              &err);
    return p->weight_objectness * objectness + p->weight_box * box;
}

/* The IoU that objectness aims at is held constant, so the two losses are checked one at a time:
 * the box loss by the box channels, the objectness loss by the logits. */
static void test_proposal_loss(void **state)
{
    static const GaclipBox BOXES[] = {{3, 4, 25, 20}, {10, 12, 38, 30}, {20, 2, 33, 12}};
    static const GaclipTargets TARGETS[] = {{BOXES, 2, 1}, {BOXES + 2, 1, 0}};
    enum { COUNT = IMAGES * H * W * GACLIP__HEAD_CHANNELS };
    GaclipRandom random;
    GaclipError err = {0};
    (void)state;
    gaclip__random_seed(&random, 11);
    Proposals p = {.pass = {.batch = IMAGES, .out_h = H, .out_w = W, .stride = STRIDE},
                   .targets = TARGETS};
    p.pass.out = random_floats(&random, COUNT, 0.5f);
    expect_ok(gaclip__proposal_positives(&p.positives, &MAP, TARGETS, IMAGES, &err), &err);
    assert_true(p.positives > 0 && p.positives < IMAGES * H * W);
    float grad[COUNT];
    for (int channel = 0; channel < GACLIP__HEAD_CHANNELS; channel++) {
        double objectness, box;
        p.weight_objectness = channel == 0 ? 0.7 : 0;
        p.weight_box = channel == 0 ? 0 : 1.3;
        expect_ok(gaclip__proposal_loss(&objectness, &box, grad, &p.pass, TARGETS, p.positives,
                                        p.weight_objectness, p.weight_box, &err),
                  &err);
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

/* Without boxes, an image that is known to be empty teaches at every location, another nowhere. */
static void test_proposal_loss_without_boxes(void **state)
{
    static const GaclipTargets NONE[IMAGES] = {{NULL, 0, 1}, {NULL, 0, 0}};
    float out[IMAGES * H * W * GACLIP__HEAD_CHANNELS] = {0};
    float grad[IMAGES * H * W * GACLIP__HEAD_CHANNELS];
    GaclipProposalPass pass = {
        .batch = IMAGES, .out_h = H, .out_w = W, .stride = STRIDE, .out = out};
    double objectness, box;
    double positives = -1;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip__proposal_positives(&positives, &MAP, NONE, IMAGES, &err), &err);
    assert_true(positives == 0);
    expect_ok(gaclip__proposal_loss(&objectness, &box, grad, &pass, NONE, positives, 1, 1, &err),
              &err);
    assert_true(box == 0);
    /* p = 1/2 everywhere: each location gives 1/4 ln 2. */
    assert_true(fabs(objectness - H * W * 0.25 * log(2)) < 1e-6);
    for (int i = 0; i < IMAGES * H * W; i++)
        assert_int_equal(grad[i * GACLIP__HEAD_CHANNELS] > 0, i < H * W);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contrastive),
                                       cmocka_unit_test(test_contrastive_without_negatives),
                                       cmocka_unit_test(test_hard_negative),
                                       cmocka_unit_test(test_visual_consistency),
                                       cmocka_unit_test(test_giou),
                                       cmocka_unit_test(test_proposal_loss),
                                       cmocka_unit_test(test_proposal_loss_without_boxes)};
    return cmocka_run_group_tests(tests, start, finish);
}
