#include "train/options.h"

#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "train/loader.h"

void gaclip_train_options_init(GaclipTrainOptions *options)
{
    *options = (GaclipTrainOptions){
        .steps = 6000,
        .batch_size = 16,
        .learning_rate = 1e-3,
        .weight_decay = 0.05,
        .warmup_steps = 200,
        .beta1 = 0.9,
        .beta2 = 0.98,
        .epsilon = 1e-6,
        .clip_norm = 1.0,
        .average_decay = 0.999,
        .weights = {.global = 0.2, .region = 0.5, .objectness = 1.0, .box = 2.0},
        .mask_identical = 1,
        .hard_negatives = 9,
        .description_share = 0.5,
        .scale_min = 0.7,
        .scale_max = 1.6,
        .colour_jitter = 1.0,
        .seed = 1,
        .loader_threads = 2};
}

int gaclip__train_is_frozen(const GaclipTrainOptions *options, const char *name)
{
    for (int i = 0; i < options->frozen_count; i++)
        if (!strncmp(name, options->frozen[i], strlen(options->frozen[i]))) return 1;
    return 0;
}

static int out_of_range(GaclipError *err, const char *what, const char *range)
{
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "training option %s must be %s", what,
                            range);
}

static int check_numbers(const GaclipTrainOptions *o, GaclipError *err)
{
    if (o->steps < 1) return out_of_range(err, "steps", "at least 1");
    if (o->batch_size < 1 || o->batch_size > 65536)
        return out_of_range(err, "batch_size", "1 to 65536");
    if (o->micro_batch < 0) return out_of_range(err, "micro_batch", "0 (off) or more");
    if (!(o->learning_rate > 0)) return out_of_range(err, "learning_rate", "above 0");
    if (!(o->weight_decay >= 0)) return out_of_range(err, "weight_decay", "0 or more");
    if (o->warmup_steps < 0) return out_of_range(err, "warmup_steps", "0 or more");
    if (!(o->beta1 >= 0 && o->beta1 < 1)) return out_of_range(err, "beta1", "in [0, 1)");
    if (!(o->beta2 >= 0 && o->beta2 < 1)) return out_of_range(err, "beta2", "in [0, 1)");
    if (!(o->epsilon > 0)) return out_of_range(err, "epsilon", "above 0");
    if (!(o->average_decay >= 0 && o->average_decay < 1))
        return out_of_range(err, "average_decay", "in [0, 1)");
    if (!(o->start_share >= 0 && o->start_share < 1))
        return out_of_range(err, "start_share", "in [0, 1)");
    if (!(o->scale_min > 0) || !(o->scale_max >= o->scale_min))
        return out_of_range(err, "scale", "above 0, the smaller one first");
    if (!(o->rotation >= 0 && o->rotation <= 45)) return out_of_range(err, "rotation", "0 to 45");
    if (!(o->colour_jitter >= 0)) return out_of_range(err, "colour_jitter", "0 or more");
    if (!(o->scene_share >= 0 && o->scene_share <= 1))
        return out_of_range(err, "scene_share", "in [0, 1]");
    if (o->hard_negatives < 0) return out_of_range(err, "hard_negatives", "0 or more");
    if (o->crops < 0) return out_of_range(err, "crops", "0 (all) or more");
    if (o->loader_threads < 1 || o->loader_threads > 64)
        return out_of_range(err, "loader_threads", "1 to 64");
    return GACLIP_OK;
}

static int check_weights(const GaclipLossWeights *w, const GaclipModel *model, GaclipError *err)
{
    const double all[] = {w->global, w->region, w->hard_negative, w->visual,
                          w->text,   w->box,    w->objectness};
    double sum = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!(all[i] >= 0)) return out_of_range(err, "loss weights", "0 (off) or more");
        sum += all[i];
    }
    if (!(sum > 0)) return out_of_range(err, "loss weights", "above 0, one of them at least");
    if (model->config.proposal.width == 0 && sum - w->box - w->objectness <= 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "only the proposal head's losses are on, but the model has no "
                                "proposal head");
    return GACLIP_OK;
}

/* The parts that parameters' names begin with, in the model's order. */
static void list_parts(char *out, size_t size, const GaclipModel *model)
{
    const char *last = "";
    size_t used = 0, last_length = 0;
    *out = '\0';
    for (int i = 0; i < model->parameters.count && used < size; i++) {
        const char *name = model->parameters.entries[i].name;
        size_t length = strcspn(name, ".");
        if (length == last_length && !strncmp(name, last, length)) continue;
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? ", " : "", (int)length,
                                 name);
        last = name;
        last_length = length;
    }
}

static int check_frozen(const GaclipTrainOptions *o, const GaclipModel *model, GaclipError *err)
{
    for (int i = 0; i < o->frozen_count; i++) {
        int matches = 0;
        for (int k = 0; k < model->parameters.count; k++)
            matches +=
                !strncmp(model->parameters.entries[k].name, o->frozen[i], strlen(o->frozen[i]));
        if (matches) continue;
        char parts[256];
        list_parts(parts, sizeof parts, model);
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "no parameter's name begins with \"%s\", which is to be frozen; "
                                "they begin with %s",
                                o->frozen[i], parts);
    }
    return GACLIP_OK;
}

int gaclip__train_options_check(const GaclipTrainOptions *options, const GaclipModel *model,
                                GaclipError *err)
{
    int status = check_numbers(options, err);
    if (!status) status = check_weights(&options->weights, model, err);
    if (!status) status = check_frozen(options, model, err);
    if (status) return status;
    if (options->resume && !options->checkpoint)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "there is no checkpoint to resume from");
    if (gaclip_model_text_count(model, GACLIP_BACKGROUND) == 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "the model has no background phrases to train against");
    return GACLIP_OK;
}

/* A pass is laid out but never run: its memory is asked for, not touched. */
static double pass_bytes(const GaclipModel *model, int images, int recompute)
{
    const GaclipModelConfig *c = &model->config;
    GaclipArena arena = {0};
    GaclipVisionPass vision;
    GaclipProposalPass proposals;
    int side = c->vision.image_size;
    int flags = GACLIP__PASS_KEEP | GACLIP__PASS_CLASS | GACLIP__PASS_DENSE |
                (recompute ? GACLIP__PASS_RECOMPUTE : 0);
    int status = gaclip__vision_layout(&vision, &model->vision, model->compute, &arena, images,
                                       side, side, c->dense, flags, NULL);
    if (!status && c->proposal.width)
        gaclip__proposal_layout(&proposals, &model->proposals, model->compute, &arena, &vision,
                                images, 1, NULL);
    double bytes = (double)gaclip__arena_used(&arena);
    gaclip__arena_free(&arena);
    return bytes;
}

double gaclip_train_memory(const GaclipModel *model, const GaclipTrainOptions *options)
{
    /* weights, gradients, two moments and where decay acts; the average; the start; the momentum */
    double arrays = 5 + (options->average_decay > 0) + (options->start_share > 0) +
                    (options->optimizer == GACLIP_MUON);
    double side = model->config.vision.image_size;
    double parameters = 4.0 * (double)model->parameters.floats * arrays;
    int images = options->micro_batch && options->micro_batch < options->batch_size
                     ? options->micro_batch
                     : options->batch_size;
    int crops = options->weights.visual > 0 ? images : 0;
    double batches =
        gaclip__loader_slots(options) * (options->batch_size + crops) * 12.0 * side * side;
    double passes = pass_bytes(model, images, options->recompute) +
                    (crops ? pass_bytes(model, crops, options->recompute) : 0);
    return parameters + passes + batches;
}
