/* bench_vit WHAT PRECISION BATCH [recompute]: one measurement of CLIP ViT-B/16 at 224 pixels.
 *
 *   encode   embeddings of images; it alone knows int8
 *   tower    the image tower forward and backward, without loss or optimiser
 *   step     a training step: both towers on images and captions of 32 tokens, contrastive loss,
 *            backward, gradient norm, AdamW
 *
 * Prints the fastest of its runs in seconds and the process' peak memory in MiB. Random weights and
 * pixels: what they are does not change how long they take. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/random.h"
#include "loss/contrastive.h"
#include "model/model.h"
#include "stopwatch.h"
#include "train/adamw.h"

enum { SIDE = 224, CAPTION = 32, RUNS = 3 };

static const GaclipModelConfig CONFIG = {
    .embed_dim = 512,
    .activation = GACLIP_QUICK_GELU,
    .norm_epsilon = 1e-5f,
    .vision = {.image_size = SIDE, .patch_size = 16, .width = 768, .layers = 12, .heads = 12},
    .text = {.context_length = 77, .vocab_size = 49408, .width = 512, .layers = 12, .heads = 8},
    .proposal = {.width = 0, .layers = 1, .upsample = 1},
    .image_mean = {0.5f, 0.5f, 0.5f},
    .image_std = {0.25f, 0.25f, 0.25f},
};

typedef struct Bench {
    GaclipModel *model;
    GaclipAdamW adamw;
    int batch, flags, with_text, with_backward;
    float *planes;                   /* (batch, 3, SIDE, SIDE) */
    int32_t *tokens;                 /* (batch, CAPTION) */
    float *grad_images, *grad_texts; /* (batch, embed_dim) */
} Bench;

static void randomise(GaclipModel *model, GaclipRandom *random)
{
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        int is_norm = strstr(p->name, "ln_") && strstr(p->name, "weight");
        for (size_t k = 0; k < p->count; k++)
            model->parameters.values[p->offset + k] =
                is_norm ? 1.0f : (float)(0.02 * gaclip__random_normal(random));
    }
}

static void fill_inputs(Bench *b, GaclipRandom *random)
{
    for (size_t i = 0; i < (size_t)b->batch * 3 * SIDE * SIDE; i++)
        b->planes[i] = (float)gaclip__random_normal(random);
    for (int i = 0; i < b->batch * CAPTION; i++)
        b->tokens[i] = i % CAPTION == CAPTION - 1
                           ? CONFIG.text.vocab_size - 1
                           : gaclip__random_below(random, CONFIG.text.vocab_size - 1);
}

static int prepare(Bench *b, GaclipCompute *compute, GaclipError *err)
{
    GaclipRandom random;
    size_t N = (size_t)b->batch, E = (size_t)CONFIG.embed_dim;
    gaclip__random_seed(&random, 1);
    int status = gaclip__model_declare(&b->model, &CONFIG, compute, err);
    if (!status) status = gaclip__parameters_own(&b->model->parameters, err);
    if (!status && b->with_backward)
        status = gaclip__parameters_start_gradients(&b->model->parameters, err);
    if (!status && b->with_text)
        status = gaclip__adamw_init(&b->adamw, &b->model->parameters, 0.9, 0.98, 1e-6, 0.05, err);
    if (status) return status;
    b->planes = malloc(N * 3 * SIDE * SIDE * sizeof *b->planes);
    b->tokens = malloc(N * CAPTION * sizeof *b->tokens);
    b->grad_images = calloc(N * E, sizeof *b->grad_images);
    b->grad_texts = calloc(N * E, sizeof *b->grad_texts);
    if (!b->planes || !b->tokens || !b->grad_images || !b->grad_texts)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    randomise(b->model, &random);
    fill_inputs(b, &random);
    for (size_t i = 0; i < N * E; i++) b->grad_images[i] = (float)gaclip__random_normal(&random);
    return GACLIP_OK;
}

static void release(Bench *b)
{
    gaclip__adamw_clear(&b->adamw);
    gaclip_model_close(b->model);
    free(b->planes);
    free(b->tokens);
    free(b->grad_images);
    free(b->grad_texts);
}

