#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "page.h"

enum {
    WIDTH = 860,
    HEIGHT = 340, /* of a panel, more where the legend wants more */
    LEFT = 70,
    RIGHT = 190,
    TOP = 40,
    BOTTOM = 46,
    LINE = 18, /* of the legend */
    MOST_POINTS = 400
};

/* Colours that stay apart for the colour-blind (Okabe and Ito, 2008), then darker ones. */
static const char *const COLOURS[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#000000", "#7F7F7F"};

int plot_add(PlotSeries *series, double x, double y, GaclipError *err)
{
    if (!isfinite(x) || !isfinite(y)) return GACLIP_OK;
    if (series->count == series->capacity) {
        int capacity = series->capacity ? 2 * series->capacity : 256;
        double *xs = realloc(series->x, (size_t)capacity * sizeof *xs);
        if (xs != NULL) series->x = xs;
        double *ys = realloc(series->y, (size_t)capacity * sizeof *ys);
        if (ys != NULL) series->y = ys;
        if (xs == NULL || ys == NULL)
            return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a plot");
        series->capacity = capacity;
    }
    series->x[series->count] = x;
    series->y[series->count++] = y;
    return GACLIP_OK;
}

void plot_clear(PlotSeries *series, int count)
{
    for (int i = 0; i < count; i++) {
        free(series[i].x);
        free(series[i].y);
    }
}

typedef struct Axes {
    double x_min, x_max, y_min, y_max;
    int top, height; /* of the panel, pixels */
} Axes;

/* Points a stretch of which one mean is drawn. */
static int stretch(const PlotSeries *series)
{
    return (series->count + MOST_POINTS - 1) / MOST_POINTS;
}

static double mean(const double *values, int first, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += values[first + i];
    return sum / count;
}

static int panel_height(const PlotPanel *panel)
{
    int legend = TOP + LINE * panel->series_count + BOTTOM;
    return legend > HEIGHT ? legend : HEIGHT;
}

static int find_range(Axes *axes, const PlotPanel *panel)
{
    *axes = (Axes){INFINITY, -INFINITY, INFINITY, -INFINITY, 0, panel_height(panel)};
    for (int s = 0; s < panel->series_count; s++) {
        const PlotSeries *series = &panel->series[s];
        int step = stretch(series);
        for (int i = 0; i < series->count; i += step) {
            int points = series->count - i < step ? series->count - i : step;
            double y = mean(series->y, i, points);
            axes->x_min = fmin(axes->x_min, series->x[i]);
            axes->x_max = fmax(axes->x_max, series->x[i + points - 1]);
            axes->y_min = fmin(axes->y_min, y);
            axes->y_max = fmax(axes->y_max, y);
        }
    }
    if (axes->x_min > axes->x_max) return 0;
    if (panel->is_share) {
        axes->x_min = axes->y_min = 0;
        axes->x_max = axes->y_max = 1;
        return 1;
    }
    axes->y_min = fmin(axes->y_min, 0);
    if (axes->x_max == axes->x_min) axes->x_max += 1;
    if (axes->y_max == axes->y_min) axes->y_max += 1;
    return 1;
}

static double place_x(const Axes *axes, double x)
{
    return LEFT + (x - axes->x_min) / (axes->x_max - axes->x_min) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const Axes *axes, double y)
{
    double height = axes->height - TOP - BOTTOM;
    return axes->top + TOP + (axes->y_max - y) / (axes->y_max - axes->y_min) * height;
}

/* 1, 2 or 5 times a power of ten, for about five marks. */
static double mark_distance(double range)
{
    double power = pow(10, floor(log10(range / 5))), times = range / 5 / power;
    return power * (times > 5 ? 10 : times > 2 ? 5 : times > 1 ? 2 : 1);
}

static void draw_marks(FILE *svg, const Axes *axes)
{
    double dx = mark_distance(axes->x_max - axes->x_min);
    double dy = mark_distance(axes->y_max - axes->y_min);
    for (double x = ceil(axes->x_min / dx) * dx; x <= axes->x_max * (1 + 1e-9); x += dx)
        fprintf(svg, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n",
                place_x(axes, x), axes->top + axes->height - BOTTOM + 18, x);
    for (double y = ceil(axes->y_min / dy) * dy; y <= axes->y_max * (1 + 1e-9); y += dy)
        fprintf(svg,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, place_y(axes, y), WIDTH - RIGHT, place_y(axes, y), LEFT - 8,
                place_y(axes, y) + 4, fabs(y) < dy * 1e-9 ? 0 : y);
}

static void draw_series(FILE *svg, const Axes *axes, const PlotSeries *series, int number)
{
    const char *colour = COLOURS[(size_t)number % (sizeof COLOURS / sizeof *COLOURS)];
    int step = stretch(series), line = axes->top + TOP + 8 + LINE * number;
    fprintf(svg, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", colour);
    for (int i = 0; i < series->count; i += step) {
        int points = series->count - i < step ? series->count - i : step;
        fprintf(svg, "%.1f,%.1f ", place_x(axes, mean(series->x, i, points)),
                place_y(axes, mean(series->y, i, points)));
    }
    fprintf(svg,
            "\"/>\n<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"3\" fill=\"%s\"/>"
            "<text x=\"%d\" y=\"%d\">",
            WIDTH - RIGHT + 12, line, colour, WIDTH - RIGHT + 32, line + 5);
    page_text(svg, series->name);
    fputs("</text>\n", svg);
}

static void draw_panel(FILE *svg, const PlotPanel *panel, Axes *axes, int top)
{
    int number = 0;
    axes->top = top;
    fprintf(svg, "<text x=\"%d\" y=\"%d\" font-size=\"15\">%s</text>\n", LEFT, top + 24,
            panel->title);
    draw_marks(svg, axes);
    fprintf(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, top + axes->height - 8, panel->x_label);
    for (int s = 0; s < panel->series_count; s++)
        if (panel->series[s].count > 0) draw_series(svg, axes, &panel->series[s], number++);
}

void plot_print(FILE *out, const PlotPanel *panels, int count)
{
    Axes axes;
    int height = 0;
    for (int i = 0; i < count; i++)
        if (find_range(&axes, &panels[i])) height += axes.height;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, height > 0 ? height : HEIGHT);
    for (int i = 0, top = 0; i < count; i++) {
        if (!find_range(&axes, &panels[i])) continue;
        draw_panel(out, &panels[i], &axes, top);
        top += axes.height;
    }
    fputs("</svg>\n", out);
}

int plot_write(const char *path, const PlotPanel *panels, int count, GaclipError *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *svg = open_memstream(&text, &size);
    if (svg == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    plot_print(svg, panels, count);
    int status = fclose(svg) != 0 ? gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory")
                                  : file_write(path, text, size, err);
    free(text);
    return status;
}
