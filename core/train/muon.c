#include "train/muon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "math/gemm.h"
#include "train/adamw.h"
#include "train/options.h"

enum { STEPS = 5, ATTENTION_PARTS = 3 };

/* Of x, x x' x and x (x' x)^2: Jordan et al. chose them to lift small singular values fast. */
static const float LINEAR = 3.4445f, CUBIC = -4.7750f, QUINTIC = 2.0315f;

static const float MOMENTUM = 0.95f;

/* Root mean square of AdamW's steps, as a share of the learning rate. */
static const double ADAMW_LENGTH = 0.2;

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Three squares and a copy of the matrix. */
size_t gaclip__muon_work(int rows, int columns)
{
    size_t R = (size_t)smaller(rows, columns), C = (size_t)larger(rows, columns);
    return R * C + 3 * R * R;
}

/* The blocks' layers, and what leads to them from the stem's first map. The proposal head learns
 * worse so. */
int gaclip__muon_moves(const GaclipParameter *p)
{
    enum { COLOURS = 3 };
    if (p->is_linear) return 1;
    if (p->rank != GACLIP__PARAMETER_RANK) return 0;
    if (!strcmp(p->name, "visual.conv1.weight")) return p->shape[1] > COLOURS;
    return !strncmp(p->name, "visual.stem.", 12) && p->shape[3] > COLOURS;
}

static void add_matrix(GaclipMuon *muon, const GaclipParameter *p, int part, int rows)
{
    int columns = (int)(p->count / (size_t)p->shape[0]);
    size_t floats = (size_t)rows * (size_t)columns;
    size_t work =
        2 * floats + gaclip__muon_work(rows, columns); /* the direction and its transpose */
    muon->matrices[muon->count++] =
        (GaclipMuonMatrix){p->offset + (size_t)part * floats, rows, columns};
    if (muon->work_floats < work) muon->work_floats = work;
}

static void list_matrices(GaclipMuon *muon, const GaclipParameters *table,
                          const GaclipTrainOptions *options)
{
    for (int i = 0; i < table->count; i++) {
        const GaclipParameter *p = &table->entries[i];
        if (!gaclip__muon_moves(p) || gaclip__train_is_frozen(options, p->name)) continue;
        int parts = strstr(p->name, "in_proj") ? ATTENTION_PARTS : 1;
        for (int k = 0; k < parts; k++) add_matrix(muon, p, k, p->shape[0] / parts);
    }
}

int gaclip__muon_init(GaclipMuon *muon, const GaclipCompute *compute, const GaclipParameters *table,
                      const GaclipTrainOptions *options, GaclipError *err)
{
    *muon = (GaclipMuon){.weight_decay = options->weight_decay};
    muon->matrices = malloc((size_t)(table->count * ATTENTION_PARTS + 1) * sizeof *muon->matrices);
    muon->momentum = calloc(table->floats, sizeof *muon->momentum);
    if (muon->matrices) list_matrices(muon, table, options);
    muon->work = malloc(((size_t)gaclip__threads_count(compute->pool) * muon->work_floats + 1) *
                        sizeof *muon->work);
    if (muon->matrices && muon->momentum && muon->work) return GACLIP_OK;
    gaclip__muon_clear(muon);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for the optimiser");
}

void gaclip__muon_clear(GaclipMuon *muon)
{
    free(muon->momentum);
    free(muon->matrices);
    free(muon->work);
    *muon = (GaclipMuon){0};
}

/* values in the precision of compute, at floats' place or in it. */
static GaclipOperand rounded(const GaclipCompute *compute, const float *values, float *place,
                             size_t count)
{
    if (compute->precision != GACLIP_PRECISION_BF16) return gaclip__floats(values);
    GaclipOperand operand = {NULL, (uint16_t *)place};
    gaclip__operand_set(operand, values, count);
    return operand;
}

GACLIP__CLONES static void scale(float *x, float factor, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) x[i] *= factor;
}

