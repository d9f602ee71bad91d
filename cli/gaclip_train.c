/* gaclip-train: a model from a raster scene and a layer of annotations. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files.h"
#include "gaclip/scene_source.h"
#include "gaclip/train.h"
#include "precision.h"
#include "progress.h"
#include "train_folder.h"
#include "train_log.h"
#include "train_losses.h"
#include "train_model.h"
#include "train_record.h"

/* The share of samples around an annotation; the others are honest negatives. */
static const double OBJECT_SHARE = 0.7;

/* What is open while a model is trained. */
typedef struct TrainSession {
    const TrainRequest *request;
    GaclipCompute *compute;
    GaclipRaster *raster;
    GaclipAnnotations *annotations;
    GaclipSceneSource *source;
    GaclipModel *model;
    TrainFolder folder;
    TrainLog log;
    Progress progress;
    GaclipTrainStep last;
    int time_is_up;
    GaclipError log_error;
} TrainSession;

static int open_annotations(TrainSession *session, GaclipError *err)
{
    const TrainRequest *request = session->request;
    GaclipAnnotationOptions options;
    gaclip_annotation_options_init(&options);
    options.layer = request->layer;
    options.class_field = request->class_field;
    options.class_name = request->class_name;
    options.where = request->where;
    return gaclip_annotations_open(&session->annotations, request->annotations, session->raster,
                                   &options, err);
}

static int open_session(TrainSession *session, TrainRequest *request,
                        const GaclipTrainOptions *train_options, GaclipError *err)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    int status = raster_arguments_apply(&options, &request->raster, err);
    if (status == GACLIP_OK)
        status = gaclip_raster_open(&session->raster, request->scene, &options, err);
    if (status == GACLIP_OK) status = open_annotations(session, err);
    if (status == GACLIP_OK)
        status = gaclip_scene_source_new(&session->source, session->raster, session->annotations,
                                         OBJECT_SHARE, err);
    if (status == GACLIP_OK)
        status = gaclip_compute_new(&session->compute, request->threads, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK) status = precision_apply(session->compute, request->precision, err);
    if (status == GACLIP_OK)
        status = train_build_model(&session->model, request, train_options, session->raster,
                                   session->annotations, session->compute, err);
    return status;
}

static void close_session(TrainSession *session)
{
    gaclip_model_close(session->model);
    gaclip_compute_free(session->compute);
    gaclip_scene_source_free(session->source);
    gaclip_annotations_free(session->annotations);
    gaclip_raster_close(session->raster);
    train_folder_clear(&session->folder);
}

static int on_step(const GaclipTrainStep *step, void *payload)
{
    TrainSession *session = payload;
    char note[64];
    session->last = *step;
    int log_status = train_log_step(&session->log, 1, step, &session->log_error);
    snprintf(note, sizeof note, "loss %.4f", step->loss);
    double seconds = progress_seconds(&session->progress), budget = 60 * session->request->minutes;
    session->time_is_up = budget > 0 && seconds >= budget;
    int is_interrupted = progress_update(&session->progress, step->step, step->steps, note);
    return is_interrupted || session->time_is_up || log_status != GACLIP_OK;
}

static int train(TrainSession *session, const GaclipTrainOptions *options, GaclipError *err)
{
    GaclipSampleSource view = gaclip_scene_source_view(session->source);
    GaclipTrainEvents events = {.step = on_step, .payload = session};
    progress_begin(&session->progress, "steps", session->request->quiet);
    int status = gaclip_train(session->model, &view, options, &events, err);
    progress_end(&session->progress);
    if (session->log_error.status != GACLIP_OK)
        return gaclip_error_set(err, session->log_error.status, "%s", session->log_error.message);
    return status;
}

