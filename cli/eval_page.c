#include "eval_page.h"

#include <stdlib.h>

#include "eval_text.h"
#include "page.h"

static void print_figure(FILE *out, const EvalReport *report, const GaclipInterval *i, int decimals)
{
    fprintf(out, "<td>%.*f", decimals, i->value);
    if (report->options.resamples > 0)
        fprintf(out, " <small>[%.*f, %.*f]</small>", decimals, i->low, decimals, i->high);
    fputs("</td>", out);
}

static void print_fraction(FILE *out, double value)
{
    if (value < 0)
        fputs("<td>-</td>", out);
    else
        fprintf(out, "<td>%.4f</td>", value);
}

static void print_retrieval_row(FILE *out, const EvalReport *report, const EvalRun *run)
{
    const GaclipRecall *r = &run->retrieval.recall;
    for (int k = 0; k < GACLIP_RECALLS; k++) print_figure(out, report, &r->image_to_text[k], 2);
    for (int k = 0; k < GACLIP_RECALLS; k++) print_figure(out, report, &r->text_to_image[k], 2);
    print_figure(out, report, &r->mean, 2);
}

static void print_accuracy_row(FILE *out, const EvalReport *report, const EvalRun *run)
{
    const GaclipAccuracy *a = &run->accuracy;
    print_figure(out, report, &a->top1, 2);
    print_figure(out, report, &a->top5, 2);
    fprintf(out, "<td>%.2f / %.2f</td>", a->chance1, a->chance5);
}

static void print_mean(FILE *out, const EvalReport *report, const GaclipDetectionMean *mean)
{
    if (mean->classes > 0)
        print_figure(out, report, &mean->voc11, 4);
    else
        fputs("<td>-</td>", out);
    print_fraction(out, mean->all_point);
    print_fraction(out, mean->coco);
}

static void print_detection_row(FILE *out, const EvalReport *report, const EvalRun *run)
{
    print_mean(out, report, &run->detection.all);
    if (report->data.novel_count == 0) return;
    print_mean(out, report, &run->detection.base);
    print_mean(out, report, &run->detection.novel);
}

static const char *heads(const EvalReport *report)
{
    switch (report->request->protocol) {
    case EVAL_RETRIEVAL:
        return "<th>I2T R@1<th>I2T R@5<th>I2T R@10<th>T2I R@1<th>T2I R@5<th>T2I R@10<th>mR";
    case EVAL_DETECT:
        return report->data.novel_count > 0
                   ? "<th>mAP voc11<th>points<th>coco<th>base voc11<th>points<th>coco"
                     "<th>novel voc11<th>points<th>coco"
                   : "<th>mAP voc11<th>points<th>coco";
    default:
        return "<th>Acc@1<th>Acc@5<th>guessing";
    }
}

static void print_summary(FILE *out, const EvalReport *report)
{
    fprintf(out, "<div class=\"wide\"><table><thead><tr><th>model%s</thead><tbody>\n",
            heads(report));
    for (int i = 0; i < report->run_count; i++) {
        const EvalRun *run = &report->runs[i];
        fputs("<tr><td>", out);
        page_text(out, run->label);
        fputs("</td>", out);
        if (report->request->protocol == EVAL_RETRIEVAL)
            print_retrieval_row(out, report, run);
        else if (report->request->protocol == EVAL_DETECT)
            print_detection_row(out, report, run);
        else
            print_accuracy_row(out, report, run);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_detection_classes(FILE *out, const EvalReport *report, const EvalRun *run)
{
    fputs("<div class=\"wide\"><table><thead><tr><th>class<th><th>references<th>found<th>AP voc11"
          "<th>points<th>coco<th>TP<th>FP<th>FN<th>precision<th>recall<th>F1</thead><tbody>\n",
          out);
    for (int i = 0; i < run->detection.row_count; i++) {
        const GaclipDetectionRow *row = &run->detection.rows[i];
        const GaclipCounts *c = &row->counts;
        GaclipDetectionMean one = {row->ap.positives > 0, row->voc11, row->ap.all_point, row->coco};
        fputs("<tr><td>", out);
        page_text(out, row->name);
        fprintf(out, "</td><td>%s</td><td>%d</td><td>%d</td>", row->is_novel ? "novel" : "",
                row->ap.positives, row->ap.found);
        print_mean(out, report, &one);
        fprintf(out,
                "<td>%d</td><td>%d</td><td>%d</td><td>%.4f</td><td>%.4f</td><td>%.4f</td></tr>\n",
                c->true_positives, c->false_positives, c->false_negatives, c->precision, c->recall,
                c->f1);
    }
    fputs("</tbody></table></div>\n", out);
}

static void print_model(FILE *out, const EvalReport *report, const EvalRun *run)
{
    fprintf(out, "<p><small>SHA-256 %s; side %d px", run->sha256, run->side);
    for (int i = 0; report->data.class_count > 0 && i < run->prompts.count; i++) {
        fputs(i > 0 ? ", " : "; prompts: ", out);
        fputs("&quot;", out);
        page_text(out, run->prompts.items[i]);
        fputs("&quot;", out);
    }
    fprintf(out, "; %.1f s</small></p>\n", run->seconds);
}

static int print_run(FILE *out, const EvalReport *report, const EvalRun *run, GaclipError *err)
{
    int status = GACLIP_OK;
    fputs("<h2>", out);
    page_text(out, run->label);
    fputs("</h2>\n", out);
    print_model(out, report, run);
    if (report->request->protocol == EVAL_DETECT) {
        print_detection_classes(out, report, run);
        status = eval_page_curves(out, report, run, err);
    } else if (run->accuracy.class_count > 0) {
        eval_page_classes(out, &run->accuracy);
        status = eval_page_matrix(out, &run->accuracy, err);
    }
    return status == GACLIP_OK ? eval_page_examples(out, report, run, err) : status;
}

static int print_page(FILE *out, const void *payload, GaclipError *err)
{
    const EvalReport *report = payload;
    char title[64];
    int status = GACLIP_OK;
    snprintf(title, sizeof title, "gaclip-eval %s", eval_protocol_name(report->request->protocol));
    page_begin(out, title);
    char *protocol = eval_protocol_text(report);
    if (protocol == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    fputs("<p>", out);
    page_text(out, protocol);
    fputs("</p>\n", out);
    free(protocol);
    print_summary(out, report);
    for (int i = 0; i < report->run_count && status == GACLIP_OK; i++)
        status = print_run(out, report, &report->runs[i], err);
    fprintf(out, "<p><small>gaclip %s</small></p>\n", GACLIP_VERSION);
    page_end(out);
    return status;
}

int eval_page_write(const EvalReport *report, GaclipError *err)
{
    return page_write(report->request->html, print_page, report, err);
}
