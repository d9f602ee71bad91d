/* Detection over a scene, step by step. */
#include "gaclip/scene_detect.h"

#include <stdlib.h>
#include <time.h>

#include "detection_feature.h"
#include "gdal_error.h"
#include "layer_writer.h"
#include "provenance.h"
#include "qgis_style.h"
#include "request_output.h"
#include "tile_scan.h"

void gaclip_scene_detect_options_init(GaclipSceneDetectOptions *options)
{
    *options = (GaclipSceneDetectOptions){.nms_iou = 0.3};
    gaclip_raster_options_init(&options->raster);
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
    GaclipTilePlan plan;
    GaclipFoundList found;
} Run;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static GaclipLayerOptions layer_options(const Run *run)
{
    const GaclipSceneDetectOptions *o = &run->options;
    return (GaclipLayerOptions){.name = o->layer_name ? o->layer_name : "detections",
                                .dst_crs = o->dst_crs,
                                .layer_options = o->layer_options};
}

static int prepare(Run *run, GaclipError *err)
{
    GaclipArea area;
    int status = gaclip__target_open(&run->target, run->options.output, run->options.format,
                                     run->options.overwrite, err);
    if (!status) status = gaclip_raster_open(&run->raster, run->scene, &run->options.raster, err);
    if (!status) {
        GaclipLayerOptions layer = layer_options(run);
        status = gaclip__check_layer(&run->target, run->raster, &layer, err);
    }
    if (!status) status = gaclip__area_of(&area, run->raster, run->options.bbox, err);
    if (!status)
        status = gaclip__tile_plan(&run->plan, &area, gaclip_detector_span(run->detector),
                                   gaclip_detector_span_overlap(run->detector),
                                   run->options.tile_size, err);
    return status;
}

static int report_progress(Run *run, int done, GaclipError *err)
{
    if (!run->progress || !run->progress(done, run->summary.tiles, run->payload)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                            "interrupted after %d of %d tiles; %s was not written", done,
                            run->summary.tiles, run->options.output);
}

static int collect(GaclipTileBoxes *boxes, int tile, int done, void *payload, GaclipError *err)
{
    Run *run = payload;
    int status = GACLIP_OK;
    (void)tile;
    run->summary.tiles_empty += boxes->is_empty;
    run->summary.windows += boxes->windows;
    for (int i = 0; i < boxes->count && !status; i++)
        status = gaclip__found_add(&run->found, &boxes->items[i], err);
    return status ? status : report_progress(run, done, err);
}

static int detect_tiles(Run *run, GaclipError *err)
{
    run->summary.tiles = gaclip__tile_count(&run->plan);
    return gaclip__scan_tiles(run->raster, run->detector, &run->plan, NULL, run->summary.tiles,
                              collect, run, err);
}

static int merge_tiles(Run *run, GaclipError *err)
{
    GaclipSceneDetectSummary *s = &run->summary;
    s->found = run->found.count;
    int status = gaclip__merge(&run->found, run->options.nms_iou, err);
    if (status) return status;
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

static int write_output(Run *run, GaclipError *err)
{
    GaclipProvenance from = {.scene = run->scene,
                             .raster = gaclip_raster_info(run->raster),
                             .detector = run->detector,
                             .model = run->model,
                             .classes = run->classes,
                             .class_count = run->class_count,
                             .options = &run->options,
                             .summary = &run->summary};
    cJSON *provenance = gaclip__provenance(&from);
    char *style = gaclip__qgis_style(run->classes, run->class_count);
    int status = provenance && style ? write_layer(run, provenance, style, err)
                                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_Delete(provenance);
    free(style);
    return status ? status : gaclip__target_commit(&run->target, err);
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
    double started = seconds_now();
    if (gaclip__is_request_output(options)) {
        gaclip__gdal_quiet_begin();
        int status = gaclip__detect_to_request(summary, scene, detector, model, classes,
                                               class_count, options, progress, payload, err);
        gaclip__gdal_quiet_end();
        if (!status) summary->seconds = seconds_now() - started;
        return status;
    }
    if (!run.options.tile_size)
        run.options.tile_size = gaclip__default_tile(gaclip_detector_span(detector));
    gaclip__gdal_quiet_begin();
    int status = prepare(&run, err);
    if (!status) status = detect_tiles(&run, err);
    if (!status) status = merge_tiles(&run, err);
    if (!status) status = write_output(&run, err);
    gaclip__target_abandon(&run.target);
    gaclip_raster_close(run.raster);
    gaclip__gdal_quiet_end();
    free(run.found.items);
    run.summary.seconds = seconds_now() - started;
    if (status)
        free(run.summary.per_class);
    else
        *summary = run.summary;
    return status;
}
