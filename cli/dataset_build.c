/* gaclip-dataset build: reads data sets of any kind, splits, filters, and writes one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "dataset_caption.h"
#include "dataset_input.h"
#include "dataset_verbs.h"
#include "files.h"
#include "gaclip/dataset_describe.h"
#include "gaclip/dataset_tools.h"
#include "progress.h"

typedef struct BuildRequest {
    const char *output, *format, *name;
    GaclipDatasetReadOptions reading;
    const char *scene, *annotations;
    GaclipDatasetSceneOptions scenes;
    const char *split_by;
    NumberList shares;
    double block;
    int seed;
    int filter, describe;
    GaclipDatasetFilterOptions filtering;
    GaclipDescribeOptions describing;
    TextList mix;
    CaptionRequest captioning;
    int keep_duplicates, not_annotated, overwrite, quiet;
    Progress progress;
} BuildRequest;

/* "colour=2" */
static int set_mix(GaclipDescribeOptions *options, const char *pair, GaclipError *err)
{
    const char *value = strchr(pair, '=') + 1;
    size_t length = (size_t)(value - 1 - pair);
    char *end;
    double weight = strtod(value, &end);
    if (end == value || *end || !(weight >= 0 && weight <= 1e6))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--negatives %s: the weight must be a number from 0 (never) on",
                                pair);
    for (int kind = 0; kind < GACLIP_NEGATIVE_KINDS; kind++) {
        const char *name = gaclip_negative_name((GaclipNegativeKind)kind);
        if (strlen(name) != length || strncmp(name, pair, length) != 0) continue;
        options->mix[kind] = weight;
        return GACLIP_OK;
    }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "--negatives %s: there is no such kind; there are class, size, shape, "
                            "colour, tone, position and count",
                            pair);
}

static int set_mixes(BuildRequest *r, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < r->mix.count && !status; i++)
        status = set_mix(&r->describing, r->mix.items[i], err);
    return status;
}

static int check_request(BuildRequest *r, int inputs, GaclipError *err)
{
    if (!r->output) return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "name the output with -o");
    if (!inputs && !r->scene)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "name what to read: files, folders, or --scene with --annotations");
    if (!r->scene != !r->annotations)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--scene and --annotations belong together");
    if (r->scene && !r->scenes.annotations.class_field == !r->scenes.annotations.class_name)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "give either --class-field (the field of %s that names each "
                                "feature's class) or --class-name (one name for all)",
                                r->annotations);
    if (r->split_by && strcmp(r->split_by, "image") != 0 && strcmp(r->split_by, "location") != 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--split-by %s: give image or location",
                                r->split_by);
    int status = dataset_caption_check(&r->captioning, r->describe, err);
    if (!status) status = set_mixes(r, err);
    return status ? status : file_check_output(r->output, r->overwrite, err);
}

static int read_scene(GaclipDataset *dataset, BuildRequest *r, GaclipError *err)
{
    if (!r->scene) return GACLIP_OK;
    r->scenes.split = r->reading.split;
    r->scenes.source = r->reading.source;
    r->scenes.licence = r->reading.licence;
    r->scenes.is_annotated = r->reading.is_annotated;
    return gaclip_dataset_read_scene(dataset, r->scene, r->annotations, &r->scenes, err);
}

static int split(GaclipDataset *dataset, const BuildRequest *r, GaclipError *err)
{
    const double *shares = r->shares.items;
    if (!r->split_by) return GACLIP_OK;
    GaclipDatasetSplitOptions options = {.train = 0.8, .val = 0.1, .test = 0.1};
    if (r->shares.count) {
        options.train = shares[0];
        options.val = shares[1];
        options.test = shares[2];
    }
    options.block = strcmp(r->split_by, "location") == 0 ? r->block : 0;
    options.seed = (uint64_t)r->seed;
    return gaclip_dataset_split(dataset, &options, err);
}

static void print_finding(const char *place, const char *path, const char *what, void *payload)
{
    (void)place;
    (void)payload;
    printf("%s: %s\n", path, what);
}

static int show_progress(int done, int total, void *payload)
{
    BuildRequest *r = payload;
    return progress_update(&r->progress, done, total, NULL);
}

