/* The training loop: batches in, steps, validation, checkpoints, progress out. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gaclip/train.h"
#include "train/checkpoint.h"
#include "train/loader.h"
#include "train/options.h"
#include "train/step.h"

/* CLIP keeps the temperature above 1/100 (Radford et al., 2021, section 2.5). */
static const double LARGEST_SCALE = 100.0;

/* So many steps in a row without a finite loss end the training. */
enum { MOST_SKIPS = 5, NAMED = 4 };

typedef struct Trainer {
    GaclipModel *model;
    const GaclipTrainOptions *options;
    const GaclipTrainEvents *events;
    GaclipTrainState state;
    GaclipLoader *loader;
    GaclipArena rows;
    float *start;    /* (floats of the parameters) before the first step, or NULL */
    long first_step; /* of this run */
    int skips_in_a_row;
    double started, waited; /* seconds */
} Trainer;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void clamp_logit_scale(GaclipModel *model)
{
    size_t at = model->parameters.entries[model->logit_scale].offset;
    float largest = (float)log(LARGEST_SCALE);
    if (model->parameters.values[at] > largest) model->parameters.values[at] = largest;
}

static int next_batch(GaclipBatch **batch, Trainer *t, GaclipError *err)
{
    double before = seconds_now();
    int status = gaclip__loader_next(batch, t->loader, err);
    t->waited += seconds_now() - before;
    return status;
}

/* Frozen parameters have no gradient, so that neither the norm nor the moments see them. */
static void forget_frozen(Trainer *t)
{
    GaclipParameters *table = &t->model->parameters;
    for (int i = 0; i < table->count; i++)
        if (gaclip__train_is_frozen(t->options, table->entries[i].name))
            memset(table->entries[i].gradient, 0, table->entries[i].count * sizeof(float));
}

/* The images of a batch that gave no finite loss. */
static int refuse_batch(const Trainer *t, const GaclipBatch *batch, GaclipError *err)
{
    char names[512] = "";
    size_t used = 0;
    for (int n = 0; n < batch->size && n < NAMED && used < sizeof names; n++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", n ? ", " : "",
                                 batch->names[n] ? batch->names[n] : "an unnamed image");
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "the loss has not been finite for %d steps; the last batch (step %ld) "
                            "begins with %s; lower the learning rate, or look at these images",
                            MOST_SKIPS, t->state.step + 1, names);
}

/* The update, or, where the gradient is not finite, nothing. */
static int update(Trainer *t, const GaclipBatch *batch, const GaclipStepResult *result, double rate,
                  double *norm, GaclipError *err)
{
    const GaclipTrainOptions *o = t->options;
    GaclipModel *m = t->model;
    forget_frozen(t);
    *norm = gaclip__gradient_norm(&t->state.adamw, m->compute, &m->parameters);
    if (!isfinite(*norm) || !isfinite(result->total)) {
        t->state.skipped++;
        return ++t->skips_in_a_row < MOST_SKIPS ? GACLIP_OK : refuse_batch(t, batch, err);
    }
    t->skips_in_a_row = 0;
    double factor = o->clip_norm > 0 && *norm > o->clip_norm ? o->clip_norm / *norm : 1.0;
    if (o->optimizer == GACLIP_MUON)
        gaclip__muon_step(&t->state.muon, m->compute, &m->parameters, rate, factor);
    gaclip__adamw_step(&t->state.adamw, m->compute, &m->parameters, rate, factor);
    clamp_logit_scale(m);
    gaclip__average_update(&t->state.average, m->compute, &m->parameters);
    return GACLIP_OK;
}

static void report_time(const Trainer *t, GaclipTrainStep *report)
{
    double seconds = seconds_now() - t->started, done = (double)(t->state.step - t->first_step);
    report->seconds = seconds;
    report->wait = t->waited / seconds;
    report->images_per_second = done * t->options->batch_size / seconds;
    report->seconds_left = seconds / done * (double)(t->options->steps - t->state.step);
}

static int one_step(Trainer *t, GaclipTrainStep *report, GaclipError *err)
{
    const GaclipTrainOptions *o = t->options;
    GaclipBatch *batch;
    GaclipStepResult result;
    double norm,
        rate = gaclip__learning_rate(t->state.step, o->learning_rate, o->warmup_steps, o->steps);
    int status = next_batch(&batch, t, err);
    if (status) return status;
    gaclip__parameters_zero_gradients(&t->model->parameters);
    status = gaclip__train_step(&result, t->model, batch, o, &t->rows, err);
    if (!status) status = update(t, batch, &result, rate, &norm, err);
    if (status) return status;
    t->state.step++;
    *report = (GaclipTrainStep){.step = (int)t->state.step,
                                .steps = o->steps,
                                .learning_rate = rate,
                                .gradient_norm = norm,
                                .logit_scale = (double)gaclip_model_logit_scale(t->model),
                                .loss = result.total,
                                .losses = result.losses,
                                .images_encoded = result.images,
                                .crops_encoded = result.crops,
                                .texts_encoded = result.texts,
                                .skipped = t->state.skipped,
                                .is_skipped = t->skips_in_a_row > 0};
    report_time(t, report);
    return GACLIP_OK;
}

