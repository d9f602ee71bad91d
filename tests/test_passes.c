/* The same towers run in other ways: with products in bf16, with the backward recomputing what the
 * forward did not keep, on any number of threads. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bf16_products.h"
#include "finite.h"
#include "oracle_model.h"
#include "train/adamw.h"

enum { IMAGES = 3, TEXTS = 11, CONTEXT = 16, HEIGHT = 64, WIDTH = 80, PLACES = IMAGES * 8 * 10 };

/* Where a pass may differ from another. */
typedef struct Way {
    int threads, recompute;
    GaclipPrecision precision;
} Way;

/* Everything that a pass gives: outputs, then the gradient of every weight. */
typedef struct Result {
    float *outputs, *gradients;
    size_t output_count, gradient_count, bytes; /* bytes of the image pass' activations */
} Result;

static GaclipModelConfig configure(int stem, GaclipDense dense)
{
    return (GaclipModelConfig){
        .embed_dim = 24,
        .activation = stem ? GACLIP_GELU : GACLIP_QUICK_GELU,
        .norm_epsilon = 1e-5f,
        .dense = dense,
        .vision = {.image_size = 32,
                   .patch_size = 8,
                   .width = 48,
                   .layers = 6,
                   .heads = 3,
                   .stem_layers = stem,
                   .stem_widths = {8, 12, 16}},
        .text = {.context_length = CONTEXT, .vocab_size = 40, .width = 32, .layers = 2, .heads = 2},
        .proposal = {.width = 16, .layers = 2, .upsample = 2, .lateral = stem > 0},
        .image_mean = {0.5f, 0.5f, 0.5f},
        .image_std = {0.25f, 0.25f, 0.25f},
    };
}

/* Deviations of 1/sqrt(inputs), norms around 1: activations of ordinary size, as trained models
 * have them. */
static void fill_weights(GaclipModel *model)
{
    GaclipRandom random;
    gaclip__random_seed(&random, 5);
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        int is_norm = p->rank == 1 && (strstr(p->name, "ln_") || strstr(p->name, "norm")) &&
                      strstr(p->name, "weight");
        float deviation = p->rank < 2 ? 0.1f : 1 / sqrtf((float)(p->count / (size_t)p->shape[0]));
        for (size_t k = 0; k < p->count; k++)
            model->parameters.values[p->offset + k] =
                (is_norm ? 1.0f : 0.0f) + deviation * gaclip__random_normal(&random);
    }
}