static int unite_classes(GaclipDataset *dataset, GaclipError *err)
{
    GaclipDatasetEvents events = {.found = print_finding};
    int united;
    return gaclip_dataset_unite_classes(&united, dataset, &events, err);
}

static int drop_duplicates(int *removed, GaclipDataset *dataset, BuildRequest *r, GaclipError *err)
{
    GaclipDatasetEvents events = {print_finding, show_progress, r};
    if (r->keep_duplicates) return GACLIP_OK;
    progress_begin(&r->progress, "images", r->quiet);
    int status = gaclip_dataset_drop_duplicates(removed, dataset, &events, err);
    progress_end(&r->progress);
    return status;
}

static int filter(int *removed, GaclipDataset *dataset, BuildRequest *r, GaclipError *err)
{
    GaclipDatasetEvents events = {print_finding, show_progress, r};
    if (!r->filter) return GACLIP_OK;
    progress_begin(&r->progress, "images", r->quiet);
    int status = gaclip_dataset_filter(removed, dataset, &r->filtering, &events, err);
    progress_end(&r->progress);
    return status;
}

static int describe(int *described, GaclipDataset *dataset, BuildRequest *r, GaclipError *err)
{
    GaclipDatasetEvents events = {print_finding, show_progress, r};
    int status = GACLIP_OK;
    if (!r->describe) return GACLIP_OK;
    r->describing.seed = (uint64_t)r->seed;
    progress_begin(&r->progress, "images", r->quiet);
    if (r->captioning.options.url)
        status = dataset_caption(dataset, &r->captioning, &r->describing, &events, err);
    if (!status) status = gaclip_dataset_describe(described, dataset, &r->describing, &events, err);
    progress_end(&r->progress);
    *described += r->captioning.counts.descriptions;
    return status;
}

static int build(BuildRequest *r, const char *const *inputs, int count, const char *command,
                 GaclipError *err)
{
    GaclipDataset *dataset;
    GaclipDatasetWriteOptions writing = {.name = r->name, .command = command};
    int copies = 0, removed = 0, described = 0, status = check_request(r, count, err);
    r->reading.is_annotated = !r->not_annotated;
    if (!status) status = dataset_format(&r->reading.format, r->format, err);
    if (!status) status = dataset_read_all(&dataset, inputs, count, &r->reading, err);
    if (status) return status;
    status = read_scene(dataset, r, err);
    if (!status) status = unite_classes(dataset, err);
    if (!status) status = split(dataset, r, err);
    if (!status) status = drop_duplicates(&copies, dataset, r, err);
    if (!status) status = filter(&removed, dataset, r, err);
    if (!status) status = describe(&described, dataset, r, err);
    if (!status) status = gaclip_dataset_write(dataset, r->output, &writing, err);
    if (!status && !r->quiet)
        printf("%s: %d images, %d classes, %d regions described; %d images and %d boxes left out\n",
               r->output, gaclip_dataset_image_count(dataset), gaclip_dataset_class_count(dataset),
               described, copies + removed, gaclip_dataset_dropped_count(dataset));
    if (!status && !r->quiet && r->captioning.options.url)
        dataset_caption_print(&r->captioning.counts);
    gaclip_dataset_free(dataset);
    return status;
}