/* Log and curves are complete even where the training failed. */
static int train_with_log(TrainSession *session, GaclipTrainOptions *options, GaclipError *err)
{
    const TrainRequest *request = session->request;
    TrainFolder *folder = &session->folder;
    GaclipError late = {0};
    int status = train_folder_open(folder, request->folder, request->output, request->resume,
                                   request->overwrite, err);
    if (status == GACLIP_OK)
        status = train_log_open(&session->log, folder->log, request->resume, err);
    if (status != GACLIP_OK) return status;
    options->checkpoint = folder->checkpoint;
    options->resume = request->resume;
    status = train(session, options, err);
    int log_status = train_log_close(&session->log, &late);
    if (log_status == GACLIP_OK) log_status = train_log_plot(folder->log, folder->curves, &late);
    if (status == GACLIP_OK && log_status != GACLIP_OK)
        status = gaclip_error_set(err, log_status, "%s", late.message);
    return status;
}

static int save(TrainSession *session, const TrainRecord *record, GaclipError *err)
{
    char *provenance = train_record_provenance(record);
    if (provenance == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip_model_set_training(session->model, provenance, err);
    free(provenance);
    if (status == GACLIP_OK)
        status = gaclip_model_save(session->model, session->request->output, err);
    return status;
}

static int print_summary(const TrainSession *session, const TrainRecord *record, GaclipError *err)
{
    const TrainRequest *request = session->request;
    if (!request->json) {
        if (!request->quiet)
            printf("%s: %d steps in %.0f s (%s), loss %.4f, %d boxes, %zu parameters\n",
                   request->output, record->last.step, record->seconds, record->ended,
                   record->last.loss, record->counts.kept,
                   gaclip_model_parameter_count(session->model, ""));
        return GACLIP_OK;
    }
    char *text = train_record_summary(record, session->model);
    if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    puts(text);
    free(text);
    return GACLIP_OK;
}

static int set_train_options(GaclipTrainOptions *options, const TrainRequest *request,
                             GaclipError *err)
{
    options->steps = request->steps;
    options->batch_size = request->batch_size;
    options->micro_batch = request->micro_batch;
    options->recompute = request->recompute;
    options->learning_rate = request->learning_rate;
    options->seed = (uint64_t)request->seed;
    options->checkpoint_every = request->checkpoint_every;
    options->frozen = (const char *const *)request->frozen.items;
    options->frozen_count = request->frozen.count;
    return train_losses_set(&options->weights, &request->losses, err);
}

static int say_stopped(const TrainSession *session, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                            "interrupted; %s holds the weights after %d of %d steps; the same "
                            "command with --resume goes on",
                            session->request->output, session->last.step, session->last.steps);
}

/* Also a training that was stopped leaves its model: hours are not thrown away. */
static int train_and_save(TrainSession *session, GaclipTrainOptions *options, GaclipError *err)
{
    int status = train_with_log(session, options, err);
    int is_stopped = status == GACLIP_ERROR_INTERRUPTED;
    if (status != GACLIP_OK && !is_stopped) return status;
    TrainRecord record = {.request = session->request,
                          .options = options,
                          .counts = gaclip_annotations_counts(session->annotations),
                          .last = session->last,
                          .threads = gaclip_compute_threads(session->compute),
                          .precision = precision_name(session->compute),
                          .seconds = progress_seconds(&session->progress),
                          .ended = session->time_is_up ? "time is up"
                                   : is_stopped        ? "interrupted"
                                                       : "all steps"};
    status = save(session, &record, err);
    if (status == GACLIP_OK && !is_stopped) train_folder_forget_checkpoint(&session->folder);
    if (status == GACLIP_OK) status = print_summary(session, &record, err);
    return status == GACLIP_OK && is_stopped && !session->time_is_up ? say_stopped(session, err)
                                                                     : status;
}

enum { TRIAL_STEPS = 3 };

