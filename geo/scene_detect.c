/* Detection over a scene, step by step. */
#include "gaclip/scene_detect.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdio.h>
#include <stdlib.h>

#include "area_of_interest.h"
#include "clock.h"
#include "detection_feature.h"
#include "file_key.h"
#include "gdal_error.h"
#include "layer_runs.h"
#include "layer_writer.h"
#include "provenance.h"
#include "qgis_style.h"
#include "quicklook.h"
#include "raster.h"
#include "request_output.h"
#include "temporary_file.h"
#include "text_hash.h"
#include "tile_scan.h"
#include "unfinished.h"

void gaclip_scene_detect_options_init(GaclipSceneDetectOptions *options)
{
    *options = (GaclipSceneDetectOptions){.nms_iou = 0.3};
    gaclip_raster_options_init(&options->raster);
}

static const char *layer_name_of(const GaclipSceneDetectOptions *o)
{
    return o->layer_name ? o->layer_name : "detections";
}

/* Everything that a run holds. */
typedef struct Run {
    const char *scene;
    GaclipDetector *detector;
    GaclipModel *model;
    const char *const *classes;
    int class_count;
    GaclipSceneDetectOptions options;
    GaclipSceneProgress *progress;
    void *payload;
    GaclipSceneDetectSummary summary;
    GaclipRaster *raster;
    GaclipVectorTarget target;
    GaclipAreaOfInterest *aoi; /* NULL: everywhere */
    GaclipTileStore store;
    GaclipUnfinished unfinished;
    char fingerprint[17];
    GaclipFoundList found;
} Run;

static GaclipLayerOptions layer_options(const Run *run)
{
    const GaclipSceneDetectOptions *o = &run->options;
    return (GaclipLayerOptions){
        .name = layer_name_of(o), .dst_crs = o->dst_crs, .layer_options = o->layer_options};
}

static GaclipProvenance provenance_of(const Run *run)
{
    return (GaclipProvenance){.scene = run->scene,
                              .raster = gaclip_raster_info(run->raster),
                              .detector = run->detector,
                              .model = run->model,
                              .classes = run->classes,
                              .class_count = run->class_count,
                              .options = &run->options,
                              .summary = &run->summary};
}

static int check_quicklook(const GaclipSceneDetectOptions *o, GaclipError *err)
{
    const char *extension = CPLGetExtension(o->quicklook);
    if (*extension && !EQUAL(extension, "png"))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: quicklooks are PNG files; let the name end in .png",
                                o->quicklook);
    return gaclip__check_output(o->quicklook, o->overwrite, err);
}

/* Opens what is read and what is written: whatever can be known to fail does so here. */
static int open_all(Run *run, GaclipError *err)
{
    const GaclipSceneDetectOptions *o = &run->options;
    int status = o->append
                     ? gaclip__target_extend(&run->target, o->output, o->format, err)
                     : gaclip__target_open(&run->target, o->output, o->format, o->overwrite, err);
    if (!status && o->quicklook) status = check_quicklook(o, err);
    if (!status) status = gaclip_raster_open(&run->raster, run->scene, &o->raster, err);
    if (!status) {
        GaclipLayerOptions layer = layer_options(run);
        status = gaclip__check_layer(&run->target, run->raster, &layer, gaclip__detection_fields,
                                     GACLIP__DETECTION_FIELDS, err);
    }
    if (!status && o->aoi)
        status = gaclip__aoi_open(&run->aoi, o->aoi, o->aoi_layer, run->raster, err);
    return status;
}

static int plan_tiles(Run *run, GaclipError *err)
{
    GaclipArea area;
    GaclipTilePlan plan;
    int status = gaclip__area_of(&area, run->raster, run->options.bbox, err);
    if (!status)
        status = gaclip__tile_plan(&plan, &area, gaclip_detector_span(run->detector),
                                   gaclip_detector_span_overlap(run->detector),
                                   run->options.tile_size, err);
    return status ? status : gaclip__store_init(&run->store, &plan, 0, err);
}

static cJSON *file_key_of(const char *source)
{
    return source ? gaclip__file_key(source) : cJSON_CreateNull();
}

/* What the tiles depend on; where scene and models lie is no part of it. */
static cJSON *make_key(const Run *run)
{
    GaclipProvenance from = provenance_of(run);
    cJSON *key = cJSON_CreateObject();
    char **files = GDALGetFileList(run->raster->dataset);
    gaclip__add_run(key, &from);
    cJSON_DeleteItemFromObjectCaseSensitive(key, "model");
    cJSON_DeleteItemFromObjectCaseSensitive(key, "proposals");
    cJSON_ReplaceItemInObjectCaseSensitive(key, "scene",
                                           gaclip__raster_files_key(files, run->scene));
    cJSON_AddItemToObject(key, "aoi", file_key_of(run->options.aoi));
    CSLDestroy(files);
    return key;
}

