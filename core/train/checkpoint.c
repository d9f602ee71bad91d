#include "train/checkpoint.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "model/config.h"

static const char KEY[] = "gaclip_checkpoint";
enum { FORMAT = 1, ARRAYS = 5 };

static void add_losses(cJSON *json, const GaclipLossWeights *w)
{
    cJSON *losses = cJSON_AddObjectToObject(json, "weights");
    cJSON_AddNumberToObject(losses, "global", w->global);
    cJSON_AddNumberToObject(losses, "region", w->region);
    cJSON_AddNumberToObject(losses, "hard_negative", w->hard_negative);
    cJSON_AddNumberToObject(losses, "visual", w->visual);
    cJSON_AddNumberToObject(losses, "text", w->text);
    cJSON_AddNumberToObject(losses, "objectness", w->objectness);
    cJSON_AddNumberToObject(losses, "box", w->box);
}

static void add_seed(cJSON *json, uint64_t seed)
{
    char text[24]; /* JSON numbers are doubles: 53 bits */
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    cJSON_AddStringToObject(json, "seed", text);
}

static void add_vocabulary(cJSON *json, const GaclipModel *model)
{
    size_t size;
    char hex[65];
    const char *merges = gaclip_tokenizer_merges(model->tokenizer, &size);
    gaclip__sha256_hex(hex, merges, size);
    cJSON_AddStringToObject(json, "vocabulary", hex);
}

/* Everything that the numbers of a training depend on. */
static cJSON *describe(const GaclipModel *model, const GaclipTrainOptions *o)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *frozen = cJSON_AddArrayToObject(json, "frozen");
    cJSON_AddItemToObject(json, "model", gaclip__config_to_json(&model->config));
    add_vocabulary(json, model);
    cJSON_AddNumberToObject(json, "steps", o->steps);
    cJSON_AddNumberToObject(json, "batch_size", o->batch_size);
    cJSON_AddNumberToObject(json, "micro_batch", o->micro_batch);
    cJSON_AddNumberToObject(json, "optimizer", o->optimizer);
    cJSON_AddNumberToObject(json, "learning_rate", o->learning_rate);
    cJSON_AddNumberToObject(json, "weight_decay", o->weight_decay);
    cJSON_AddNumberToObject(json, "warmup_steps", o->warmup_steps);
    cJSON_AddNumberToObject(json, "beta1", o->beta1);
    cJSON_AddNumberToObject(json, "beta2", o->beta2);
    cJSON_AddNumberToObject(json, "epsilon", o->epsilon);
    cJSON_AddNumberToObject(json, "clip_norm", o->clip_norm);
    cJSON_AddNumberToObject(json, "average_decay", o->average_decay);
    if (o->start_share > 0) cJSON_AddNumberToObject(json, "start_share", o->start_share);
    add_losses(json, &o->weights);
    cJSON_AddNumberToObject(json, "mask_identical", o->mask_identical);
    cJSON_AddNumberToObject(json, "hard_negatives", o->hard_negatives);
    cJSON_AddNumberToObject(json, "crops", o->crops);
    cJSON_AddNumberToObject(json, "description_share", o->description_share);
    cJSON_AddNumberToObject(json, "scene_share", o->scene_share);
    for (int i = 0; i < o->frozen_count; i++)
        cJSON_AddItemToArray(frozen, cJSON_CreateString(o->frozen[i]));
    cJSON_AddNumberToObject(json, "scale_min", o->scale_min);
    cJSON_AddNumberToObject(json, "scale_max", o->scale_max);
    cJSON_AddNumberToObject(json, "rotation", o->rotation);
    cJSON_AddNumberToObject(json, "colour_jitter", o->colour_jitter);
    add_seed(json, o->seed);
    return json;
}

static char *state_text(const GaclipModel *model, const GaclipTrainOptions *options,
                        const GaclipTrainState *state)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "format", FORMAT);
    cJSON_AddNumberToObject(json, "step", (double)state->step);
    cJSON_AddNumberToObject(json, "skipped", state->skipped);
    if (state->has_best) cJSON_AddNumberToObject(json, "best", state->best);
    cJSON_AddNumberToObject(json, "optimiser_step", (double)state->adamw.step);
    cJSON_AddNumberToObject(json, "average_step", (double)state->average.step);
    cJSON_AddItemToObject(json, "training", describe(model, options));
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

/* A float array of the state, as long as the parameters' arena. */
typedef struct Array {
    const char *name;
    float *values;
} Array;

/* The average and Muon's momentum are there when they are on. */
static int list_arrays(Array arrays[ARRAYS], const GaclipModel *model,
                       const GaclipTrainState *state)
{
    const Array all[ARRAYS] = {{"weights", model->parameters.values},
                               {"first", state->adamw.first},
                               {"second", state->adamw.second},
                               {"average", state->average.values},
                               {"momentum", state->muon.momentum}};
    int count = 0;
    for (int i = 0; i < ARRAYS; i++)
        if (all[i].values) arrays[count++] = all[i];
    return count;
}

