/* Leaks as a page: densities of similarities as in the paper's figure 3, and the pairs as pictures.
 */
#include <cpl_conv.h>
#include <math.h>
#include <stdlib.h>

#include "dataset_leakage.h"
#include "page.h"
#include "picture.h"
#include "plot.h"

enum { STEPS = 200, CELLS = 40, CELL = 9, MARGIN = 46 };

/* Width of the kernel that smooths the densities. */
static const double KERNEL = 0.015;

static double density(const double *values, int count, double x)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double z = (values[i] - x) / KERNEL;
        if (fabs(z) < 5) sum += exp(-z * z / 2);
    }
    return count > 0 ? sum / (count * KERNEL * sqrt(2 * acos(-1.0))) : 0;
}

/* The density of values in 0..1, and a line at the threshold. */
static int fill(PlotSeries *curve, PlotSeries *line, const char *name, const double *values,
                int count, double threshold, GaclipError *err)
{
    double highest = 0;
    int status = GACLIP_OK;
    snprintf(curve->name, sizeof curve->name, "%s", name);
    snprintf(line->name, sizeof line->name, "threshold %g", threshold);
    for (int i = 0; i <= STEPS && status == GACLIP_OK; i++) {
        double y = density(values, count, (double)i / STEPS);
        highest = fmax(highest, y);
        status = plot_add(curve, (double)i / STEPS, y, err);
    }
    if (status == GACLIP_OK) status = plot_add(line, threshold, 0, err);
    return status == GACLIP_OK ? plot_add(line, threshold, highest, err) : status;
}

/* One panel: similarity by form, and by meaning where there is a model. */
static int print_densities(FILE *out, const char *title, const char *form, const double *forms,
                           double form_threshold, const double *meanings, double meaning_threshold,
                           int count, GaclipError *err)
{
    PlotSeries series[4] = {{.count = 0}};
    PlotPanel panel = {.title = title,
                       .x_label = "similarity to the most similar training item",
                       .series = series,
                       .series_count = meanings != NULL ? 4 : 2};
    int status = fill(&series[0], &series[1], form, forms, count, form_threshold, err);
    if (status == GACLIP_OK && meanings != NULL)
        status = fill(&series[2], &series[3], "cosine", meanings, count, meaning_threshold, err);
    if (status == GACLIP_OK) {
        fputs("<div class=\"wide\">\n", out);
        plot_print(out, &panel, 1);
        fputs("</div>\n", out);
    }
    plot_clear(series, 4);
    return status;
}

static int cell_of(double value)
{
    return (int)fmin(fmax(value * CELLS, 0), CELLS - 1);
}

static void print_cells(FILE *out, const double *xs, const double *ys, int count)
{
    int cells[CELLS][CELLS] = {{0}}, most = 1;
    for (int i = 0; i < count; i++) {
        int *cell = &cells[cell_of(ys[i])][cell_of(xs[i])];
        if (++*cell > most) most = *cell;
    }
    for (int y = 0; y < CELLS; y++)
        for (int x = 0; x < CELLS; x++)
            if (cells[y][x] > 0)
                fprintf(out,
                        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#0072B2\" "
                        "fill-opacity=\"%.2f\"><title>%d</title></rect>\n",
                        MARGIN + x * CELL, MARGIN + (CELLS - 1 - y) * CELL, CELL, CELL,
                        0.15 + 0.85 * log1p(cells[y][x]) / log1p(most), cells[y][x]);
}