/* With the averaged weights in the model. */
static int judge(Trainer *t, GaclipError *err)
{
    const GaclipTrainEvents *e = t->events;
    double score;
    int status = e->validate(&score, t->model, (int)t->state.step, e->payload, err);
    if (status || (t->state.has_best && !(score > t->state.best))) return status;
    t->state.has_best = 1;
    t->state.best = score;
    return e->improved ? e->improved(score, t->model, (int)t->state.step, e->payload, err)
                       : GACLIP_OK;
}

static int validate(Trainer *t, GaclipError *err)
{
    int every = t->options->validate_every;
    if (!every || !t->events || !t->events->validate) return GACLIP_OK;
    if (t->state.step % every && t->state.step != t->options->steps) return GACLIP_OK;
    gaclip__average_swap(&t->state.average, &t->model->parameters);
    int status = judge(t, err);
    gaclip__average_swap(&t->state.average, &t->model->parameters);
    return status;
}

static int save_state(const Trainer *t, GaclipError *err)
{
    return gaclip__checkpoint_write(t->options->checkpoint, t->model, t->options, &t->state, err);
}

static int is_due(const Trainer *t)
{
    const GaclipTrainOptions *o = t->options;
    return o->checkpoint && o->checkpoint_every && t->state.step % o->checkpoint_every == 0;
}

static int stop(const Trainer *t, GaclipError *err)
{
    int status = t->options->checkpoint ? save_state(t, err) : GACLIP_OK;
    return status ? status
                  : gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                                     "training was interrupted after %ld of %d steps",
                                     t->state.step, t->options->steps);
}

static int run(Trainer *t, GaclipError *err)
{
    const GaclipTrainEvents *e = t->events;
    int status = GACLIP_OK;
    while (t->state.step < t->options->steps && !status) {
        GaclipTrainStep report;
        status = one_step(t, &report, err);
        int is_stopped = !status && e && e->step && e->step(&report, e->payload);
        if (!status) status = validate(t, err);
        if (!status && is_stopped) return stop(t, err);
        if (!status && is_due(t)) status = save_state(t, err);
    }
    return status;
}

/* A resumed training has them in the model too, until the checkpoint is read. */
static int keep_start(Trainer *t, GaclipError *err)
{
    const GaclipParameters *table = &t->model->parameters;
    if (!(t->options->start_share > 0)) return GACLIP_OK;
    t->start = malloc(table->floats * sizeof *t->start);
    if (!t->start) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memcpy(t->start, table->values, table->floats * sizeof *t->start);
    return GACLIP_OK;
}

static void mix_with_start(Trainer *t)
{
    GaclipParameters *table = &t->model->parameters;
    float share = (float)t->options->start_share;
    for (size_t i = 0; t->start && i < table->floats; i++)
        table->values[i] += share * (t->start[i] - table->values[i]);
    if (t->start) gaclip__parameters_changed(table);
}

static int prepare(Trainer *t, const GaclipSampleSource *source, GaclipError *err)
{
    const GaclipTrainOptions *o = t->options;
    GaclipParameters *table = &t->model->parameters;
    GaclipTrainState *s = &t->state;
    int status = gaclip__parameters_own(table, err);
    if (!status) status = keep_start(t, err);
    if (!status) status = gaclip__parameters_start_gradients(table, err);
    if (!status)
        status = gaclip__adamw_init(&s->adamw, table, o->beta1, o->beta2, o->epsilon,
                                    o->weight_decay, err);
    if (!status && o->optimizer == GACLIP_MUON)
        status = gaclip__muon_init(&s->muon, t->model->compute, table, o, err);
    if (!status) status = gaclip__average_init(&s->average, table, o->average_decay, err);
    if (status) return status;
    for (int i = 0; i < table->count; i++)
        if (gaclip__train_is_frozen(o, table->entries[i].name) ||
            (o->optimizer == GACLIP_MUON && gaclip__muon_moves(&table->entries[i])))
            gaclip__adamw_freeze(&s->adamw, &table->entries[i]);
    if (o->resume) status = gaclip__checkpoint_read(o->checkpoint, t->model, o, s, err);
    if (!status) status = gaclip__loader_new(&t->loader, t->model, source, o, s->step, err);
    t->first_step = s->step;
    t->started = seconds_now();
    return status;
}

static void finish(Trainer *t)
{
    gaclip__loader_free(t->loader);
    gaclip__arena_free(&t->rows);
    free(t->start);
    gaclip__average_clear(&t->state.average);
    gaclip__adamw_clear(&t->state.adamw);
    gaclip__muon_clear(&t->state.muon);
    gaclip__parameters_stop_gradients(&t->model->parameters);
}

int gaclip_train(GaclipModel *model, const GaclipSampleSource *source,
                 const GaclipTrainOptions *options, const GaclipTrainEvents *events,
                 GaclipError *err)
{
    Trainer t = {.model = model, .options = options, .events = events};
    if (gaclip_compute_precision(model->compute) == GACLIP_PRECISION_INT8)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "int8 is for trained models: train in f32 or bf16");
    int status = gaclip__train_options_check(options, model, err);
    if (status) return status;
    status = prepare(&t, source, err);
    /* What scores were worth, they were with the weights as they come. */
    if (!status) status = gaclip_model_set_calibration(model, NULL, 0, err);
    if (!status) status = run(&t, err);
    if (!status || status == GACLIP_ERROR_INTERRUPTED)
        gaclip__average_swap(&t.state.average, &model->parameters);
    if (!status) mix_with_start(&t);
    finish(&t);
    return status;
}
