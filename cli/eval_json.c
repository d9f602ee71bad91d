#include "eval_json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "eval_text.h"

static void add_interval(cJSON *object, const char *name, const GaclipInterval *i)
{
    cJSON *entry = cJSON_AddObjectToObject(object, name);
    cJSON_AddNumberToObject(entry, "value", i->value);
    cJSON_AddNumberToObject(entry, "low", i->low);
    cJSON_AddNumberToObject(entry, "high", i->high);
}

static void add_recalls(cJSON *object, const char *name, const GaclipInterval *recalls)
{
    static const char *const KEYS[] = {"1", "5", "10"}; /* gaclip_recall_at */
    cJSON *entry = cJSON_AddObjectToObject(object, name);
    for (int k = 0; k < GACLIP_RECALLS; k++) add_interval(entry, KEYS[k], &recalls[k]);
}

static void add_retrieval(cJSON *object, const GaclipRetrieval *result)
{
    cJSON_AddNumberToObject(object, "images", result->recall.images);
    cJSON_AddNumberToObject(object, "captions", result->recall.captions);
    add_recalls(object, "image_to_text", result->recall.image_to_text);
    add_recalls(object, "text_to_image", result->recall.text_to_image);
    add_interval(object, "mean_recall", &result->recall.mean);
}

/* Questions and right answers of every class that was asked about. */
static void add_classes(cJSON *object, const GaclipAccuracy *a)
{
    cJSON *classes = cJSON_AddArrayToObject(object, "classes");
    for (int c = 0; c < a->class_count; c++) {
        GaclipClassCount count = gaclip_accuracy_of_class(a, c);
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "class", a->classes[c]);
        cJSON_AddNumberToObject(entry, "count", count.asked);
        cJSON_AddNumberToObject(entry, "right", count.top1);
        cJSON_AddNumberToObject(entry, "right_in_5", count.top5);
        cJSON_AddItemToArray(classes, entry);
    }
}

static void add_accuracy(cJSON *object, const GaclipAccuracy *a)
{
    cJSON_AddNumberToObject(object, "images", a->images);
    cJSON_AddNumberToObject(object, "count", a->answer_count);
    cJSON_AddNumberToObject(object, "left_out", a->skipped);
    add_interval(object, "acc1", &a->top1);
    add_interval(object, "acc5", &a->top5);
    cJSON_AddNumberToObject(object, "guessing1", a->chance1);
    cJSON_AddNumberToObject(object, "guessing5", a->chance5);
    if (a->class_count == 0) return;
    cJSON_AddNumberToObject(object, "class_mean", a->class_mean);
    add_classes(object, a);
}

/* null where there is no reference to compare with */
static void add_precision(cJSON *object, const char *name, double value)
{
    if (value < 0)
        cJSON_AddNullToObject(object, name);
    else
        cJSON_AddNumberToObject(object, name, value);
}

static void add_mean(cJSON *object, const char *name, const GaclipDetectionMean *mean)
{
    cJSON *entry = cJSON_AddObjectToObject(object, name);
    cJSON_AddNumberToObject(entry, "classes", mean->classes);
    if (mean->classes > 0)
        add_interval(entry, "ap_voc11", &mean->voc11);
    else
        cJSON_AddNullToObject(entry, "ap_voc11");
    add_precision(entry, "ap_all_point", mean->all_point);
    add_precision(entry, "ap_coco", mean->coco);
}

static cJSON *describe_row(const GaclipDetectionRow *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "class", row->name);
    cJSON_AddBoolToObject(object, "novel", row->is_novel);
    cJSON_AddNumberToObject(object, "references", row->ap.positives);
    cJSON_AddNumberToObject(object, "found", row->ap.found);
    if (row->ap.positives > 0)
        add_interval(object, "ap_voc11", &row->voc11);
    else
        cJSON_AddNullToObject(object, "ap_voc11");
    add_precision(object, "ap_all_point", row->ap.all_point);
    add_precision(object, "ap_coco", row->coco);
    cJSON_AddNumberToObject(object, "true_positives", row->counts.true_positives);
    cJSON_AddNumberToObject(object, "false_positives", row->counts.false_positives);
    cJSON_AddNumberToObject(object, "false_negatives", row->counts.false_negatives);
    cJSON_AddNumberToObject(object, "precision", row->counts.precision);
    cJSON_AddNumberToObject(object, "recall", row->counts.recall);
    cJSON_AddNumberToObject(object, "f1", row->counts.f1);
    return object;
}

static void add_detection(cJSON *object, const GaclipDetectionResult *d, int has_novel)
{
    cJSON_AddNumberToObject(object, "images", d->image_count);
    cJSON_AddNumberToObject(object, "left_out", d->skipped);
    cJSON_AddNumberToObject(object, "min_score", d->min_score);
    add_mean(object, "mean", &d->all);
    if (has_novel) {
        add_mean(object, "mean_base", &d->base);
        add_mean(object, "mean_novel", &d->novel);
    }
    cJSON *classes = cJSON_AddArrayToObject(object, "classes");
    for (int i = 0; i < d->row_count; i++) cJSON_AddItemToArray(classes, describe_row(&d->rows[i]));
}

static cJSON *describe_run(const EvalReport *report, const EvalRun *run)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "model", run->model);
    cJSON_AddStringToObject(object, "model_sha256", run->sha256);
    cJSON_AddNumberToObject(object, "side", run->side);
    if (run->region) cJSON_AddStringToObject(object, "region", run->region);
    if (report->data.class_count > 0)
        cJSON_AddItemToObject(
            object, "prompts",
            cJSON_CreateStringArray((const char *const *)run->prompts.items, run->prompts.count));
    if (report->request->protocol == EVAL_RETRIEVAL)
        add_retrieval(object, &run->retrieval);
    else if (report->request->protocol == EVAL_DETECT)
        add_detection(object, &run->detection, report->data.novel_count > 0);
    else
        add_accuracy(object, &run->accuracy);
    cJSON_AddNumberToObject(object, "seconds", run->seconds);
    return object;
}

char *eval_json_text(const EvalReport *report)
{
    cJSON *root = cJSON_CreateObject();
    char *protocol = eval_protocol_text(report);
    cJSON_AddStringToObject(root, "protocol", eval_protocol_name(report->request->protocol));
    cJSON_AddStringToObject(root, "description", protocol ? protocol : "");
    cJSON_AddStringToObject(root, "dataset", report->request->dataset);
    if (report->data.split) cJSON_AddStringToObject(root, "split", report->data.split);
    cJSON_AddNumberToObject(root, "resamples", report->options.resamples);
    cJSON_AddNumberToObject(root, "seed", report->request->seed);
    cJSON *models = cJSON_AddArrayToObject(root, "models");
    for (int i = 0; i < report->run_count; i++)
        cJSON_AddItemToArray(models, describe_run(report, &report->runs[i]));
    char *text = protocol ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    free(protocol);
    return text;
}