static int captions_and_loss(Bench *b, const GaclipVisionPass *images, GaclipTextPass *texts,
                             GaclipError *err)
{
    GaclipModel *m = b->model;
    double loss, grad_scale = 0;
    size_t floats = (size_t)(b->batch * CONFIG.embed_dim);
    int status = gaclip__text_layout(texts, &m->text, m->compute, &m->arena, b->tokens, b->batch,
                                     CAPTION, b->flags, err);
    if (status) return status;
    gaclip__text_forward(&m->text, m->compute, texts);
    memset(b->grad_images, 0, floats * sizeof *b->grad_images);
    memset(b->grad_texts, 0, floats * sizeof *b->grad_texts);
    GaclipPairs pairs = {.a = images->class_embedding,
                         .b = texts->embedding,
                         .grad_a = b->grad_images,
                         .grad_b = b->grad_texts,
                         .count = b->batch,
                         .width = CONFIG.embed_dim};
    return gaclip__contrastive(&loss, &grad_scale, m->compute, &pairs,
                               (double)gaclip_model_logit_scale(m), 1, err);
}

static void optimise(Bench *b)
{
    GaclipParameters *table = &b->model->parameters;
    double norm = gaclip__gradient_norm(&b->adamw, b->model->compute, table);
    gaclip__adamw_step(&b->adamw, b->model->compute, table, 1e-5, norm > 1 ? 1 / norm : 1);
}

static int run_once(void *payload, GaclipError *err)
{
    Bench *b = payload;
    GaclipModel *m = b->model;
    GaclipVisionPass images;
    GaclipTextPass texts;
    gaclip__arena_reset(&m->arena);
    if (b->with_backward) gaclip__parameters_zero_gradients(&m->parameters);
    int status = gaclip__vision_layout(&images, &m->vision, m->compute, &m->arena, b->batch, SIDE,
                                       SIDE, CONFIG.dense, b->flags | GACLIP__PASS_CLASS, err);
    if (!status) status = gaclip__vision_forward(&m->vision, m->compute, &images, b->planes, err);
    if (!status && b->with_text) status = captions_and_loss(b, &images, &texts, err);
    if (status || !b->with_backward) return status;
    if (b->with_text) gaclip__text_backward(&m->text, m->compute, &texts, b->grad_texts);
    GaclipVisionGradients grads = {.class_embedding = b->grad_images};
    status = gaclip__vision_backward(&m->vision, m->compute, &images, &grads, err);
    if (!status && b->with_text) optimise(b);
    return status;
}

static int measure(double *seconds, Bench *b, GaclipError *err)
{
    int status = run_once(b, err);
    *seconds = INFINITY;
    for (int run = 0; run < RUNS && !status; run++) {
        double before = stopwatch_now();
        status = run_once(b, err);
        *seconds = fmin(*seconds, stopwatch_now() - before);
    }
    return status;
}

static int parse(Bench *b, GaclipPrecision *precision, int argc, char **argv)
{
    if (argc < 4 || argc > 5) return -1;
    b->with_text = !strcmp(argv[1], "step");
    b->with_backward = b->with_text || !strcmp(argv[1], "tower");
    if (!b->with_backward && strcmp(argv[1], "encode")) return -1;
    static const GaclipPrecision PRECISIONS[] = {GACLIP_PRECISION_F32, GACLIP_PRECISION_BF16,
                                                 GACLIP_PRECISION_INT8};
    int p = !strcmp(argv[2], "bf16") ? 1 : !strcmp(argv[2], "int8") ? 2 : 0;
    if (p == 2 && b->with_backward) return -1;
    *precision = PRECISIONS[p];
    b->batch = atoi(argv[3]);
    b->flags = b->with_backward ? GACLIP__PASS_KEEP : 0;
    if (argc == 5) b->flags |= GACLIP__PASS_RECOMPUTE;
    return b->batch < 1 || b->batch > 4096 ? -1 : 0;
}

int main(int argc, char **argv)
{
    Bench bench = {0};
    GaclipPrecision precision;
    GaclipCompute *compute;
    GaclipError err = {0};
    struct rusage usage;
    double seconds = 0;
    if (parse(&bench, &precision, argc, argv)) {
        fprintf(stderr, "usage: bench_vit encode f32|bf16|int8 BATCH, or tower|step f32|bf16 BATCH "
                        "[recompute]\n");
        return EXIT_FAILURE;
    }
    int status = gaclip_compute_new(&compute, 0, GACLIP_BACKEND_AUTO, &err);
    if (!status) status = gaclip_compute_set_precision(compute, precision, &err);
    if (!status) status = prepare(&bench, compute, &err);
    if (!status) status = measure(&seconds, &bench, &err);
    release(&bench);
    gaclip_compute_free(compute);
    if (status) {
        fprintf(stderr, "bench_vit: FAILURE: %s\n", err.message);
        return EXIT_FAILURE;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%.4f %ld\n", seconds, usage.ru_maxrss / 1024);
    return EXIT_SUCCESS;
}
