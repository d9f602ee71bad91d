#include "provenance.h"

#include <cpl_string.h>
#include <gdal.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

long long gaclip__timestamp(void)
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    long long seconds = fixed ? strtoll(fixed, &end, 10) : 0;
    return fixed && end != fixed && *end == '\0' ? seconds : (long long)time(NULL);
}

void gaclip__format_timestamp(char *out, size_t size)
{
    time_t seconds = (time_t)gaclip__timestamp();
    struct tm parts;
    *out = '\0';
    if (gmtime_r(&seconds, &parts)) strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static void add_time(cJSON *object)
{
    char text[32];
    gaclip__format_timestamp(text, sizeof text);
    cJSON_AddStringToObject(object, "created", text);
}

static void add_raster(cJSON *object, const GaclipRasterInfo *info)
{
    double gsd[2] = {info->gsd_x, info->gsd_y};
    double used[2] = {info->gsd_x / info->zoom_x, info->gsd_y / info->zoom_y};
    cJSON_AddStringToObject(object, "scene_crs", info->crs_name);
    cJSON_AddItemToObject(object, "scene_gsd", cJSON_CreateDoubleArray(gsd, 2));
    cJSON_AddItemToObject(object, "model_gsd", cJSON_CreateDoubleArray(used, 2));
    cJSON_AddItemToObject(object, "bands", cJSON_CreateIntArray(info->bands, 3));
    cJSON_AddStringToObject(object, "scale_rule", info->scale_rule);
}

/* A float as the decimal number that was meant. */
static double rounded(float value)
{
    return round((double)value * 1e6) / 1e6;
}

void gaclip__add_passes(cJSON *object, const GaclipModel *model, int dense)
{
    int mode = dense < 0 ? (int)gaclip_model_config(model)->dense : dense;
    GaclipPrecision precision = gaclip_compute_precision(gaclip_model_compute(model));
    cJSON_AddStringToObject(object, "dense", mode == GACLIP_DENSE_FULL ? "full" : "value");
    cJSON_AddStringToObject(object, "precision", gaclip_precision_name(precision));
}

static void add_models(cJSON *object, const GaclipProvenance *from)
{
    GaclipModel *proposer = gaclip_detector_options(from->detector)->proposer;
    cJSON_AddStringToObject(object, "model", gaclip_model_path(from->model));
    cJSON_AddStringToObject(object, "model_sha256", gaclip_model_sha256(from->model));
    if (!proposer) return;
    cJSON_AddStringToObject(object, "proposals", gaclip_model_path(proposer));
    cJSON_AddStringToObject(object, "proposals_sha256", gaclip_model_sha256(proposer));
}

static void add_open_options(cJSON *options, const char *const *list)
{
    int count = CSLCount((CSLConstList)list);
    if (count) cJSON_AddItemToObject(options, "open_options", cJSON_CreateStringArray(list, count));
}

static void add_options(cJSON *object, const GaclipProvenance *from)
{
    const GaclipDetectOptions *detect = gaclip_detector_options(from->detector);
    cJSON *options = cJSON_AddObjectToObject(object, "options");
    cJSON_AddNumberToObject(options, "min_score", rounded(detect->min_score));
    cJSON_AddNumberToObject(options, "nms_iou", from->options->nms_iou);
    cJSON_AddNumberToObject(options, "mix", rounded(detect->mix));
    cJSON_AddBoolToObject(options, "independent", detect->independent);
    cJSON_AddNumberToObject(options, "window", gaclip_detector_window(from->detector));
    cJSON_AddNumberToObject(options, "overlap", gaclip_detector_overlap(from->detector));
    cJSON_AddNumberToObject(options, "octaves", gaclip_detector_octaves(from->detector));
    cJSON_AddNumberToObject(options, "finer", gaclip_detector_finer(from->detector));
    cJSON_AddNumberToObject(options, "tile_size", from->options->tile_size);
    gaclip__add_passes(options, from->model, detect->dense);
    cJSON_AddBoolToObject(options, "crops", detect->crops);
    add_open_options(options, from->options->raster.open_options);
    if (from->options->bbox)
        cJSON_AddItemToObject(options, "bbox", cJSON_CreateDoubleArray(from->options->bbox, 4));
    if (from->options->aoi) cJSON_AddStringToObject(options, "aoi", from->options->aoi);
    if (from->options->aoi_layer)
        cJSON_AddStringToObject(options, "aoi_layer", from->options->aoi_layer);
}

static void add_classes(cJSON *object, const GaclipProvenance *from)
{
    cJSON *prompts = cJSON_AddObjectToObject(object, "prompts");
    for (int i = 0; i < from->class_count; i++)
        cJSON_AddStringToObject(prompts, from->classes[i],
                                gaclip_detector_prompt(from->detector, i));
}

static void add_counts(cJSON *object, const GaclipProvenance *from)
{
    const GaclipSceneDetectSummary *s = from->summary;
    cJSON *counts = cJSON_AddObjectToObject(object, "counts");
    cJSON_AddNumberToObject(counts, "tiles", s->tiles);
    cJSON_AddNumberToObject(counts, "tiles_empty", s->tiles_empty);
    cJSON_AddNumberToObject(counts, "windows", s->windows);
    cJSON_AddNumberToObject(counts, "found", s->found);
    cJSON_AddNumberToObject(counts, "written", s->written);
    cJSON *classes = cJSON_AddObjectToObject(counts, "classes");
    for (int i = 0; i < from->class_count; i++)
        cJSON_AddNumberToObject(classes, from->classes[i], s->per_class[i]);
}

void gaclip__add_run(cJSON *object, const GaclipProvenance *from)
{
    cJSON_AddStringToObject(object, "scene", from->scene);
    add_raster(object, from->raster);
    add_models(object, from);
    add_classes(object, from);
    add_options(object, from);
}

cJSON *gaclip__provenance(const GaclipProvenance *from)
{
    cJSON *object = cJSON_CreateObject();
    if (!object) return NULL;
    cJSON_AddStringToObject(object, "software", "gaclip " GACLIP_VERSION);
    cJSON_AddStringToObject(object, "revision", GACLIP_REVISION);
    cJSON_AddStringToObject(object, "gdal", GDALVersionInfo("RELEASE_NAME"));
    add_time(object);
    if (from->options->command) cJSON_AddStringToObject(object, "command", from->options->command);
    gaclip__add_run(object, from);
    add_counts(object, from);
    return object;
}
