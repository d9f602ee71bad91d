/* A stage of a recipe: its numbers and its sources. */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "recipe.h"

enum { MOST_KEYS = 64 };

typedef enum Kind { WHOLE, NUMBER, FLAG } Kind;

/* A number of the stage, under its key, and where it goes. */
typedef struct Field {
    const char *key;
    Kind kind;
    size_t offset; /* in GaclipTrainOptions */
    double smallest, largest;
} Field;

#define FIELD(key, kind, member, smallest, largest)                                                \
    {                                                                                              \
        key, kind, offsetof(GaclipTrainOptions, member), smallest, largest                         \
    }

static const Field NUMBERS[] = {
    FIELD("steps", WHOLE, steps, 1, INT_MAX),
    FIELD("batch", WHOLE, batch_size, 1, 65536),
    FIELD("micro_batch", WHOLE, micro_batch, 0, 65536),
    FIELD("recompute", FLAG, recompute, 0, 1),
    FIELD("learning_rate", NUMBER, learning_rate, 1e-12, 10),
    FIELD("weight_decay", NUMBER, weight_decay, 0, 10),
    FIELD("warmup_steps", WHOLE, warmup_steps, 0, INT_MAX),
    FIELD("epsilon", NUMBER, epsilon, 1e-12, 1),
    FIELD("clip_norm", NUMBER, clip_norm, 0, 1e9),
    FIELD("average_decay", NUMBER, average_decay, 0, 0.9999999),
    FIELD("start_share", NUMBER, start_share, 0, 0.999),
    FIELD("mask_identical", FLAG, mask_identical, 0, 1),
    FIELD("hard_negatives", WHOLE, hard_negatives, 0, 1000),
    FIELD("crops", WHOLE, crops, 0, INT_MAX),
    FIELD("description_share", NUMBER, description_share, 0, 1),
    FIELD("scene_share", NUMBER, scene_share, 0, 1),
    FIELD("rotation", NUMBER, rotation, 0, 45),
    FIELD("colour_jitter", NUMBER, colour_jitter, 0, 10),
    FIELD("checkpoint_every", WHOLE, checkpoint_every, 0, INT_MAX),
    {NULL, WHOLE, 0, 0, 0},
};

static const Field WEIGHTS[] = {
    FIELD("global", NUMBER, weights.global, 0, 1e6),
    FIELD("region", NUMBER, weights.region, 0, 1e6),
    FIELD("hard_negative", NUMBER, weights.hard_negative, 0, 1e6),
    FIELD("visual", NUMBER, weights.visual, 0, 1e6),
    FIELD("text", NUMBER, weights.text, 0, 1e6),
    FIELD("objectness", NUMBER, weights.objectness, 0, 1e6),
    FIELD("box", NUMBER, weights.box, 0, 1e6),
    {NULL, WHOLE, 0, 0, 0},
};

/* What is no number of a table. */
static const char *const OTHERS[] = {"name",   "epochs",    "weights",   "betas",   "scale",
                                     "freeze", "precision", "optimizer", "sources", "validate"};

static int read_fields(GaclipTrainOptions *options, const Field *fields, const GaclipJson *at,
                       GaclipError *err)
{
    int status = GACLIP_OK;
    for (const Field *f = fields; f->key && !status; f++) {
        void *value = (char *)options + f->offset;
        if (f->kind == NUMBER)
            status = gaclip__json_number_of(value, at, f->key, f->smallest, f->largest, err);
        else if (f->kind == FLAG)
            status = gaclip__json_flag_of(value, at, f->key, err);
        else
            status =
                gaclip__json_whole_of(value, at, f->key, (int)f->smallest, (int)f->largest, err);
    }
    return status;
}

static int check_keys(const GaclipJson *at, const Field *fields, const char *const *others,
                      size_t other_count, GaclipError *err)
{
    const char *keys[MOST_KEYS] = {0};
    size_t count = 0;
    for (; fields[count].key; count++) keys[count] = fields[count].key;
    for (size_t i = 0; i < other_count; i++) keys[count++] = others[i];
    return gaclip__json_keys(at, keys, err);
}

static int read_weights(GaclipTrainOptions *options, const GaclipJson *stage, GaclipError *err)
{
    GaclipJson at;
    int status = gaclip__json_need(&at, stage, "weights", err);
    if (!status) status = check_keys(&at, WEIGHTS, NULL, 0, err);
    if (!status) status = read_fields(options, WEIGHTS, &at, err);
    const GaclipLossWeights *w = &options->weights;
    if (!status &&
        !(w->global + w->region + w->hard_negative + w->visual + w->text + w->objectness + w->box >
          0))
        status = gaclip__json_fail(&at, err, "has no loss with a weight above 0");
    return status;
}

