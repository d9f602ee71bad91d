/* gaclip-eval: how good models and detections are, by the protocols of the paper's tables. */
#include <cpl_vsi.h>
#include <gdal.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "eval_json.h"
#include "eval_layers.h"
#include "eval_page.h"
#include "eval_run.h"
#include "eval_table.h"

/* clang-format off */

/* The data, the models and the report: options of every protocol. */
#define COMMON_OPTIONS(r)                                                                         \
    {.name = "model", .letter = 'm', .type = OPTION_LIST, .value = &(r).models,                   \
     .meta = "FILE[,FILE...]",                                                                    \
     .help = "models, one row of the table each (default: the shipped one, or what GACLIP_MODEL names)"},     \
    PRECISION_OPTION((r).how),                                                                    \
    {.name = "input-format", .classic = "if", .type = OPTION_TEXT, .value = &(r).format, .meta = "FORMAT",  \
     .help = "of the data set: auto, gaclip, coco, karpathy, voc, yolo, dota, nwpu, rrsisd, "     \
             "choice, folders (default: by its name and content)"},                               \
    {.name = "images", .type = OPTION_TEXT, .value = &(r).images, .meta = "FOLDER",               \
     .help = "where the images are (default: where the format has them)"},  \
    {.name = "split", .type = OPTION_TEXT, .value = &(r).split, .meta = "NAME",                   \
     .help = "its images alone (default: test where there is one, else val, else all images)"},   \
    {.name = "limit", .type = OPTION_INTEGER, .value = &(r).limit, .meta = "N",                   \
     .minimum = 1, .maximum = INFINITY,                                                           \
     .help = "look at so many images only, spread evenly"},                                       \
    {.name = "resamples", .type = OPTION_INTEGER, .value = &(r).resamples, .meta = "N",           \
     .minimum = 0, .maximum = 1e6,                                                                \
     .help = "draws of the images for the 95 % intervals; 0 = no intervals"},                     \
    {.name = "seed", .type = OPTION_INTEGER, .value = &(r).seed, .meta = "N", .minimum = 0,       \
     .maximum = INFINITY, .help = "of those draws"},                                              \
    {.name = "html", .type = OPTION_TEXT, .value = &(r).html, .meta = "FILE",                     \
     .help = "write a page with the tables, curves and example pictures"},                        \
    {.name = "examples", .type = OPTION_INTEGER, .value = &(r).examples, .meta = "N",             \
     .minimum = 0, .maximum = 1000,                                                               \
     .help = "pictures of successes, and of failures, on the page, drawn evenly from all"},       \
    {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &(r).overwrite,   \
     .help = "replace an existing page"},                                                         \
    {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &(r).threads,             \
     .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},    \
    {.name = "json", .type = OPTION_FLAG, .value = &(r).json, .help = "print JSON"},              \
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .value = &(r).quiet,                    \
     .help = "show no progress"}

/* What classes are asked, and how. */
#define CLASS_OPTIONS(r)                                                                          \
    {.name = "classes", .letter = 'c', .type = OPTION_LIST, .value = &(r).classes,                \
     .meta = "NAME[,NAME...]", .help = "candidates (default: all classes of the data set)"},      \
    {.name = "prompt", .type = OPTION_TEXT, .value = &(r).prompt, .meta = "TEXT",                 \
     .help = "template with {} for the class (default: the model's own)"},                        \
    {.name = "prompts-file", .type = OPTION_TEXT, .value = &(r).prompts_file, .meta = "FILE",     \
     .help = "further templates, one a line; # begins a comment; a class is the mean of all"}

#define REGION_OPTIONS(r)                                                                         \
    {.name = "region", .type = OPTION_LIST, .value = &(r).regions, .meta = "roi,crop,both",       \
     .help = "what stands for a region, one row of the table each: RoIAlign on the dense map "    \
             "(default), its pixels alone, the mean of either"},                                  \
    {.name = "view", .type = OPTION_TEXT, .value = &(r).view, .meta = "image|window",             \
     .help = "make the dense map of the whole image, squashed to the model's side (default), or " \
             "of a window of that side around the region"},                                       \
    DENSE_OPTION((r).how)

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* clang-format on */

