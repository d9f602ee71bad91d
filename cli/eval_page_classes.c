/* Classification on the page: numbers a class, and which class is taken for which. */
#include <stdlib.h>

#include "eval_page.h"
#include "page.h"

void eval_page_classes(FILE *out, const GaclipAccuracy *a)
{
    fputs("<div class=\"wide\"><table><thead><tr><th>class<th>count<th>Acc@1<th>Acc@5</thead>"
          "<tbody>\n",
          out);
    for (int c = 0; c < a->class_count; c++) {
        GaclipClassCount count = gaclip_accuracy_of_class(a, c);
        if (count.asked == 0) continue;
        fputs("<tr><td>", out);
        page_text(out, a->classes[c]);
        fprintf(out, "</td><td>%d</td><td>%.2f</td><td>%.2f</td></tr>\n", count.asked,
                100.0 * count.top1 / count.asked, 100.0 * count.top5 / count.asked);
    }
    fputs("</tbody></table></div>\n", out);
}

/* matrix (classes, classes): answers by truth and first candidate */
static int count_pairs(int **matrix, const GaclipAccuracy *a, GaclipError *err)
{
    size_t classes = (size_t)a->class_count;
    *matrix = calloc(classes * classes, sizeof **matrix);
    if (*matrix == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < a->answer_count; i++)
        (*matrix)[(size_t)a->answers[i].truth * classes + (size_t)a->answers[i].top[0]]++;
    return GACLIP_OK;
}

static void print_cell(FILE *out, int count, int total, int is_truth)
{
    double share = (double)count / total;
    fprintf(out, "<td%s style=\"background:rgba(%s,%.3f)\">", is_truth ? " class=\"truth\"" : "",
            is_truth ? "23,109,43" : "163,22,26", 0.75 * share);
    if (count > 0) fprintf(out, "%d", count);
    fputs("</td>", out);
}

int eval_page_matrix(FILE *out, const GaclipAccuracy *a, GaclipError *err)
{
    int *matrix, status = count_pairs(&matrix, a, err);
    if (status != GACLIP_OK) return status;
    fputs(
        "<h3>Confusion matrix</h3>\n<p><small>rows: right class, columns: first answer; shaded by "
        "the share of the row</small></p>\n<div class=\"wide\"><table class=\"matrix\"><thead>"
        "<tr><th>",
        out);
    for (int c = 0; c < a->class_count; c++) {
        fputs("<th>", out);
        page_text(out, a->classes[c]);
    }
    fputs("</thead><tbody>\n", out);
    for (int truth = 0; truth < a->class_count; truth++) {
        const int *row = matrix + (size_t)truth * (size_t)a->class_count;
        int total = 0;
        for (int c = 0; c < a->class_count; c++) total += row[c];
        if (total == 0) continue;
        fputs("<tr><th>", out);
        page_text(out, a->classes[truth]);
        fputs("</th>", out);
        for (int c = 0; c < a->class_count; c++) print_cell(out, row[c], total, c == truth);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    free(matrix);
    return GACLIP_OK;
}
