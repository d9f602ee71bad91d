/* The training loop: batches in, steps, progress out. */
#include <math.h>
#include <time.h>

#include "gaclip/train.h"
#include "train/adamw.h"
#include "train/average.h"
#include "train/loader.h"
#include "train/step.h"

/* CLIP keeps the temperature above 1/100 (Radford et al., 2021, section 2.5). */
static const double LARGEST_SCALE = 100.0;

void gaclip_train_options_init(GaclipTrainOptions *options)
{
    *options = (GaclipTrainOptions){.steps = 4000,
                                    .batch_size = 16,
                                    .learning_rate = 1e-3,
                                    .weight_decay = 0.05,
                                    .warmup_steps = 200,
                                    .beta1 = 0.9,
                                    .beta2 = 0.98,
                                    .epsilon = 1e-6,
                                    .clip_norm = 1.0,
                                    .average_decay = 0.999,
                                    .weight_global = 0.2,
                                    .weight_region = 0.5,
                                    .weight_objectness = 1.0,
                                    .weight_box = 2.0,
                                    .mask_identical = 1,
                                    .scale_min = 0.7,
                                    .scale_max = 1.6,
                                    .colour_jitter = 1.0,
                                    .seed = 1};
}

static int check_options(const GaclipTrainOptions *o, const GaclipModel *model, GaclipError *err)
{
    if (o->steps < 1 || o->batch_size < 1 || o->batch_size > 4096 || !(o->learning_rate > 0) ||
        !(o->scale_min > 0) || !(o->scale_max >= o->scale_min) || o->warmup_steps < 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "training options out of range: steps, batch size, learning rate "
                                "and scales must be positive");
    if (gaclip_model_text_count(model, GACLIP_BACKGROUND) == 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "the model has no background phrases to train against");
    return GACLIP_OK;
}

typedef struct Trainer {
    GaclipModel *model;
    const GaclipTrainOptions *options;
    GaclipAdamW adamw;
    GaclipAverage average;
    GaclipLoader *loader;
    GaclipStepTexts texts;
    struct timespec started;
} Trainer;

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void clamp_logit_scale(GaclipModel *model)
{
    size_t at = model->parameters.entries[model->logit_scale].offset;
    float largest = (float)log(LARGEST_SCALE);
    if (model->parameters.values[at] > largest) model->parameters.values[at] = largest;
}

static int one_step(Trainer *t, int step, GaclipTrainStep *report, GaclipError *err)
{
    const GaclipTrainOptions *o = t->options;
    GaclipParameters *table = &t->model->parameters;
    GaclipBatch *batch;
    GaclipStepLosses losses;
    GaclipRandom random;
    gaclip__random_seed(&random, o->seed ^ ((uint64_t)step + 1) * 0xD1342543DE82EF95u);
    int status = gaclip__loader_next(&batch, t->loader, err);
    if (status) return status;
    gaclip__parameters_zero_gradients(table);
    status = gaclip__train_step(&losses, t->model, batch, &t->texts, o, &random, err);
    if (status) return status;
    double norm = gaclip__gradient_norm(table);
    if (!isfinite(norm))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "step %d: the loss is not finite; lower the learning rate", step);
    double factor = o->clip_norm > 0 && norm > o->clip_norm ? o->clip_norm / norm : 1.0;
    double rate = gaclip__learning_rate(step, o->learning_rate, o->warmup_steps, o->steps);
    gaclip__adamw_step(&t->adamw, t->model->compute, table, rate, factor);
    clamp_logit_scale(t->model);
    gaclip__average_update(&t->average, table);
    double seconds = seconds_since(&t->started);
    *report = (GaclipTrainStep){.step = step + 1,
                                .steps = o->steps,
                                .learning_rate = rate,
                                .gradient_norm = norm,
                                .loss = losses.total,
                                .loss_global = losses.global,
                                .loss_region = losses.region,
                                .loss_objectness = losses.objectness,
                                .loss_box = losses.box,
                                .images_per_second = (step + 1) * o->batch_size / seconds,
                                .seconds = seconds,
                                .seconds_left = seconds / (step + 1) * (o->steps - step - 1)};
    return GACLIP_OK;
}

static int prepare(Trainer *t, const GaclipSampleSource *source, GaclipError *err)
{
    const GaclipTrainOptions *o = t->options;
    GaclipParameters *table = &t->model->parameters;
    int status = gaclip__parameters_own(table, err);
    if (!status) status = gaclip__parameters_start_gradients(table, err);
    if (!status)
        status = gaclip__adamw_init(&t->adamw, table, o->beta1, o->beta2, o->epsilon,
                                    o->weight_decay, err);
    if (!status) status = gaclip__average_init(&t->average, table, o->average_decay, err);
    if (!status)
        status = gaclip__loader_new(&t->loader, source, o, &t->model->config, 0, err);
    clock_gettime(CLOCK_MONOTONIC, &t->started);
    return status;
}

int gaclip_train(GaclipModel *model, const GaclipSampleSource *source,
                 const GaclipTrainOptions *options, GaclipTrainProgress *progress, void *payload,
                 GaclipError *err)
{
    Trainer t = {.model = model, .options = options};
    int status = check_options(options, model, err);
    if (!status) status = prepare(&t, source, err);
    for (int step = 0; step < options->steps && !status; step++) {
        GaclipTrainStep report;
        status = one_step(&t, step, &report, err);
        if (!status && progress && progress(&report, payload))
            status = gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                                      "training was interrupted after %d of %d steps", step + 1,
                                      options->steps);
    }
    if (!status || status == GACLIP_ERROR_INTERRUPTED)
        gaclip__average_apply(&t.average, &model->parameters);
    gaclip__loader_free(t.loader);
    gaclip__step_texts_clear(&t.texts);
    gaclip__average_clear(&t.average);
    gaclip__adamw_clear(&t.adamw);
    gaclip__parameters_stop_gradients(&model->parameters);
    return status;
}