static GaclipModel *open_model(const GaclipModelConfig *config, const Way *way)
{
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipError err = {0};
    expect_ok(gaclip_compute_new(&compute, way->threads, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_compute_set_precision(compute, way->precision, &err), &err);
    expect_ok(gaclip__model_declare(&model, config, compute, &err), &err);
    expect_ok(gaclip__parameters_own(&model->parameters, &err), &err);
    expect_ok(gaclip__parameters_start_gradients(&model->parameters, &err), &err);
    fill_weights(model);
    return model;
}

static void append(Result *result, const float *values, size_t count)
{
    result->outputs =
        realloc(result->outputs, (result->output_count + count) * sizeof *result->outputs);
    memcpy(result->outputs + result->output_count, values, count * sizeof *values);
    result->output_count += count;
}

static void run_images(Result *result, GaclipModel *m, const Way *way, GaclipRandom *random)
{
    GaclipVisionPass pass;
    GaclipProposalPass proposals;
    GaclipError err = {0};
    int flags = GACLIP__PASS_KEEP | GACLIP__PASS_CLASS | GACLIP__PASS_DENSE;
    size_t embed = (size_t)m->config.embed_dim;
    float *planes = random_floats(random, IMAGES * 3 * HEIGHT * WIDTH, 1);
    float *by_class = random_floats(random, IMAGES * embed, 1);
    float *by_dense = random_floats(random, PLACES * embed, 0.1f);
    float *by_out = random_floats(random, PLACES * 4 * GACLIP__HEAD_CHANNELS, 0.1f);
    gaclip__arena_reset(&m->arena);
    expect_ok(gaclip__vision_layout(&pass, &m->vision, m->compute, &m->arena, IMAGES, HEIGHT, WIDTH,
                                    m->config.dense,
                                    flags | (way->recompute ? GACLIP__PASS_RECOMPUTE : 0), &err),
              &err);
    result->bytes = gaclip__arena_used(&m->arena);
    expect_ok(gaclip__proposal_layout(&proposals, &m->proposals, m->compute, &m->arena, &pass,
                                      pass.batch, 1, &err),
              &err);
    expect_ok(gaclip__vision_forward(&m->vision, m->compute, &pass, planes, &err), &err);
    gaclip__proposal_forward(&m->proposals, m->compute, &proposals, &pass);
    append(result, pass.class_embedding, IMAGES * embed);
    append(result, pass.dense, PLACES * embed);
    append(result, proposals.out, PLACES * 4 * GACLIP__HEAD_CHANNELS);
    GaclipVisionGradients grads = {.class_embedding = by_class, .dense = by_dense};
    gaclip__proposal_backward(&m->proposals, m->compute, &proposals, &pass, by_out, &grads);
    expect_ok(gaclip__vision_backward(&m->vision, m->compute, &pass, &grads, &err), &err);
    free(planes);
    free(by_class);
    free(by_dense);
    free(by_out);
}

static void run_texts(Result *result, GaclipModel *m, const Way *way, GaclipRandom *random)
{
    GaclipTextPass pass;
    GaclipError err = {0};
    int32_t tokens[TEXTS * CONTEXT];
    size_t floats = (size_t)(TEXTS * m->config.embed_dim);
    float *by_text = random_floats(random, floats, 1);
    for (int i = 0; i < TEXTS * CONTEXT; i++)
        tokens[i] = gaclip__random_below(random, m->config.text.vocab_size);
    gaclip__arena_reset(&m->arena);
    expect_ok(gaclip__text_layout(&pass, &m->text, m->compute, &m->arena, tokens, TEXTS, CONTEXT,
                                  GACLIP__PASS_KEEP | (way->recompute ? GACLIP__PASS_RECOMPUTE : 0),
                                  &err),
              &err);
    gaclip__text_forward(&m->text, m->compute, &pass);
    append(result, pass.embedding, floats);
    gaclip__text_backward(&m->text, m->compute, &pass, by_text);
    free(by_text);
}

static Result run_model(GaclipModel *model, const Way *way)
{
    Result result = {0};
    GaclipRandom random;
    gaclip__random_seed(&random, 7);
    gaclip__parameters_zero_gradients(&model->parameters);
    run_images(&result, model, way, &random);
    run_texts(&result, model, way, &random);
    result.gradient_count = model->parameters.floats;
    result.gradients = malloc(result.gradient_count * sizeof *result.gradients);
    memcpy(result.gradients, model->parameters.gradients,
           result.gradient_count * sizeof *result.gradients);
    return result;
}

static Result run(const GaclipModelConfig *config, const Way *way)
{
    GaclipModel *model = open_model(config, way);
    Result result = run_model(model, way);
    oracle_model_close(model);
    return result;
}

static void release(Result *result)
{
    free(result->outputs);
    free(result->gradients);
}

static void expect_same_bytes(const Result *a, const Result *b)
{
    assert_int_equal(a->output_count, b->output_count);
    assert_memory_equal(a->outputs, b->outputs, a->output_count * sizeof *a->outputs);
    assert_memory_equal(a->gradients, b->gradients, a->gradient_count * sizeof *a->gradients);
}

static int precisions(void)
{
    if (gaclip__bf16_supported()) return 2;
    print_message("bf16 skipped: not on this processor or in this build\n");
    return 1;
}

static const GaclipPrecision PRECISIONS[] = {GACLIP_PRECISION_F32, GACLIP_PRECISION_BF16};

static void test_any_number_of_threads(void **state)
{
    GaclipModelConfig config = configure(3, GACLIP_DENSE_FULL);
    (void)state;
    for (int p = 0; p < precisions(); p++) {
        Way way = {.threads = 1, .precision = PRECISIONS[p]};
        Result one = run(&config, &way);
        for (way.threads = 2; way.threads <= 3; way.threads++) {
            Result more = run(&config, &way);
            expect_same_bytes(&one, &more);
            release(&more);
        }
        release(&one);
    }
}

static void test_recomputing(void **state)
{
    GaclipModelConfig configs[] = {configure(0, GACLIP_DENSE_VALUE),
                                   configure(2, GACLIP_DENSE_FULL)};
    (void)state;
    for (int p = 0; p < precisions(); p++)
        for (int c = 0; c < 2; c++) {
            Way way = {.threads = 2, .precision = PRECISIONS[p]};
            Result kept = run(&configs[c], &way);
            way.recompute = 1;
            Result again = run(&configs[c], &way);
            expect_same_bytes(&kept, &again);
            /* all blocks but one do without the outputs of both norms and of the activation */
            size_t size = p ? sizeof(uint16_t) : sizeof(float);
            size_t row = (1 + 1 + 4) * (size_t)configs[c].vision.width * size;
            size_t rows = (size_t)(configs[c].vision.layers - 1) * (IMAGES + PLACES);
            assert_true(again.bytes <= kept.bytes - rows * row);
            release(&kept);
            release(&again);
        }
}

/* |a - b| / |b| */
static double relative(const float *a, const float *b, size_t count)
{
    double gap = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        gap += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(gap / size);
}

/* Rounding a factor changes it by up to 2^-9 = 0.2 %, at random. Through six blocks and their
 * backward that grows to 0.6 % of the outputs and 1.2 % of the gradients (measured); a product that
 * reads a wrong matrix is off by 100 %, and one that is not rounded at all by 1e-7. */
static void test_bf16_near_f32(void **state)
{
    (void)state;
    if (precisions() < 2) skip();
    for (int c = 0; c < 2; c++) {
        GaclipModelConfig config = configure(c * 3, c ? GACLIP_DENSE_FULL : GACLIP_DENSE_VALUE);
        Way way = {.threads = 2, .precision = GACLIP_PRECISION_F32};
        Result wide = run(&config, &way);
        way.precision = GACLIP_PRECISION_BF16;
        Result narrow = run(&config, &way);
        double outputs = relative(narrow.outputs, wide.outputs, wide.output_count);
        double gradients = relative(narrow.gradients, wide.gradients, wide.gradient_count);
        if (!(outputs > 1e-4 && outputs < 1e-2) || !(gradients > 1e-4 && gradients < 2.5e-2))
            fail_msg("outputs differ by %g, gradients by %g", outputs, gradients);
        release(&wide);
        release(&narrow);
    }
}

static void test_bf16_against_oracle(void **state)
{
    static const char *const NAMES[] = {"tiny", "tiny2"};
    GaclipError err = {0};
    (void)state;
    if (precisions() < 2) skip();
    for (int i = 0; i < 2; i++) {
        char name[64];
        size_t pixels, count;
        snprintf(name, sizeof name, "%s_openai.safetensors", NAMES[i]);
        GaclipModel *model = oracle_model(name, name);
        snprintf(name, sizeof name, "%s_forward.safetensors", NAMES[i]);
        GaclipSafetensors *file = oracle_open(name);
        float *images = oracle_floats(file, "images", &pixels);
        float *expected = oracle_floats(file, "image_embedding", &count);
        float *got = malloc(count * sizeof *got);
        expect_ok(gaclip_compute_set_precision(model->compute, GACLIP_PRECISION_BF16, &err), &err);
        expect_ok(gaclip_model_embed_images(model, got, images, oracle_dimension(file, "images", 0),
                                            oracle_dimension(file, "images", 2),
                                            oracle_dimension(file, "images", 3), &err),
                  &err);
        double gap = relative(got, expected, count);
        if (!(gap > 1e-4 && gap < 1e-2)) fail_msg("%s differs by %g", NAMES[i], gap);
        free(images);
        free(expected);
        free(got);
        gaclip__safetensors_close(file);
        oracle_model_close(model);
    }
}

/* The rounded weights follow an optimiser's step. */
static void test_bf16_of_changed_weights(void **state)
{
    GaclipModelConfig config = configure(0, GACLIP_DENSE_FULL);
    Way way = {.threads = 2, .precision = GACLIP_PRECISION_BF16};
    GaclipAdamW adamw;
    GaclipError err = {0};
    (void)state;
    if (precisions() < 2) skip();
    GaclipModel *model = open_model(&config, &way), *fresh = open_model(&config, &way);
    Result before = run_model(model, &way);
    expect_ok(gaclip__adamw_init(&adamw, &model->parameters, 0.9, 0.98, 1e-6, 0.05, &err), &err);
    gaclip__adamw_step(&adamw, model->compute, &model->parameters, 1e-2, 1);
    Result after = run_model(model, &way);
    memcpy(fresh->parameters.values, model->parameters.values,
           model->parameters.floats * sizeof(float));
    Result expected = run_model(fresh, &way);
    assert_true(relative(after.outputs, before.outputs, before.output_count) > 0.05);
    expect_same_bytes(&after, &expected);
    release(&before);
    release(&after);
    release(&expected);
    gaclip__adamw_clear(&adamw);
    oracle_model_close(model);
    oracle_model_close(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_of_threads), cmocka_unit_test(test_recomputing),
        cmocka_unit_test(test_bf16_near_f32), cmocka_unit_test(test_bf16_against_oracle),
        cmocka_unit_test(test_bf16_of_changed_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