/* Sixteen digits that stand for the key, and for the ground that the scene lies on. */
static void set_fingerprint(Run *run, const cJSON *key)
{
    const double *t = gaclip_raster_info(run->raster)->geotransform;
    char *text = cJSON_PrintUnformatted(key);
    uint64_t hash = gaclip__text_hash(GACLIP__HASH_START, text ? text : "");
    for (int i = 0; i < 6; i++) hash = gaclip__text_hash(hash, CPLSPrintf(",%.17g", t[i]));
    snprintf(run->fingerprint, sizeof run->fingerprint, "%016llx", (unsigned long long)hash);
    cJSON_free(text);
}

/* Whether an earlier run has appended the same to the output: what --resume is to pass over. */
static int was_appended(const Run *run)
{
    if (!run->target.is_extended) return 0;
    GDALDatasetH dataset = gaclip__target_existing(&run->target);
    OGRLayerH layer =
        dataset ? GDALDatasetGetLayerByName(dataset, layer_name_of(&run->options)) : NULL;
    int is_there = layer && gaclip__layer_runs_hold(layer, "fingerprint", run->fingerprint);
    if (dataset) GDALClose(dataset);
    return is_there;
}

/* Scenes that share an output leave what they have found beside it each under its own name. */
static int take_up(Run *run, const cJSON *key, GaclipError *err)
{
    const GaclipSceneDetectOptions *o = &run->options;
    char *name = CPLStrdup(o->append ? CPLSPrintf("%s.%s", o->output, CPLGetFilename(run->scene))
                                     : o->output);
    int status = gaclip__unfinished_open(&run->unfinished, &run->store, name, key, run->class_count,
                                         o->resume, err);
    CPLFree(name);
    run->summary.tiles_resumed = run->store.known;
    return status;
}

/* Whether a box that counts may reach into the tile: half of a window is as far as one goes. */
static int is_wanted(const Run *run, int index)
{
    GaclipTile tile = gaclip__tile_at(&run->store.plan, index);
    return !run->aoi || gaclip__aoi_meets(run->aoi, &tile, run->store.plan.window / 2);
}

/* The tiles that are still to be looked at; *tiles is free with free(). */
static int list_tiles(int **tiles, int *count, Run *run, GaclipError *err)
{
    *count = 0;
    *tiles = malloc(((size_t)run->store.tile_count + 1) * sizeof **tiles);
    if (!*tiles) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < run->store.tile_count; i++)
        if (!run->store.tiles[i].is_known && is_wanted(run, i)) (*tiles)[(*count)++] = i;
    run->summary.tiles = run->store.known + *count;
    if (run->summary.tiles) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: has no polygon where %s is searched",
                            run->options.aoi, run->scene);
}

static int collect(GaclipTileBoxes *boxes, int tile, int done, void *payload, GaclipError *err)
{
    Run *run = payload;
    gaclip__store_put(&run->store, tile, boxes);
    gaclip__unfinished_keep(&run->unfinished, &run->store, 0);
    done += run->summary.tiles_resumed;
    if (!run->progress || !run->progress(done, run->summary.tiles, run->payload)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                            "interrupted after %d of %d tiles; %s was not written", done,
                            run->summary.tiles, run->options.output);
}

/* Says how to go on, where there is something to go on from. */
static int stop(Run *run, int status, GaclipError *err)
{
    int has_news = run->store.known > run->summary.tiles_resumed;
    if (has_news && !gaclip__unfinished_keep(&run->unfinished, &run->store, 1)) return status;
    if (!run->store.known || !err) return status;
    GaclipError reason = *err;
    return gaclip_error_set(err, status, "%s; the same command with --resume goes on from there",
                            reason.message);
}

static int detect_tiles(Run *run, GaclipError *err)
{
    int *tiles, count;
    int status = list_tiles(&tiles, &count, run, err);
    if (!status)
        status = gaclip__scan_tiles(run->raster, run->detector, &run->store.plan, tiles, count,
                                    collect, run, err);
    free(tiles);
    return status;
}

static void drop_outside(GaclipFoundList *list, const GaclipAreaOfInterest *aoi)
{
    int kept = 0;
    for (int i = 0; i < list->count; i++) {
        const GaclipFound *f = &list->items[i];
        if (gaclip__aoi_holds(aoi, (f->x1 + f->x2) / 2, (f->y1 + f->y2) / 2))
            list->items[kept++] = *f;
    }
    list->count = kept;
}

static int merge_tiles(Run *run, GaclipError *err)
{
    GaclipSceneDetectSummary *s = &run->summary;
    GaclipStoreTotals totals = gaclip__store_totals(&run->store);
    GaclipStoreQuery all = {.min_score = gaclip_detector_options(run->detector)->min_score,
                            .nms_iou = run->options.nms_iou};
    int status = gaclip__store_answer(&run->found, &run->store, &all, err);
    if (status) return status;
    if (run->aoi) drop_outside(&run->found, run->aoi);
    s->tiles_empty = totals.empty;
    s->windows = totals.windows;
    s->found = totals.boxes;
    s->written = run->found.count;
    s->per_class = calloc((size_t)run->class_count, sizeof *s->per_class);
    if (!s->per_class) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < run->found.count; i++) s->per_class[run->found.items[i].class_index]++;
    return GACLIP_OK;
}

