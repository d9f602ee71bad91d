/* Reading and writing self-describing model files (format: MODEL.md of the design, "Model file"). */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "model/config.h"
#include "model/model.h"

enum { FORMAT_VERSION = 1 };

static const char *const LIST_KEYS[GACLIP__TEXT_LISTS] = {"templates", "background", "classes"};
static const char MERGES[] = "tokenizer.merges";

static int shapes_match(const GaclipParameter *p, const GaclipTensor *t)
{
    if (t->rank != p->rank) return 0;
    for (int i = 0; i < p->rank; i++)
        if (t->shape[i] != p->shape[i]) return 0;
    return 1;
}

static int find_weight(const GaclipTensor **out, const GaclipParameter *p,
                       const GaclipSafetensors *file, GaclipError *err)
{
    const GaclipTensor *t = gaclip__safetensors_find(file, p->name);
    if (!t)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "tensor \"%s\" is missing", p->name);
    if (!shapes_match(p, t))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "tensor \"%s\" has another shape than the configuration asks for",
                                p->name);
    *out = t;
    return GACLIP_OK;
}

static int all_mappable(const GaclipModel *model, const GaclipSafetensors *file)
{
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipTensor *t =
            gaclip__safetensors_find(file, model->parameters.entries[i].name);
        if (!t || t->dtype != GACLIP_DTYPE_F32 || (uintptr_t)t->data % sizeof(float)) return 0;
    }
    return 1;
}

static int refuse_unknown(const GaclipModel *model, const GaclipSafetensors *file, GaclipError *err)
{
    for (size_t i = 0; i < gaclip__safetensors_count(file); i++) {
        const char *name = gaclip__safetensors_at(file, i)->name;
        if (strcmp(name, MERGES) && !gaclip__parameters_find(&model->parameters, name))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "tensor \"%.100s\" does not belong to the configuration", name);
    }
    return GACLIP_OK;
}

static int refuse_infinite(const GaclipModel *model, GaclipError *err)
{
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        for (size_t k = 0; k < p->count; k++)
            if (!isfinite(p->value[k]))
                return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                        "tensor \"%s\" holds a value that is not finite", p->name);
    }
    return GACLIP_OK;
}

int gaclip__model_take_weights(GaclipModel *model, GaclipSafetensors *file, GaclipError *err)
{
    int mapped = all_mappable(model, file), status = refuse_unknown(model, file, err);
    const GaclipTensor *tensor = NULL;
    for (int i = 0; i < model->parameters.count && !status; i++)
        status = find_weight(&tensor, &model->parameters.entries[i], file, err);
    if (!status && !mapped) status = gaclip__parameters_own(&model->parameters, err);
    for (int i = 0; i < model->parameters.count && !status; i++) {
        GaclipParameter *p = &model->parameters.entries[i];
        status = find_weight(&tensor, p, file, err);
        if (status) break;
        if (mapped)
            p->value = tensor->data;
        else
            status = gaclip__tensor_to_f32(model->parameters.values + p->offset, tensor, err);
    }
    if (!status) status = refuse_infinite(model, err);
    if (!status) model->file = file;
    return status;
}

static int read_list(GaclipModel *model, GaclipTextList list, const cJSON *json, GaclipError *err)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, LIST_KEYS[list]), *item;
    int count = cJSON_GetArraySize(array), i = 0, status = GACLIP_OK;
    if (!cJSON_IsArray(array) || count > 65536)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "model metadata: \"%s\" is not a list of texts", LIST_KEYS[list]);
    const char **texts = calloc((size_t)count + 1, sizeof *texts);
    if (!texts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_ArrayForEach(item, array)
    {
        texts[i++] = cJSON_GetStringValue(item);
        if (!texts[i - 1])
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                      "model metadata: \"%s\" holds something not a text",
                                      LIST_KEYS[list]);
    }
    if (!status) status = gaclip_model_set_texts(model, list, texts, (size_t)count, err);
    free(texts);
    return status;
}

static int read_tokenizer(GaclipModel *model, const GaclipSafetensors *file, GaclipError *err)
{
    const GaclipTensor *merges = gaclip__safetensors_find(file, MERGES);
    if (!merges || merges->dtype != GACLIP_DTYPE_U8 || merges->rank != 1)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "tensor \"%s\" is missing or not a row of U8", MERGES);
    int status = gaclip_tokenizer_from_merges(&model->tokenizer, merges->data, merges->bytes, 0,
                                              err);
    if (!status &&
        gaclip_tokenizer_vocab_size(model->tokenizer) != model->config.text.vocab_size)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "the tokenizer has %d tokens, text.vocab_size says %d",
                                  gaclip_tokenizer_vocab_size(model->tokenizer),
                                  model->config.text.vocab_size);
    return status;
}