int gaclip__checkpoint_write(const char *path, const GaclipModel *model,
                             const GaclipTrainOptions *options, const GaclipTrainState *state,
                             GaclipError *err)
{
    Array arrays[ARRAYS];
    GaclipTensor tensors[ARRAYS];
    size_t floats = model->parameters.floats;
    int count = list_arrays(arrays, model, state);
    for (int i = 0; i < count; i++)
        tensors[i] = (GaclipTensor){.name = arrays[i].name,
                                    .dtype = GACLIP_DTYPE_F32,
                                    .rank = 1,
                                    .shape = {(int64_t)floats},
                                    .data = arrays[i].values,
                                    .bytes = floats * sizeof(float),
                                    .count = floats};
    char *text = state_text(model, options, state);
    if (!text) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    const char *const keys[] = {KEY}, *const values[] = {text};
    int status = gaclip__safetensors_write(path, tensors, (size_t)count, keys, values, 1, err);
    free(text);
    return status;
}

static int refuse_difference(const char *path, const char *key, const cJSON *was, const cJSON *is,
                             GaclipError *err)
{
    char *before = was ? cJSON_PrintUnformatted(was) : NULL;
    char *now = cJSON_PrintUnformatted(is);
    int status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "%s: is of another training: %s was %s and is %s; resume with "
                                  "the same options, or start anew",
                                  path, key, before ? before : "not there", now ? now : "another");
    cJSON_free(before);
    cJSON_free(now);
    return status;
}

static int check_training(const char *path, const cJSON *stored, const GaclipModel *model,
                          const GaclipTrainOptions *options, GaclipError *err)
{
    cJSON *expected = describe(model, options);
    const cJSON *item;
    int status = GACLIP_OK;
    cJSON_ArrayForEach(item, expected)
    {
        const cJSON *was = cJSON_GetObjectItemCaseSensitive(stored, item->string);
        if (!status && !cJSON_Compare(was, item, 1))
            status = refuse_difference(path, item->string, was, item, err);
    }
    cJSON_Delete(expected);
    return status;
}

static int read_count(long *value, const cJSON *json, const char *key, const char *path,
                      GaclipError *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 1e15))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: has no %s; start the training anew",
                                path, key);
    *value = (long)item->valuedouble;
    return GACLIP_OK;
}

static int read_state(GaclipTrainState *state, const cJSON *json, const char *path,
                      GaclipError *err)
{
    long skipped = 0;
    int status = read_count(&state->step, json, "step", path, err);
    if (!status) status = read_count(&skipped, json, "skipped", path, err);
    if (!status) status = read_count(&state->adamw.step, json, "optimiser_step", path, err);
    if (!status) status = read_count(&state->average.step, json, "average_step", path, err);
    if (status) return status;
    const cJSON *best = cJSON_GetObjectItemCaseSensitive(json, "best");
    state->skipped = (int)skipped;
    state->has_best = cJSON_IsNumber(best);
    state->best = state->has_best ? best->valuedouble : 0;
    return GACLIP_OK;
}

static int read_arrays(const GaclipSafetensors *file, GaclipModel *model, GaclipTrainState *state,
                       const char *path, GaclipError *err)
{
    Array arrays[ARRAYS];
    int count = list_arrays(arrays, model, state), status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) {
        const GaclipTensor *tensor = gaclip__safetensors_find(file, arrays[i].name);
        if (!tensor || tensor->dtype != GACLIP_DTYPE_F32 ||
            tensor->count != model->parameters.floats)
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "%s: lacks %s of this model; start the training anew", path,
                                    arrays[i].name);
        status = gaclip__tensor_to_f32(arrays[i].values, tensor, err);
    }
    gaclip__parameters_changed(&model->parameters);
    return status;
}

int gaclip__checkpoint_read(const char *path, GaclipModel *model, const GaclipTrainOptions *options,
                            GaclipTrainState *state, GaclipError *err)
{
    GaclipSafetensors *file;
    int status = gaclip__safetensors_open(&file, path, err);
    if (status) return status;
    const char *text = gaclip__safetensors_metadata(file, KEY);
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(json, "format");
    if (!cJSON_IsNumber(format) || format->valuedouble != FORMAT)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "%s: is no checkpoint of this version of gaclip", path);
    if (!status)
        status = check_training(path, cJSON_GetObjectItemCaseSensitive(json, "training"), model,
                                options, err);
    if (!status) status = read_state(state, json, path, err);
    if (!status) status = read_arrays(file, model, state, path, err);
    cJSON_Delete(json);
    gaclip__safetensors_close(file);
    return status;
}
