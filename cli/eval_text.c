#include "eval_text.h"

#include <stdlib.h>

const char *eval_protocol_name(EvalProtocol protocol)
{
    static const char *const NAMES[] = {"retrieval", "classify", "regions", "fine-grained",
                                        "detect"}; /* in EvalProtocol's order */
    return NAMES[protocol];
}

/* "1 class", "3 classes" */
static void print_count(FILE *out, int count, const char *one, const char *several)
{
    fprintf(out, "%d %s", count, count == 1 ? one : several);
}

/* "split test of dota.json" */
static void print_data(FILE *out, const EvalReport *report)
{
    const char *split = report->data.split;
    fprintf(out, "%s%s of %s", split ? "split " : "all images", split ? split : "",
            report->request->dataset);
    if (report->request->limit > 0 && report->request->limit < report->data.view.count)
        fprintf(out, " (%d of its %d images, spread evenly)", report->request->limit,
                report->data.view.count);
}

static void print_view(FILE *out, const EvalReport *report)
{
    fputs("v_r by RoIAlign 7 x 7 on the dense map of ", out);
    if (report->options.view == GACLIP_VIEW_WINDOW)
        fputs("a window of the model's side around the region", out);
    else
        fputs("the whole image squashed to the model's side", out);
    fputs("; v_crop from the box's pixels squashed to it", out);
}

static void print_accuracy(FILE *out, const EvalReport *report, const char *one,
                           const char *several)
{
    const GaclipAccuracy *a = &report->runs[0].accuracy;
    print_count(out, a->answer_count, one, several);
    fputs(" in ", out);
    print_count(out, a->images, "image", "images");
    if (a->skipped > 0) fprintf(out, " (%d left out)", a->skipped);
    fputs(", ", out);
    print_data(out, report);
    if (a->class_count == 0) return;
    fputs("; ", out);
    print_count(out, a->class_count, "class", "classes");
    fputs(", each the unit mean of its prompts' embeddings", out);
}

static void print_retrieval(FILE *out, const EvalReport *report)
{
    const GaclipRetrieval *r = &report->runs[0].retrieval;
    fputs("Retrieval: ", out);
    print_count(out, r->images, "image", "images");
    fputs(" with ", out);
    print_count(out, r->captions, "caption, ", "captions, ");
    print_data(out, report);
    fputs("; captions as they are, images resized and centre-cropped to the model's side, cosine; "
          "recall is the percentage of queries with one of theirs among the first K, mR the mean "
          "of the six.",
          out);
}

static void print_names(FILE *out, const char *title, const GaclipDetectionResult *r, int is_novel)
{
    int count = 0;
    for (int i = 0; i < r->row_count; i++) {
        if (r->rows[i].is_novel != is_novel) continue;
        fprintf(out, "%s%s", count++ > 0 ? ", " : title, r->rows[i].name);
    }
    if (count > 0) fputc('.', out);
}

/* Models may differ in it, where none was asked for. */
static void print_count_score(FILE *out, const EvalReport *report)
{
    double first = report->runs[0].detection.min_score;
    for (int i = 1; i < report->run_count; i++) {
        if (report->runs[i].detection.min_score == first) continue;
        fputs("counts at the score that is each model's default.", out);
        return;
    }
    fprintf(out, "counts at score >= %g.", first);
}

static void print_detection(FILE *out, const EvalReport *report)
{
    const GaclipDetectionResult *r = &report->runs[0].detection;
    const GaclipEvalOptions *o = &report->options;
    fputs("Open-vocabulary detection: ", out);
    print_count(out, r->image_count, "image, ", "images, ");
    print_data(out, report);
    if (r->skipped > 0) fprintf(out, " (%d not annotated in full left out)", r->skipped);
    fputs("; ", out);
    print_count(out, r->row_count, "class", "classes");
    fprintf(out,
            " asked %s, windows of the model's side, suppression within a class above "
            "IoU %g, average precision at IoU >= %g over scores >= %g (COCO: mean over IoU 0.50 to "
            "0.95), ",
            o->detect.independent ? "independently" : "together", (double)o->detect.nms_iou, o->iou,
            (double)o->detect.min_score);
    print_count_score(out, report);
    if (r->novel.classes + report->data.novel_count == 0) return;
    if (report->data.class_split != NULL)
        fprintf(out, " Split: %s.", report->data.class_split->source);
    print_names(out, " Base: ", r, 0);
    print_names(out, " Novel: ", r, 1);
}

void eval_protocol_print(FILE *out, const EvalReport *report)
{
    switch (report->request->protocol) {
    case EVAL_RETRIEVAL:
        print_retrieval(out, report);
        break;
    case EVAL_CLASSIFY:
        fputs("Zero-shot classification: ", out);
        print_accuracy(out, report, "scene", "scenes");
        fputs("; images resized and centre-cropped to the model's side.", out);
        break;
    case EVAL_REGIONS:
        fputs("Region classification: ", out);
        print_accuracy(out, report, "annotated box", "annotated boxes");
        fputs("; ", out);
        print_view(out, report);
        fputc('.', out);
        break;
    case EVAL_FINE_GRAINED:
        fputs("Fine-grained understanding: ", out);
        print_accuracy(out, report, "region", "regions");
        fputs(", each against its right description and its hard negatives, ties counting as "
              "wrong; ",
              out);
        print_view(out, report);
        fputc('.', out);
        break;
    case EVAL_DETECT:
        print_detection(out, report);
        break;
    }
    if (report->options.resamples > 0)
        fprintf(out, " 95 %% intervals from %d resamples of the images, seed %d.",
                report->options.resamples, report->request->seed);
}

char *eval_protocol_text(const EvalReport *report)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;
    eval_protocol_print(out, report);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
