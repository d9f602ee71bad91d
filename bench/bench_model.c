/* Forward passes and training steps of the model that gaclip-train builds by default. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_core.h"
#include "gaclip/model.h"
#include "gaclip/train.h"
#include "stopwatch.h"

enum { SIDE = 192, BATCH = 16, STEPS = 7, BOXES = 3 };

static const double SECONDS = 2;

static const char *const LABELS[] = {"windmill", "storage tank"};
static const char *const BACKGROUND[] = {"background"};

static int build_model(GaclipModel **out, GaclipCompute *compute, GaclipError *err)
{
    GaclipTokenizer *tokenizer;
    int status = gaclip_tokenizer_learn(&tokenizer, LABELS, 2, 100, 1, err);
    if (status) return status;
    GaclipModelConfig config = {
        .embed_dim = 128,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_FULL,
        .vision = {SIDE, 8, 128, 4, 4, 3, {24, 48, 96}},
        .text = {32, gaclip_tokenizer_vocab_size(tokenizer), 128, 2, 4},
        .proposal = {.width = 128, .layers = 3, .upsample = 1},
        .image_mean = {0.5f, 0.5f, 0.5f},
        .image_std = {0.25f, 0.25f, 0.25f},
    };
    status = gaclip_model_new(out, &config, tokenizer, 1, compute, err);
    if (status) {
        gaclip_tokenizer_free(tokenizer);
        return status;
    }
    status = gaclip_model_set_texts(*out, GACLIP_BACKGROUND, BACKGROUND, 1, err);
    if (status) gaclip_model_close(*out);
    return status;
}

typedef struct Forward {
    GaclipModel *model;
    float *planes, *embeddings;
    int batch;
} Forward;

static int embed(void *payload, GaclipError *err)
{
    const Forward *f = payload;
    return gaclip_model_embed_images(f->model, f->embeddings, f->planes, f->batch, SIDE, SIDE, err);
}

static int measure_forward(double *milliseconds, GaclipModel *model, int batch, GaclipError *err)
{
    size_t floats = (size_t)batch * 3 * SIDE * SIDE;
    size_t width = (size_t)gaclip_model_config(model)->embed_dim;
    Forward f = {model, malloc(floats * sizeof(float)),
                 malloc((size_t)batch * width * sizeof(float)), batch};
    double seconds = 0;
    int status = GACLIP_OK;
    if (f.planes == NULL || f.embeddings == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; !status && i < floats; i++)
        f.planes[i] = (float)(i * 2654435761u % 1000) / 500.0f - 1.0f;
    if (!status) status = stopwatch_measure(&seconds, embed, &f, SECONDS, err);
    if (!status) *milliseconds = 1e3 * seconds / batch;
    free(f.planes);
    free(f.embeddings);
    return status;
}

/* Random pixels with a few boxes: what they show does not change how long they take. */
static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    (void)payload;
    memset(out, 0, sizeof *out);
    int status = gaclip_image_init(&out->image, width, height, 0, err);
    if (status) return status;
    out->regions = calloc(BOXES, sizeof *out->regions);
    if (out->regions == NULL) {
        gaclip_sample_clear(out);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < 3 * (size_t)width * (size_t)height; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        out->image.rgb[i] = (uint8_t)(random >> 56);
    }
    for (int i = 0; i < BOXES; i++) {
        float x = (float)width * (0.1f + 0.3f * (float)i), y = (float)height * 0.4f;
        out->regions[i] = (GaclipSampleRegion){
            .box = {x, y, x + 20, y + 20}, .phrase = LABELS[i % 2], .is_object = 1};
    }
    out->region_count = BOXES;
    out->is_annotated = 1;
    return GACLIP_OK;
}

typedef struct Steps {
    double seconds[STEPS], before;
} Steps;

static int note_step(const GaclipTrainStep *step, void *payload)
{
    Steps *steps = payload;
    steps->seconds[step->step - 1] = step->seconds - steps->before;
    steps->before = step->seconds;
    return 0;
}

/* Whole steps, with the optimiser and the loader's thread; the first warms up. */
static int measure_training(double *milliseconds, GaclipModel *model, GaclipError *err)
{
    GaclipSampleSource source = {.next = next_sample};
    GaclipTrainOptions options;
    Steps steps = {0};
    gaclip_train_options_init(&options);
    options.steps = STEPS;
    options.batch_size = BATCH;
    GaclipTrainEvents events = {.step = note_step, .payload = &steps};
    int status = gaclip_train(model, &source, &options, &events, err);
    if (!status) *milliseconds = 1e3 * stopwatch_median(steps.seconds + 1, STEPS - 1) / BATCH;
    return status;
}

enum { ROWS = 3, PRECISIONS = 2 };

static int measure_rows(double rows[ROWS], GaclipCompute *compute, GaclipError *err)
{
    GaclipModel *model;
    int status = build_model(&model, compute, err);
    if (status) return status;
    status = measure_forward(&rows[0], model, 1, err);
    if (!status) status = measure_forward(&rows[1], model, BATCH, err);
    if (!status) status = measure_training(&rows[2], model, err);
    gaclip_model_close(model);
    return status;
}

/* Rows of both precisions; those of one that this machine lacks stay negative. */
static int measure_column(double rows[PRECISIONS][ROWS], int threads, GaclipError *err)
{
    static const GaclipPrecision KINDS[PRECISIONS] = {GACLIP_PRECISION_F32, GACLIP_PRECISION_BF16};
    GaclipCompute *compute;
    int status = gaclip_compute_new(&compute, threads, GACLIP_BACKEND_AUTO, err);
    for (int p = 0; p < PRECISIONS && !status; p++) {
        for (int row = 0; row < ROWS; row++) rows[p][row] = -1;
        status = gaclip_compute_set_precision(compute, KINDS[p], err);
        if (!status) status = measure_rows(rows[p], compute, err);
    }
    gaclip_compute_free(compute);
    return status == GACLIP_ERROR_UNSUPPORTED ? GACLIP_OK : status;
}

static void print_rows(double columns[][PRECISIONS][ROWS], int count, int precision)
{
    static const char *const NAMES[ROWS] = {"image embedding, batch 1", "image embedding, batch 16",
                                            "training step, batch 16"};
    for (int row = 0; row < ROWS; row++) {
        printf("%-27s %4s", NAMES[row], precision ? "bf16" : "f32");
        for (int t = 0; t < count; t++)
            if (columns[t][precision][row] < 0)
                printf(" %12s", "-");
            else
                printf(" %12.2f", columns[t][precision][row]);
        printf("\n");
    }
}

int bench_model(const BenchThreads *threads, GaclipError *err)
{
    double columns[BENCH_MOST_COLUMNS][PRECISIONS][ROWS];
    printf("\n%-32s", "ms an image of 192 x 192");
    for (int t = 0; t < threads->count; t++) {
        int status = measure_column(columns[t], threads->list[t], err);
        if (status) return status;
        printf(" %4d thread%s", threads->list[t], threads->list[t] > 1 ? "s" : " ");
    }
    printf("\n");
    for (int p = 0; p < PRECISIONS; p++) print_rows(columns, threads->count, p);
    return GACLIP_OK;
}