/* A smallest score that either form of detect replaces by its own default. */
static const double NOT_GIVEN = -1;

static EvalRequest request_of(EvalProtocol protocol)
{
    GaclipEvalOptions defaults;
    gaclip_eval_options_init(&defaults);
    return (EvalRequest){.protocol = protocol,
                         .iou = defaults.iou,
                         .nms_iou = (double)defaults.detect.nms_iou,
                         .octaves = defaults.detect.octaves,
                         .finer = defaults.detect.finer,
                         .resamples = defaults.resamples,
                         .seed = (int)defaults.seed,
                         .examples = 8};
}

static int print(const EvalReport *report, GaclipError *err)
{
    if (report->request->json) {
        char *text = eval_json_text(report);
        if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        puts(text);
        free(text);
    } else {
        eval_table_print(report);
    }
    return GACLIP_OK;
}

static int evaluate(const EvalRequest *request, GaclipError *err)
{
    EvalReport report;
    int status = eval_run_all(&report, request, err);
    if (status == GACLIP_OK && request->html != NULL) status = eval_page_write(&report, err);
    if (status == GACLIP_OK) status = print(&report, err);
    eval_report_clear(&report);
    return status;
}

/* Parses and runs a protocol whose only operand is the data set. */
static int run(const Command *command, EvalRequest *request, int argc, char **argv)
{
    GaclipError err = {0};
    int exit_code, count;
    if (command_parse(&exit_code, command, argc, argv, &request->dataset, &count) &&
        evaluate(request, &err) != GACLIP_OK)
        exit_code = command_fail(command, &err);
    options_clear(command);
    return exit_code;
}

static int retrieval(int argc, char **argv)
{
    EvalRequest r = request_of(EVAL_RETRIEVAL);
    const Option options[] = {COMMON_OPTIONS(r)};
    const Command command = {
        .name = "gaclip-eval retrieval",
        .usage = "DATASET",
        .summary = "recall of images by their captions and of captions by their images",
        .description = "Embeds every image of the split once, and all its captions as they are. "
                       "Prints the percentage of images with one of their captions among the "
                       "first 1, 5, 10, of captions with their image among them, and the mean of "
                       "the six.",
        .examples = "  gaclip-eval retrieval dataset_rsicd.json --split test -m a.safetensors\n",
        .options = options,
        .option_count = COUNT(options),
        .min_operands = 1,
        .max_operands = 1,
    };
    return run(&command, &r, argc, argv);
}

static int classify(int argc, char **argv)
{
    EvalRequest r = request_of(EVAL_CLASSIFY);
    const Option options[] = {COMMON_OPTIONS(r), CLASS_OPTIONS(r)};
    const Command command = {
        .name = "gaclip-eval classify",
        .usage = "DATASET",
        .summary = "zero-shot classification of whole images",
        .description = "Compares every image with every class, which is the mean of its "
                       "embeddings in all prompt templates. Prints how often the right class "
                       "comes first, and is among the first five.",
        .examples =
            "  gaclip-eval classify eurosat/ -m a.safetensors,b.safetensors --html e.html\n",
        .options = options,
        .option_count = COUNT(options),
        .min_operands = 1,
        .max_operands = 1,
    };
    return run(&command, &r, argc, argv);
}

static int regions(int argc, char **argv)
{
    EvalRequest r = request_of(EVAL_REGIONS);
    const Option options[] = {COMMON_OPTIONS(r), CLASS_OPTIONS(r), REGION_OPTIONS(r)};
    const Command command = {
        .name = "gaclip-eval regions",
        .usage = "DATASET",
        .summary = "zero-shot classification of annotated boxes",
        .description = "Classifies every annotated box by its region embedding. Prints how often "
                       "the right class comes first, and is among the first five.",
        .examples = "  gaclip-eval regions val.json -m a.safetensors --region roi,crop,both\n",
        .options = options,
        .option_count = COUNT(options),
        .min_operands = 1,
        .max_operands = 1,
    };
    return run(&command, &r, argc, argv);
}

