#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "command.h"
#include "gaclip/default_model.h"
#include "gaclip/flops.h"
#include "model_facts.h"
#include "model_verbs.h"
#include "precision.h"
#include "print_json.h"
#include "stopwatch.h"

typedef struct Bench {
    const char *path, *precision;
    int json, repeat, threads, batch;
    GaclipModel *model;
    float *planes, *embedding; /* (batch, 3, side, side), (batch, embed_dim) */
    int32_t *tokens;           /* (context) */
} Bench;

/* All of one image or one text. */
typedef struct BenchFigures {
    double parameters, image_flops, text_flops, image_ms, text_ms, peak_mib;
    double open_ms, first_ms; /* of the model; from there to the first image's embedding */
    int image_tokens, text_tokens;
    const char *precision;
} BenchFigures;

/* What the pixels and words are does not change how long they take; how many words does, so the
 * text is as long as the model takes. */
static int fill_inputs(Bench *b, GaclipError *err)
{
    const GaclipModelConfig *config = gaclip_model_config(b->model);
    size_t pixels = (size_t)config->vision.image_size * (size_t)config->vision.image_size;
    size_t batch = (size_t)b->batch;
    int context = config->text.context_length, vocabulary = config->text.vocab_size;
    b->planes = malloc(batch * 3 * pixels * sizeof *b->planes);
    b->tokens = malloc((size_t)context * sizeof *b->tokens);
    b->embedding = malloc(batch * (size_t)config->embed_dim * sizeof *b->embedding);
    if (b->planes == NULL || b->tokens == NULL || b->embedding == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < batch * 3 * pixels; i++) b->planes[i] = (float)(i % 251) / 125.0f - 1.0f;
    for (int i = 0; i < context; i++) b->tokens[i] = i % (vocabulary - 2);
    b->tokens[0] = vocabulary - 2;
    b->tokens[context - 1] = vocabulary - 1;
    return GACLIP_OK;
}

static int embed_first(void *payload, GaclipError *err)
{
    Bench *b = payload;
    int side = gaclip_model_config(b->model)->vision.image_size;
    return gaclip_model_embed_images(b->model, b->embedding, b->planes, 1, side, side, err);
}

static int embed_batch(void *payload, GaclipError *err)
{
    Bench *b = payload;
    int side = gaclip_model_config(b->model)->vision.image_size;
    return gaclip_model_embed_images(b->model, b->embedding, b->planes, b->batch, side, side, err);
}

static int embed_text(void *payload, GaclipError *err)
{
    Bench *b = payload;
    int context = gaclip_model_config(b->model)->text.context_length;
    return gaclip_model_embed_tokens(b->model, b->embedding, b->tokens, 1, context, err);
}

static int measure(BenchFigures *f, Bench *b, GaclipError *err)
{
    const GaclipModelConfig *config = gaclip_model_config(b->model);
    int side = config->vision.image_size, grid = side / config->vision.patch_size;
    struct rusage usage;
    double image = 0, text = 0;
    int status = stopwatch_repeat(&image, embed_batch, b, b->repeat, err);
    if (status == GACLIP_OK) status = stopwatch_repeat(&text, embed_text, b, b->repeat, err);
    if (status != GACLIP_OK) return status;
    getrusage(RUSAGE_SELF, &usage);
    f->parameters = (double)gaclip_model_parameter_count(b->model, "");
    f->image_tokens = 1 + grid * grid;
    f->text_tokens = config->text.context_length;
    f->image_flops = gaclip_flops_image(config, side, side);
    f->text_flops = gaclip_flops_text(config, f->text_tokens);
    f->image_ms = 1e3 * image / b->batch;
    f->text_ms = 1e3 * text;
    f->peak_mib = (double)usage.ru_maxrss / 1024;
    return GACLIP_OK;
}

static double token_ms(const BenchFigures *f)
{
    return (f->image_ms + f->text_ms) / (f->image_tokens + f->text_tokens);
}

static void print_table(const Bench *b, const BenchFigures *f)
{
    const GaclipModelConfig *config = gaclip_model_config(b->model);
    printf("%-16s %10s %15s %9s %9s %9s %12s\n", "Model", "Param. (M)", "Lat. (ms/token)",
           "FLOPs (T)", "ms/image", "ms/text", "Memory (MiB)");
    printf("%-16s %10.2f %15.4f %9.4f %9.2f %9.2f %12.0f\n", model_name(config).text,
           1e-6 * f->parameters, token_ms(f), 1e-12 * (f->image_flops + f->text_flops), f->image_ms,
           f->text_ms, f->peak_mib);
    printf("\nOne image of %d x %d pixels (%d tokens, %.2f GFLOP) and one text of %d tokens (%.2f "
           "GFLOP), median of %d runs of %d images, %s. Opened in %.0f ms, first image %.0f ms "
           "later.\n",
           config->vision.image_size, config->vision.image_size, f->image_tokens,
           1e-9 * f->image_flops, f->text_tokens, 1e-9 * f->text_flops, b->repeat, b->batch,
           f->precision, f->open_ms, f->first_ms);
}

