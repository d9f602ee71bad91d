/* full_parity MODEL IO PRECISION: a model beside the reference's embeddings of the same weights.
 *
 * IO holds images, tokens, image_embedding, text_embedding and logits. Prints one JSON object: d of
 * every result (largest difference / largest expected value), of embeddings the worst row's length
 * of the difference / length too, how far apart the texts are that the logits rank otherwise,
 * seconds to the first image's embedding and resident memory then. Ends with 77 where the processor
 * lacks the precision. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gaclip/model.h"
#include "oracle.h"

enum { EXIT_NOT_HERE = 77 };

typedef struct Parity {
    GaclipModel *model;
    GaclipSafetensors *io;
    int images, side, texts, context;
    float *planes, *image, *text, *logits; /* (images, 3, side, side), (n, E), (images, texts) */
    int32_t *tokens;                       /* (texts, context) */
    double first_image_s;
    long resident_kib, anonymous_kib;
} Parity;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A line of /proc/self/status, KiB; 0 where there is none. */
static long memory_of(const char *name)
{
    char line[256];
    long kib = 0;
    FILE *stream = fopen("/proc/self/status", "r");
    while (stream && fgets(line, sizeof line, stream))
        if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
            kib = strtol(line + strlen(name) + 1, NULL, 10);
    if (stream) fclose(stream);
    return kib;
}

static void read_inputs(Parity *p)
{
    p->images = oracle_dimension(p->io, "images", 0);
    p->side = oracle_dimension(p->io, "images", 2);
    p->texts = oracle_dimension(p->io, "tokens", 0);
    p->context = oracle_dimension(p->io, "tokens", 1);
    p->planes = oracle_floats(p->io, "images", NULL);
    p->tokens = oracle_integers(p->io, "tokens", NULL);
}

static int embed(Parity *p, GaclipError *err)
{
    size_t E = (size_t)gaclip_model_config(p->model)->embed_dim;
    p->image = malloc((size_t)p->images * E * sizeof *p->image);
    p->text = malloc((size_t)p->texts * E * sizeof *p->text);
    p->logits = malloc((size_t)(p->images * p->texts) * sizeof *p->logits);
    if (!p->image || !p->text || !p->logits)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status =
        gaclip_model_embed_images(p->model, p->image, p->planes, p->images, p->side, p->side, err);
    if (!status)
        status = gaclip_model_embed_tokens(p->model, p->text, p->tokens, p->texts, p->context, err);
    if (status) return status;
    for (int i = 0; i < p->images; i++)
        for (int t = 0; t < p->texts; t++) {
            double sum = 0;
            for (size_t k = 0; k < E; k++)
                sum += (double)p->image[(size_t)i * E + k] * p->text[(size_t)t * E + k];
            p->logits[i * p->texts + t] = (float)(gaclip_model_logit_scale(p->model) * sum);
        }
    return GACLIP_OK;
}

static int first_image(Parity *p, double start, GaclipError *err)
{
    float *row = malloc((size_t)gaclip_model_config(p->model)->embed_dim * sizeof *row);
    if (!row) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip_model_embed_images(p->model, row, p->planes, 1, p->side, p->side, err);
    p->first_image_s = now() - start;
    p->resident_kib = memory_of("VmRSS");
    p->anonymous_kib = memory_of("RssAnon");
    free(row);
    return status;
}

static double compare(const Parity *p, const char *name, const float *got)
{
    size_t count;
    float *expected = oracle_floats(p->io, name, &count);
    double d = difference(got, expected, count);
    free(expected);
    return d;
}

/* The length of the difference over the expected length, of the worst row. */
static double compare_rows(const Parity *p, const char *name, const float *got)
{
    size_t count, E = (size_t)gaclip_model_config(p->model)->embed_dim;
    double worst = 0;
    float *expected = oracle_floats(p->io, name, &count);
    for (size_t row = 0; row < count; row += E) {
        double apart = 0, length = 0;
        for (size_t k = row; k < row + E; k++) {
            apart += ((double)got[k] - expected[k]) * ((double)got[k] - expected[k]);
            length += (double)expected[k] * expected[k];
        }
        double ratio = sqrt(apart / length);
        worst = isfinite(ratio) ? fmax(worst, ratio) : INFINITY;
    }
    free(expected);
    return worst;
}

/* Of the pairs of texts that the logits of an image rank otherwise than expected, how far the
 * furthest apart should be, as a share of the largest logit; 0 where all are ranked alike. */
static double widest_swap(const Parity *p)
{
    size_t count;
    float *expected = oracle_floats(p->io, "logits", &count);
    double widest = 0, largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)expected[i]));
    for (int i = 0; i < p->images; i++)
        for (int a = 0; a < p->texts; a++)
            for (int b = 0; b < p->texts; b++) {
                const float *e = expected + i * p->texts, *g = p->logits + i * p->texts;
                if (e[a] > e[b] && !(g[a] > g[b]))
                    widest = fmax(widest, (double)(e[a] - e[b]) / largest);
            }
    free(expected);
    return widest;
}

static void print(const Parity *p)
{
    printf("{\"image\": %.3g, \"text\": %.3g, \"logits\": %.3g, \"widest_swap\": %.3g, ",
           compare(p, "image_embedding", p->image), compare(p, "text_embedding", p->text),
           compare(p, "logits", p->logits), widest_swap(p));
    printf("\"image_rows\": %.3g, \"text_rows\": %.3g, ",
           compare_rows(p, "image_embedding", p->image),
           compare_rows(p, "text_embedding", p->text));
    printf("\"first_image_s\": %.3f, \"resident_mib\": %ld, \"anonymous_mib\": %ld}\n",
           p->first_image_s, p->resident_kib / 1024, p->anonymous_kib / 1024);
}

static void release(Parity *p)
{
    gaclip_model_close(p->model);
    gaclip__safetensors_close(p->io);
    free(p->planes);
    free(p->image);
    free(p->text);
    free(p->logits);
    free(p->tokens);
}

int main(int argc, char **argv)
{
    Parity p = {0};
    GaclipCompute *compute = NULL;
    GaclipError err = {0};
    if (argc != 4 || (strcmp(argv[3], "f32") && strcmp(argv[3], "bf16"))) {
        fprintf(stderr, "usage: full_parity MODEL IO f32|bf16\n");
        return EXIT_FAILURE;
    }
    int is_bf16 = !strcmp(argv[3], "bf16");
    int status = gaclip__safetensors_open(&p.io, argv[2], &err);
    if (!status) read_inputs(&p);
    double start = now();
    if (!status) status = gaclip_compute_new(&compute, 0, GACLIP_BACKEND_AUTO, &err);
    if (!status && is_bf16 && gaclip_compute_set_precision(compute, GACLIP_PRECISION_BF16, &err)) {
        release(&p);
        gaclip_compute_free(compute);
        return EXIT_NOT_HERE;
    }
    if (!status) status = gaclip_model_open(&p.model, argv[1], compute, &err);
    if (!status) status = first_image(&p, start, &err);
    if (!status) status = embed(&p, &err);
    if (!status) print(&p);
    if (status) fprintf(stderr, "full_parity: FAILURE: %s\n", err.message);
    release(&p);
    gaclip_compute_free(compute);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