static int read_metadata(GaclipModelConfig *config, cJSON **out, const GaclipSafetensors *file,
                         GaclipError *err)
{
    const char *text = gaclip__safetensors_metadata(file, "gaclip");
    if (!text)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "has no \"gaclip\" metadata: not a model written by gaclip-train");
    cJSON *json = cJSON_ParseWithOpts(text, NULL, 1);
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(json, "format");
    int status = GACLIP_OK;
    if (!cJSON_IsObject(json))
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its \"gaclip\" metadata is not JSON");
    else if (!cJSON_IsNumber(format) || format->valuedouble != FORMAT_VERSION)
        status = gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                  "its format version is not %d; use the gaclip that wrote it",
                                  FORMAT_VERSION);
    else
        status = gaclip__config_from_json(
            config, cJSON_GetObjectItemCaseSensitive(json, "architecture"), err);
    if (status) {
        cJSON_Delete(json);
        return status;
    }
    *out = json;
    return GACLIP_OK;
}

static int read_rest(GaclipModel *model, const cJSON *json, const char *path, GaclipError *err)
{
    for (int list = 0; list < GACLIP__TEXT_LISTS; list++) {
        int status = read_list(model, (GaclipTextList)list, json, err);
        if (status) return status;
    }
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(json, "training");
    if (training && !cJSON_IsObject(training))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "model metadata: \"training\" is not an object");
    if (training) model->training = cJSON_PrintUnformatted(training);
    model->metadata = cJSON_PrintUnformatted(json);
    model->path = strdup(path);
    if (!model->metadata || !model->path || (training && !model->training))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return GACLIP_OK;
}

int gaclip_model_open(GaclipModel **out, const char *path, GaclipCompute *compute, GaclipError *err)
{
    *out = NULL;
    GaclipSafetensors *file;
    int status = gaclip__safetensors_open(&file, path, err);
    if (status) return status;
    GaclipModelConfig config;
    GaclipModel *model = NULL;
    cJSON *json = NULL;
    status = read_metadata(&config, &json, file, err);
    if (!status) status = gaclip__model_declare(&model, &config, compute, err);
    if (!status) status = read_tokenizer(model, file, err);
    if (!status) status = read_rest(model, json, path, err);
    if (!status) status = gaclip__model_take_weights(model, file, err);
    cJSON_Delete(json);
    if (status) {
        if (!model || model->file != file) gaclip__safetensors_close(file);
        gaclip_model_close(model);
        gaclip_error_prefix(err, "%s", path);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}

const char *gaclip_model_sha256(GaclipModel *model)
{
    if (model->file && !model->sha256[0]) {
        size_t size;
        const void *bytes = gaclip__safetensors_bytes(model->file, &size);
        gaclip__sha256_hex(model->sha256, bytes, size);
    }
    return model->sha256;
}

const char *gaclip_model_metadata(const GaclipModel *model)
{
    return model->metadata ? model->metadata : "{}";
}

int gaclip_model_set_training(GaclipModel *model, const char *json, GaclipError *err)
{
    cJSON *parsed = cJSON_ParseWithOpts(json, NULL, 1);
    char *copy = cJSON_IsObject(parsed) ? strdup(json) : NULL;
    cJSON_Delete(parsed);
    if (!copy)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "training provenance is not a JSON object");
    free(model->training);
    model->training = copy;
    return GACLIP_OK;
}

static char *metadata_text(const GaclipModel *model)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "format", FORMAT_VERSION);
    cJSON_AddItemToObject(json, "architecture", gaclip__config_to_json(&model->config));
    for (int list = 0; list < GACLIP__TEXT_LISTS; list++) {
        const GaclipTexts *texts = &model->texts[list];
        cJSON *array = cJSON_AddArrayToObject(json, LIST_KEYS[list]);
        for (size_t i = 0; i < texts->count; i++)
            cJSON_AddItemToArray(array, cJSON_CreateString(texts->items[i]));
    }
    if (model->training)
        cJSON_AddItemToObject(json, "training", cJSON_Parse(model->training));
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

/* Writes nothing that could not be opened again. */
int gaclip_model_save(const GaclipModel *model, const char *path, GaclipError *err)
{
    size_t count = (size_t)model->parameters.count;
    int status = gaclip__config_check(&model->config, err);
    if (!status) status = refuse_infinite(model, err);
    if (status) {
        gaclip_error_prefix(err, "%s", path);
        return status;
    }
    char *text = metadata_text(model);
    GaclipTensor *tensors = calloc(count + 1, sizeof *tensors);
    status = GACLIP_ERROR_MEMORY;
    if (text && tensors) {
        for (size_t i = 0; i < count; i++) {
            const GaclipParameter *p = &model->parameters.entries[i];
            tensors[i] = (GaclipTensor){.name = p->name,
                                        .dtype = GACLIP_DTYPE_F32,
                                        .rank = p->rank,
                                        .data = p->value,
                                        .bytes = p->count * sizeof(float),
                                        .count = p->count};
            for (int d = 0; d < p->rank; d++) tensors[i].shape[d] = p->shape[d];
        }
        size_t size;
        const char *merges = gaclip_tokenizer_merges(model->tokenizer, &size);
        tensors[count] = (GaclipTensor){.name = MERGES,
                                        .dtype = GACLIP_DTYPE_U8,
                                        .rank = 1,
                                        .shape = {(int64_t)size},
                                        .data = merges,
                                        .bytes = size,
                                        .count = size};
        const char *key = "gaclip", *value = text;
        status = gaclip__safetensors_write(path, tensors, count + 1, &key, &value, 1, err);
    } else {
        gaclip_error_set(err, status, "out of memory");
    }
    cJSON_free(text);
    free(tensors);
    return status;
}
