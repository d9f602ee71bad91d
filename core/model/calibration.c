#include "model/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 65536 };
static const double LARGEST_SLOPE = 1000, LARGEST_OFFSET = 1000;
/* Scores of 0 and 1 lie at infinity: they count as this far from them. */
static const double NEAREST = 1e-6;

double gaclip__logit(double score)
{
    double s = fmin(fmax(score, NEAREST), 1 - NEAREST);
    return log(s / (1 - s));
}

double gaclip_calibrated_score(const GaclipCalibration *c, double score)
{
    return 1 / (1 + exp(-(c->slope * gaclip__logit(score) + c->offset)));
}

double gaclip_uncalibrated_score(const GaclipCalibration *c, double score)
{
    if (score <= 0 || score >= 1) return score <= 0 ? 0 : 1;
    return 1 / (1 + exp(-(gaclip__logit(score) - c->offset) / c->slope));
}

void gaclip__calibration_clear(GaclipModel *model)
{
    for (size_t i = 0; i < model->calibration_count; i++)
        free((char *)model->calibration[i].class_name);
    free(model->calibration);
    model->calibration = NULL;
    model->calibration_count = 0;
}

static int check_row(const GaclipCalibration *row, GaclipError *err)
{
    if (row->slope > 0 && row->slope <= LARGEST_SLOPE && fabs(row->offset) <= LARGEST_OFFSET)
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "calibration of \"%s\": slope %g and offset %g are no rising curve",
                            row->class_name, row->slope, row->offset);
}

int gaclip_model_set_calibration(GaclipModel *model, const GaclipCalibration *rows, size_t count,
                                 GaclipError *err)
{
    int status = GACLIP_OK;
    GaclipModel fresh = {.calibration = calloc(count + 1, sizeof *rows)};
    if (!fresh.calibration) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        char *name = strdup(rows[i].class_name);
        status = name ? check_row(&rows[i], err)
                      : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        fresh.calibration[fresh.calibration_count++] =
            (GaclipCalibration){name, rows[i].slope, rows[i].offset};
    }
    if (status) {
        gaclip__calibration_clear(&fresh);
        return status;
    }
    gaclip__calibration_clear(model);
    model->calibration = fresh.calibration;
    model->calibration_count = count;
    return GACLIP_OK;
}

const GaclipCalibration *gaclip_model_calibration(const GaclipModel *model, size_t *count)
{
    *count = model->calibration_count;
    return model->calibration_count ? model->calibration : NULL;
}

int gaclip__calibration_from_json(GaclipModel *model, const cJSON *json, GaclipError *err)
{
    int count = cJSON_GetArraySize(json), i = 0;
    const cJSON *item;
    if (!json) return GACLIP_OK;
    if (!cJSON_IsArray(json) || count > MOST_ROWS)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "model metadata: \"calibration\" is not a list");
    GaclipCalibration *rows = calloc((size_t)count + 1, sizeof *rows);
    if (!rows) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = GACLIP_OK;
    cJSON_ArrayForEach(item, json)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "class");
        const cJSON *slope = cJSON_GetObjectItemCaseSensitive(item, "slope");
        const cJSON *offset = cJSON_GetObjectItemCaseSensitive(item, "offset");
        if (!cJSON_IsString(name) || !cJSON_IsNumber(slope) || !cJSON_IsNumber(offset))
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                      "model metadata: \"calibration\" holds something that has "
                                      "no class, slope and offset");
        else
            rows[i++] = (GaclipCalibration){cJSON_GetStringValue(name), slope->valuedouble,
                                            offset->valuedouble};
        if (status) break;
    }
    if (!status) status = gaclip_model_set_calibration(model, rows, (size_t)i, err);
    free(rows);
    return status;
}

cJSON *gaclip__calibration_to_json(const GaclipModel *model)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < model->calibration_count; i++) {
        const GaclipCalibration *row = &model->calibration[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "class", row->class_name);
        cJSON_AddNumberToObject(item, "slope", row->slope);
        cJSON_AddNumberToObject(item, "offset", row->offset);
        cJSON_AddItemToArray(array, item);
    }
    return array;
}
