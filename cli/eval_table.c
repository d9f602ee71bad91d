#include "eval_table.h"

#include <stdio.h>
#include <string.h>

#include "eval_text.h"

static int label_width(const EvalReport *report)
{
    int width = (int)strlen("model");
    for (int i = 0; i < report->run_count; i++)
        if ((int)strlen(report->runs[i].label) > width) width = (int)strlen(report->runs[i].label);
    return width;
}

/* " [low, high]", or as many blanks where there is no interval. */
static void print_interval(const EvalReport *report, const GaclipInterval *i, int decimals)
{
    if (report->options.resamples > 0)
        printf(" [%*.*f, %*.*f]", decimals == 4 ? 6 : 5, decimals, i->low, decimals == 4 ? 6 : 5,
               decimals, i->high);
}

static const char *interval_title(const EvalReport *report, int decimals)
{
    if (report->options.resamples == 0) return "";
    return decimals == 4 ? "           95 %  " : "         95 %  ";
}

static void print_retrieval(const EvalReport *report, int width)
{
    printf("%-*s  %-21s  %-21s\n", width, "", "image to text", "text to image");
    printf("%-*s", width, "model");
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < GACLIP_RECALLS; k++)
            printf(" %s%*s%d", k == 0 ? " " : "", gaclip_recall_at(k) < 10 ? 5 : 4, "R@",
                   gaclip_recall_at(k));
    printf("  %6s%s\n", "mR", interval_title(report, 2));
    for (int i = 0; i < report->run_count; i++) {
        const GaclipRecall *r = &report->runs[i].retrieval.recall;
        printf("%-*s ", width, report->runs[i].label);
        for (int k = 0; k < GACLIP_RECALLS; k++) printf(" %6.2f", r->image_to_text[k].value);
        printf(" ");
        for (int k = 0; k < GACLIP_RECALLS; k++) printf(" %6.2f", r->text_to_image[k].value);
        printf("  %6.2f", r->mean.value);
        print_interval(report, &r->mean, 2);
        putchar('\n');
    }
}

static void print_accuracy(const EvalReport *report, int width)
{
    const GaclipAccuracy *first = &report->runs[0].accuracy;
    int has_classes = first->class_count > 0;
    printf("%-*s %7s%s %7s%s", width, "model", "Acc@1", interval_title(report, 2), "Acc@5",
           interval_title(report, 2));
    printf(has_classes ? " %10s\n" : "\n", "class mean");
    for (int i = 0; i < report->run_count; i++) {
        const GaclipAccuracy *a = &report->runs[i].accuracy;
        printf("%-*s %7.2f", width, report->runs[i].label, a->top1.value);
        print_interval(report, &a->top1, 2);
        printf(" %7.2f", a->top5.value);
        print_interval(report, &a->top5, 2);
        if (has_classes) printf(" %10.2f", a->class_mean);
        putchar('\n');
    }
    printf("%-*s %7.2f%*s %7.2f\n", width, "guessing", first->chance1,
           (int)strlen(interval_title(report, 2)), "", first->chance5);
}

static void print_value(double value)
{
    if (value < 0)
        printf(" %8s", "-");
    else
        printf(" %8.4f", value);
}

static void print_mean(const EvalReport *report, const GaclipDetectionMean *mean)
{
    print_value(mean->voc11.value);
    if (mean->classes > 0)
        print_interval(report, &mean->voc11, 4);
    else
        printf("%*s", (int)strlen(interval_title(report, 4)), "");
    print_value(mean->all_point);
    print_value(mean->coco);
}

/* Means over all classes and, where there are novel ones, over either kind. */
static void print_means(const EvalReport *report, int width)
{
    static const char *const GROUPS[] = {"mAP", "mAP_b", "mAP_n"};
    int groups = report->data.novel_count > 0 ? 3 : 1;
    printf("%-*s %-5s %7s %8s%s %8s %8s\n", width, "model", "", "classes", "voc11",
           interval_title(report, 4), "points", "coco");
    for (int i = 0; i < report->run_count; i++) {
        const GaclipDetectionResult *d = &report->runs[i].detection;
        const GaclipDetectionMean *means[] = {&d->all, &d->base, &d->novel};
        for (int g = 0; g < groups; g++) {
            printf("%-*s %-5s %7d", width, report->runs[i].label, GROUPS[g], means[g]->classes);
            print_mean(report, means[g]);
            putchar('\n');
        }
    }
}

static void print_rows(const EvalReport *report, const EvalRun *run)
{
    const GaclipDetectionResult *d = &run->detection;
    int width = (int)strlen("class");
    for (int i = 0; i < d->row_count; i++)
        if ((int)strlen(d->rows[i].name) > width) width = (int)strlen(d->rows[i].name);
    printf("\n%s\n%-*s %5s %10s %8s %8s%s %8s %8s | %5s %5s %5s %9s %7s %7s\n", run->label, width,
           "class", "", "references", "found", "AP voc11", interval_title(report, 4), "points",
           "coco", "TP", "FP", "FN", "precision", "recall", "F1");
    for (int i = 0; i < d->row_count; i++) {
        const GaclipDetectionRow *row = &d->rows[i];
        const GaclipCounts *c = &row->counts;
        GaclipDetectionMean one = {row->ap.positives > 0, row->voc11, row->ap.all_point, row->coco};
        printf("%-*s %5s %10d %8d", width, row->name, row->is_novel ? "novel" : "",
               row->ap.positives, row->ap.found);
        print_mean(report, &one);
        printf(" | %5d %5d %5d %9.4f %7.4f %7.4f\n", c->true_positives, c->false_positives,
               c->false_negatives, c->precision, c->recall, c->f1);
    }
}

static void print_detection(const EvalReport *report, int width)
{
    print_means(report, width);
    for (int i = 0; i < report->run_count; i++) print_rows(report, &report->runs[i]);
}

static int uses_prompts(const EvalReport *report)
{
    return report->data.class_count > 0;
}

static void print_models(const EvalReport *report)
{
    putchar('\n');
    for (int i = 0; i < report->run_count; i++) {
        const EvalRun *run = &report->runs[i];
        double seconds = 0;
        if (i > 0 && !strcmp(run->model, run[-1].model)) continue;
        for (int k = i; k < report->run_count && !strcmp(run->model, report->runs[k].model); k++)
            seconds += report->runs[k].seconds;
        printf("%s: SHA-256 %.16s, side %d px", run->model, run->sha256, run->side);
        if (uses_prompts(report) && run->prompts.count > 0)
            printf(", %d prompt%s: \"%s\"%s", run->prompts.count, run->prompts.count > 1 ? "s" : "",
                   run->prompts.items[0], run->prompts.count > 1 ? ", ..." : "");
        printf("; %.1f s\n", seconds);
    }
}

void eval_table_print(const EvalReport *report)
{
    int width = label_width(report);
    eval_protocol_print(stdout, report);
    fputs("\n\n", stdout);
    if (report->request->protocol == EVAL_RETRIEVAL)
        print_retrieval(report, width);
    else if (report->request->protocol == EVAL_DETECT)
        print_detection(report, width);
    else
        print_accuracy(report, width);
    print_models(report);
}
