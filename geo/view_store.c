/* The boxes of a view: what the cache holds, and what the model adds to it. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "file_key.h"
#include "gaclip/default_model.h"
#include "gaclip/detect.h"
#include "gdal_error.h"
#include "result_cache.h"
#include "text_hash.h"
#include "view.h"

/* Among GDAL's memory files: only a name; the key itself is compared in full. */
static char *name_memory(const GaclipView *view, const char *model)
{
    const GaclipRequest *r = &view->request;
    cJSON *asked = gaclip__view_asked_key(view);
    char *text = cJSON_PrintUnformatted(asked);
    uint64_t hash = gaclip__text_hash(GACLIP__HASH_START, r->scene);
    hash = gaclip__text_hash(gaclip__text_hash(hash, model), text ? text : "");
    hash = gaclip__text_hash(hash, r->proposals ? r->proposals : "");
    cJSON_free(text);
    cJSON_Delete(asked);
    VSIMkdir("/vsimem/gaclip", 0777);
    return CPLStrdup(CPLSPrintf("/vsimem/gaclip/%016llx.boxes", (unsigned long long)hash));
}

static int is_same(const cJSON *key, const char *name, const cJSON *wanted)
{
    return cJSON_Compare(cJSON_GetObjectItemCaseSensitive(key, name), wanted, 1);
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

/* The smallest score that is asked for, with the default of the key's model; negative = neither. */
static double wanted_score(const GaclipView *view, const cJSON *key)
{
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(key, "model");
    double asked = view->request.min_score, preset = number_of(model, "min_score");
    return asked >= 0 ? asked : preset <= 1 ? preset : -1;
}

/* The smallest score that votes for those. */
static double voting_score(const GaclipView *view, const cJSON *key)
{
    return (double)gaclip_voting_score((float)wanted_score(view, key));
}

/* The cache's key, where it is of this scene, question and a floor low enough; else NULL. */
static cJSON *matching_key(const GaclipView *view, const char *path, const cJSON *scene,
                           const cJSON *asked)
{
    char *text = path ? gaclip__cache_key(path) : NULL;
    cJSON *key = text ? cJSON_Parse(text) : NULL;
    double floor = number_of(key, "floor");
    free(text);
    double highest = voting_score(view, key), lowest = view->is_lent ? highest : 0;
    if (key && is_same(key, "scene", scene) && is_same(key, "asked", asked) && floor >= lowest &&
        floor <= highest)
        return key;
    cJSON_Delete(key);
    return NULL;
}

/* The same file of the same size and time is the same model; else its bytes decide, which sha256
 * (NULL: not to be had) is of. */
static int is_same_file(const cJSON *known, const cJSON *file, const char *sha256)
{
    const cJSON *digest = cJSON_GetObjectItemCaseSensitive(known, "sha256");
    if (cJSON_GetArraySize(file) == 3 && is_same(known, "file", file)) return 1;
    return sha256 && cJSON_IsString(digest) && !strcmp(digest->valuestring, sha256);
}

static int is_of_model(GaclipView *view, const cJSON *key, const cJSON *file)
{
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(key, "model");
    if (is_same_file(model, file, NULL)) return 1;
    return gaclip__view_model(view, NULL) == GACLIP_OK &&
           is_same_file(model, file, gaclip_model_sha256(view->model));
}

/* A key says whose proposals there were unless they were the model's own. */
static int is_of_proposer(GaclipView *view, const cJSON *key)
{
    const cJSON *known = cJSON_GetObjectItemCaseSensitive(key, "proposals");
    const char *path;
    if (!known) return !view->request.proposals;
    if (gaclip_choose_proposer(&path, view->request.proposals, NULL)) return 0;
    cJSON *file = gaclip__file_key(path);
    int same = is_same_file(known, file, NULL);
    if (!same && !gaclip__view_proposer(view, NULL) && view->proposer)
        same = is_same_file(known, file, gaclip_model_sha256(view->proposer));
    cJSON_Delete(file);
    return same;
}

/* The cache's key, where it is of the same model and proposals too; else NULL. */
static cJSON *known_key(GaclipView *view, const char *path, const cJSON *scene, const cJSON *asked,
                        const cJSON *file)
{
    cJSON *key = matching_key(view, path, scene, asked);
    if (key && is_of_model(view, key, file) && is_of_proposer(view, key)) return key;
    cJSON_Delete(key);
    return NULL;
}

static cJSON *describe_model(GaclipView *view, const cJSON *file)
{
    double gsd_min, gsd_max;
    cJSON *model = cJSON_CreateObject(), *prompts;
    gaclip_detector_gsd(&gsd_min, &gsd_max, view->detector);
    cJSON_AddItemToObject(model, "file", cJSON_Duplicate(file, 1));
    cJSON_AddStringToObject(model, "sha256", gaclip_model_sha256(view->model));
    cJSON_AddNumberToObject(model, "window", gaclip_detector_span(view->detector));
    cJSON_AddNumberToObject(model, "overlap", gaclip_detector_span_overlap(view->detector));
    cJSON_AddNumberToObject(model, "min_score",
                            (double)gaclip_detector_default_score(view->detector));
    cJSON_AddNumberToObject(model, "gsd_min", gsd_min);
    cJSON_AddNumberToObject(model, "gsd_max", gsd_max);
    prompts = cJSON_AddArrayToObject(model, "prompts");
    for (int i = 0; i < view->request.classes.count; i++)
        cJSON_AddItemToArray(prompts,
                             cJSON_CreateString(gaclip_detector_prompt(view->detector, i)));
    return model;
}

static cJSON *describe_proposer(GaclipModel *proposer)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, "file", gaclip__file_key(gaclip_model_path(proposer)));
    cJSON_AddStringToObject(object, "sha256", gaclip_model_sha256(proposer));
    return object;
}

