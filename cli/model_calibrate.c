#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "class_synonyms.h"
#include "command.h"
#include "files.h"
#include "gaclip/calibrate.h"
#include "gaclip/dataset_source.h"
#include "gaclip/default_model.h"
#include "model_facts.h"
#include "model_verbs.h"
#include "plot.h"
#include "print_json.h"
#include "progress.h"

/* Fewer right detections than this say too little about a class of its own. */
enum { FEWEST_RIGHT = 10 };

/* What was found of a class, and what its scores are worth; the first row is all classes. */
typedef struct ClassRow {
    char *name; /* "" = all */
    GaclipJudged judged;
    int has_own; /* a curve of its own, else that of all classes */
    GaclipCalibration fit;
    GaclipReliability before, after; /* after: by a curve from the other half of the images */
} ClassRow;

typedef struct Calibration {
    const char **operands; /* the model, then data sets */
    int operand_count;
    const char *output, *split, *plot;
    double iou;
    int limit, threads, overwrite, json, quiet;
    GaclipModel *model, *proposer; /* the latter NULL where the model finds its own boxes */
    ClassRow *rows;                /* (row_count) */
    int row_count, images;
} Calibration;

static int add_row(Calibration *c, const char *name, GaclipError *err)
{
    ClassRow *rows = realloc(c->rows, ((size_t)c->row_count + 1) * sizeof *rows);
    if (rows == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    c->rows = rows;
    rows[c->row_count] = (ClassRow){.name = strdup(name)};
    if (rows[c->row_count].name == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    c->row_count++;
    return GACLIP_OK;
}

/* Behind the first row, which is no class; of a class by any of its names. */
static int find_row(int *index, Calibration *c, const char *name, GaclipError *err)
{
    name = gaclip_model_class_of(c->model, name);
    for (*index = 1; *index < c->row_count; (*index)++)
        if (gaclip_same_class(c->rows[*index].name, name)) return GACLIP_OK;
    return add_row(c, name, err);
}

static int judge(Calibration *c, const GaclipDetectionResult *result, GaclipError *err)
{
    int status = GACLIP_OK;
    c->images += result->image_count;
    for (int i = 0; i < result->row_count && status == GACLIP_OK; i++) {
        int index;
        status = find_row(&index, c, result->rows[i].name, err);
        if (status == GACLIP_OK)
            status = gaclip_judge(&c->rows[index].judged, result, i, c->iou, err);
    }
    return status;
}

static int show_progress(int done, int total, void *payload)
{
    return progress_update(payload, done, total, NULL);
}

static int search(Calibration *c, GaclipDatasetSource *source, GaclipError *err)
{
    GaclipSampleSource view = gaclip_dataset_source_view(source);
    GaclipDetectionResult result = {0};
    GaclipEvalOptions options;
    Progress progress;
    gaclip_eval_options_init(&options);
    options.limit = c->limit;
    options.iou = c->iou;
    options.resamples = 0;
    options.detect.min_score = 0.02f; /* the curve must know what low scores are worth */
    options.detect.uncalibrated = 1;
    options.detect.proposer = c->proposer;
    options.progress = show_progress;
    options.payload = &progress;
    progress_begin(&progress, "images", c->quiet);
    int status = gaclip_eval_detect(&result, c->model, &view, &options, err);
    progress_end(&progress);
    if (status == GACLIP_OK) status = judge(c, &result, err);
    gaclip_detection_result_clear(&result);
    return status;
}

static int is_learned(const GaclipModel *model, const char *name)
{
    for (size_t i = 0; i < gaclip_model_text_count(model, GACLIP_CLASS_HINTS); i++)
        if (gaclip_same_class(name, gaclip_model_text_at(model, GACLIP_CLASS_HINTS, i))) return 1;
    return 0;
}

static int gather_synonyms(ClassSynonyms *out, const char *path, GaclipError *err)
{
    GaclipDatasetReadOptions reading;
    GaclipDataset *dataset = NULL;
    gaclip_dataset_read_options_init(&reading);
    int status = gaclip_dataset_new(&dataset, err);
    if (status == GACLIP_OK) status = gaclip_dataset_read(dataset, path, &reading, err);
    if (status == GACLIP_OK) status = class_synonyms_add(out, dataset, err);
    gaclip_dataset_free(dataset);
    return status;
}

/* A name that the model has learned is no synonym. */
static int add_synonyms(GaclipModel *model, const ClassSynonyms *more, GaclipError *err)
{
    size_t count;
    const GaclipSynonym *old = gaclip_model_synonyms(model, &count);
    GaclipSynonym *rows = calloc(count + (size_t)more->names.count + 1, sizeof *rows);
    if (rows == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) rows[i] = old[i];
    for (int i = 0; i < more->names.count; i++)
        if (!is_learned(model, more->names.items[i]))
            rows[count++] = (GaclipSynonym){more->names.items[i], more->classes.items[i]};
    int status = gaclip_model_set_synonyms(model, rows, count, err);
    free(rows);
    return status;
}

/* Of all data sets before the first is searched: a class goes by one name in all of them. */
static int learn_synonyms(Calibration *c, GaclipError *err)
{
    ClassSynonyms all = {0};
    int status = GACLIP_OK;
    for (int i = 1; i < c->operand_count && status == GACLIP_OK; i++) {
        status = gather_synonyms(&all, c->operands[i], err);
        if (status != GACLIP_OK) gaclip_error_prefix(err, "%s", c->operands[i]);
    }
    if (status == GACLIP_OK) status = add_synonyms(c->model, &all, err);
    class_synonyms_clear(&all);
    return status;
}

static int search_dataset(Calibration *c, const char *path, GaclipError *err)
{
    GaclipDatasetReadOptions reading;
    GaclipDatasetSourceOptions options;
    GaclipDataset *dataset = NULL;
    GaclipDatasetSource *source = NULL;
    gaclip_dataset_read_options_init(&reading);
    gaclip_dataset_source_options_init(&options);
    options.split = c->split;
    int status = gaclip_dataset_new(&dataset, err);
    if (status == GACLIP_OK) status = gaclip_dataset_read(dataset, path, &reading, err);
    if (status == GACLIP_OK) status = gaclip_dataset_source_new(&source, dataset, &options, err);
    if (status == GACLIP_OK) status = search(c, source, err);
    gaclip_dataset_source_free(source);
    gaclip_dataset_free(dataset);
    return status;
}

static size_t count_right(const GaclipJudged *judged)
{
    size_t right = 0;
    for (size_t i = 0; i < judged->count; i++) right += judged->right[i];
    return right;
}

/* Each half of the images by the curve of the other half, where both have one. */
static void measure(ClassRow *row)
{
    GaclipCalibration by_part[2] = {row->fit, row->fit}, fit;
    for (int part = 0; part < 2; part++)
        if (row->has_own && gaclip_calibration_fit(&fit, &row->judged, 1 - part, NULL) == GACLIP_OK)
            by_part[part] = fit;
    gaclip_reliability(&row->before, &row->judged, NULL);
    gaclip_reliability(&row->after, &row->judged, by_part);
}

static int fit_rows(Calibration *c, GaclipError *err)
{
    ClassRow *all = &c->rows[0];
    int status = GACLIP_OK;
    for (int i = 1; i < c->row_count && status == GACLIP_OK; i++)
        status = gaclip_judged_add(&all->judged, &c->rows[i].judged, err);
    if (status == GACLIP_OK) status = gaclip_calibration_fit(&all->fit, &all->judged, -1, err);
    if (status != GACLIP_OK) return status;
    all->has_own = 1;
    measure(all);
    for (int i = 1; i < c->row_count; i++) {
        ClassRow *row = &c->rows[i];
        row->fit = all->fit;
        row->has_own = count_right(&row->judged) >= FEWEST_RIGHT &&
                       gaclip_calibration_fit(&row->fit, &row->judged, -1, NULL) == GACLIP_OK;
        measure(row);
    }
    return GACLIP_OK;
}

static int save(const Calibration *c, GaclipError *err)
{
    size_t count = 0;
    GaclipCalibration *rows = calloc((size_t)c->row_count, sizeof *rows);
    if (rows == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < c->row_count; i++) {
        if (!c->rows[i].has_own) continue;
        rows[count] = c->rows[i].fit;
        rows[count++].class_name = c->rows[i].name;
    }
    int status = gaclip_model_set_calibration(c->model, rows, count, err);
    free(rows);
    if (status == GACLIP_OK)
        status = gaclip_model_save_as(c->model, c->output, model_storage(c->model), err);
    return status;
}

static int fill_series(PlotSeries *series, const ClassRow *row, const GaclipReliability *r,
                       const char *note, GaclipError *err)
{
    int status = GACLIP_OK;
    snprintf(series->name, sizeof series->name, "%.32s%s", *row->name ? row->name : "all", note);
    for (int b = 0; b < GACLIP_RELIABILITY_BINS && status == GACLIP_OK; b++)
        if (r->count[b] > 0) status = plot_add(series, r->score[b], r->right[b], err);
    return status;
}

/* All classes before and after in one panel, each class of its own curve in another. */
static int draw(const Calibration *c, GaclipError *err)
{
    enum { TOGETHER = 3 };
    PlotSeries *series = calloc((size_t)c->row_count + TOGETHER, sizeof *series);
    PlotPanel panels[2] = {{"share that is right, all classes", "score", series, TOGETHER, 1},
                           {"share that is right, by class, calibrated", "score", NULL, 0, 1}};
    if (series == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = fill_series(&series[0], &c->rows[0], &c->rows[0].before, ", as it comes", err);
    if (status == GACLIP_OK)
        status = fill_series(&series[1], &c->rows[0], &c->rows[0].after, ", calibrated", err);
    snprintf(series[2].name, sizeof series[2].name, "as it should be");
    for (int i = 0; i <= 1 && status == GACLIP_OK; i++) status = plot_add(&series[2], i, i, err);
    panels[1].series = series + TOGETHER;
    for (int i = 1; i < c->row_count && status == GACLIP_OK; i++)
        if (c->rows[i].has_own)
            status = fill_series(&panels[1].series[panels[1].series_count++], &c->rows[i],
                                 &c->rows[i].after, "", err);
    if (status == GACLIP_OK) status = plot_write(c->plot, panels, 2, err);
    plot_clear(series, TOGETHER + panels[1].series_count);
    free(series);
    return status;
}

static void print_table(const Calibration *c)
{
    printf("%-24s %10s %7s %8s %8s %9s %9s\n", "class", "detections", "right", "slope", "offset",
           "ECE", "ECE after");
    for (int i = 0; i < c->row_count; i++) {
        const ClassRow *row = &c->rows[i];
        printf("%-24s %10zu %7zu %8.3f %8.3f %9.4f %9.4f%s\n", i > 0 ? row->name : "(all classes)",
               row->judged.count, count_right(&row->judged), row->fit.slope, row->fit.offset,
               row->before.error, row->after.error, row->has_own ? "" : "  (as all classes)");
    }
    printf("\n%d images, right at IoU >= %g. ECE: mean gap between score and share that is right, "
           "in ten bins; after: each half of the images by the curve of the other half.\n",
           c->images, c->iou);
}

static int report(const Calibration *c, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", c->output);
    cJSON_AddNumberToObject(root, "images", c->images);
    cJSON_AddNumberToObject(root, "iou", c->iou);
    cJSON *list = cJSON_AddArrayToObject(root, "classes");
    for (int i = 0; i < c->row_count; i++) {
        const ClassRow *row = &c->rows[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "class", row->name);
        cJSON_AddNumberToObject(item, "detections", (double)row->judged.count);
        cJSON_AddNumberToObject(item, "right", (double)count_right(&row->judged));
        cJSON_AddBoolToObject(item, "own", row->has_own);
        cJSON_AddNumberToObject(item, "slope", row->fit.slope);
        cJSON_AddNumberToObject(item, "offset", row->fit.offset);
        cJSON_AddNumberToObject(item, "error_before", row->before.error);
        cJSON_AddNumberToObject(item, "error_after", row->after.error);
        cJSON_AddItemToArray(list, item);
    }
    return print_json(root, err);
}

static int run(Calibration *c, GaclipError *err)
{
    int status = add_row(c, "", err);
    if (status == GACLIP_OK) status = learn_synonyms(c, err);
    for (int i = 1; i < c->operand_count && status == GACLIP_OK; i++) {
        status = search_dataset(c, c->operands[i], err);
        if (status != GACLIP_OK) gaclip_error_prefix(err, "%s", c->operands[i]);
    }
    if (status == GACLIP_OK) status = fit_rows(c, err);
    if (status == GACLIP_OK) status = save(c, err);
    if (status == GACLIP_OK && c->plot != NULL) status = draw(c, err);
    if (status != GACLIP_OK || c->quiet) return status;
    if (c->json) return report(c, err);
    print_table(c);
    return GACLIP_OK;
}

static int calibrate(Calibration *c, GaclipError *err)
{
    GaclipCompute *compute = NULL;
    int status = file_check_output(c->output, c->overwrite, err);
    if (status == GACLIP_OK && c->plot != NULL)
        status = file_check_output(c->plot, c->overwrite, err);
    if (status == GACLIP_OK)
        status = gaclip_compute_new(&compute, c->threads, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK) status = gaclip_model_open(&c->model, c->operands[0], compute, err);
    if (status == GACLIP_OK)
        status = gaclip_open_proposer(&c->proposer, c->model, NULL, compute, err);
    if (status == GACLIP_OK) status = run(c, err);
    for (int i = 0; i < c->row_count; i++) {
        gaclip_judged_clear(&c->rows[i].judged);
        free(c->rows[i].name);
    }
    free(c->rows);
    gaclip_model_close(c->model);
    gaclip_model_close(c->proposer);
    gaclip_compute_free(compute);
    return status;
}

int model_calibrate(int argc, char **argv)
{
    Calibration c = {.split = "val", .iou = 0.5};
    /* clang-format off */
    const Option options[] = {
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &c.output, .meta = "FILE",
         .help = "model file to write (required)"},
        {.name = "split", .type = OPTION_TEXT, .value = &c.split, .meta = "NAME",
         .help = "images to measure on (default: val)"},
        {.name = "iou", .type = OPTION_NUMBER, .value = &c.iou, .meta = "IOU", .minimum = 0.01,
         .maximum = 1, .help = "overlap from which a box counts as right"},
        {.name = "limit", .type = OPTION_INTEGER, .value = &c.limit, .meta = "N", .minimum = 1,
         .maximum = INT_MAX, .help = "look at so many images of each data set only"},
        {.name = "plot", .type = OPTION_TEXT, .value = &c.plot, .meta = "FILE",
         .help = "draw the reliability curves (SVG)"},
        {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &c.threads,
         .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &c.overwrite,
         .help = "replace existing files"},
        {.name = "json", .type = OPTION_FLAG, .value = &c.json, .help = "print JSON"},
        {.name = "quiet", .letter = 'q', .classic = "quiet", .type = OPTION_FLAG, .value = &c.quiet,
         .help = "print nothing"},
    };
    const Command command = {
        .name = "gaclip-model calibrate",
        .usage = "MODEL DATASET... -o OUT",
        .summary = "make scores say how many detections of that score are right",
        .description = "Searches the images of each DATASET for its classes and fits a curve to the "
                       "scores of right and wrong boxes, for every class with at least ten right "
                       "ones and for all classes together, which others are scored by. OUT is MODEL "
                       "with these curves inside: from then on a score of 0.5 means that about "
                       "half are right, on images such as these. The order of a class's scores "
                       "stays. Other names that a DATASET has for its classes are kept as well.",
        .examples = "  gaclip-model calibrate a.safetensors ships/val.json pools/val.json -o "
                    "b.safetensors --plot b.svg\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 2,
        .max_operands = INT_MAX,
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code;
    c.operands = calloc((size_t)argc + 1, sizeof *c.operands);
    if (c.operands == NULL) {
        gaclip_error_set(&err, GACLIP_ERROR_MEMORY, "out of memory");
        return command_fail(&command, &err);
    }
    if (command_parse(&exit_code, &command, argc, argv, c.operands, &c.operand_count)) {
        int status = c.output != NULL
                         ? calibrate(&c, &err)
                         : gaclip_error_set(&err, GACLIP_ERROR_ARGUMENT,
                                            "-o FILE is missing: where to write the model");
        if (status != GACLIP_OK) exit_code = command_fail(&command, &err);
    }
    free(c.operands);
    return exit_code;
}