/* What the training would take, from a few steps whose weights are thrown away. */
static int dry_run(TrainSession *session, const GaclipTrainOptions *options, GaclipError *err)
{
    GaclipSampleSource view = gaclip_scene_source_view(session->source);
    GaclipTrainOptions trial = *options;
    trial.steps = TRIAL_STEPS;
    double memory = gaclip_train_memory(session->model, options);
    Progress clock;
    progress_begin(&clock, "steps", 1);
    int status = gaclip_train(session->model, &view, &trial, NULL, err);
    if (status != GACLIP_OK) return status;
    double seconds = progress_seconds(&clock) / TRIAL_STEPS;
    printf("parameters: %zu\nmemory:     %.1f GiB\nsteps:      %d of %d images\n"
           "time:       %.0f min (%.2f s a step over %d steps)\n",
           gaclip_model_parameter_count(session->model, ""), memory / (1 << 30), options->steps,
           options->batch_size, seconds * options->steps / 60, seconds, TRIAL_STEPS);
    return GACLIP_OK;
}

static int check_request(const TrainRequest *request, GaclipError *err)
{
    static const char MISSING[] = "%s is missing; usage: gaclip-train --scene RASTER "
                                  "--annotations VECTOR {--class-field FIELD|--class-name NAME} "
                                  "-o MODEL";
    const char *missing = request->scene == NULL         ? "--scene"
                          : request->annotations == NULL ? "--annotations"
                          : request->output == NULL      ? "--output"
                                                         : NULL;
    if (missing != NULL) return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, MISSING, missing);
    if ((request->class_field == NULL) == (request->class_name == NULL))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "give either --class-field (the field that names each feature's "
                                "class) or --class-name (one name for all)");
    if (request->dry_run) return GACLIP_OK;
    return file_check_output(request->output, request->overwrite || request->resume, err);
}

static int run_request(TrainRequest *request, GaclipTrainOptions *options, GaclipError *err)
{
    TrainSession session = {.request = request};
    int status = check_request(request, err);
    if (status == GACLIP_OK) status = set_train_options(options, request, err);
    if (status == GACLIP_OK) status = open_session(&session, request, options, err);
    if (status == GACLIP_OK)
        status = request->dry_run ? dry_run(&session, options, err)
                                  : train_and_save(&session, options, err);
    close_session(&session);
    return status;
}

