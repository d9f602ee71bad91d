/* Forward passes of the oracle's models: towers block by block, dense maps, regions, logits, other
 * image sizes, weights stored in half precision. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/norm.h"
#include "model/roi_align.h"
#include "oracle_model.h"

static const char *const NAMES[] = {"tiny", "tiny2"};
static const struct {
    const char *name;
    GaclipDense dense;
} MODES[] = {{"value", GACLIP_DENSE_VALUE}, {"full", GACLIP_DENSE_FULL}};

/* One of the two models with its expected values. */
typedef struct Fixture {
    GaclipModel *model;
    GaclipSafetensors *expected;
    int E;
} Fixture;

static void fixture_open(Fixture *f, int index)
{
    char weights[64], values[64];
    snprintf(weights, sizeof weights, "%s_openai.safetensors", NAMES[index]);
    snprintf(values, sizeof values, "%s_forward.safetensors", NAMES[index]);
    f->model = oracle_model(weights, weights);
    f->expected = oracle_open(values);
    f->E = f->model->config.embed_dim;
}

static void fixture_close(Fixture *f)
{
    gaclip__safetensors_close(f->expected);
    oracle_model_close(f->model);
}

/* A pass over the tensor PREFIXimages. */
static void look(GaclipVisionPass *pass, Fixture *f, const char *prefix, GaclipDense dense)
{
    char name[64];
    GaclipError err = {0};
    GaclipModel *m = f->model;
    snprintf(name, sizeof name, "%simages", prefix);
    float *planes = oracle_floats(f->expected, name, NULL);
    gaclip__arena_reset(&m->arena);
    expect_ok(gaclip__vision_layout(
                  pass, &m->vision, m->compute, &m->arena, oracle_dimension(f->expected, name, 0),
                  oracle_dimension(f->expected, name, 2), oracle_dimension(f->expected, name, 3),
                  dense, GACLIP__PASS_KEEP | GACLIP__PASS_CLASS | GACLIP__PASS_DENSE, &err),
              &err);
    expect_ok(gaclip__vision_forward(&m->vision, m->compute, pass, planes, &err), &err);
    free(planes);
}

static void expect_named(Fixture *f, const char *prefix, const char *name, const float *got,
                         size_t count)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    expect_tensor(f->expected, full, got, count, FORWARD_TOLERANCE);
}

/* All boxes of the fixture in the maps of a pass. */
static void expect_regions(Fixture *f, const char *prefix, const char *mode,
                           const GaclipVisionPass *pass, int bins)
{
    size_t count;
    GaclipError err = {0};
    char name[64];
    float *boxes = oracle_floats(f->expected, "boxes", &count);
    int32_t *images = oracle_integers(f->expected, "box_image", NULL);
    int regions = (int)count / 4;
    float *out = malloc((size_t)(regions * f->E) * sizeof *out);
    for (int k = 0; k < regions; k++) {
        int image = *prefix ? 0 : images[k]; /* other sizes have one image */
        expect_ok(gaclip__roi_align_forward(
                      out + k * f->E, pass->dense + image * pass->h * pass->w * f->E, pass->h,
                      pass->w, f->E, (const GaclipBox *)(const void *)(boxes + 4 * k), bins, &err),
                  &err);
    }
    gaclip__unit_forward(out, NULL, out, regions, f->E);
    snprintf(name, sizeof name, "region_%s_%d", mode, bins);
    expect_named(f, prefix, name, out, (size_t)(regions * f->E));
    free(out);
    free(boxes);
    free(images);
}

static void expect_views(Fixture *f, const char *prefix)
{
    for (size_t i = 0; i < 2; i++) {
        GaclipVisionPass pass;
        char name[64];
        look(&pass, f, prefix, MODES[i].dense);
        size_t map = (size_t)(pass.batch * pass.h * pass.w * f->E);
        snprintf(name, sizeof name, "dense_%s", MODES[i].name);
        expect_named(f, prefix, name, pass.dense, map);
        expect_named(f, prefix, "image_embedding", pass.class_embedding,
                     (size_t)(pass.batch * f->E));
        expect_regions(f, prefix, MODES[i].name, &pass, 7);
        expect_regions(f, prefix, MODES[i].name, &pass, 1);
    }
}

static void test_images(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Fixture f;
        fixture_open(&f, i);
        expect_views(&f, "");
        fixture_close(&f);
    }
}

static void test_other_sizes(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Fixture f;
        int sizes = 0;
        fixture_open(&f, i);
        for (size_t t = 0; t < gaclip__safetensors_count(f.expected); t++) {
            char prefix[64];
            int length = 0;
            const char *name = gaclip__safetensors_at(f.expected, t)->name;
            if (sscanf(name, "size.%*dx%*d.positions%n", &length) < 0 || !length) continue;
            GaclipVisionPass pass;
            snprintf(prefix, sizeof prefix, "%.*s", length - (int)strlen("positions"), name);
            look(&pass, &f, prefix, GACLIP_DENSE_FULL);
            expect_named(&f, prefix, "positions", pass.positions,
                         (size_t)((1 + pass.h * pass.w) * f.model->config.vision.width));
            expect_views(&f, prefix);
            sizes++;
        }
        assert_true(sizes >= 2);
        fixture_close(&f);
    }
}

