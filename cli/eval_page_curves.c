/* Precision-recall curves of a detection run on the page. */
#include <stdlib.h>

#include "eval_page.h"
#include "plot.h"

/* Steps of recall that a curve is thinned to: what the drawing can show. */
enum { STEPS = 200 };

/* The last point of every step of recall, for between two right detections precision only falls. */
static int thin(PlotSeries *series, const GaclipCurvePoint *points, size_t count, GaclipError *err)
{
    int last = -1;
    for (size_t i = 0; i < count; i++) {
        int step = (int)(STEPS * points[i].recall);
        if (i > 0 && !(points[i].recall > points[i - 1].recall)) continue;
        if (step == last) series->count--;
        last = step;
        int status = plot_add(series, points[i].recall, points[i].precision, err);
        if (status != GACLIP_OK) return status;
    }
    return GACLIP_OK;
}

static int fill_curve(PlotSeries *series, const EvalReport *report, const EvalRun *run, int label,
                      GaclipError *err)
{
    const GaclipDetectionResult *d = &run->detection;
    GaclipCurvePoint *points;
    size_t count;
    snprintf(series->name, sizeof series->name, "%s", d->rows[label].name);
    int status = gaclip_eval_curve(&points, &count, d->images, (size_t)d->image_count, label,
                                   report->options.iou, err);
    if (status == GACLIP_OK) status = thin(series, points, count, err);
    free(points);
    return status;
}

int eval_page_curves(FILE *out, const EvalReport *report, const EvalRun *run, GaclipError *err)
{
    const GaclipDetectionResult *d = &run->detection;
    PlotSeries *series = calloc((size_t)d->row_count, sizeof *series);
    PlotPanel panel = {.title = "precision", .x_label = "recall", .is_share = 1, .series = series};
    int status = GACLIP_OK;
    if (series == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < d->row_count && status == GACLIP_OK; i++)
        if (d->rows[i].ap.positives > 0)
            status = fill_curve(&series[panel.series_count++], report, run, i, err);
    if (status == GACLIP_OK) {
        fprintf(out, "<h3>Precision and recall at IoU &ge; %g</h3>\n<div class=\"wide\">\n",
                report->options.iou);
        plot_print(out, &panel, 1);
        fputs("</div>\n", out);
    }
    plot_clear(series, panel.series_count);
    free(series);
    return status;
}
