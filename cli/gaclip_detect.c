/* gaclip-detect: open-vocabulary detection in rasters, written as vector layers. */
#include <cjson/cJSON.h>
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "command.h"
#include "detect_notes.h"
#include "detect_outputs.h"
#include "files.h"
#include "gaclip/default_model.h"
#include "gaclip/scene_detect.h"
#include "model_arguments.h"
#include "print_json.h"
#include "progress.h"
#include "raster_arguments.h"

typedef struct DetectArguments {
    TextList classes;
    const char *classes_file, *output, *output_layer, *model, *format, *dst_crs, *aoi, *aoi_layer,
        *quicklook;
    double min_score, nms_iou;
    NumberList bbox;
    TextList layer_options;
    RasterArguments raster;
    ModelArguments how;
    int independent, tile_size, overlap, octaves, finer, overwrite, append, resume, threads, json,
        quiet;
} DetectArguments;

/* What stays open over all scenes of a command line. */
typedef struct DetectSession {
    const DetectArguments *arguments;
    GaclipCompute *compute;
    GaclipModel *model, *proposer; /* the latter NULL where the model finds its own boxes */
    GaclipDetector *detector;
    GaclipSceneDetectOptions options;
    int searched;  /* scenes; others had been done before */
    int *found;    /* (classes) boxes in them */
    cJSON *report; /* array, one object a scene; NULL without --json */
} DetectSession;

static int open_session(DetectSession *session, const DetectArguments *arguments, GaclipError *err)
{
    const char *path;
    GaclipDetectOptions options;
    gaclip_detect_options_init(&options);
    options.min_score = (float)arguments->min_score;
    options.nms_iou = (float)arguments->nms_iou;
    options.independent = arguments->independent;
    options.overlap = arguments->overlap;
    options.octaves = arguments->octaves;
    options.finer = arguments->finer;
    int status = gaclip_choose_model(&path, arguments->model, err);
    if (status == GACLIP_OK)
        status =
            gaclip_compute_new(&session->compute, arguments->threads, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK)
        status = model_arguments_precision(session->compute, &arguments->how, err);
    if (status == GACLIP_OK) status = model_arguments_apply(&options, &arguments->how, err);
    if (status == GACLIP_OK)
        status = gaclip_model_open(&session->model, path, session->compute, err);
    if (status == GACLIP_OK)
        status = gaclip_open_proposer(&session->proposer, session->model, arguments->how.proposals,
                                      session->compute, err);
    options.proposer = session->proposer;
    if (status == GACLIP_OK)
        status = gaclip_detector_new(&session->detector, session->model,
                                     (const char *const *)arguments->classes.items,
                                     arguments->classes.count, &options, err);
    session->found = calloc((size_t)arguments->classes.count + 1, sizeof *session->found);
    if (status == GACLIP_OK && session->found == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return status;
}

static void close_session(DetectSession *session)
{
    gaclip_detector_free(session->detector);
    gaclip_model_close(session->model);
    gaclip_model_close(session->proposer);
    gaclip_compute_free(session->compute);
    cJSON_Delete(session->report);
    free(session->found);
}

static int set_scene_options(DetectSession *session, DetectArguments *arguments, GaclipError *err)
{
    GaclipSceneDetectOptions *options = &session->options;
    gaclip_detector_gsd(&options->raster.model_gsd_min, &options->raster.model_gsd_max,
                        session->detector);
    options->tile_size = arguments->tile_size;
    options->nms_iou = arguments->nms_iou;
    options->bbox = arguments->bbox.count > 0 ? arguments->bbox.items : NULL;
    options->format = arguments->format;
    options->dst_crs = arguments->dst_crs;
    options->layer_options = (const char *const *)arguments->layer_options.items;
    options->overwrite = arguments->overwrite;
    options->append = arguments->append;
    options->layer_name = arguments->output_layer;
    options->resume = arguments->resume;
    options->aoi = arguments->aoi;
    options->aoi_layer = arguments->aoi_layer;
    options->quicklook = arguments->quicklook;
    return raster_arguments_apply(&options->raster, &arguments->raster, err);
}

static int check_output(const char *output, const DetectArguments *arguments, const char **scenes,
                        int count, GaclipError *err)
{
    const char *const files[] = {arguments->model, arguments->how.proposals,
                                 arguments->classes_file, arguments->aoi};
    int status = file_check_inputs(output, scenes, count, err);
    return status == GACLIP_OK ? file_check_inputs(output, files, sizeof files / sizeof *files, err)
                               : status;
}

/* What is appended to loses nothing, and may hold inputs: polygons, or the raster itself. */
static int check_inputs(const TextList *outputs, const DetectArguments *arguments,
                        const char **scenes, int count, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < outputs->count && status == GACLIP_OK && !arguments->append; i++)
        status = check_output(outputs->items[i], arguments, scenes, count, err);
    if (status == GACLIP_OK && arguments->quicklook != NULL)
        status = check_output(arguments->quicklook, arguments, scenes, count, err);
    if (status == GACLIP_OK && arguments->quicklook != NULL)
        status = file_check_output(arguments->quicklook, arguments->overwrite, err);
    return status;
}