static void test_image_blocks(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Fixture f;
        GaclipVisionPass pass;
        char name[64];
        fixture_open(&f, i);
        look(&pass, &f, "", GACLIP_DENSE_FULL);
        size_t count =
            (size_t)((1 + pass.h * pass.w) * f.model->config.vision.width); /* image 0 alone */
        expect_named(&f, "", "image_block.0", pass.transformer.blocks[0].in, count);
        for (int b = 0; b < f.model->config.vision.layers; b++) {
            snprintf(name, sizeof name, "image_block.%d", b + 1);
            expect_named(&f, "", name, pass.transformer.blocks[b].full.out, count);
        }
        fixture_close(&f);
    }
}

/* The leading rows of a tensor: those behind the end of text are cut, for nothing sees them. */
static void expect_rows(Fixture *f, const char *name, const float *got, size_t count)
{
    float *expected = oracle_floats(f->expected, name, NULL);
    expect_close(name, got, expected, count, FORWARD_TOLERANCE);
    free(expected);
}

static void test_texts(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Fixture f;
        GaclipTextPass pass;
        GaclipError err = {0};
        char name[64];
        fixture_open(&f, i);
        GaclipModel *m = f.model;
        int32_t *tokens = oracle_integers(f.expected, "tokens", NULL);
        int texts = oracle_dimension(f.expected, "tokens", 0);
        expect_ok(gaclip__text_layout(&pass, &m->text, m->compute, &m->arena, tokens, texts,
                                      oracle_dimension(f.expected, "tokens", 1), 1, &err),
                  &err);
        gaclip__text_forward(&m->text, m->compute, &pass);
        expect_named(&f, "", "text_embedding", pass.embedding, (size_t)(texts * f.E));
        size_t rows = (size_t)(pass.tokens * m->config.text.width);
        expect_rows(&f, "text_block.0", pass.transformer.blocks[0].in, rows);
        for (int b = 0; b < m->config.text.layers; b++) {
            snprintf(name, sizeof name, "text_block.%d", b + 1);
            expect_rows(&f, name, pass.transformer.blocks[b].full.out, rows);
        }
        free(tokens);
        fixture_close(&f);
    }
}

/* Through the public functions: embeddings and exp(logit_scale) image . text. */
static void expect_logits(Fixture *f, const char *prefix)
{
    GaclipError err = {0};
    int images = oracle_dimension(f->expected, "images", 0),
        side = f->model->config.vision.image_size;
    int texts = oracle_dimension(f->expected, "tokens", 0), E = f->E;
    float *planes = oracle_floats(f->expected, "images", NULL);
    int32_t *tokens = oracle_integers(f->expected, "tokens", NULL);
    float *v = malloc((size_t)(images * E) * sizeof *v),
          *t = malloc((size_t)(texts * E) * sizeof *t);
    float *logits = malloc((size_t)(images * texts) * sizeof *logits);
    expect_ok(gaclip_model_embed_images(f->model, v, planes, images, side, side, &err), &err);
    expect_ok(gaclip_model_embed_tokens(f->model, t, tokens, texts,
                                        oracle_dimension(f->expected, "tokens", 1), &err),
              &err);
    for (int n = 0; n < images; n++)
        for (int m = 0; m < texts; m++) {
            double sum = 0;
            for (int k = 0; k < E; k++) sum += (double)v[n * E + k] * (double)t[m * E + k];
            logits[n * texts + m] = (float)(sum * (double)gaclip_model_logit_scale(f->model));
        }
    expect_named(f, prefix, "image_embedding", v, (size_t)(images * E));
    expect_named(f, prefix, "text_embedding", t, (size_t)(texts * E));
    expect_named(f, prefix, "logits", logits, (size_t)(images * texts));
    free(planes);
    free(tokens);
    free(v);
    free(t);
    free(logits);
}

static void test_logits(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Fixture f;
        fixture_open(&f, i);
        expect_logits(&f, "");
        fixture_close(&f);
    }
}

static void test_rounded_weights(void **state)
{
    static const char *const FILES[] = {"tiny_bf16.safetensors", "tiny2_f16.safetensors"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        Fixture f;
        char config[64];
        fixture_open(&f, i);
        oracle_model_close(f.model);
        snprintf(config, sizeof config, "%s_openai.safetensors", NAMES[i]);
        f.model = oracle_model(FILES[i], config);
        expect_logits(&f, "rounded.");
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),       cmocka_unit_test(test_other_sizes),
        cmocka_unit_test(test_image_blocks), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_logits),       cmocka_unit_test(test_rounded_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
