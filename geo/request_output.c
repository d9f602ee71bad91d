#include "request_output.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/default_model.h"
#include "gaclip/view.h"
#include "gdal_error.h"
#include "provenance.h"
#include "relative_path.h"
#include "request_keys.h"
#include "temporary_file.h"
#include "view.h"

int gaclip__is_request_output(const GaclipSceneDetectOptions *options)
{
    if (options->format) return EQUAL(options->format, "GACLIP");
    return options->output && EQUAL(CPLGetExtension(options->output), "gaclip");
}

static int check_options(const GaclipSceneDetectOptions *o, GaclipError *err)
{
    const char *refused = o->dst_crs                              ? "--dst-crs"
                          : o->aoi                                ? "--aoi"
                          : o->append                             ? "--append"
                          : o->layer_name                         ? "--output-layer"
                          : o->quicklook                          ? "--quicklook"
                          : o->layer_options && *o->layer_options ? "--lco"
                                                                  : NULL;
    if (refused)
        return gaclip_error_set(
            err, GACLIP_ERROR_UNSUPPORTED,
            "%s: %s does not go with a .gaclip file; write a GeoPackage, or use "
            "ogr2ogr on the .gaclip file",
            o->output, refused);
    if (!EQUAL(CPLGetExtension(o->output), "gaclip"))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s: is to end in .gaclip, by which the driver knows its files",
                                o->output);
    return gaclip__check_output(o->output, o->overwrite, err);
}

/* A file as seen from the output's folder, so that both can be moved. The caller frees it with
 * CPLFree. */
static char *stored_name(const char *name, const char *output)
{
    char *folder = CPLStrdup(CPLGetPath(output));
    char *stored = gaclip__relative_path(name, *folder ? folder : ".");
    CPLFree(folder);
    return stored;
}

static int set(GaclipRequest *request, const char *key, const char *value, GaclipError *err)
{
    char *text = (char *)(uintptr_t)value;
    return gaclip__key_set(request, gaclip__key_find(key, strlen(key)), &text, 1, err);
}

static int set_number(GaclipRequest *request, const char *key, double value, GaclipError *err)
{
    char text[40];
    CPLsnprintf(text, sizeof text, "%.15g", value);
    return set(request, key, text, err);
}

static int set_numbers(GaclipRequest *request, const char *key, const double *values, int count,
                       GaclipError *err)
{
    char texts[4][40], *list[4];
    for (int i = 0; i < count && i < 4; i++) {
        CPLsnprintf(texts[i], sizeof texts[i], "%.17g", values[i]);
        list[i] = texts[i];
    }
    return gaclip__key_set(request, gaclip__key_find(key, strlen(key)), list, count, err);
}

/* The decimal number that the float was. */
static double meant(float value)
{
    for (int digits = 6; digits < 9; digits++) {
        double number = CPLAtof(CPLSPrintf("%.*g", digits, (double)value));
        if ((float)number == value) return number;
    }
    return (double)value;
}

static int set_raster(GaclipRequest *request, const GaclipRasterOptions *raster, GaclipError *err)
{
    double bands[4];
    int status = GACLIP_OK;
    for (int i = 0; i < raster->band_count && i < 4; i++) bands[i] = raster->bands[i];
    if (raster->bands) status = set_numbers(request, "bands", bands, raster->band_count, err);
    int options = CSLCount((CSLConstList)raster->open_options);
    if (!status && options)
        status =
            gaclip_request_set_list(request, "open_options", raster->open_options, options, err);
    if (!status && raster->scale) status = set(request, "scale", raster->scale, err);
    if (!status && raster->gsd > 0) status = set_number(request, "gsd", raster->gsd, err);
    return status;
}

static int is_default_proposer(const GaclipModel *proposer, const GaclipModel *model)
{
    return gaclip_model_config(model)->proposal.width <= 0 &&
           gaclip_is_shipped_model(gaclip_model_path(proposer));
}

static int set_detection(GaclipRequest *request, const GaclipDetector *detector,
                         const GaclipModel *model, const GaclipSceneDetectOptions *o,
                         GaclipError *err)
{
    const GaclipDetectOptions *d = gaclip_detector_options(detector);
    int status = set_number(request, "min_score", meant(d->min_score), err);
    if (!status && o->nms_iou != request->nms_iou)
        status = set_number(request, "nms_iou", o->nms_iou, err);
    if (!status && d->independent) status = set(request, "independent", "yes", err);
    if (!status && d->overlap >= 0) status = set_number(request, "overlap", d->overlap, err);
    if (!status && d->octaves >= 0) status = set_number(request, "octaves", d->octaves, err);
    if (!status && d->finer >= 0) status = set_number(request, "finer", d->finer, err);
    if (!status && d->crops) status = set(request, "crops", "yes", err);
    if (!status && d->dense >= 0)
        status = set(request, "dense", d->dense == GACLIP_DENSE_VALUE ? "value" : "full", err);
    if (!status && d->proposer && !is_default_proposer(d->proposer, model))
        status = set(request, "proposals", gaclip_model_path(d->proposer), err);
    if (!status && o->tile_size) status = set_number(request, "tile_size", o->tile_size, err);
    if (!status && o->bbox) status = set_numbers(request, "bbox", o->bbox, 4, err);
    return status ? status : set_raster(request, &o->raster, err);
}

/* The shipped model is found wherever gaclip is, on another machine, too, and needs no name. */
static int is_default(const char *model)
{
    const char *path;
    return gaclip_is_shipped_model(model) && !gaclip_choose_model(&path, NULL, NULL) &&
           !strcmp(path, model);
}