static int report(const Bench *b, const BenchFigures *f, int threads, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", b->path);
    cJSON_AddStringToObject(root, "architecture", model_name(gaclip_model_config(b->model)).text);
    cJSON_AddNumberToObject(root, "parameters", f->parameters);
    cJSON_AddNumberToObject(root, "ms_per_token", token_ms(f));
    cJSON_AddNumberToObject(root, "flops", f->image_flops + f->text_flops);
    cJSON_AddNumberToObject(root, "flops_per_image", f->image_flops);
    cJSON_AddNumberToObject(root, "flops_per_text", f->text_flops);
    cJSON_AddNumberToObject(root, "image_tokens", f->image_tokens);
    cJSON_AddNumberToObject(root, "text_tokens", f->text_tokens);
    cJSON_AddNumberToObject(root, "ms_per_image", f->image_ms);
    cJSON_AddNumberToObject(root, "ms_per_text", f->text_ms);
    cJSON_AddNumberToObject(root, "peak_memory_mib", f->peak_mib);
    cJSON_AddNumberToObject(root, "ms_to_open", f->open_ms);
    cJSON_AddNumberToObject(root, "ms_to_first_image", f->first_ms);
    cJSON_AddNumberToObject(root, "batch", b->batch);
    cJSON_AddNumberToObject(root, "repeat", b->repeat);
    cJSON_AddNumberToObject(root, "threads", threads);
    cJSON_AddStringToObject(root, "precision", f->precision);
    return print_json(root, err);
}

/* The first image pages the weights in, and rounds them where the precision says so. */
static int start(BenchFigures *f, Bench *b, GaclipCompute *compute, GaclipError *err)
{
    double before = stopwatch_now();
    int status = gaclip_model_open(&b->model, b->path, compute, err);
    f->open_ms = 1e3 * (stopwatch_now() - before);
    if (status == GACLIP_OK) status = fill_inputs(b, err);
    before = stopwatch_now();
    if (status == GACLIP_OK) status = embed_first(b, err);
    f->first_ms = 1e3 * (stopwatch_now() - before);
    return status;
}

static int bench(Bench *b, GaclipError *err)
{
    GaclipCompute *compute = NULL;
    BenchFigures figures = {0};
    int status = gaclip_compute_new(&compute, b->threads, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK) status = precision_apply(compute, b->precision, err);
    if (status == GACLIP_OK) status = start(&figures, b, compute, err);
    if (status == GACLIP_OK) status = measure(&figures, b, err);
    if (status == GACLIP_OK) {
        figures.precision = precision_name(compute);
        if (b->json)
            status = report(b, &figures, gaclip_compute_threads(compute), err);
        else
            print_table(b, &figures);
    }
    gaclip_model_close(b->model);
    gaclip_compute_free(compute);
    free(b->planes);
    free(b->tokens);
    free(b->embedding);
    return status;
}

int model_bench(int argc, char **argv)
{
    Bench b = {.repeat = 10, .batch = 1, .precision = "f32"};
    /* clang-format off */
    const Option options[] = {
        {.name = "repeat", .type = OPTION_INTEGER, .value = &b.repeat, .meta = "N", .minimum = 1,
         .maximum = STOPWATCH_MOST_RUNS, .help = "runs that the median is taken of, after one to warm up"},
        {.name = "precision", .type = OPTION_TEXT, .value = &b.precision, .meta = "TYPE",
         .help = "of matrix products: f32 (the default), bf16, int8, or auto (bf16 where the "
                 "processor has it)"},
        {.name = "batch", .type = OPTION_INTEGER, .value = &b.batch, .meta = "N", .minimum = 1,
         .maximum = 1024, .help = "images a run"},
        {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &b.threads,
         .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},
        {.name = "json", .type = OPTION_FLAG, .value = &b.json, .help = "print JSON"},
    };
    const Command command = {
        .name = "gaclip-model bench",
        .usage = "[MODEL]",
        .summary = "parameters, operations, time and memory of a model",
        .description = "Embeds one image of the size of MODEL (default: the shipped one, or what "
                       "GACLIP_MODEL names) and one text of its whole context, and prints "
                       "the columns of the paper's table 7: parameters, latency a token, floating-point operations; and milliseconds an image and a text, "
                       "and the peak of resident memory, in which the mapped file counts; how long "
                       "the model took to open, and its first image after that. Latency "
                       "a token is the time of the pair divided by the tokens of both towers. "
                       "Operations are those of an image and a text by formula (gaclip/flops.h), a "
                       "multiply-add as two.",
        .examples = "  gaclip-model bench clip.safetensors --repeat 20 --threads 1\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 0,
        .max_operands = 1,
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, &b.path, &count) &&
        (gaclip_choose_model(&b.path, count > 0 ? b.path : NULL, &err) != GACLIP_OK ||
         bench(&b, &err) != GACLIP_OK))
        exit_code = command_fail(&command, &err);
    return exit_code;
}