int dataset_build(int argc, char **argv)
{
    BuildRequest r = {.block = 1000, .seed = 1};
    gaclip_dataset_read_options_init(&r.reading);
    gaclip_dataset_scene_options_init(&r.scenes);
    gaclip_dataset_filter_options_init(&r.filtering);
    gaclip_describe_options_init(&r.describing);
    gaclip_caption_options_init(&r.captioning.options);
    GaclipAnnotationOptions *a = &r.scenes.annotations;
    GaclipDatasetFilterOptions *f = &r.filtering;
    GaclipCaptionOptions *c = &r.captioning.options;
    /* clang-format off */
    const Option options[] = {
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &r.output, .meta = "FILE",
         .help = "the dataset file to write"},
        {.name = "input-format", .classic = "if", .type = OPTION_TEXT, .value = &r.format, .meta = "NAME",
         .help = DATASET_FORMAT_HELP},
        {.name = "images", .type = OPTION_TEXT, .value = &r.reading.images, .meta = "FOLDER",
         .help = "where the images are (default: where the format has them)"},
        {.name = "classes-file", .type = OPTION_TEXT, .value = &r.reading.classes, .meta = "FILE",
         .help = "YOLO: names of the classes, one a line, or data.yaml"},
        {.name = "split", .type = OPTION_TEXT, .value = &r.reading.split, .meta = "NAME",
         .help = "split of images for which the input states none"},
        {.name = "source", .type = OPTION_TEXT, .value = &r.reading.source, .meta = "NAME",
         .help = "what to call the data set (default: what it says itself)"},
        {.name = "licence", .type = OPTION_TEXT, .value = &r.reading.licence, .meta = "TEXT",
         .help = "its terms of use"},
        {.name = "not-annotated", .type = OPTION_FLAG, .value = &r.not_annotated,
         .help = "the boxes are not all the objects there are"},
        {.name = "scene", .type = OPTION_TEXT, .value = &r.scene, .meta = "RASTER",
         .help = "cut a raster into windows, with the features of --annotations"},
        {.name = "annotations", .type = OPTION_TEXT, .value = &r.annotations, .meta = "VECTOR",
         .help = "any vector source, in any CRS"},
        {.name = "layer", .letter = 'l', .type = OPTION_TEXT, .value = &a->layer, .meta = "NAME",
         .help = "its layer (default: the first with geometries)"},
        {.name = "class-field", .type = OPTION_TEXT, .value = &a->class_field, .meta = "FIELD",
         .help = "field that names the class"},
        {.name = "class-name", .type = OPTION_TEXT, .value = &a->class_name, .meta = "NAME",
         .help = "class of all features, where no field has it"},
        {.name = "where", .type = OPTION_TEXT, .value = &a->where, .meta = "CONDITION",
         .help = "take only these features (OGR SQL)"},
        {.name = "gsd", .type = OPTION_NUMBER, .value = &r.scenes.gsd, .meta = "METRES",
         .minimum = 1e-6, .maximum = 1e6, .help = "metres a pixel, where the raster does not say"},
        {.name = "window", .type = OPTION_INTEGER, .value = &r.scenes.window, .meta = "PIXELS",
         .minimum = 16, .maximum = 16384, .help = "largest side of a window (default 512)"},
        {.name = "split-by", .type = OPTION_TEXT, .value = &r.split_by, .meta = "image|location",
         .help = "give every image a split, alone or with all of its square of ground"},
        {.name = "shares", .type = OPTION_NUMBERS, .value = &r.shares, .meta = "TRAIN,VAL,TEST",
         .minimum = 0, .maximum = 1e6, .count = 3, .help = "how much (default 0.8,0.1,0.1)"},
        {.name = "block", .type = OPTION_NUMBER, .value = &r.block, .meta = "METRES",
         .minimum = 1e-9, .maximum = 1e9,
         .help = "side of the squares of ground"},
        {.name = "seed", .type = OPTION_INTEGER, .value = &r.seed, .meta = "NUMBER",
         .minimum = 0, .maximum = 2147483647, .help = "of random choices"},
        {.name = "keep-duplicates", .type = OPTION_FLAG, .value = &r.keep_duplicates,
         .help = "keep images whose pixels are those of another one, which are left out else"},
        {.name = "filter", .type = OPTION_FLAG, .value = &r.filter,
         .help = "leave out images of bad quality, and say which and why"},
        {.name = "min-brightness", .type = OPTION_NUMBER, .value = &f->min_brightness,
         .meta = "GREY", .minimum = 0, .maximum = 255, .help = "mean grey value"},
        {.name = "max-brightness", .type = OPTION_NUMBER, .value = &f->max_brightness,
         .meta = "GREY", .minimum = 0, .maximum = 255, .help = "mean grey value"},
        {.name = "min-sharpness", .type = OPTION_NUMBER, .value = &f->min_sharpness,
         .meta = "NUMBER", .minimum = 0, .maximum = 1e6,
         .help = "variance of the Laplacian"},
        {.name = "min-texture", .type = OPTION_NUMBER, .value = &f->min_texture, .meta = "GREY",
         .minimum = 0, .maximum = 255, .help = "standard deviation"},
        {.name = "min-content", .type = OPTION_NUMBER, .value = &f->min_content, .meta = "SHARE",
         .minimum = 0, .maximum = 1, .help = "pixels that hold data"},
        {.name = "max-coverage", .type = OPTION_NUMBER, .value = &f->max_coverage, .meta = "SHARE",
         .minimum = 0, .maximum = 1, .help = "ground that objects cover"},
        {.name = "describe", .type = OPTION_FLAG, .value = &r.describe,
         .help = "write captions, descriptions and hard negatives from boxes and pixels"},
        {.name = "hard-negatives", .type = OPTION_INTEGER, .value = &r.describing.hard_negatives,
         .meta = "COUNT", .minimum = 0, .maximum = 64, .help = "of a region, at most"},
        {.name = "negatives", .type = OPTION_PAIRS, .value = &r.mix, .meta = "KIND=WEIGHT",
         .help = "how often hard negatives change what: class, size, shape, colour, tone, "
                 "position, count (default 1 each; 0: never); give it once for each"},
        {.name = "with-views", .type = OPTION_FLAG, .value = &r.describing.with_views,
         .help = "also say places, directions, neighbours, shadows and numbers, which training that turns "
                 "or cuts images makes false"},
        {.name = "captioner", .type = OPTION_TEXT, .value = &c->url, .meta = "URL",
         .help = "ask an OpenAI-compatible chat service for texts first (http://localhost:8000/v1)"},
        {.name = "captioner-model", .type = OPTION_TEXT, .value = &c->model, .meta = "NAME",
         .help = "model to ask there"},
        {.name = "captioner-key-env", .type = OPTION_TEXT, .value = &r.captioning.key_variable,
         .meta = "VARIABLE", .help = "environment variable that holds the service's key"},
        {.name = "captioner-cache", .type = OPTION_TEXT, .value = &c->cache, .meta = "FOLDER",
         .help = "keep answers there, so that a run goes on where another one stopped"},
        {.name = "captioner-timeout", .type = OPTION_NUMBER, .value = &c->timeout, .meta = "SECONDS",
         .minimum = 0.1, .maximum = 86400, .help = "of one request"},
        {.name = "captioner-retries", .type = OPTION_INTEGER, .value = &c->retries, .meta = "COUNT",
         .minimum = 0, .maximum = 20, .help = "of a request, each after twice the pause"},
        {.name = "name", .type = OPTION_TEXT, .value = &r.name, .meta = "TEXT",
         .help = "name of the dataset"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &r.overwrite,
         .help = "replace an existing output"},
        {.name = "quiet", .letter = 'q', .classic = "quiet", .type = OPTION_FLAG,
         .value = &r.quiet, .help = "no progress and no summary"},
    };
    const Command command = {
        .name = "gaclip-dataset build",
        .usage = "[INPUT...] -o DATASET.json",
        .summary = "write one dataset file from data sets of any kind",
        .description = "Reads COCO, Karpathy, VOC, YOLO, DOTA, NWPU VHR-10, RRSIS-D, CHOICE, folders of "
                       "classes, datasets that "
                       "were built before, and a raster with a vector layer. Inputs that need "
                       "different options are built one by one and then together. Images stay "
                       "where they are and are named from the output's folder. Of images with the "
                       "same pixels one stays, that of a test or val split before one of train, "
                       "and the others are listed. With --captioner, "
                       "images and their boxes go to that service; what it says is taken where it "
                       "agrees with boxes and pixels, and refusals are listed.",
        .examples = "  gaclip-dataset build ships/train.json ships/val.json -o ships.json\n"
                    "  gaclip-dataset build --scene town.tif --annotations tanks.gpkg "
                    "--class-field kind \\\n"
                    "      --split-by location --block 500 -o town.json\n"
                    "  gaclip-dataset build ships.json town.json --filter -o all.json\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 0,
        .max_operands = 256,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[256];
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        char *line = command_line(&command, argc, argv);
        if (build(&r, operands, count, line, &err) != GACLIP_OK)
            exit_code = command_fail(&command, &err);
        free(line);
    }
    options_clear(&command);
    return exit_code;
}
