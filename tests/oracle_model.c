#include "oracle_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loss/contrastive.h"
#include "math/norm.h"
#include "model/config.h"
#include "model/roi_align.h"

enum { BINS = 7 };

GaclipModel *oracle_model(const char *weights, const char *config_file)
{
    GaclipError err = {0};
    GaclipModelConfig config = {0};
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipSafetensors *described = oracle_open(config_file);
    cJSON *json = cJSON_Parse(gaclip__safetensors_metadata(described, "config"));
    expect_ok(gaclip__config_from_json(&config, json, &err), &err);
    cJSON_Delete(json);
    gaclip__safetensors_close(described);
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip__model_declare(&model, &config, compute, &err), &err);
    expect_ok(gaclip__model_take_weights(model, oracle_open(weights), &err), &err);
    return model;
}

void oracle_model_close(GaclipModel *model)
{
    GaclipCompute *compute = model->compute;
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

GaclipModel *random_model(uint64_t seed)
{
    static const char *const TEXTS[] = {"an aerial image of a storage tank", "a wind turbine",
                                        "an aerial image of bare ground", "a storage tank"};
    static const char *const TEMPLATES[] = {"an aerial image of a {}", "{}"};
    GaclipError err = {0};
    GaclipTokenizer *tokenizer;
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipModelConfig config = {.embed_dim = 12,
                                .activation = GACLIP_GELU,
                                .norm_epsilon = 1e-5f,
                                .dense = GACLIP_DENSE_VALUE,
                                .vision = {32, 8, 16, 2, 2, 1, {6}},
                                .text = {.context_length = 16, .width = 8, .layers = 1, .heads = 2},
                                .proposal = {.width = 8, .upsample = 2},
                                .image_mean = {0.4f, 0.45f, 0.5f},
                                .image_std = {0.2f, 0.21f, 0.22f},
                                .gsd_min = 0.1,
                                .gsd_max = 0.7};
    expect_ok(gaclip_tokenizer_learn(&tokenizer, TEXTS, 4, 40, 2, &err), &err);
    config.text.vocab_size = gaclip_tokenizer_vocab_size(tokenizer);
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_new(&model, &config, tokenizer, seed, compute, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_TEMPLATES, TEMPLATES, 2, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_BACKGROUND, TEXTS + 2, 1, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_CLASS_HINTS, TEXTS + 1, 1, &err), &err);
    expect_ok(gaclip_model_set_training(model, "{\"steps\":3,\"note\":\"\\u00e9\"}", &err), &err);
    return model;
}

void loss_batch_open(LossBatch *batch, const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "%s_losses.safetensors", name);
    *batch = (LossBatch){.file = oracle_open(file)};
    batch->images = oracle_dimension(batch->file, "batch.images", 0);
    batch->regions = oracle_dimension(batch->file, "batch.boxes", 0);
    batch->context = oracle_dimension(batch->file, "batch.tokens_brief", 1);
    batch->planes = oracle_floats(batch->file, "batch.images", NULL);
    batch->boxes = oracle_floats(batch->file, "batch.boxes", NULL);
    batch->brief = oracle_integers(batch->file, "batch.tokens_brief", NULL);
    batch->phrases = oracle_integers(batch->file, "batch.tokens_region", NULL);
    batch->box_image = oracle_integers(batch->file, "batch.box_image", NULL);
    batch->phrase_id = oracle_integers(batch->file, "batch.phrase_id", NULL);
}

void loss_batch_close(LossBatch *batch)
{
    gaclip__safetensors_close(batch->file);
    free(batch->planes);
    free(batch->boxes);
    free(batch->brief);
    free(batch->phrases);
    free(batch->box_image);
    free(batch->phrase_id);
}

typedef struct Run {
    GaclipModel *model;
    const LossBatch *batch;
    GaclipVisionPass vision;
    GaclipTextPass text;
    float *lengths; /* (K) of the regions before they were made unit */
    size_t map;     /* floats of one image's dense map */
    int is_global, E;
} Run;