static int on_tile(int done, int total, void *payload)
{
    return progress_update(payload, done, total, NULL);
}

static void print_summary(const DetectArguments *arguments, const char *scene, const char *output,
                          const GaclipSceneDetectSummary *summary)
{
    printf("%s: %d boxes in %s (", scene, summary->written, output);
    for (int i = 0; i < arguments->classes.count; i++)
        printf("%s%s %d", i > 0 ? ", " : "", arguments->classes.items[i], summary->per_class[i]);
    printf("); %d tiles, %d without data; %.1f s\n", summary->tiles, summary->tiles_empty,
           summary->seconds);
}

static void add_to_report(const DetectSession *session, const char *scene, const char *output,
                          const GaclipSceneDetectSummary *summary)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "scene", scene);
    cJSON_AddStringToObject(entry, "output", output);
    cJSON_AddNumberToObject(entry, "tiles", summary->tiles);
    cJSON_AddNumberToObject(entry, "tiles_empty", summary->tiles_empty);
    cJSON_AddNumberToObject(entry, "tiles_resumed", summary->tiles_resumed);
    cJSON_AddNumberToObject(entry, "windows", summary->windows);
    cJSON_AddNumberToObject(entry, "found", summary->found);
    cJSON_AddNumberToObject(entry, "written", summary->written);
    cJSON *classes = cJSON_AddObjectToObject(entry, "classes");
    for (int i = 0; i < session->arguments->classes.count; i++)
        cJSON_AddNumberToObject(classes, session->arguments->classes.items[i],
                                summary->per_class[i]);
    cJSON_AddNumberToObject(entry, "seconds", summary->seconds);
    cJSON_AddItemToArray(session->report, entry);
}

/* An earlier run has done it; an output that is to be replaced is not looked at. */
static int is_done(const DetectSession *session, const char *output)
{
    const DetectArguments *a = session->arguments;
    VSIStatBufL facts;
    return a->resume && !a->overwrite && !a->append &&
           VSIStatExL(output, &facts, VSI_STAT_EXISTS_FLAG) == 0;
}

static void pass_over(const DetectSession *session, const char *scene, const char *output)
{
    if (session->report == NULL) {
        if (!session->arguments->quiet)
            printf("%s: passed over, %s\n", scene,
                   session->arguments->append ? CPLSPrintf("%s has its boxes already", output)
                                              : CPLSPrintf("%s is there already", output));
        return;
    }
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "scene", scene);
    cJSON_AddStringToObject(entry, "output", output);
    cJSON_AddBoolToObject(entry, "passed_over", 1);
    cJSON_AddItemToArray(session->report, entry);
}

static int detect_scene(DetectSession *session, const char *scene, const char *output,
                        GaclipError *err)
{
    const DetectArguments *arguments = session->arguments;
    GaclipSceneDetectSummary summary = {0};
    Progress progress;
    session->options.output = output;
    if (!arguments->quiet) detect_note_coarse(scene, &session->options.raster);
    progress_begin(&progress, "tiles", arguments->quiet);
    int status =
        gaclip_scene_detect(&summary, scene, session->detector, session->model,
                            (const char *const *)arguments->classes.items, arguments->classes.count,
                            &session->options, on_tile, &progress, err);
    progress_end(&progress);
    if (status == GACLIP_OK && summary.is_done) {
        pass_over(session, scene, output);
    } else if (status == GACLIP_OK) {
        if (summary.is_repeated && !arguments->quiet) detect_note_repeated(scene, output);
        session->searched++;
        for (int i = 0; i < arguments->classes.count; i++)
            session->found[i] += summary.per_class[i];
        if (session->report != NULL)
            add_to_report(session, scene, output, &summary);
        else if (!arguments->quiet)
            print_summary(arguments, scene, output, &summary);
    }
    free(summary.per_class);
    return status;
}