/* out = a x + b y */
GACLIP__CLONES static void combine(float *out, float a, const float *x, float b, const float *y,
                                   size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) out[i] = a * x[i] + b * y[i];
}

void gaclip__orthogonalise(float *x, const GaclipCompute *compute, int rows, int columns,
                           float *work)
{
    size_t R = (size_t)rows, C = (size_t)columns;
    float *gram = work, *polynomial = gram + R * R, *halves = polynomial + R * R;
    float *square_halves = halves + R * C;
    double length = sqrt(gaclip__square_sum(x, R * C));
    if (!(length > 0)) return;
    scale(x, (float)(1 / length), R * C);
    for (int step = 0; step < STEPS; step++) {
        GaclipOperand wide = rounded(compute, x, halves, R * C);
        gaclip__gemm_serial(compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, rows, rows, columns, wide,
                            columns, wide, columns, GACLIP__SET, gram, rows);
        GaclipOperand square = rounded(compute, gram, square_halves, R * R);
        gaclip__gemm_serial(compute, GACLIP__PLAIN, GACLIP__PLAIN, rows, rows, rows, square, rows,
                            square, rows, GACLIP__SET, polynomial, rows);
        combine(polynomial, QUINTIC, polynomial, CUBIC, gram, R * R);
        for (size_t i = 0; i < R; i++) polynomial[i * R + i] += LINEAR;
        square = rounded(compute, polynomial, square_halves, R * R);
        /* In f32 the product reads x, so it goes elsewhere first. */
        float *product = compute->precision == GACLIP_PRECISION_BF16 ? x : halves;
        gaclip__gemm_serial(compute, GACLIP__PLAIN, GACLIP__PLAIN, rows, columns, rows, square,
                            rows, wide, columns, GACLIP__SET, product, columns);
        if (product != x) memcpy(x, product, R * C * sizeof *x);
    }
}

static void transpose(float *out, const float *in, int rows, int columns)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            out[(size_t)c * (size_t)rows + (size_t)r] = in[(size_t)r * (size_t)columns + (size_t)c];
}

/* Momentum of Nesterov's kind, the gradient's place zeroed: direction (count) = g + mu m. */
static void lead(float *direction, float *momentum, float *gradient, float factor, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * factor;
        momentum[i] = MOMENTUM * momentum[i] + (1 - MOMENTUM) * g;
        direction[i] = (1 - MOMENTUM) * g + MOMENTUM * momentum[i];
        gradient[i] = 0;
    }
}

typedef struct Update {
    GaclipMuon *muon;
    const GaclipCompute *compute;
    GaclipParameters *table;
    double rate, factor;
} Update;

static void move_matrix(int index, int worker, void *payload)
{
    const Update *u = payload;
    const GaclipMuonMatrix *m = &u->muon->matrices[index];
    size_t count = (size_t)m->rows * (size_t)m->columns;
    float *direction = u->muon->work + (size_t)worker * u->muon->work_floats;
    float *rest = direction + count, *value = u->table->values + m->offset;
    lead(direction, u->muon->momentum + m->offset, u->table->gradients + m->offset,
         (float)u->factor, count);
    if (m->rows <= m->columns) {
        gaclip__orthogonalise(direction, u->compute, m->rows, m->columns, rest);
    } else {
        transpose(rest, direction, m->rows, m->columns);
        gaclip__orthogonalise(rest, u->compute, m->columns, m->rows, rest + count);
        transpose(direction, rest, m->columns, m->rows);
    }
    double length = ADAMW_LENGTH * sqrt((double)larger(m->rows, m->columns));
    combine(value, (float)(1 - u->rate * u->muon->weight_decay), value, (float)(-u->rate * length),
            direction, count);
}

void gaclip__muon_step(GaclipMuon *muon, const GaclipCompute *compute, GaclipParameters *table,
                       double learning_rate, double gradient_factor)
{
    Update u = {muon, compute, table, learning_rate, gradient_factor};
    gaclip__threads_run(compute->pool, muon->count, move_matrix, &u);
}
