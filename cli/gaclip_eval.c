/* gaclip-eval: how good detections are, by the usual protocols. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "gaclip/layer_eval.h"

typedef struct EvalArguments {
    const char *detections, *references;
    GaclipLayerEvalOptions options;
    int json;
} EvalArguments;

static void print_table(const EvalArguments *arguments, const GaclipLayerEval *result)
{
    int width = (int)strlen("mean");
    for (int i = 0; i < result->row_count; i++)
        if ((int)strlen(result->rows[i].label) > width) width = (int)strlen(result->rows[i].label);
    printf("Boxes in %s, IoU >= %g; average precision over all scores, counts at score >= %g\n\n",
           *result->crs ? result->crs : "an unnamed CRS", arguments->options.iou,
           arguments->options.min_score);
    printf("%-*s %10s %8s | %8s %9s %8s | %5s %5s %5s %9s %7s %7s\n", width, "class", "references",
           "found", "AP voc11", "AP points", "AP coco", "TP", "FP", "FN", "precision", "recall",
           "F1");
    for (int i = 0; i < result->row_count; i++) {
        const GaclipAP *ap = &result->rows[i].ap;
        const GaclipCounts *counts = &result->rows[i].counts;
        printf("%-*s %10d %8d | %8.4f %9.4f %8.4f | %5d %5d %5d %9.4f %7.4f %7.4f\n", width,
               result->rows[i].label, ap->positives, ap->found, ap->voc11, ap->all_point,
               ap->coco101, counts->true_positives, counts->false_positives,
               counts->false_negatives, counts->precision, counts->recall, counts->f1);
    }
    printf("%-*s %10s %8s | %8.4f %9.4f %8.4f\n", width, "mean", "", "", result->mean_voc11,
           result->mean_all_point, result->mean_coco101);
}

static cJSON *describe_row(const GaclipLayerEvalRow *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "class", row->label);
    cJSON_AddNumberToObject(object, "references", row->ap.positives);
    cJSON_AddNumberToObject(object, "found", row->ap.found);
    cJSON_AddNumberToObject(object, "ap_voc11", row->ap.voc11);
    cJSON_AddNumberToObject(object, "ap_all_point", row->ap.all_point);
    cJSON_AddNumberToObject(object, "ap_coco101", row->ap.coco101);
    cJSON_AddNumberToObject(object, "true_positives", row->counts.true_positives);
    cJSON_AddNumberToObject(object, "false_positives", row->counts.false_positives);
    cJSON_AddNumberToObject(object, "false_negatives", row->counts.false_negatives);
    cJSON_AddNumberToObject(object, "precision", row->counts.precision);
    cJSON_AddNumberToObject(object, "recall", row->counts.recall);
    cJSON_AddNumberToObject(object, "f1", row->counts.f1);
    return object;
}

static int print_json(const EvalArguments *arguments, const GaclipLayerEval *result,
                      GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "detections", arguments->detections);
    cJSON_AddStringToObject(root, "references", arguments->references);
    cJSON_AddStringToObject(root, "crs", result->crs);
    cJSON_AddNumberToObject(root, "iou", arguments->options.iou);
    cJSON_AddNumberToObject(root, "min_score", arguments->options.min_score);
    cJSON_AddNumberToObject(root, "mean_ap_voc11", result->mean_voc11);
    cJSON_AddNumberToObject(root, "mean_ap_all_point", result->mean_all_point);
    cJSON_AddNumberToObject(root, "mean_ap_coco101", result->mean_coco101);
    cJSON *classes = cJSON_AddArrayToObject(root, "classes");
    for (int i = 0; i < result->row_count; i++)
        cJSON_AddItemToArray(classes, describe_row(&result->rows[i]));
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    puts(text);
    cJSON_free(text);
    return GACLIP_OK;
}

static int evaluate(const EvalArguments *arguments, GaclipError *err)
{
    GaclipLayerEval result;
    int status = gaclip_layer_eval(&result, arguments->detections, arguments->references,
                                   &arguments->options, err);
    if (status != GACLIP_OK) return status;
    if (arguments->json)
        status = print_json(arguments, &result, err);
    else
        print_table(arguments, &result);
    gaclip_layer_eval_clear(&result);
    return status;
}

static int detect(int argc, char **argv)
{
    EvalArguments a = {0};
    gaclip_layer_eval_options_init(&a.options);
    /* clang-format off */
    const Option options[] = {
        {.name = "iou", .type = OPTION_NUMBER, .value = &a.options.iou, .meta = "IOU",
         .minimum = 0.01, .maximum = 1, .help = "overlap from which a box counts as right"},
        {.name = "min-score", .type = OPTION_NUMBER, .value = &a.options.min_score,
         .meta = "SCORE", .minimum = 0, .maximum = 1,
         .help = "count precision and recall from this score on; average precision takes all"},
        {.name = "class-field", .type = OPTION_TEXT, .value = &a.options.class_field,
         .meta = "FIELD", .help = "class of a detection (default \"class\")"},
        {.name = "score-field", .type = OPTION_TEXT, .value = &a.options.score_field,
         .meta = "FIELD", .help = "score of a detection (default \"score\")"},
        {.name = "reference-field", .type = OPTION_TEXT, .value = &a.options.reference_field,
         .meta = "FIELD", .help = "class of a reference (default \"class\")"},
        {.name = "reference-name", .type = OPTION_TEXT, .value = &a.options.reference_name,
         .meta = "NAME", .help = "class of all references, where no field has it"},
        {.name = "detection-layer", .type = OPTION_TEXT, .value = &a.options.detection_layer,
         .meta = "NAME", .help = "layer of the detections (default: the first)"},
        {.name = "reference-layer", .type = OPTION_TEXT, .value = &a.options.reference_layer,
         .meta = "NAME", .help = "layer of the references (default: the first)"},
        {.name = "json", .type = OPTION_FLAG, .value = &a.json, .help = "print JSON"},
    };
    const Command command = {
        .name = "gaclip-eval detect",
        .usage = "DETECTIONS REFERENCES",
        .summary = "compare a layer of detections with a layer of references",
        .description = "Prints average precision (VOC 2007 eleven points, all points, COCO 101 "
                       "points), counts, precision and recall of every class. Boxes are compared "
                       "in the CRS of the references.",
        .examples = "  gaclip-eval detect found.gpkg windmills.shp\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 2,
        .max_operands = 2,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[2];
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        a.detections = operands[0];
        a.references = operands[1];
        if (evaluate(&a, &err) != GACLIP_OK) exit_code = command_fail(&command, &err);
    }
    options_clear(&command);
    return exit_code;
}

static int eval(int argc, char **argv)
{
    static const CommandVerb VERBS[] = {
        {"detect", "a layer of detections against a layer of references", detect}};
    return command_run_verb("gaclip-eval", VERBS, 1, argc, argv);
}

int main(int argc, char **argv)
{
    return command_main("gaclip-eval", eval, argc, argv);
}