/* A key of our own, which needs the model; scene and asked are taken over. */
static int make_key(GaclipView *view, cJSON *scene, cJSON *asked, const cJSON *file,
                    GaclipError *err)
{
    int status = gaclip__view_detector(view, view->request.min_score, err);
    if (status) {
        cJSON_Delete(scene);
        cJSON_Delete(asked);
        return status;
    }
    view->key = cJSON_CreateObject();
    cJSON_AddItemToObject(view->key, "scene", scene);
    cJSON_AddItemToObject(view->key, "asked", asked);
    cJSON_AddItemToObject(view->key, "model", describe_model(view, file));
    if (view->proposer)
        cJSON_AddItemToObject(view->key, "proposals", describe_proposer(view->proposer));
    cJSON_AddNumberToObject(view->key, "floor", voting_score(view, view->key));
    return GACLIP_OK;
}

/* *is_of_memory: whether it was found in GDAL's memory alone. */
static int find_key(int *is_of_memory, GaclipView *view, GaclipError *err)
{
    const char *path;
    int status = gaclip__view_model_path(&path, view, err);
    if (status) return status;
    CPLFree(view->memory_file);
    view->memory_file = name_memory(view, path);
    cJSON *scene = gaclip__view_scene_key(view), *asked = gaclip__view_asked_key(view);
    cJSON *file = gaclip__file_key(path);
    view->key = known_key(view, view->cache_file, scene, asked, file);
    int is_beside = view->key != NULL;
    if (!is_beside) view->key = known_key(view, view->memory_file, scene, asked, file);
    *is_of_memory = view->key && !is_beside;
    if (view->key) {
        cJSON_Delete(scene);
        cJSON_Delete(asked);
    } else {
        status = make_key(view, scene, asked, file, err);
    }
    cJSON_Delete(file);
    return status;
}

/* From the key, which may be a file's: nothing in it is trusted. */
static int read_prompts(GaclipView *view, const cJSON *model, GaclipError *err)
{
    const cJSON *prompts = cJSON_GetObjectItemCaseSensitive(model, "prompts"), *prompt;
    int count = view->request.classes.count, at = 0;
    if (cJSON_GetArraySize(prompts) != count)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: is damaged; remove it",
                                view->cache_file ? view->cache_file : view->memory_file);
    free(view->prompts);
    view->prompts = calloc((size_t)count + 1, sizeof *view->prompts);
    if (!view->prompts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_ArrayForEach(prompt, prompts)
    {
        view->prompts[at++] = cJSON_IsString(prompt) ? prompt->valuestring : "";
    }
    return GACLIP_OK;
}

