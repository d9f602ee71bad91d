/* Matrix products of both backends at shapes of the default model. */
#include <stdio.h>
#include <stdlib.h>

#include "bench_core.h"
#include "gaclip/compute.h"
#include "math/gemm.h"
#include "stopwatch.h"

static const double SECONDS = 0.3;

typedef struct Shape {
    const char *name;
    int m, n, k, transpose_b;
} Shape;

/* A batch of 16 windows of 192 pixels has 16 x 577 tokens. */
static const Shape SHAPES[] = {
    {"queries, keys, values", 16 * 577, 384, 128, GACLIP__TRANSPOSED},
    {"into the MLP", 16 * 577, 512, 128, GACLIP__TRANSPOSED},
    {"out of the MLP", 16 * 577, 128, 512, GACLIP__TRANSPOSED},
    {"attention scores", 577, 577, 32, GACLIP__TRANSPOSED},
    {"attention values", 577, 32, 577, GACLIP__PLAIN},
    {"second convolution", 48 * 48, 48, 216, GACLIP__TRANSPOSED},
    {"proposal head", 16 * 576, 128, 1152, GACLIP__TRANSPOSED},
    {"square", 1024, 1024, 1024, GACLIP__PLAIN},
};

typedef struct Product {
    const Shape *shape;
    GaclipCompute *compute;
    float *a, *b, *c;
} Product;

static int multiply(void *payload, GaclipError *err)
{
    (void)err;
    const Product *p = payload;
    const Shape *s = p->shape;
    gaclip__gemm(p->compute, GACLIP__PLAIN, s->transpose_b, s->m, s->n, s->k, gaclip__floats(p->a),
                 s->k, gaclip__floats(p->b), s->transpose_b ? s->k : s->n, GACLIP__SET, p->c, s->n);
    return GACLIP_OK;
}

static float *filled(size_t count)
{
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; values != NULL && i < count; i++)
        values[i] = (float)(i * 2654435761u % 1000) / 1000.0f - 0.5f;
    return values;
}

static int measure_shape(double *gflops, const Shape *s, GaclipCompute *compute, GaclipError *err)
{
    size_t m = (size_t)s->m, n = (size_t)s->n, k = (size_t)s->k;
    double seconds = 0;
    Product p = {s, compute, filled(m * k), filled(k * n), filled(m * n)};
    int status = GACLIP_OK;
    if (p.a == NULL || p.b == NULL || p.c == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = stopwatch_measure(&seconds, multiply, &p, SECONDS, err);
    if (!status) *gflops = 2e-9 * (double)m * (double)n * (double)k / seconds;
    free(p.a);
    free(p.b);
    free(p.c);
    return status;
}

/* A backend that was not built in leaves a dash. */
static int print_cell(const Shape *s, GaclipBackend backend, int threads, GaclipError *err)
{
    GaclipCompute *compute;
    double gflops;
    int status = gaclip_compute_new(&compute, threads, backend, err);
    if (status == GACLIP_ERROR_UNSUPPORTED) {
        printf(" %13s", "-");
        return GACLIP_OK;
    }
    if (status) return status;
    status = measure_shape(&gflops, s, compute, err);
    gaclip_compute_free(compute);
    if (!status) printf(" %13.1f", gflops);
    return status;
}

static void print_head(const BenchThreads *threads)
{
    static const char *const NAMES[] = {"OpenBLAS", "oneDNN"};
    char cell[32];
    printf("\n%-24s%18s", "GFLOP/s", "m x n x k");
    for (int t = 0; t < threads->count; t++)
        for (int b = 0; b < 2; b++) {
            snprintf(cell, sizeof cell, "%s, %d", NAMES[b], threads->list[t]);
            printf(" %13s", cell);
        }
    printf("\n");
}

int bench_gemm(const BenchThreads *threads, GaclipError *err)
{
    static const GaclipBackend BACKENDS[] = {GACLIP_BACKEND_OPENBLAS, GACLIP_BACKEND_ONEDNN};
    print_head(threads);
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        char size[32];
        snprintf(size, sizeof size, "%d x %d x %d", SHAPES[i].m, SHAPES[i].n, SHAPES[i].k);
        printf("%-24s%18s", SHAPES[i].name, size);
        for (int t = 0; t < threads->count; t++)
            for (int b = 0; b < 2; b++) {
                int status = print_cell(&SHAPES[i], BACKENDS[b], threads->list[t], err);
                if (status) return status;
                fflush(stdout);
            }
        printf("\n");
    }
    return GACLIP_OK;
}