/* How both similarities of the test items go together; dashed lines are the thresholds. */
static void print_map(FILE *out, const char *title, const char *x_label, const double *xs,
                      double x_threshold, const double *ys, double y_threshold, int count)
{
    int side = CELLS * CELL;
    fprintf(out,
            "<figure style=\"width:26rem\"><svg viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
            "font-size=\"12\" style=\"background:#fff\">\n<rect x=\"%d\" y=\"%d\" width=\"%d\" "
            "height=\"%d\" fill=\"none\" stroke=\"#999\"/>\n<text x=\"%d\" y=\"20\">%s</text>\n",
            side + 2 * MARGIN, side + 2 * MARGIN, MARGIN, MARGIN, side, side, MARGIN, title);
    for (int i = 0; i <= 4; i++)
        fprintf(out,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%g</text><text x=\"%d\" y=\"%d\" "
                "text-anchor=\"end\">%g</text>\n",
                MARGIN + i * side / 4, MARGIN + side + 16, i / 4.0, MARGIN - 6,
                MARGIN + side - i * side / 4 + 4, i / 4.0);
    print_cells(out, xs, ys, count);
    double x = MARGIN + side * x_threshold, y = MARGIN + side * (1 - y_threshold);
    fprintf(
        out,
        "<path d=\"M%.1f %d v%d M%d %.1f h%d\" stroke=\"#d00\" stroke-dasharray=\"5 4\"/>\n"
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n<text text-anchor=\"middle\" "
        "transform=\"translate(14 %d) rotate(-90)\">cosine</text>\n</svg></figure>\n",
        x, MARGIN, side, MARGIN, y, side, MARGIN + side / 2, MARGIN + side + 34, x_label,
        MARGIN + side / 2);
}

static int print_similarities(FILE *out, const LeakageReport *report, GaclipError *err)
{
    const GaclipLeakage *l = &report->leakage;
    const GaclipLeakageOptions *o = &report->request->options;
    fputs("<h2>Similarity of test items to the training data</h2>\n", out);
    int status = print_densities(out, "texts: density", "n-grams", l->lexical, o->lexical,
                                 l->text_cosine, o->text_cosine, l->test_texts, err);
    if (status == GACLIP_OK)
        status = print_densities(out, "images: density", "structure", l->structural, o->structural,
                                 l->image_cosine, o->image_cosine, l->test_images, err);
    if (status != GACLIP_OK || l->image_cosine == NULL) return status;
    fputs("<div class=\"examples\">\n", out);
    print_map(out, "texts", "n-grams", l->lexical, o->lexical, l->text_cosine, o->text_cosine,
              l->test_texts);
    print_map(out, "images", "structure", l->structural, o->structural, l->image_cosine,
              o->image_cosine, l->test_images);
    fputs("</div>\n", out);
    return status;
}

static void print_count(FILE *out, const char *what, int count)
{
    fprintf(out, "<tr><td>%s</td><td>%d</td></tr>\n", what, count);
}

static void print_counts(FILE *out, const LeakageReport *report)
{
    const GaclipLeakage *l = &report->leakage;
    const GaclipLeakageOptions *o = &report->request->options;
    LeakageCounts c = leakage_counts(report);
    char what[96];
    fputs("<table><thead><tr><th>pairs of a test and a training image<th></thead><tbody>\n", out);
    print_count(out, "same file (MD5)", c.same_file);
    print_count(out, "same pixels (MD5)", c.same_pixels);
    snprintf(what, sizeof what, "structure &ge; %g", o->structural);
    print_count(out, what, c.alike);
    snprintf(what, sizeof what, "cosine &ge; %g", o->image_cosine);
    if (l->image_cosine != NULL) print_count(out, what, c.near);
    snprintf(what, sizeof what, "test images concerned, of %d", l->test_images);
    print_count(out, what, c.test_images);
    fputs("</tbody></table>\n<table><thead><tr><th>pairs of distinct texts<th></thead><tbody>\n",
          out);
    print_count(out, "same words", c.same_text);
    snprintf(what, sizeof what, "%d-grams &ge; %g, others", o->ngram, o->lexical);
    print_count(out, what, c.lexical - c.same_text);
    snprintf(what, sizeof what, "cosine &ge; %g", o->text_cosine);
    if (l->text_cosine != NULL) print_count(out, what, c.near_text);
    snprintf(what, sizeof what, "test texts concerned, of %d", l->test_texts);
    print_count(out, what, c.test_texts);
    fputs("</tbody></table>\n", out);
}