static void forward(Run *run)
{
    GaclipModel *m = run->model;
    const LossBatch *b = run->batch;
    GaclipError err = {0};
    int side = m->config.vision.image_size;
    int flags = GACLIP__PASS_KEEP | (run->is_global ? GACLIP__PASS_CLASS : GACLIP__PASS_DENSE);
    gaclip__arena_reset(&m->arena);
    expect_ok(gaclip__vision_layout(&run->vision, &m->vision, m->compute, &m->arena, b->images,
                                    side, side, m->config.dense, flags, &err),
              &err);
    expect_ok(gaclip__vision_forward(&m->vision, m->compute, &run->vision, b->planes, &err), &err);
    expect_ok(gaclip__text_layout(&run->text, &m->text, m->compute, &m->arena,
                                  run->is_global ? b->brief : b->phrases,
                                  run->is_global ? b->images : b->regions, b->context, 1, &err),
              &err);
    gaclip__text_forward(&m->text, m->compute, &run->text);
    run->map = (size_t)(run->vision.h * run->vision.w * run->E);
}

static const GaclipBox *box_of(const Run *run, int k)
{
    return (const GaclipBox *)(const void *)(run->batch->boxes + 4 * k);
}

static void embed_regions(Run *run, float *regions)
{
    GaclipError err = {0};
    int E = run->E, count = run->batch->regions;
    for (int k = 0; k < count; k++)
        expect_ok(gaclip__roi_align_forward(
                      regions + k * E,
                      run->vision.dense + (size_t)run->batch->box_image[k] * run->map,
                      run->vision.h, run->vision.w, E, box_of(run, k), BINS, &err),
                  &err);
    gaclip__unit_forward(regions, run->lengths, regions, count, E);
}

static void backward(Run *run, const LossResult *r)
{
    GaclipModel *m = run->model;
    GaclipError err = {0};
    int E = run->E;
    float *grad_dense = calloc((size_t)run->batch->images * run->map, sizeof *grad_dense);
    float *grad_regions = malloc((size_t)(r->count * E) * sizeof *grad_regions);
    if (!run->is_global) {
        gaclip__unit_backward(grad_regions, r->grad_a, r->a, run->lengths, r->count, E);
        for (int k = 0; k < r->count; k++)
            gaclip__roi_align_backward(grad_dense + (size_t)run->batch->box_image[k] * run->map,
                                       grad_regions + k * E, run->vision.h, run->vision.w, E,
                                       box_of(run, k), BINS);
    }
    gaclip__text_backward(&m->text, m->compute, &run->text, r->grad_b);
    expect_ok(gaclip__vision_backward(&m->vision, m->compute, &run->vision,
                                      run->is_global ? r->grad_a : NULL,
                                      run->is_global ? NULL : grad_dense, NULL, &err),
              &err);
    free(grad_dense);
    free(grad_regions);
}

void run_loss(LossResult *result, GaclipModel *model, const LossBatch *batch, const char *loss)
{
    Run run = {.model = model,
               .batch = batch,
               .is_global = !strcmp(loss, "g"),
               .E = model->config.embed_dim};
    GaclipError err = {0};
    int count = run.is_global ? batch->images : batch->regions;
    size_t floats = (size_t)(count * run.E);
    *result = (LossResult){.a = malloc(floats * sizeof(float)),
                           .b = malloc(floats * sizeof(float)),
                           .grad_a = calloc(floats, sizeof(float)),
                           .grad_b = calloc(floats, sizeof(float)),
                           .count = count};
    run.lengths = malloc((size_t)count * sizeof *run.lengths);
    forward(&run);
    if (run.is_global)
        memcpy(result->a, run.vision.class_embedding, floats * sizeof(float));
    else
        embed_regions(&run, result->a);
    memcpy(result->b, run.text.embedding, floats * sizeof(float));
    double scale = (double)gaclip_model_logit_scale(model);
    expect_ok(gaclip__contrastive(&result->value, result->grad_a, result->grad_b,
                                  &result->grad_scale, result->a, result->b,
                                  !strcmp(loss, "rpa_multi") ? batch->phrase_id : NULL, count,
                                  run.E, scale, 1, &err),
              &err);
    if (model->parameters.gradients) {
        gaclip__parameters_zero_gradients(&model->parameters);
        *gaclip__model_logit_scale_gradient(model) += (float)(result->grad_scale * scale);
        backward(&run, result);
    }
    free(run.lengths);
}

void loss_result_clear(LossResult *result)
{
    free(result->a);
    free(result->b);
    free(result->grad_a);
    free(result->grad_b);
}