static int as_int(double value)
{
    return value >= 0 && value <= 1e6 ? (int)value : -1;
}

static int plan_tiles(GaclipTilePlan *plan, GaclipView *view, GaclipError *err)
{
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(view->key, "model");
    const GaclipRequest *r = &view->request;
    GaclipArea area;
    int window = as_int(number_of(model, "window"));
    int status = read_prompts(view, model, err);
    if (!status)
        status = gaclip__view_raster(view, number_of(model, "gsd_min"), number_of(model, "gsd_max"),
                                     err);
    if (!status)
        status = gaclip__area_of(&area, view->raster, r->bbox.count ? r->bbox.items : NULL, err);
    if (!status)
        status = gaclip__tile_plan(plan, &area, window, as_int(number_of(model, "overlap")),
                                   r->tile_size ? r->tile_size : gaclip__default_tile(window), err);
    return status;
}

/* Adds what others have put there. */
static void read_cache(GaclipView *view)
{
    const char *const files[] = {view->cache_file, view->memory_file};
    char *key = cJSON_PrintUnformatted(view->key);
    for (int i = 0; i < 2; i++)
        if (key && files[i])
            gaclip__cache_read(&view->store, files[i], key, view->request.classes.count);
    cJSON_free(key);
}

/* With what another view has put there meanwhile. Where no file can be written, as in a folder of
 * somebody else's, GDAL's memory keeps it for the views of this process. */
static void write_cache(GaclipView *view)
{
    read_cache(view);
    char *key = cJSON_PrintUnformatted(view->key);
    if (key && (!view->cache_file ||
                gaclip__cache_write(&view->store, view->cache_file, key, NULL) != GACLIP_OK))
        gaclip__cache_write(&view->store, view->memory_file, key, NULL);
    cJSON_free(key);
}

int gaclip__view_store(GaclipView *view, GaclipError *err)
{
    GaclipTilePlan plan;
    int is_of_memory = 0;
    if (view->has_store) return GACLIP_OK;
    if (view->request.classes.count == 0)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: no classes are asked for",
                                view->request.scene);
    cJSON_Delete(view->key);
    view->key = NULL;
    int status = find_key(&is_of_memory, view, err);
    if (!status) status = plan_tiles(&plan, view, err);
    if (!status) {
        view->min_score = wanted_score(view, view->key);
        view->voting = voting_score(view, view->key);
    }
    if (!status)
        status = gaclip__store_init(&view->store, &plan, number_of(view->key, "floor"), err);
    if (status) {
        gaclip__store_clear(&view->store);
        return status;
    }
    read_cache(view);
    if (is_of_memory && view->cache_file) write_cache(view);
    view->has_store = 1;
    return GACLIP_OK;
}

typedef struct Scan {
    GaclipView *view;
    int total;
} Scan;

static int keep_tile(GaclipTileBoxes *boxes, int tile, int done, void *payload, GaclipError *err)
{
    Scan *scan = payload;
    gaclip__store_put(&scan->view->store, tile, boxes);
    scan->view->tiles_run++;
    return gaclip__view_progress(done, scan->total, err);
}

static int scan_tiles(GaclipView *view, const int *tiles, int count, GaclipError *err)
{
    Scan scan = {view, count};
    int run_before = view->tiles_run;
    int status = gaclip__view_detector(view, view->store.floor, err);
    if (!status)
        status = gaclip__scan_tiles(view->raster, view->detector, &view->store.plan, tiles, count,
                                    keep_tile, &scan, err);
    if (view->tiles_run > run_before) write_cache(view);
    return status;
}

int gaclip__view_fetch(GaclipView *view, const GaclipStoreQuery *query, GaclipError *err)
{
    int *tiles, count, status;
    do {
        status = gaclip__store_missing(&tiles, &count, &view->store, query, err);
        if (!status && count) status = scan_tiles(view, tiles, count, err);
        free(tiles);
    } while (!status && count);
    return status;
}