static int fine_grained(int argc, char **argv)
{
    EvalRequest r = request_of(EVAL_FINE_GRAINED);
    const Option options[] = {COMMON_OPTIONS(r), REGION_OPTIONS(r)};
    const Command command = {
        .name = "gaclip-eval fine-grained",
        .usage = "DATASET",
        .summary = "regions against their descriptions and hard negatives",
        .description = "Asks of every region with a description and hard negatives which text "
                       "fits best. Prints how often the right one comes first, and is among the "
                       "first five.",
        .examples = "  gaclip-eval fine-grained rsfg.json -m a.safetensors --html fine.html\n",
        .options = options,
        .option_count = COUNT(options),
        .min_operands = 1,
        .max_operands = 1,
    };
    return run(&command, &r, argc, argv);
}

/* Options that only one of detect's two forms knows must not be given in the other. */
static int check_form(const EvalRequest *r, const EvalLayers *layers, int is_layers,
                      GaclipError *err)
{
    const char *const layer_options[] = {
        layers->options.class_field,     layers->options.score_field,
        layers->options.reference_field, layers->options.reference_name,
        layers->options.detection_layer, layers->options.reference_layer};
    int of_layers = 0;
    for (int i = 0; i < COUNT(layer_options); i++) of_layers += layer_options[i] != NULL;
    EvalRequest usual = request_of(EVAL_DETECT);
    int of_dataset = r->models.count + r->classes.count + r->novel.count + r->limit + r->threads +
                     r->independent + r->overwrite + r->how.crops +
                     (r->resamples != usual.resamples) + (r->seed != usual.seed) +
                     (r->examples != usual.examples) + (r->nms_iou != usual.nms_iou) +
                     (r->octaves != usual.octaves) + (r->finer != usual.finer);
    const char *const dataset_options[] = {
        r->format,       r->images,      r->split,         r->html,      r->prompt,
        r->prompts_file, r->class_split, r->how.proposals, r->how.dense, r->how.precision};
    for (int i = 0; i < COUNT(dataset_options); i++) of_dataset += dataset_options[i] != NULL;
    if (!is_layers && of_layers > 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "options of fields and layers belong to two layers; %s is a data "
                                "set alone",
                                r->dataset);
    if (is_layers && of_dataset > 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "options of models and data sets belong to a data set alone; %s "
                                "and %s are two layers",
                                layers->detections, layers->references);
    return GACLIP_OK;
}

static void set_layers(GaclipLayerEvalOptions *out, const EvalRequest *r)
{
    GaclipLayerEvalOptions defaults;
    gaclip_layer_eval_options_init(&defaults);
    if (out->class_field == NULL) out->class_field = defaults.class_field;
    if (out->score_field == NULL) out->score_field = defaults.score_field;
    if (out->reference_field == NULL) out->reference_field = defaults.reference_field;
    out->iou = r->iou;
    out->min_score = fmax(r->min_score, defaults.min_score);
}

/* A lone layer is no data set; its reader could only say that it is no JSON. */
static int check_dataset(const char *path, GaclipError *err)
{
    VSIStatBufL facts;
    if (VSIStatL(path, &facts) != 0 || VSI_ISDIR(facts.st_mode) ||
        GDALIdentifyDriverEx(path, GDAL_OF_VECTOR, NULL, NULL) == NULL)
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "%s: is a vector layer; give DETECTIONS and REFERENCES, or a data set",
                            path);
}

static int detect_form(EvalRequest *r, EvalLayers *layers, const char *const *operands, int count,
                       GaclipError *err)
{
    r->dataset = layers->detections = operands[0];
    layers->references = count == 2 ? operands[1] : NULL;
    layers->json = r->json;
    int status = check_form(r, layers, count == 2, err);
    if (status != GACLIP_OK) return status;
    if (count == 1) {
        status = check_dataset(r->dataset, err);
        return status == GACLIP_OK ? evaluate(r, err) : status;
    }
    set_layers(&layers->options, r);
    return eval_layers(layers, err);
}

