/* Whole towers of small random models: every parameter's gradient by finite differences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finite.h"
#include "model/config.h"
#include "model/model.h"
#include "oracle.h"

enum { IMAGES = 2, TEXTS = 3, CONTEXT = 6, VOCABULARY = 24 };

static GaclipModelConfig configure(GaclipActivation activation, GaclipDense dense, int stem,
                                   int upsample)
{
    return (GaclipModelConfig){
        .embed_dim = 6,
        .activation = activation,
        .norm_epsilon = 1e-5f,
        .dense = dense,
        .vision = {.image_size = 16,
                   .patch_size = 8,
                   .width = 8,
                   .layers = 2,
                   .heads = 2,
                   .stem_layers = stem,
                   .stem_widths = {4, 6}},
        .text = {.context_length = CONTEXT,
                 .vocab_size = VOCABULARY,
                 .width = 8,
                 .layers = 2,
                 .heads = 2},
        .proposal = {.width = 8, .layers = upsample, .upsample = upsample},
        .image_mean = {0.5f, 0.5f, 0.5f},
        .image_std = {0.25f, 0.25f, 0.25f},
    };
}

/* A model, its inputs, and the random vectors that make a scalar of its outputs. */
typedef struct Fixture {
    GaclipModel *model;
    GaclipRandom random;
    float *planes, *by_class, *by_dense, *by_proposals, *by_text;
    int height, width;
    int32_t tokens[TEXTS * CONTEXT];
} Fixture;

static void fixture_open(Fixture *f, const GaclipModelConfig *config, int height, int width)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    *f = (Fixture){.height = height, .width = width};
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip__model_declare(&f->model, config, compute, &err), &err);
    GaclipParameters *table = &f->model->parameters;
    expect_ok(gaclip__parameters_own(table, &err), &err);
    expect_ok(gaclip__parameters_start_gradients(table, &err), &err);
    gaclip__random_seed(&f->random, 21);
    for (int i = 0; i < table->count; i++)
        for (size_t k = 0; k < table->entries[i].count; k++)
            table->values[table->entries[i].offset + k] = 0.4f * gaclip__random_normal(&f->random);
    size_t places = (size_t)(IMAGES * (height / 8) * (width / 8));
    f->planes = random_floats(&f->random, (size_t)(IMAGES * 3 * height * width), 1);
    f->by_class = random_floats(&f->random, IMAGES * 6, 1);
    f->by_dense = random_floats(&f->random, places * 6, 1);
    f->by_proposals = random_floats(&f->random, places * 16 * GACLIP__HEAD_CHANNELS, 1);
    f->by_text = random_floats(&f->random, TEXTS * 6, 1);
    for (int i = 0; i < TEXTS * CONTEXT; i++)
        f->tokens[i] = gaclip__random_below(&f->random, VOCABULARY - 1);
    /* The end of text is the largest id; the last two texts end early. */
    f->tokens[CONTEXT - 1] = f->tokens[CONTEXT + 3] = f->tokens[2 * CONTEXT + 1] = VOCABULARY - 1;
}

static void fixture_close(Fixture *f)
{
    GaclipCompute *compute = f->model->compute;
    gaclip_model_close(f->model);
    gaclip_compute_free(compute);
    free(f->planes);
    free(f->by_class);
    free(f->by_dense);
    free(f->by_proposals);
    free(f->by_text);
}

static size_t places(const GaclipVisionPass *pass)
{
    return (size_t)(pass->batch * pass->h * pass->w);
}

static void image_forward(Fixture *f, GaclipVisionPass *pass, GaclipProposalPass *proposals)
{
    GaclipModel *m = f->model;
    GaclipError err = {0};
    gaclip__arena_reset(&m->arena);
    expect_ok(gaclip__vision_layout(pass, &m->vision, m->compute, &m->arena, IMAGES, f->height,
                                    f->width, m->config.dense,
                                    GACLIP__PASS_KEEP | GACLIP__PASS_CLASS | GACLIP__PASS_DENSE,
                                    &err),
              &err);
    expect_ok(gaclip__vision_forward(&m->vision, m->compute, pass, f->planes, &err), &err);
    expect_ok(gaclip__proposal_layout(proposals, &m->proposals, m->compute, &m->arena, pass,
                                      pass->batch, 1, &err),
              &err);
    gaclip__proposal_forward(&m->proposals, m->compute, proposals, pass);
}

static double image_scalar(void *payload)
{
    Fixture *f = payload;
    GaclipVisionPass pass;
    GaclipProposalPass proposals;
    image_forward(f, &pass, &proposals);
    size_t outs = (size_t)(proposals.batch * proposals.out_h * proposals.out_w);
    return dot(pass.class_embedding, f->by_class, IMAGES * 6) +
           dot(pass.dense, f->by_dense, places(&pass) * 6) +
           dot(proposals.out, f->by_proposals, outs * GACLIP__HEAD_CHANNELS);
}

static void image_backward(Fixture *f)
{
    GaclipVisionPass pass;
    GaclipProposalPass proposals;
    GaclipModel *m = f->model;
    GaclipError err = {0};
    image_forward(f, &pass, &proposals);
    gaclip__parameters_zero_gradients(&m->parameters);
    GaclipVisionGradients grads = {.class_embedding = f->by_class, .dense = f->by_dense};
    gaclip__proposal_backward(&m->proposals, m->compute, &proposals, &pass, f->by_proposals,
                              &grads);
    expect_ok(gaclip__vision_backward(&m->vision, m->compute, &pass, &grads, &err), &err);
}