static int make_request(GaclipRequest *request, const char *scene, const GaclipDetector *detector,
                        const GaclipModel *model, const char *const *classes, int class_count,
                        const GaclipSceneDetectOptions *o, GaclipError *err)
{
    gaclip_request_init(request);
    request->scene = strdup(scene);
    request->file = strdup(o->output);
    if (!request->scene || !request->file)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip_request_set_list(request, "classes", classes, class_count, err);
    if (!status && !is_default(gaclip_model_path(model)))
        status = set(request, "model", gaclip_model_path(model), err);
    GaclipPrecision precision = gaclip_compute_precision(gaclip_model_compute(model));
    if (!status && precision != GACLIP_PRECISION_F32)
        status = set(request, "precision", gaclip_precision_name(precision), err);
    return status ? status : set_detection(request, detector, model, o, err);
}

static int count_all(GaclipSceneDetectSummary *summary, const GaclipView *view,
                     const GaclipFoundList *merged, GaclipError *err)
{
    GaclipStoreTotals totals = gaclip__store_totals(&view->store);
    summary->tiles = view->store.tile_count;
    summary->tiles_empty = totals.empty;
    summary->windows = totals.windows;
    summary->found = totals.boxes;
    summary->written = merged->count;
    summary->per_class = calloc((size_t)view->request.classes.count, sizeof(int));
    if (!summary->per_class) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < merged->count; i++) summary->per_class[merged->items[i].class_index]++;
    return GACLIP_OK;
}

static int detect_all(GaclipSceneDetectSummary *summary, GaclipView *view, GaclipError *err)
{
    GaclipFoundList merged = {0};
    int status = gaclip__view_store(view, err);
    GaclipStoreQuery query = {.floor = view->voting,
                              .min_score = view->min_score,
                              .nms_iou = view->request.nms_iou};
    if (!status) status = gaclip__view_fetch(view, &query, err);
    if (!status) status = gaclip__store_answer(&merged, &view->store, &query, err);
    if (!status) status = count_all(summary, view, &merged, err);
    free(merged.items);
    return status;
}

static int write_text(const char *path, const char *text, GaclipError *err)
{
    char *temporary = gaclip__temporary_name(path);
    gaclip__remove_abandoned(path);
    VSILFILE *file = VSIFOpenL(temporary, "wb");
    size_t size = strlen(text);
    int failed = !file || VSIFWriteL(text, 1, size, file) != size;
    if (file && VSIFCloseL(file)) failed = 1;
    if (!failed && gaclip__put_in_place(temporary, path)) failed = 1;
    if (failed) VSIUnlink(temporary);
    CPLFree(temporary);
    return failed ? gaclip_error_set(err, GACLIP_ERROR_IO,
                                     "%s: cannot be written; choose a folder that exists and is "
                                     "yours",
                                     path)
                  : GACLIP_OK;
}

/* The request as it is stored, which names files as seen from the output. */
static int write_request(const GaclipView *view, const cJSON *provenance, GaclipError *err)
{
    GaclipRequest stored = view->request;
    char *said = cJSON_PrintUnformatted(provenance);
    stored.scene = stored_name(view->request.scene, view->request.file);
    if (stored.model) stored.model = stored_name(view->request.model, view->request.file);
    if (stored.proposals)
        stored.proposals = stored_name(view->request.proposals, view->request.file);
    char *text = gaclip_request_json(&stored, said);
    int status = text && said ? write_text(view->request.file, text, err)
                              : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    CPLFree(stored.scene);
    CPLFree(stored.model);
    CPLFree(stored.proposals);
    cJSON_free(said);
    free(text);
    return status;
}

/* Everything but the clock. */
static int run(GaclipSceneDetectSummary *summary, GaclipView *view, GaclipDetector *detector,
               GaclipModel *model, const GaclipSceneDetectOptions *options, GaclipError *err)
{
    int status = detect_all(summary, view, err);
    if (status) return status;
    GaclipProvenance from = {.scene = view->request.scene,
                             .raster = gaclip_raster_info(view->raster),
                             .detector = detector,
                             .model = model,
                             .classes = (const char *const *)view->request.classes.items,
                             .class_count = view->request.classes.count,
                             .options = options,
                             .summary = summary};
    cJSON *provenance = gaclip__provenance(&from);
    status = provenance ? write_request(view, provenance, err)
                        : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_Delete(provenance);
    return status;
}

int gaclip__detect_to_request(GaclipSceneDetectSummary *summary, const char *scene,
                              GaclipDetector *detector, GaclipModel *model,
                              const char *const *classes, int class_count,
                              const GaclipSceneDetectOptions *options,
                              GaclipSceneProgress *progress, void *payload, GaclipError *err)
{
    GaclipRequest request = {0};
    GaclipView *view = NULL;
    GaclipSceneDetectSummary counts = {0};
    int status = check_options(options, err);
    if (!status)
        status = make_request(&request, scene, detector, model, classes, class_count, options, err);
    if (status)
        gaclip_request_clear(&request);
    else
        status = gaclip_view_open(&view, &request, err);
    if (!status) {
        gaclip__view_lend(view, model, detector);
        gaclip_view_set_progress(progress, payload);
        status = run(&counts, view, detector, model, options, err);
        gaclip_view_set_progress(NULL, NULL);
    }
    gaclip_view_close(view);
    if (status)
        free(counts.per_class);
    else
        *summary = counts;
    return status;
}
