/* Writing self-describing model files (format: MODEL.md of the design, "Model file"). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/quantised.h"
#include "model/calibration.h"
#include "model/config.h"
#include "model/model.h"
#include "model/model_file.h"
#include "model/synonyms.h"

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
    if (model->synonym_count)
        cJSON_AddItemToObject(json, GACLIP__SYNONYMS, gaclip__synonyms_to_json(model));
    if (model->calibration_count)
        cJSON_AddItemToObject(json, GACLIP__CALIBRATION, gaclip__calibration_to_json(model));
    if (model->training) cJSON_AddItemToObject(json, "training", cJSON_Parse(model->training));
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

/* Vectors and the temperature stay f32: they are a thousandth of the model. */
static GaclipDtype stored_type(const GaclipParameter *p, GaclipStorage storage)
{
    if (storage == GACLIP_STORE_F32 || p->rank < 2) return GACLIP_DTYPE_F32;
    if (storage == GACLIP_STORE_F16) return GACLIP_DTYPE_F16;
    return storage == GACLIP_STORE_INT8 && p->is_linear ? GACLIP_DTYPE_I8 : GACLIP_DTYPE_BF16;
}

/* Values that the file cannot hold are no values to open again. */
static int check_values(const GaclipModel *model, GaclipStorage storage, GaclipError *err)
{
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        int is_f16 = stored_type(p, storage) == GACLIP_DTYPE_F16;
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

static void narrow(uint16_t *out, const GaclipParameter *p, GaclipDtype type)
{
    for (size_t k = 0; k < p->count; k++)
        out[k] = type == GACLIP_DTYPE_F16 ? gaclip__f32_to_f16(p->value[k])
                                          : gaclip__f32_to_bf16(p->value[k]);
}

static void quantise(int8_t *out, float *scales, const GaclipParameter *p)
{
    size_t length = (size_t)p->shape[1];
    for (size_t row = 0; row < (size_t)p->shape[0]; row++)
        scales[row] =
            gaclip__quantise_weights(out + row * length, p->value + row * length, p->shape[1]);
}

/* What a file is written from. */
typedef struct Listing {
    GaclipTensor *tensors; /* one a parameter, one for the scales of each in I8, the merges */
    char (*names)[GACLIP__NAME_SIZE + sizeof GACLIP__SCALE_ENDING]; /* of the scales */
    unsigned char *narrow;                                          /* narrowed values, scales */
    size_t count;
} Listing;

/* Memory for a listing, of at least what it needs. */
static int make_room(Listing *list, const GaclipModel *model, GaclipStorage storage,
                     GaclipError *err)
{
    size_t count = (size_t)model->parameters.count, bytes = 1;
    for (size_t i = 0; i < count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        GaclipDtype type = stored_type(p, storage);
        if (type != GACLIP_DTYPE_F32) bytes += (p->count * gaclip__dtype_size(type) + 15) / 16 * 16;
        if (type == GACLIP_DTYPE_I8) bytes += ((size_t)p->shape[0] * sizeof(float) + 15) / 16 * 16;
    }
    *list = (Listing){.tensors = calloc(2 * count + 1, sizeof *list->tensors),
                      .names = calloc(count + 1, sizeof *list->names),
                      .narrow = malloc(bytes)};
    if (list->tensors && list->names && list->narrow) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static void free_listing(Listing *list)
{
    free(list->tensors);
    free(list->names);
    free(list->narrow);
}

static GaclipTensor *append(Listing *list, const char *name, GaclipDtype type, const void *data,
                            size_t count)
{
    GaclipTensor *t = &list->tensors[list->count++];
    *t = (GaclipTensor){.name = name,
                        .dtype = type,
                        .rank = 1,
                        .shape = {(int64_t)count},
                        .data = data,
                        .bytes = count * gaclip__dtype_size(type),
                        .count = count};
    return t;
}

/* at: where its narrowed values go; returns where those of the next one do. */
static unsigned char *list_parameter(Listing *list, const GaclipParameter *p, int index,
                                     GaclipStorage storage, unsigned char *at)
{
    GaclipDtype type = stored_type(p, storage);
    const void *data = type == GACLIP_DTYPE_F32 ? (const void *)p->value : at;
    GaclipTensor *t = append(list, p->name, type, data, p->count);
    t->rank = p->rank;
    for (int d = 0; d < p->rank; d++) t->shape[d] = p->shape[d];
    if (type == GACLIP_DTYPE_F32) return at;
    unsigned char *behind = at + (t->bytes + 15) / 16 * 16;
    if (type != GACLIP_DTYPE_I8) {
        narrow((uint16_t *)(void *)at, p, type);
        return behind;
    }
    size_t rows = (size_t)p->shape[0];
    quantise((int8_t *)at, (float *)(void *)behind, p);
    snprintf(list->names[index], sizeof *list->names, "%s%s", p->name, GACLIP__SCALE_ENDING);
    append(list, list->names[index], GACLIP_DTYPE_F32, behind, rows);
    return behind + (rows * sizeof(float) + 15) / 16 * 16;
}

static int list_tensors(Listing *list, const GaclipModel *model, GaclipStorage storage,
                        GaclipError *err)
{
    size_t size;
    int status = make_room(list, model, storage, err);
    if (status) return status;
    unsigned char *at = list->narrow;
    for (int i = 0; i < model->parameters.count; i++)
        at = list_parameter(list, &model->parameters.entries[i], i, storage, at);
    const char *merges = gaclip_tokenizer_merges(model->tokenizer, &size);
    append(list, GACLIP__MERGES, GACLIP_DTYPE_U8, merges, size);
    return GACLIP_OK;
}

/* Writes nothing that could not be opened again. */
int gaclip_model_save_as(const GaclipModel *model, const char *path, GaclipStorage storage,
                         GaclipError *err)
{
    Listing list = {0};
    int status = gaclip__config_check(&model->config, err);
    if (!status) status = check_values(model, storage, err);
    if (status) {
        gaclip_error_prefix(err, "%s", path);
        return status;
    }
    const char *key = "gaclip";
    char *text = gaclip__model_metadata_text(model);
    status = text ? list_tensors(&list, model, storage, err)
                  : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status)
        status = gaclip__safetensors_write(path, list.tensors, list.count, &key,
                                           &(const char *){text}, 1, err);
    cJSON_free(text);
    free_listing(&list);
    return status;
}

int gaclip_model_save(const GaclipModel *model, const char *path, GaclipError *err)
{
    return gaclip_model_save_as(model, path, GACLIP_STORE_F32, err);
}
