/* Reading what a self-describing model file says beside its weights (format: MODEL.md of the
 * design, "Model file"). */
#include <stdlib.h>
#include <string.h>

#include "base/json_limit.h"
#include "model/calibration.h"
#include "model/config.h"
#include "model/model.h"
#include "model/model_file.h"
#include "model/synonyms.h"

static int read_list(GaclipModel *model, GaclipTextList list, const cJSON *json, GaclipError *err)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, GACLIP__LIST_KEYS[list]), *item;
    int count = cJSON_GetArraySize(array), i = 0, status = GACLIP_OK;
    if (!cJSON_IsArray(array) || count > 65536)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "model metadata: \"%s\" is not a list of texts",
                                GACLIP__LIST_KEYS[list]);
    const char **texts = calloc((size_t)count + 1, sizeof *texts);
    if (!texts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_ArrayForEach(item, array)
    {
        texts[i++] = cJSON_GetStringValue(item);
        if (!texts[i - 1])
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                      "model metadata: \"%s\" holds something not a text",
                                      GACLIP__LIST_KEYS[list]);
    }
    if (!status) status = gaclip_model_set_texts(model, list, texts, (size_t)count, err);
    free(texts);
    return status;
}

static int read_tokenizer(GaclipModel *model, const GaclipSafetensors *file, GaclipError *err)
{
    const GaclipTensor *merges = gaclip__safetensors_find(file, GACLIP__MERGES);
    if (!merges || merges->dtype != GACLIP_DTYPE_U8 || merges->rank != 1)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "tensor \"%s\" is missing or not a row of U8", GACLIP__MERGES);
    int status =
        gaclip_tokenizer_from_merges(&model->tokenizer, merges->data, merges->bytes, 0, err);
    if (!status && gaclip_tokenizer_vocab_size(model->tokenizer) != model->config.text.vocab_size)
        status = gaclip_error_set(
            err, GACLIP_ERROR_FORMAT, "the tokenizer has %d tokens, text.vocab_size says %d",
            gaclip_tokenizer_vocab_size(model->tokenizer), model->config.text.vocab_size);
    return status;
}

int gaclip__model_read_metadata(GaclipModelConfig *config, cJSON **out,
                                const GaclipSafetensors *file, GaclipError *err)
{
    const char *text = gaclip__safetensors_metadata(file, "gaclip");
    cJSON *json =
        gaclip__json_is_modest(text, strlen(text)) ? cJSON_ParseWithOpts(text, NULL, 1) : NULL;
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(json, "format");
    int status = GACLIP_OK;
    if (!cJSON_IsObject(json))
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its \"gaclip\" metadata is not JSON");
    else if (!cJSON_IsNumber(format) || format->valuedouble != GACLIP__FORMAT_VERSION)
        status = gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                  "its format version is not %d; use the gaclip that wrote it",
                                  GACLIP__FORMAT_VERSION);
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

int gaclip__model_read_rest(GaclipModel *model, const GaclipSafetensors *file, const cJSON *json,
                            const char *path, GaclipError *err)
{
    int failed = read_tokenizer(model, file, err);
    if (failed) return failed;
    for (int list = 0; list < GACLIP__TEXT_LISTS; list++) {
        int status = read_list(model, (GaclipTextList)list, json, err);
        if (status) return status;
    }
    failed = gaclip__calibration_from_json(
        model, cJSON_GetObjectItemCaseSensitive(json, GACLIP__CALIBRATION), err);
    if (!failed)
        failed = gaclip__synonyms_from_json(
            model, cJSON_GetObjectItemCaseSensitive(json, GACLIP__SYNONYMS), err);
    if (failed) return failed;
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
