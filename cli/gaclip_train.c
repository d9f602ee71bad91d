/* gaclip-train: a model from a raster scene and a layer of annotations, or by a recipe. */
#include "command.h"
#include "files.h"
#include "train_losses.h"
#include "train_run.h"

static int check_scene(const TrainRequest *request, GaclipError *err)
{
    if (request->scene == NULL || request->annotations == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s is missing; usage: gaclip-train {RECIPE | --scene RASTER "
                                "--annotations VECTOR {--class-field FIELD|--class-name NAME}} "
                                "-o MODEL",
                                request->scene == NULL ? "--scene or a recipe" : "--annotations");
    if ((request->class_field == NULL) == (request->class_name == NULL))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "give either --class-field (the field that names each feature's "
                                "class) or --class-name (one name for all)");
    return GACLIP_OK;
}

/* A recipe states all of these itself. */
static int check_recipe(const TrainRequest *request, GaclipError *err)
{
    const struct {
        const char *name;
        int is_given;
    } options[] = {{"--scene", request->scene != NULL},
                   {"--annotations", request->annotations != NULL},
                   {"--class-field", request->class_field != NULL},
                   {"--class-name", request->class_name != NULL},
                   {"--layer", request->layer != NULL},
                   {"--where", request->where != NULL},
                   {"--steps", request->steps > 0},
                   {"--batch", request->batch_size > 0},
                   {"--micro-batch", request->micro_batch > 0},
                   {"--recompute", request->recompute},
                   {"--lr", request->learning_rate > 0},
                   {"--image-size", request->image_size > 0},
                   {"--width", request->width > 0},
                   {"--depth", request->depth > 0}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].is_given)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "%s goes with --scene; %s states it itself", options[i].name,
                                    request->recipe);
    return GACLIP_OK;
}

static int check_request(TrainRequest *request, GaclipError *err)
{
    int status = request->recipe != NULL ? check_recipe(request, err) : check_scene(request, err);
    GaclipLossWeights weights = {0};
    if (status == GACLIP_OK) status = train_losses_set(&weights, &request->losses, err);
    if (request->image_size == 0) request->image_size = 160;
    if (request->width == 0) request->width = 192;
    if (request->depth == 0) request->depth = 6;
    if (request->checkpoint_every == 0 && request->recipe == NULL) request->checkpoint_every = 200;
    if (status != GACLIP_OK || request->dry_run) return status;
    if (request->output == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--output is missing; name the model");
    return file_check_output(request->output, request->overwrite || request->resume, err);
}

static int run_request(TrainRequest *request, GaclipError *err)
{
    TrainPlan plan = {.request = request};
    int status = check_request(request, err);
    if (status == GACLIP_OK) status = train_plan_open(&plan, request, err);
    if (status == GACLIP_OK)
        status = request->dry_run ? train_dry_run(&plan, err) : train_run(&plan, err);
    train_plan_close(&plan);
    return status;
}

static int train_command(int argc, char **argv)
{
    TrainRequest r = {.seed = -1};
    const char *operands[1];
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
         .minimum = 1, .maximum = 1e8, .help = "optimiser steps (default: 6000)"},
        {.name = "minutes", .type = OPTION_NUMBER, .value = &r.minutes, .meta = "N",
         .minimum = 0.001, .maximum = 1e6, .help = "stop after this time, if steps are left"},
        {.name = "batch", .type = OPTION_INTEGER, .value = &r.batch_size, .meta = "N",
         .minimum = 1, .maximum = 65536, .help = "images a step (default: 16)"},
        {.name = "lr", .type = OPTION_NUMBER, .value = &r.learning_rate, .meta = "RATE",
         .minimum = 1e-9, .maximum = 1, .help = "highest learning rate (default: 0.001)"},
        {.name = "seed", .type = OPTION_INTEGER, .value = &r.seed, .meta = "N",
         .minimum = 0, .maximum = 2147483647, .help = "of all random numbers (default: 1, or the recipe's)"},
        {.name = "image-size", .type = OPTION_INTEGER, .value = &r.image_size, .meta = "PIXELS",
         .minimum = 32, .maximum = 1024, .help = "side of the model's window (default: 160)"},
        {.name = "width", .type = OPTION_INTEGER, .value = &r.width, .meta = "N",
         .minimum = 16, .maximum = 4096, .help = "channels of the image tower (default: 192)"},
        {.name = "depth", .type = OPTION_INTEGER, .value = &r.depth, .meta = "N",
         .minimum = 1, .maximum = 64, .help = "blocks of the image tower (default: 6)"},
        {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &r.threads,
         .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},
        {.name = "loss", .type = OPTION_PAIRS, .value = &r.losses, .meta = "NAME=WEIGHT",
         .help = "weight of global, region, hard_negative, visual, text, objectness or box; 0 = "
                 "off"},
        {.name = "freeze", .type = OPTION_LIST, .value = &r.frozen, .meta = "PREFIX",
         .help = "keep parameters whose names begin so"},
        {.name = "precision", .type = OPTION_TEXT, .value = &r.precision, .meta = "TYPE",
         .help = "of matrix products: auto (bf16 where the processor has it; the default), f32, "
                 "bf16"},
        {.name = "recompute", .type = OPTION_FLAG, .value = &r.recompute,
         .help = "compute activations again in the backward, to save memory; same numbers"},
        {.name = "micro-batch", .type = OPTION_INTEGER, .value = &r.micro_batch, .meta = "N",
         .minimum = 1, .maximum = 65536, .help = "images a pass, to save memory; same numbers"},
        {.name = "checkpoint-every", .type = OPTION_INTEGER, .value = &r.checkpoint_every,
         .meta = "N", .minimum = 1, .maximum = 1e8, .help = "steps between checkpoints (default: 200, or the recipe's)"},
        {.name = "dry-run", .type = OPTION_FLAG, .value = &r.dry_run,
         .help = "print size, memory and estimated time, and write nothing"},
        {.name = "json", .type = OPTION_FLAG, .value = &r.json,
         .help = "print the summary as JSON"},
        {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .value = &r.quiet,
         .help = "print neither progress nor summary"},
    };
    const Command command = {
        .name = "gaclip-train",
        .usage = "{RECIPE | --scene RASTER --annotations VECTOR {--class-field FIELD|"
                 "--class-name NAME}} -o MODEL",
        .summary = "train a model by a recipe, or from a raster and a layer of annotations",
        .description = "A recipe (JSON) states the model, the stages of its training and their "
                       "data. With --scene, a small model learns from random weights to find what "
                       "the annotations mark. Ctrl-C and --minutes end the training early, keep "
                       "its model, and leave a checkpoint from which --resume goes on. Log, curves "
                       "and checkpoint lie in the folder MODEL.train.",
        .examples = "  gaclip-train --scene a.tif --annotations windmills.shp --class-field class "
                    "-o wind.safetensors\n"
                    "  gaclip-train recipes/small.json -o small.safetensors\n"
                    "  gaclip-train recipes/small.json -o small.safetensors --resume\n",
        .max_operands = 1,
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        r.recipe = count > 0 ? operands[0] : NULL;
        if (run_request(&r, &err) != GACLIP_OK) exit_code = command_fail(&command, &err);
    }
    options_clear(&command);
    return exit_code;
}

int main(int argc, char **argv)
{
    return command_main("gaclip-train", train_command, argc, argv);
}