static int detect(int argc, char **argv)
{
    EvalRequest r = request_of(EVAL_DETECT);
    EvalLayers layers = {0};
    r.min_score = NOT_GIVEN;
    /* clang-format off */
    const Option options[] = {
        {.name = "iou", .type = OPTION_NUMBER, .value = &r.iou, .meta = "IOU",
         .minimum = 0.01, .maximum = 1, .help = "overlap from which a box counts as right"},
        {.name = "min-score", .type = OPTION_NUMBER, .value = &r.min_score,
         .meta = "SCORE", .minimum = 0, .maximum = 1,
         .help = "count precision and recall from this score on (default: gaclip-detect's in a data set, 0 "
                 "of layers); average precision takes all"},
        {.name = "class-field", .type = OPTION_TEXT, .value = &layers.options.class_field,
         .meta = "FIELD", .help = "two layers: class of a detection (default \"class\")"},
        {.name = "score-field", .type = OPTION_TEXT, .value = &layers.options.score_field,
         .meta = "FIELD", .help = "two layers: score of a detection (default \"score\")"},
        {.name = "reference-field", .type = OPTION_TEXT,
         .value = &layers.options.reference_field, .meta = "FIELD",
         .help = "two layers: class of a reference (default \"class\")"},
        {.name = "reference-name", .type = OPTION_TEXT, .value = &layers.options.reference_name,
         .meta = "NAME", .help = "two layers: class of all references, where no field has it"},
        {.name = "detection-layer", .type = OPTION_TEXT,
         .value = &layers.options.detection_layer, .meta = "NAME",
         .help = "layer of the detections (default: the first)"},
        {.name = "reference-layer", .type = OPTION_TEXT,
         .value = &layers.options.reference_layer, .meta = "NAME",
         .help = "layer of the references (default: the first)"},
        COMMON_OPTIONS(r),
        CLASS_OPTIONS(r),
        {.name = "class-split", .type = OPTION_TEXT, .value = &r.class_split, .meta = "NAME",
         .help = "classes and their division into base and novel: dior or dota, as CastDet has "
                 "them"},
        {.name = "novel", .type = OPTION_LIST, .value = &r.novel, .meta = "NAME[,NAME...]",
         .help = "classes that the model has seen no boxes of; all others are base"},
        {.name = "nms-iou", .type = OPTION_NUMBER, .value = &r.nms_iou, .meta = "IOU",
         .minimum = 0.01, .maximum = 1,
         .help = "of two boxes of a class that overlap more, keep the better"},
        SCALE_OPTIONS(r),
        {.name = "independent", .type = OPTION_FLAG, .value = &r.independent,
         .help = "score every class against the background alone, not against the others"},
        PROPOSAL_OPTIONS(r.how),
        DENSE_OPTION(r.how),
    };
    const Command command = {
        .name = "gaclip-eval detect",
        .usage = "DATASET | DETECTIONS REFERENCES",
        .summary = "detection in a data set, or a layer of detections against one of references",
        .description = "Prints average precision (VOC 2007 eleven points, all points, COCO), "
                       "counts, precision and recall of every class. A data set is searched with "
                       "every model, and the means are also given over base and novel classes. "
                       "Two layers are compared as they are, in the CRS of the references.",
        .examples = "  gaclip-eval detect dior.json --split test --class-split dior -m a.safetensors\n"
                    "  gaclip-eval detect found.gpkg windmills.shp\n",
        .options = options,
        .option_count = COUNT(options),
        .min_operands = 1,
        .max_operands = 2,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[2];
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count) &&
        detect_form(&r, &layers, operands, count, &err) != GACLIP_OK)
        exit_code = command_fail(&command, &err);
    options_clear(&command);
    return exit_code;
}

static int eval(int argc, char **argv)
{
    static const CommandVerb VERBS[] = {
        {"retrieval", "images by captions and captions by images", retrieval},
        {"classify", "the class of whole images", classify},
        {"regions", "the class of annotated boxes", regions},
        {"fine-grained", "regions against descriptions and hard negatives", fine_grained},
        {"detect", "detection in a data set, or two layers compared", detect}};
    return command_run_verb("gaclip-eval", VERBS, COUNT(VERBS), argc, argv);
}

int main(int argc, char **argv)
{
    return command_main("gaclip-eval", eval, argc, argv);
}