static int print_picture(FILE *out, const char *role, const GaclipDatasetImage *image,
                         GaclipError *err)
{
    GaclipImage pixels;
    Picture picture;
    int status = gaclip_dataset_read_image(&pixels, image, err);
    if (status != GACLIP_OK) return status;
    fputs("<figure>", out);
    status = picture_take(&picture, &pixels, NULL, PICTURE_SIDE, err);
    if (status == GACLIP_OK) status = picture_begin(out, &picture, err);
    picture_clear(&picture);
    gaclip_image_clear(&pixels);
    fprintf(out, "</svg><figcaption>%s: ", role);
    page_text(out, CPLGetFilename(image->path));
    fputs("</figcaption></figure>\n", out);
    return status;
}

static int print_images(FILE *out, const LeakageReport *report, GaclipError *err)
{
    const GaclipLeakage *l = &report->leakage;
    int shown = l->image_count < report->request->list ? l->image_count : report->request->list;
    int status = GACLIP_OK;
    fprintf(out, "<h2>Images: %d of %d pairs</h2>\n", shown, l->image_count);
    for (int i = 0; i < shown && status == GACLIP_OK; i++) {
        const GaclipImageLeak *leak = &l->images[report->image_order[i]];
        char reason[LEAKAGE_LONGEST_REASON];
        leakage_image_reason(reason, leak);
        fputs("<h3>", out);
        page_text(out, reason);
        fputs("</h3>\n<div class=\"examples\">\n", out);
        status = print_picture(out, "test", leakage_test_image(report, leak->test), err);
        if (status == GACLIP_OK)
            status = print_picture(out, "train", leakage_train_image(report, leak->train), err);
        fputs("</div>\n", out);
    }
    return status;
}

static void print_texts(FILE *out, const LeakageReport *report)
{
    const GaclipLeakage *l = &report->leakage;
    int shown = l->text_count < report->request->list ? l->text_count : report->request->list;
    fprintf(out,
            "<h2>Texts: %d of %d pairs</h2>\n<div class=\"wide\"><table><thead><tr><th>test"
            "<th>said<th>train<th>said<th>why</thead><tbody>\n",
            shown, l->text_count);
    for (int i = 0; i < shown; i++) {
        const GaclipTextLeak *leak = &l->texts[report->text_order[i]];
        char reason[LEAKAGE_LONGEST_REASON];
        leakage_text_reason(reason, leak);
        fputs("<tr><td>", out);
        page_text(out, leak->test_text);
        fprintf(out, "</td><td>%d</td><td style=\"text-align:left\">", leak->test_uses);
        page_text(out, leak->train_text);
        fprintf(out, "</td><td>%d</td><td>%s</td></tr>\n", leak->train_uses, reason);
    }
    fputs("</tbody></table></div>\n", out);
}

static int print_page(FILE *out, const void *payload, GaclipError *err)
{
    const LeakageReport *report = payload;
    const LeakageRequest *r = report->request;
    const GaclipLeakage *l = &report->leakage;
    page_begin(out, "gaclip-dataset leakage");
    fprintf(out, "<p>%d test images against %d training images: ", l->test_images, l->train_images);
    page_text(out, CPLGetFilename(r->test != NULL ? r->test : r->train));
    fputs(", ", out);
    page_text(out, CPLGetFilename(r->train));
    if (r->model != NULL) {
        fputs("; model: ", out);
        page_text(out, CPLGetFilename(r->model));
    }
    fputs("</p>\n", out);
    print_counts(out, report);
    int status = print_similarities(out, report, err);
    if (status == GACLIP_OK) status = print_images(out, report, err);
    if (status == GACLIP_OK) print_texts(out, report);
    fprintf(out, "<p><small>gaclip %s</small></p>\n", GACLIP_VERSION);
    page_end(out);
    return status;
}

int leakage_write_page(const LeakageReport *report, GaclipError *err)
{
    return page_write(report->request->html, print_page, report, err);
}