static int print_report(const DetectSession *session, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", gaclip_model_path(session->model));
    cJSON_AddStringToObject(root, "model_sha256", gaclip_model_sha256(session->model));
    if (session->proposer != NULL) {
        cJSON_AddStringToObject(root, "proposals", gaclip_model_path(session->proposer));
        cJSON_AddStringToObject(root, "proposals_sha256", gaclip_model_sha256(session->proposer));
    }
    cJSON_AddItemReferenceToObject(root, "scenes", session->report);
    return print_json(root, err);
}

static int detect_all(DetectArguments *arguments, const char **scenes, int count, const char *line,
                      GaclipError *err)
{
    TextList outputs = {0};
    DetectSession session = {.arguments = arguments};
    gaclip_scene_detect_options_init(&session.options);
    session.options.command = line;
    session.report = arguments->json ? cJSON_CreateArray() : NULL;
    int status = classes_gather(&arguments->classes, arguments->classes_file, err);
    if (status == GACLIP_OK && arguments->aoi_layer != NULL && arguments->aoi == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "--aoi-layer %s: of which source? Name it with --aoi",
                                  arguments->aoi_layer);
    if (status == GACLIP_OK && arguments->append && arguments->overwrite)
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "--append keeps what is there, --overwrite does not; choose one");
    if (status == GACLIP_OK && arguments->quicklook != NULL && count > 1)
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "--quicklook %s: one picture for %d scenes; run them one by one",
                                  arguments->quicklook, count);
    if (status == GACLIP_OK)
        status =
            arguments->output != NULL
                ? detect_share_output(&outputs, arguments->output, arguments->append, count, err)
                : detect_name_outputs(&outputs, scenes, count, arguments->format, err);
    if (status == GACLIP_OK) status = check_inputs(&outputs, arguments, scenes, count, err);
    if (status == GACLIP_OK) status = open_session(&session, arguments, err);
    if (status == GACLIP_OK) status = set_scene_options(&session, arguments, err);
    if (status == GACLIP_OK && !arguments->quiet)
        detect_note_same(&arguments->classes, session.model);
    for (int i = 0; i < count && status == GACLIP_OK; i++)
        if (is_done(&session, outputs.items[i]))
            pass_over(&session, scenes[i], outputs.items[i]);
        else
            status = detect_scene(&session, scenes[i], outputs.items[i], err);
    if (status == GACLIP_OK && session.searched == count && !arguments->quiet &&
        session.proposer == NULL)
        detect_note_unlearned(&arguments->classes, session.found, session.model);
    if (status == GACLIP_OK && arguments->json) status = print_report(&session, err);
    close_session(&session);
    text_list_clear(&outputs);
    return status;
}

