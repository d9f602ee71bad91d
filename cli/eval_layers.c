#include "eval_layers.h"
#include "print_json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static void print_table(const EvalLayers *arguments, const GaclipLayerEval *result)
{
    int width = (int)strlen("mean");
    for (int i = 0; i < result->row_count; i++)
        if ((int)strlen(result->rows[i].label) > width) width = (int)strlen(result->rows[i].label);
    printf("Boxes in %s, IoU >= %g (COCO: mean over IoU 0.50 to 0.95); average precision over all "
           "scores, counts at score >= %g\n\n",
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
               result->rows[i].coco, counts->true_positives, counts->false_positives,
               counts->false_negatives, counts->precision, counts->recall, counts->f1);
    }
    printf("%-*s %10s %8s | %8.4f %9.4f %8.4f\n", width, "mean", "", "", result->mean_voc11,
           result->mean_all_point, result->mean_coco);
}

static cJSON *describe_row(const GaclipLayerEvalRow *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "class", row->label);
    cJSON_AddNumberToObject(object, "references", row->ap.positives);
    cJSON_AddNumberToObject(object, "found", row->ap.found);
    cJSON_AddNumberToObject(object, "ap_voc11", row->ap.voc11);
    cJSON_AddNumberToObject(object, "ap_all_point", row->ap.all_point);
    cJSON_AddNumberToObject(object, "ap_coco", row->coco);
    cJSON_AddNumberToObject(object, "true_positives", row->counts.true_positives);
    cJSON_AddNumberToObject(object, "false_positives", row->counts.false_positives);
    cJSON_AddNumberToObject(object, "false_negatives", row->counts.false_negatives);
    cJSON_AddNumberToObject(object, "precision", row->counts.precision);
    cJSON_AddNumberToObject(object, "recall", row->counts.recall);
    cJSON_AddNumberToObject(object, "f1", row->counts.f1);
    return object;
}

static int print_report(const EvalLayers *arguments, const GaclipLayerEval *result,
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
    cJSON_AddNumberToObject(root, "mean_ap_coco", result->mean_coco);
    cJSON *classes = cJSON_AddArrayToObject(root, "classes");
    for (int i = 0; i < result->row_count; i++)
        cJSON_AddItemToArray(classes, describe_row(&result->rows[i]));
    return print_json(root, err);
}

int eval_layers(const EvalLayers *arguments, GaclipError *err)
{
    GaclipLayerEval result;
    int status = gaclip_layer_eval(&result, arguments->detections, arguments->references,
                                   &arguments->options, err);
    if (status != GACLIP_OK) return status;
    if (arguments->json)
        status = print_report(arguments, &result, err);
    else
        print_table(arguments, &result);
    gaclip_layer_eval_clear(&result);
    return status;
}
