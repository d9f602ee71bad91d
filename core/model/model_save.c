/* Writing self-describing model files (format: MODEL.md of the design, "Model file"). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/calibration.h"
#include "model/config.h"
#include "model/model.h"
#include "model/model_file.h"

char *gaclip__model_metadata_text(const GaclipModel *model)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "format", GACLIP__FORMAT_VERSION);
    cJSON_AddItemToObject(json, "architecture", gaclip__config_to_json(&model->config));
    for (int list = 0; list < GACLIP__TEXT_LISTS; list++) {
        const GaclipTexts *texts = &model->texts[list];
        cJSON *array = cJSON_AddArrayToObject(json, GACLIP__LIST_KEYS[list]);
        for (size_t i = 0; i < texts->count; i++)
            cJSON_AddItemToArray(array, cJSON_CreateString(texts->items[i]));
    }
    if (model->calibration_count)
        cJSON_AddItemToObject(json, GACLIP__CALIBRATION, gaclip__calibration_to_json(model));
    if (model->training) cJSON_AddItemToObject(json, "training", cJSON_Parse(model->training));
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

/* Vectors and the temperature stay f32: they are a thousandth of the model. */
static int is_narrowed(const GaclipParameter *p, GaclipStorage storage)
{
    return storage != GACLIP_STORE_F32 && p->rank >= 2;
}

/* Values that the file cannot hold are no values to open again. */
static int check_values(const GaclipModel *model, GaclipStorage storage, GaclipError *err)
{
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        int is_f16 = storage == GACLIP_STORE_F16 && is_narrowed(p, storage);
        for (size_t k = 0; k < p->count; k++) {
            if (!isfinite(p->value[k]))
                return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                        "tensor \"%s\" holds a value that is not finite", p->name);
            if (is_f16 && fabsf(p->value[k]) >= 65520)
                return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                        "tensor \"%s\" holds %g, too large for f16; store bf16",
                                        p->name, (double)p->value[k]);
        }
    }
    return GACLIP_OK;
}

static void narrow(uint16_t *out, const GaclipParameter *p, GaclipStorage storage)
{
    for (size_t k = 0; k < p->count; k++)
        out[k] = storage == GACLIP_STORE_F16 ? gaclip__f32_to_f16(p->value[k])
                                             : gaclip__f32_to_bf16(p->value[k]);
}

/* One tensor a parameter, then the merges. halves: room for every narrowed value. */
static void list_tensors(GaclipTensor *tensors, uint16_t *halves, const GaclipModel *model,
                         GaclipStorage storage)
{
    int count = model->parameters.count;
    for (int i = 0; i < count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        GaclipTensor *t = &tensors[i];
        *t = (GaclipTensor){.name = p->name,
                            .dtype = GACLIP_DTYPE_F32,
                            .rank = p->rank,
                            .data = p->value,
                            .count = p->count};
        for (int d = 0; d < p->rank; d++) t->shape[d] = p->shape[d];
        if (is_narrowed(p, storage)) {
            narrow(halves, p, storage);
            t->dtype = storage == GACLIP_STORE_F16 ? GACLIP_DTYPE_F16 : GACLIP_DTYPE_BF16;
            t->data = halves;
            halves += p->count;
        }
        t->bytes = p->count * gaclip__dtype_size(t->dtype);
    }
    size_t size;
    const char *merges = gaclip_tokenizer_merges(model->tokenizer, &size);
    tensors[count] = (GaclipTensor){.name = GACLIP__MERGES,
                                    .dtype = GACLIP_DTYPE_U8,
                                    .rank = 1,
                                    .shape = {(int64_t)size},
                                    .data = merges,
                                    .bytes = size,
                                    .count = size};
}

static size_t count_narrowed(const GaclipModel *model, GaclipStorage storage)
{
    size_t count = 0;
    for (int i = 0; i < model->parameters.count; i++)
        if (is_narrowed(&model->parameters.entries[i], storage))
            count += model->parameters.entries[i].count;
    return count;
}

/* Writes nothing that could not be opened again. */
int gaclip_model_save_as(const GaclipModel *model, const char *path, GaclipStorage storage,
                         GaclipError *err)
{
    size_t count = (size_t)model->parameters.count;
    int status = gaclip__config_check(&model->config, err);
    if (!status) status = check_values(model, storage, err);
    if (status) {
        gaclip_error_prefix(err, "%s", path);
        return status;
    }
    char *text = gaclip__model_metadata_text(model);
    GaclipTensor *tensors = calloc(count + 1, sizeof *tensors);
    uint16_t *halves = malloc((count_narrowed(model, storage) + 1) * sizeof *halves);
    if (text && tensors && halves) {
        const char *key = "gaclip", *value = text;
        list_tensors(tensors, halves, model, storage);
        status = gaclip__safetensors_write(path, tensors, count + 1, &key, &value, 1, err);
    } else {
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    cJSON_free(text);
    free(tensors);
    free(halves);
    return status;
}

int gaclip_model_save(const GaclipModel *model, const char *path, GaclipError *err)
{
    return gaclip_model_save_as(model, path, GACLIP_STORE_F32, err);
}