static int detect(int argc, char **argv)
{
    GaclipDetectOptions defaults;
    gaclip_detect_options_init(&defaults);
    DetectArguments a = {.min_score = defaults.min_score,
                         .nms_iou = defaults.nms_iou,
                         .overlap = -1,
                         .octaves = -1,
                         .finer = -1};
    /* clang-format off */
    const Option options[] = {
        {.name = "classes", .letter = 'c', .type = OPTION_LIST, .value = &a.classes,
         .meta = "NAME[,NAME...]", .help = "what to look for, in words"},
        {.name = "classes-file", .type = OPTION_TEXT, .value = &a.classes_file, .meta = "FILE",
         .help = "further classes, one a line; # begins a comment"},
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &a.output, .meta = "FILE",
         .help = "vector layer to write (default: <scene>_detections.gpkg in the working folder)"},
        {.name = "of", .letter = 'f', .classic = "of", .type = OPTION_TEXT, .value = &a.format,
         .meta = "FORMAT",
         .help = "OGR driver of the output (default: by its extension), or GACLIP for a .gaclip "
                 "file, which holds what was asked, with its result"},
        {.name = "lco", .classic = "lco", .type = OPTION_PAIRS, .value = &a.layer_options,
         .meta = "NAME=VALUE", .help = "layer creation option of that driver"},
        {.name = "dst-crs", .classic = "t_srs", .type = OPTION_TEXT, .value = &a.dst_crs,
         .meta = "CRS",
         .help = "CRS of the output (default: the raster's; GeoJSON is in WGS 84, as RFC 7946 has "
                 "it, unless this asks for another)"},
        {.name = "quicklook", .type = OPTION_TEXT, .value = &a.quicklook, .meta = "FILE.png",
         .help = "write a small picture of the scene with the boxes, too"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &a.overwrite,
         .help = "replace an existing output, the whole file"},
        {.name = "append", .classic = "append", .type = OPTION_FLAG, .value = &a.append,
         .help = "add to the output, a GeoPackage, if it is there; then many scenes can share one -o"},
        {.name = "output-layer", .classic = "nln", .type = OPTION_TEXT, .value = &a.output_layer,
         .meta = "NAME", .help = "name of the layer (default: detections)"},
        {.name = "resume", .type = OPTION_FLAG, .value = &a.resume,
         .help = "go on where a run of the same command was stopped, from what it left in "
                 "OUTPUT.unfinished; pass over scenes whose output is there, or, with --append, "
                 "that were appended with the same options"},
        {.name = "model", .letter = 'm', .type = OPTION_TEXT, .value = &a.model, .meta = "FILE",
         .help = "model file (default: the shipped one, or what GACLIP_MODEL names)"},
        PROPOSAL_OPTIONS(a.how),
        PASS_OPTIONS(a.how),
        {.name = "min-score", .type = OPTION_NUMBER, .value = &a.min_score, .meta = "SCORE",
         .minimum = 0, .maximum = 1, .help = "leave out boxes that score less (default: 0.5, where about half are right, of a "
                 "calibrated model, 0.3 of others)"},
        {.name = "nms-iou", .type = OPTION_NUMBER, .value = &a.nms_iou, .meta = "IOU",
         .minimum = 0, .maximum = 1,
         .help = "of two boxes of a class that overlap more, keep the better"},
        {.name = "independent", .type = OPTION_FLAG, .value = &a.independent,
         .help = "score every class against the background alone, not against the others"},
        {.name = "bbox", .classic = "te", .type = OPTION_NUMBERS, .value = &a.bbox, .count = 4,
         .meta = "XMIN,YMIN,XMAX,YMAX", .help = "look only there, in the raster's CRS"},
        {.name = "aoi", .type = OPTION_TEXT, .value = &a.aoi, .meta = "SOURCE",
         .help = "look only within the polygons of this vector source, in any CRS: boxes whose "
                 "centre lies outside are left out"},
        {.name = "aoi-layer", .type = OPTION_TEXT, .value = &a.aoi_layer, .meta = "NAME",
         .help = "its layer (default: the first with geometries)"},
        RASTER_OPTIONS(a.raster),
        {.name = "tile-size", .type = OPTION_INTEGER, .value = &a.tile_size, .meta = "PIXELS",
         .minimum = 32, .maximum = 16384, 
         .help = "side of the tiles that are read (default 512, or three windows of the coarsest scale "
                 "if that is more)"},
        {.name = "overlap", .type = OPTION_INTEGER, .value = &a.overlap, .meta = "PIXELS",
         .minimum = 0, .maximum = 16384,
         .help = "of the model's neighbouring windows (default: half a window)"},
        SCALE_OPTIONS(a),
        {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &a.threads,
         .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},
        {.name = "json", .type = OPTION_FLAG, .value = &a.json,
         .help = "print the summary as JSON"},
        {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .value = &a.quiet,
         .help = "print neither progress nor summary"},
    };
    const Command command = {
        .name = "gaclip-detect",
        .usage = "SCENE... --classes NAME[,NAME...]",
        .summary = "find objects, named in words, in georeferenced rasters",
        .description = "Reads every SCENE (any raster that GDAL opens) tile by tile and writes the "
                       "boxes that it finds as a vector layer, with class, score and provenance.",
        .examples = "  gaclip-detect scene.tif --classes windmill --model wind.safetensors\n"
                    "  gaclip-detect mosaic.vrt -c 'storage tank,ship' -o found.geojson\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 1,
        .max_operands = INT_MAX,
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code, count;
    const char **scenes = calloc((size_t)argc, sizeof *scenes);
    char *line = command_line(&command, argc, argv);
    if (scenes == NULL || line == NULL) {
        gaclip_error_set(&err, GACLIP_ERROR_MEMORY, "out of memory");
        exit_code = command_fail(&command, &err);
    } else if (command_parse(&exit_code, &command, argc, argv, scenes, &count)) {
        if (detect_all(&a, scenes, count, line, &err) != GACLIP_OK)
            exit_code = command_fail(&command, &err);
    }
    options_clear(&command);
    free(line);
    free(scenes);
    return exit_code;
}

int main(int argc, char **argv)
{
    return command_main("gaclip-detect", detect, argc, argv);
}