/* What the layer's features are made from. */
typedef struct Features {
    const Run *run;
    GaclipDetectionNames names;
    GaclipDetectionBuffer buffer;
} Features;

static void feature_at(GaclipFeature *out, int index, void *payload)
{
    Features *f = payload;
    gaclip__detection_feature(out, &f->buffer, &f->run->found.items[index], f->run->raster,
                              &f->names);
}

static int write_layer(Run *run, const cJSON *provenance, const char *style, GaclipError *err)
{
    Features features = {.run = run, .names = {.source = run->scene, .classes = run->classes}};
    const char **prompts = malloc((size_t)run->class_count * sizeof *prompts);
    if (!prompts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < run->class_count; i++)
        prompts[i] = gaclip_detector_prompt(run->detector, i);
    features.names.prompts = prompts;
    GaclipLayerContent content = {.raster = run->raster,
                                  .options = layer_options(run),
                                  .geometry = wkbPolygon,
                                  .fields = gaclip__detection_fields,
                                  .field_count = GACLIP__DETECTION_FIELDS,
                                  .count = run->found.count,
                                  .feature = feature_at,
                                  .payload = &features,
                                  .style = style,
                                  .provenance = provenance};
    int status = gaclip__write_layer(&run->target, &content, err);
    free(prompts);
    return status;
}

static int write_quicklook(const Run *run, GaclipError *err)
{
    if (!run->options.quicklook) return GACLIP_OK;
    return gaclip__quicklook(run->options.quicklook, run->raster, &run->store.plan.area,
                             &run->found, err);
}

/* A layer that is extended is there once it is written, so the picture comes first. */
static int write_both(Run *run, const cJSON *provenance, const char *style, GaclipError *err)
{
    int is_extended = run->target.is_extended;
    int status = is_extended ? write_quicklook(run, err) : GACLIP_OK;
    if (!status) status = write_layer(run, provenance, style, err);
    return status || is_extended ? status : write_quicklook(run, err);
}

static int write_output(Run *run, GaclipError *err)
{
    GaclipProvenance from = provenance_of(run);
    cJSON *provenance = gaclip__provenance(&from);
    char *style = gaclip__qgis_style(run->classes, run->class_count);
    if (provenance) cJSON_AddStringToObject(provenance, "fingerprint", run->fingerprint);
    int status = provenance && style ? write_both(run, provenance, style, err)
                                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_Delete(provenance);
    free(style);
    if (!status) status = gaclip__target_commit(&run->target, err);
    if (!status) gaclip__unfinished_remove(&run->unfinished);
    return status;
}

/* Plans the work and takes up what there is of it, unless all of it is done. */
static int begin(Run *run, GaclipError *err)
{
    cJSON *key = make_key(run);
    int status = GACLIP_OK;
    set_fingerprint(run, key);
    int is_there = was_appended(run);
    run->summary.is_done = is_there && run->options.resume;
    run->summary.is_repeated = is_there && !run->options.resume;
    if (!run->summary.is_done) {
        status = plan_tiles(run, err);
        if (!status) status = take_up(run, key, err);
    }
    cJSON_Delete(key);
    return status;
}

static int run_all(Run *run, GaclipError *err)
{
    int status = begin(run, err);
    if (status || run->summary.is_done) return status;
    status = detect_tiles(run, err);
    if (!status) status = merge_tiles(run, err);
    if (!status) status = write_output(run, err);
    return status ? stop(run, status, err) : GACLIP_OK;
}

static void close_all(Run *run)
{
    gaclip__unfinished_clear(&run->unfinished);
    gaclip__store_clear(&run->store);
    gaclip__target_abandon(&run->target);
    gaclip__aoi_free(run->aoi);
    gaclip_raster_close(run->raster);
    free(run->found.items);
}

int gaclip_scene_detect(GaclipSceneDetectSummary *summary, const char *scene,
                        GaclipDetector *detector, GaclipModel *model, const char *const *classes,
                        int class_count, const GaclipSceneDetectOptions *options,
                        GaclipSceneProgress *progress, void *payload, GaclipError *err)
{
    Run run = {.scene = scene,
               .detector = detector,
               .model = model,
               .classes = classes,
               .class_count = class_count,
               .options = *options,
               .progress = progress,
               .payload = payload};
    double started = gaclip__seconds();
    if (gaclip__is_request_output(options)) {
        gaclip__gdal_quiet_begin();
        int status = gaclip__detect_to_request(summary, scene, detector, model, classes,
                                               class_count, options, progress, payload, err);
        gaclip__gdal_quiet_end();
        if (!status) summary->seconds = gaclip__seconds() - started;
        return status;
    }
    if (!run.options.tile_size)
        run.options.tile_size = gaclip__default_tile(gaclip_detector_span(detector));
    gaclip__gdal_quiet_begin();
    int status = open_all(&run, err);
    if (!status) status = run_all(&run, err);
    close_all(&run);
    gaclip__gdal_quiet_end();
    run.summary.seconds = gaclip__seconds() - started;
    if (status)
        free(run.summary.per_class);
    else
        *summary = run.summary;
    return status;
}