/* Adam's two are below 1, and in no order. */
static int read_betas(GaclipTrainOptions *options, const GaclipJson *stage, GaclipError *err)
{
    GaclipJson at;
    double betas[2];
    if (!gaclip__json_find(&at, stage, "betas")) return GACLIP_OK;
    int status = gaclip__json_numbers(betas, 2, &at, err);
    for (int i = 0; i < 2 && !status; i++)
        if (!(betas[i] >= 0 && betas[i] < 1))
            status = gaclip__json_fail(&at, err, "%g is not in [0, 1)", betas[i]);
    if (status) return status;
    options->beta1 = betas[0];
    options->beta2 = betas[1];
    return GACLIP_OK;
}

/* Which of the names stands under a key, from 0; as it was where the key is not there. */
static int read_name(int *chosen, const GaclipJson *stage, const char *key,
                     const char *const *names, int count, const char *list, GaclipError *err)
{
    GaclipJson at;
    const char *name;
    if (!gaclip__json_find(&at, stage, key)) return GACLIP_OK;
    int status = gaclip__json_text(&name, &at, err);
    for (int i = 0; i < count && !status; i++)
        if (!strcmp(names[i], name)) {
            *chosen = i;
            return GACLIP_OK;
        }
    return status ? status : gaclip__json_fail(&at, err, "\"%.20s\" is none of %s", name, list);
}

static int read_precision(GaclipPrecision *out, const GaclipJson *stage, GaclipError *err)
{
    static const char *const NAMES[] = {"auto", "f32", "bf16"};
    static const GaclipPrecision PRECISIONS[] = {GACLIP_PRECISION_AUTO, GACLIP_PRECISION_F32,
                                                 GACLIP_PRECISION_BF16};
    int chosen = 0;
    int status = read_name(&chosen, stage, "precision", NAMES, 3, "auto, f32, bf16", err);
    *out = PRECISIONS[chosen];
    return status;
}

static int read_optimizer(GaclipOptimizer *out, const GaclipJson *stage, GaclipError *err)
{
    static const char *const NAMES[] = {"adamw", "muon"};
    int chosen = 0;
    int status = read_name(&chosen, stage, "optimizer", NAMES, 2, "adamw, muon", err);
    *out = chosen ? GACLIP_MUON : GACLIP_ADAMW;
    return status;
}

static int read_length(GaclipRecipeStage *stage, const GaclipJson *at, GaclipError *err)
{
    int status = gaclip__json_number_of(&stage->epochs, at, "epochs", 1e-6, 1e6, err);
    if (status || (stage->options.steps > 0) != (stage->epochs > 0)) return status;
    return gaclip__json_fail(at, err, "needs one of \"steps\" and \"epochs\"");
}

static int read_validation(GaclipRecipeStage *stage, GaclipRecipe *recipe, const GaclipJson *at,
                           GaclipError *err)
{
    static const char *const KEYS[] = {"every", "sources", NULL};
    GaclipJson validate, member;
    if (!gaclip__json_find(&validate, at, "validate")) return GACLIP_OK;
    int status = gaclip__json_keys(&validate, KEYS, err);
    if (!status) status = gaclip__json_need(&member, &validate, "every", err);
    if (!status)
        status = gaclip__json_whole(&stage->options.validate_every, &member, 1, INT_MAX, err);
    return status ? status
                  : gaclip__recipe_read_sources(&stage->validation, &stage->validation_count,
                                                recipe, &validate, err);
}

int gaclip__recipe_read_stage(GaclipRecipeStage *stage, GaclipRecipe *recipe, const GaclipJson *at,
                              GaclipError *err)
{
    GaclipTrainOptions *t = &stage->options;
    *stage = (GaclipRecipeStage){.name = "stage", .precision = GACLIP_PRECISION_AUTO};
    gaclip_train_options_init(t);
    t->weights = (GaclipLossWeights){0}; /* off unless they are asked for */
    t->steps = 0;
    t->seed = recipe->seed;
    int status = check_keys(at, NUMBERS, OTHERS, sizeof OTHERS / sizeof *OTHERS, err);
    if (!status) status = gaclip__recipe_text(&stage->name, recipe, at, "name", err);
    if (!status) status = read_fields(t, NUMBERS, at, err);
    if (!status) status = read_length(stage, at, err);
    if (!status) status = read_weights(t, at, err);
    if (!status) status = read_betas(t, at, err);
    if (!status)
        status = gaclip__recipe_range(&t->scale_min, &t->scale_max, at, "scale", 0.01, 100, err);
    if (!status)
        status = gaclip__recipe_texts(&t->frozen, &t->frozen_count, recipe, at, "freeze", err);
    if (!status) status = read_precision(&stage->precision, at, err);
    if (!status) status = read_optimizer(&t->optimizer, at, err);
    if (!status)
        status =
            gaclip__recipe_read_sources(&stage->sources, &stage->source_count, recipe, at, err);
    return status ? status : read_validation(stage, recipe, at, err);
}