static double text_scalar(void *payload)
{
    Fixture *f = payload;
    float out[TEXTS * 6];
    GaclipError err = {0};
    expect_ok(gaclip_model_embed_tokens(f->model, out, f->tokens, TEXTS, CONTEXT, &err), &err);
    return dot(out, f->by_text, TEXTS * 6);
}

static void text_backward(Fixture *f)
{
    GaclipTextPass pass;
    GaclipModel *m = f->model;
    GaclipError err = {0};
    gaclip__arena_reset(&m->arena);
    expect_ok(gaclip__text_layout(&pass, &m->text, m->compute, &m->arena, f->tokens, TEXTS, CONTEXT,
                                  1, &err),
              &err);
    gaclip__text_forward(&m->text, m->compute, &pass);
    gaclip__parameters_zero_gradients(&m->parameters);
    gaclip__text_backward(&m->text, m->compute, &pass, f->by_text);
}

/* Samples of every parameter of one tower. */
static void check_tower(Fixture *f, int is_image)
{
    const GaclipParameters *table = &f->model->parameters;
    int checked = 0;
    for (int i = 0; i < table->count; i++) {
        const GaclipParameter *p = &table->entries[i];
        int of_image = !strncmp(p->name, "visual.", 7) || !strncmp(p->name, "proposal.", 9);
        if (of_image != is_image || !strcmp(p->name, "logit_scale")) continue;
        expect_gradient(p->name, is_image ? image_scalar : text_scalar, f,
                        table->values + p->offset, p->gradient, p->count, 23, 4e-3f, 3e-2);
        checked++;
    }
    assert_true(checked > 20);
}

static void test_image_tower(void **state)
{
    static const GaclipActivation KINDS[] = {GACLIP_QUICK_GELU, GACLIP_GELU};
    static const GaclipDense MODES[] = {GACLIP_DENSE_VALUE, GACLIP_DENSE_FULL};
    (void)state;
    for (int kind = 0; kind < 2; kind++)
        for (int mode = 0; mode < 2; mode++) {
            GaclipModelConfig config = configure(KINDS[kind], MODES[mode], 0, 1);
            Fixture f;
            fixture_open(&f, &config, 16, 16);
            image_backward(&f);
            check_tower(&f, 1);
            fixture_close(&f);
        }
}

static void test_image_tower_with_stem(void **state)
{
    (void)state;
    GaclipModelConfig config = configure(GACLIP_GELU, GACLIP_DENSE_FULL, 2, 2);
    Fixture f;
    fixture_open(&f, &config, 16, 16);
    image_backward(&f);
    check_tower(&f, 1);
    fixture_close(&f);
}

/* Both doublings with the stem's maps, and one doubling alone. */
static void test_lateral_head(void **state)
{
    static const int UPSAMPLES[] = {4, 2};
    (void)state;
    for (int i = 0; i < 2; i++) {
        GaclipModelConfig config = configure(GACLIP_GELU, GACLIP_DENSE_FULL, 2, UPSAMPLES[i]);
        GaclipError err = {0};
        config.proposal.layers = 1;
        config.proposal.lateral = 1;
        expect_ok(gaclip__config_check(&config, &err), &err);
        Fixture f;
        fixture_open(&f, &config, 16, 24);
        image_backward(&f);
        check_tower(&f, 1);
        fixture_close(&f);
    }
}

/* Resampled positions, both filters. */
static void test_other_sizes(void **state)
{
    static const int SIZES[][2] = {{24, 32}, {8, 24}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        GaclipModelConfig config = configure(GACLIP_QUICK_GELU, GACLIP_DENSE_VALUE, 0, 1);
        Fixture f;
        fixture_open(&f, &config, SIZES[i][0], SIZES[i][1]);
        image_backward(&f);
        check_tower(&f, 1);
        fixture_close(&f);
    }
}

static void test_text_tower(void **state)
{
    static const GaclipActivation KINDS[] = {GACLIP_QUICK_GELU, GACLIP_GELU};
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        GaclipModelConfig config = configure(KINDS[kind], GACLIP_DENSE_FULL, 0, 1);
        Fixture f;
        fixture_open(&f, &config, 16, 16);
        text_backward(&f);
        check_tower(&f, 0);
        fixture_close(&f);
    }
}

/* What stands behind the end of a text changes nothing. */
static void test_text_padding(void **state)
{
    float before[TEXTS * 6], after[TEXTS * 6];
    GaclipError err = {0};
    (void)state;
    GaclipModelConfig config = configure(GACLIP_GELU, GACLIP_DENSE_FULL, 0, 1);
    Fixture f;
    fixture_open(&f, &config, 16, 16);
    expect_ok(gaclip_model_embed_tokens(f.model, before, f.tokens, TEXTS, CONTEXT, &err), &err);
    f.tokens[2 * CONTEXT + 3] = 5;
    f.tokens[2 * CONTEXT + 5] = VOCABULARY - 1;
    expect_ok(gaclip_model_embed_tokens(f.model, after, f.tokens, TEXTS, CONTEXT, &err), &err);
    assert_memory_equal(before, after, sizeof before);
    f.tokens[0] = VOCABULARY;
    assert_int_equal(gaclip_model_embed_tokens(f.model, after, f.tokens, TEXTS, CONTEXT, &err),
                     GACLIP_ERROR_ARGUMENT);
    f.tokens[0] = -1;
    assert_int_equal(gaclip_model_embed_tokens(f.model, after, f.tokens, TEXTS, CONTEXT, &err),
                     GACLIP_ERROR_ARGUMENT);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image_tower),  cmocka_unit_test(test_image_tower_with_stem),
        cmocka_unit_test(test_lateral_head), cmocka_unit_test(test_other_sizes),
        cmocka_unit_test(test_text_tower),   cmocka_unit_test(test_text_padding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
