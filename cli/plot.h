/* Line plots as SVG: panels below each other, each with its own axes and legend. */
#ifndef GACLIP_CLI_PLOT_H
#define GACLIP_CLI_PLOT_H

#include <stdio.h>

#include "gaclip/error.h"

/* Points in the order of x. Long series are drawn as the means of short stretches. */
typedef struct PlotSeries {
    char name[48];
    double *x, *y; /* (count) */
    int count, capacity;
} PlotSeries;

typedef struct PlotPanel {
    const char *title, *x_label;
    PlotSeries *series; /* (series_count) */
    int series_count;
    int is_share; /* both axes go from 0 to 1, whatever the points */
} PlotPanel;

/* Appends a point; one that is not finite is left out. */
int plot_add(PlotSeries *series, double x, double y, GaclipError *err);
void plot_clear(PlotSeries *series, int count);

/* An SVG element, as it may stand in an HTML page or in a file of its own. Panels without points
 * are left out. */
void plot_print(FILE *out, const PlotPanel *panels, int count);

/* The same into a file, which is replaced when it exists. */
int plot_write(const char *path, const PlotPanel *panels, int count, GaclipError *err);

#endif