static int train_command(int argc, char **argv)
{
    GaclipTrainOptions train_options;
    gaclip_train_options_init(&train_options);
    TrainRequest r = {.steps = train_options.steps,
                      .batch_size = train_options.batch_size,
                      .learning_rate = train_options.learning_rate,
                      .seed = (int)train_options.seed,
                      .checkpoint_every = 200,
                      .image_size = 160,
                      .width = 128,
                      .depth = 4};
    /* clang-format off */
    const Option options[] = {
        {.name = "scene", .type = OPTION_TEXT, .value = &r.scene, .meta = "RASTER",
         .help = "georeferenced raster to learn from"},
        {.name = "annotations", .type = OPTION_TEXT, .value = &r.annotations, .meta = "VECTOR",
         .help = "features that mark the objects, in any CRS"},
        {.name = "class-field", .type = OPTION_TEXT, .value = &r.class_field, .meta = "FIELD",
         .help = "field with the class of a feature"},
        {.name = "class-name", .type = OPTION_TEXT, .value = &r.class_name, .meta = "NAME",
         .help = "class of all features, where no field has it"},
        {.name = "layer", .letter = 'l', .type = OPTION_TEXT, .value = &r.layer, .meta = "NAME",
         .help = "layer of the annotations (default: the first)"},
        {.name = "where", .classic = "where", .type = OPTION_TEXT, .value = &r.where,
         .meta = "EXPRESSION", .help = "take only features that fulfil this SQL condition"},
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &r.output, .meta = "MODEL",
         .help = "model file to write"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &r.overwrite,
         .help = "replace an existing model and its folder's contents"},
        {.name = "folder", .type = OPTION_TEXT, .value = &r.folder, .meta = "FOLDER",
         .help = "for log, curves and checkpoint (default: MODEL with the extension .train)"},
        {.name = "resume", .type = OPTION_FLAG, .value = &r.resume,
         .help = "go on from the folder's checkpoint, to the same numbers"},
        RASTER_OPTIONS(r.raster),
        {.name = "steps", .type = OPTION_INTEGER, .value = &r.steps, .meta = "N",
         .minimum = 1, .maximum = 1e8, .help = "optimiser steps"},
        {.name = "minutes", .type = OPTION_NUMBER, .value = &r.minutes, .meta = "N",
         .minimum = 0.001, .maximum = 1e6, .help = "stop after this time, if steps are left"},
        {.name = "batch", .type = OPTION_INTEGER, .value = &r.batch_size, .meta = "N",
         .minimum = 1, .maximum = 65536, .help = "images a step"},
        {.name = "lr", .type = OPTION_NUMBER, .value = &r.learning_rate, .meta = "RATE",
         .minimum = 1e-9, .maximum = 1, .help = "highest learning rate"},
        {.name = "seed", .type = OPTION_INTEGER, .value = &r.seed, .meta = "N",
         .minimum = 0, .maximum = 2147483647, .help = "of all random numbers"},
        {.name = "image-size", .type = OPTION_INTEGER, .value = &r.image_size, .meta = "PIXELS",
         .minimum = 32, .maximum = 1024, .help = "side of the model's window"},
        {.name = "width", .type = OPTION_INTEGER, .value = &r.width, .meta = "N",
         .minimum = 16, .maximum = 4096, .help = "channels of the image tower"},
        {.name = "depth", .type = OPTION_INTEGER, .value = &r.depth, .meta = "N",
         .minimum = 1, .maximum = 64, .help = "blocks of the image tower"},
        {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &r.threads,
         .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},
        {.name = "loss", .type = OPTION_PAIRS, .value = &r.losses, .meta = "NAME=WEIGHT",
         .help = "weight of global, region, hard_negative, visual, text, objectness or box; 0 = "
                 "off"},
        {.name = "freeze", .type = OPTION_LIST, .value = &r.frozen, .meta = "PREFIX",
         .help = "keep parameters whose names begin so"},
        {.name = "precision", .type = OPTION_TEXT, .value = &r.precision, .meta = "TYPE",
         .help = "of matrix products: auto (bf16 where the processor has it), f32, bf16"},
        {.name = "recompute", .type = OPTION_FLAG, .value = &r.recompute,
         .help = "compute activations again in the backward, to save memory; same numbers"},
        {.name = "micro-batch", .type = OPTION_INTEGER, .value = &r.micro_batch, .meta = "N",
         .minimum = 1, .maximum = 65536, .help = "images a pass, to save memory; same numbers"},
        {.name = "checkpoint-every", .type = OPTION_INTEGER, .value = &r.checkpoint_every,
         .meta = "N", .minimum = 1, .maximum = 1e8, .help = "steps between checkpoints"},
        {.name = "dry-run", .type = OPTION_FLAG, .value = &r.dry_run,
         .help = "print size, memory and estimated time, and write nothing"},
        {.name = "json", .type = OPTION_FLAG, .value = &r.json,
         .help = "print the summary as JSON"},
        {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .value = &r.quiet,
         .help = "print neither progress nor summary"},
    };
    const Command command = {
        .name = "gaclip-train",
        .usage = "--scene RASTER --annotations VECTOR {--class-field FIELD|--class-name NAME} "
                 "-o MODEL",
        .summary = "train a model from a raster and a layer of annotations",
        .description = "Learns to find what the annotations mark: the image tower, the text tower "
                       "and the proposal head start from random weights. Ctrl-C and --minutes end "
                       "the training early, keep its model, and leave a checkpoint from which "
                       "--resume goes on.",
        .examples = "  gaclip-train --scene a.tif --annotations windmills.shp --class-field class "
                    "-o wind.safetensors\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, NULL, &count) &&
        run_request(&r, &train_options, &err) != GACLIP_OK)
        exit_code = command_fail(&command, &err);
    options_clear(&command);
    return exit_code;
}

int main(int argc, char **argv)
{
    return command_main("gaclip-train", train_command, argc, argv);
}
