#include "train/adamw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"

enum { BLOCK = 65536 };

static int block_count(const GaclipParameters *table)
{
    return (int)((table->floats + BLOCK - 1) / BLOCK);
}

int gaclip__adamw_init(GaclipAdamW *adamw, const GaclipParameters *table, double beta1,
                       double beta2, double epsilon, double weight_decay, GaclipError *err)
{
    *adamw = (GaclipAdamW){
        .beta1 = beta1, .beta2 = beta2, .epsilon = epsilon, .weight_decay = weight_decay};
    adamw->first = calloc(table->floats, sizeof *adamw->first);
    adamw->second = calloc(table->floats, sizeof *adamw->second);
    adamw->decays = calloc(table->floats, sizeof *adamw->decays);
    adamw->norms = calloc((size_t)block_count(table), sizeof *adamw->norms);
    if (!adamw->first || !adamw->second || !adamw->decays || !adamw->norms) {
        gaclip__adamw_clear(adamw);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for the optimiser");
    }
    for (int i = 0; i < table->count; i++) {
        const GaclipParameter *p = &table->entries[i];
        for (size_t k = 0; k < p->count; k++) adamw->decays[p->offset + k] = p->rank >= 2;
    }
    return GACLIP_OK;
}

void gaclip__adamw_freeze(GaclipAdamW *adamw, const GaclipParameter *parameter)
{
    memset(adamw->decays + parameter->offset, 0, parameter->count * sizeof *adamw->decays);
}

void gaclip__adamw_clear(GaclipAdamW *adamw)
{
    free(adamw->first);
    free(adamw->second);
    free(adamw->decays);
    free(adamw->norms);
    *adamw = (GaclipAdamW){0};
}

typedef struct Update {
    float *value, *first, *second;
    const float *gradient, *decays;
    size_t count;
    float factor, keep1, keep2, rate, decay, correct2, epsilon;
} Update;

GACLIP__CLONES static void update(const Update *u, size_t from, size_t count)
{
    float *restrict value = u->value + from, *restrict m = u->first + from;
    float *restrict v = u->second + from;
    const float *restrict gradient = u->gradient + from, *restrict decays = u->decays + from;
    float factor = u->factor, keep1 = u->keep1, keep2 = u->keep2, rate = u->rate;
    float decay = u->decay, correct2 = u->correct2, epsilon = u->epsilon;
    GACLIP__SIMD for (size_t i = 0; i < count; i++)
    {
        float g = gradient[i] * factor;
        m[i] = keep1 * m[i] + (1 - keep1) * g;
        v[i] = keep2 * v[i] + (1 - keep2) * g * g;
        value[i] -= decay * decays[i] * value[i] + rate * m[i] / (sqrtf(v[i] * correct2) + epsilon);
    }
}

static void update_block(int index, int worker, void *payload)
{
    (void)worker;
    const Update *u = payload;
    size_t from = (size_t)index * BLOCK;
    update(u, from, u->count - from < BLOCK ? u->count - from : BLOCK);
}

void gaclip__adamw_step(GaclipAdamW *adamw, const GaclipCompute *compute, GaclipParameters *table,
                        double learning_rate, double gradient_factor)
{
    adamw->step++;
    double correct1 = 1 - pow(adamw->beta1, (double)adamw->step);
    double correct2 = 1 - pow(adamw->beta2, (double)adamw->step);
    Update u = {table->values,
                adamw->first,
                adamw->second,
                table->gradients,
                adamw->decays,
                table->floats,
                (float)gradient_factor,
                (float)adamw->beta1,
                (float)adamw->beta2,
                (float)(learning_rate / correct1),
                (float)(learning_rate * adamw->weight_decay),
                (float)(1 / correct2),
                (float)adamw->epsilon};
    gaclip__threads_run(compute->pool, block_count(table), update_block, &u);
    gaclip__parameters_changed(table);
}

double gaclip__learning_rate(long step, double base, long warmup, long total)
{
    if (step < warmup) return base * (double)(step + 1) / (double)warmup;
    if (step >= total) return 0;
    double along = (double)(step - warmup) / (double)(total - warmup);
    return base * 0.5 * (1 + cos(acos(-1.0) * along));
}

typedef struct Norms {
    double *norms;
    const float *gradients;
    size_t count;
} Norms;

GACLIP__CLONES double gaclip__square_sum(const float *values, size_t count)
{
    double sum = 0;
    GACLIP__SIMD_SUM(sum)
    for (size_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
    return sum;
}

static void norm_block(int index, int worker, void *payload)
{
    (void)worker;
    const Norms *n = payload;
    size_t from = (size_t)index * BLOCK;
    n->norms[index] =
        gaclip__square_sum(n->gradients + from, n->count - from < BLOCK ? n->count - from : BLOCK);
}

double gaclip__gradient_norm(GaclipAdamW *adamw, const GaclipCompute *compute,
                             const GaclipParameters *table)
{
    Norms n = {adamw->norms, table->gradients, table->floats};
    double sum = 0;
    gaclip__threads_run(compute->pool, block_count(table), norm_block, &n);
    for (int i = 0; i < block_count(table); i++) sum += adamw->norms[i];
    return sqrt(sum);
}
