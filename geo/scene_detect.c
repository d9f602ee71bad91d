/* Detection over a scene, step by step. */
#include "gaclip/scene_detect.h"

#include <stdlib.h>
#include <time.h>

#include "detection_writer.h"
#include "gdal_error.h"
#include "provenance.h"
#include "tile_reader.h"

enum { DEFAULT_TILE = 512 };

void gaclip_scene_detect_options_init(GaclipSceneDetectOptions *options)
{
    *options = (GaclipSceneDetectOptions){.tile_size = DEFAULT_TILE, .nms_iou = 0.4};
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

static int prepare(Run *run, GaclipError *err)
{
    GaclipArea area;
    int status = gaclip__target_open(&run->target, run->options.output, run->options.format,
                                     run->options.overwrite, err);
    if (!status) status = gaclip_raster_open(&run->raster, run->scene, &run->options.raster, err);
    if (!status) status = gaclip__check_layer(&run->target, run->raster, &run->options, err);
    if (!status) status = gaclip__area_of(&area, run->raster, run->options.bbox, err);
    if (!status)
        status =
            gaclip__tile_plan(&run->plan, &area, gaclip_detector_window(run->detector),
                              gaclip_detector_overlap(run->detector), run->options.tile_size, err);
    return status;
}

/* Whether an edge of the tile that is none of the area may have cut the box. */
static int is_cut_by_tile(const GaclipBox *box, const GaclipTile *tile)
{
    return (tile->inner_left && box->x1 < GACLIP_CUT_DISTANCE) ||
           (tile->inner_top && box->y1 < GACLIP_CUT_DISTANCE) ||
           (tile->inner_right && box->x2 > (float)tile->width - GACLIP_CUT_DISTANCE) ||
           (tile->inner_bottom && box->y2 > (float)tile->height - GACLIP_CUT_DISTANCE);
}

static int collect(Run *run, const GaclipTile *tile, const GaclipDetection *d, GaclipError *err)
{
    GaclipFound found = {.x1 = tile->x + (double)d->box.x1,
                         .y1 = tile->y + (double)d->box.y1,
                         .x2 = tile->x + (double)d->box.x2,
                         .y2 = tile->y + (double)d->box.y2,
                         .class_index = d->class_index,
                         .score = d->score,
                         .objectness = d->objectness,
                         .probability = d->probability,
                         .similarity = d->similarity,
                         .column = tile->column,
                         .row = tile->row,
                         .is_cut = d->is_cut || is_cut_by_tile(&d->box, tile)};
    return gaclip__found_add(&run->found, &found, err);
}

static int detect_tile(Run *run, const GaclipTile *tile, const GaclipImage *image, GaclipError *err)
{
    GaclipDetection *detections;
    int count, windows;
    if (!image->rgb) {
        run->summary.tiles_empty++;
        return GACLIP_OK;
    }
    int status = gaclip_detect_unmerged(&detections, &count, &windows, run->detector, image, err);
    if (status) return status;
    run->summary.windows += windows;
    for (int i = 0; i < count && !status; i++) status = collect(run, tile, &detections[i], err);
    free(detections);
    return status;
}

static int report_progress(Run *run, int done, GaclipError *err)
{
    if (!run->progress || !run->progress(done, run->summary.tiles, run->payload)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                            "interrupted after %d of %d tiles; %s was not written", done,
                            run->summary.tiles, run->options.output);
}

static int detect_tiles(Run *run, GaclipError *err)
{
    GaclipTileReader *reader;
    int status = gaclip__tile_reader_new(&reader, run->raster, &run->plan, err);
    if (status) return status;
    run->summary.tiles = gaclip__tile_count(&run->plan);
    for (int i = 0; i < run->summary.tiles && !status; i++) {
        GaclipTile tile;
        GaclipImage image = {0};
        status = gaclip__tile_reader_next(&tile, &image, reader, err);
        if (!status) status = detect_tile(run, &tile, &image, err);
        gaclip_image_clear(&image);
        if (!status) status = report_progress(run, i + 1, err);
    }
    gaclip__tile_reader_free(reader);
    return status;
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
    if (!provenance) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    GaclipDetectionLayer layer = {.raster = run->raster,
                                  .detector = run->detector,
                                  .source = run->scene,
                                  .classes = run->classes,
                                  .class_count = run->class_count,
                                  .found = run->found.items,
                                  .count = run->found.count,
                                  .provenance = provenance,
                                  .options = &run->options};
    int status = gaclip__write_layer(&run->target, &layer, err);
    cJSON_Delete(provenance);
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
    if (!run.options.tile_size) run.options.tile_size = DEFAULT_TILE;
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
