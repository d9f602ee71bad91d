/* Line plots as SVG: panels below each other, each with its own axes and legend. */
#ifndef GACLIP_CLI_PLOT_H
#define GACLIP_CLI_PLOT_H

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
} PlotPanel;

/* Appends a point; one that is not finite is left out. */
int plot_add(PlotSeries *series, double x, double y, GaclipError *err);
void plot_clear(PlotSeries *series, int count);

/* Panels without points are left out. The file is replaced when it exists. */
int plot_write(const char *path, const PlotPanel *panels, int count, GaclipError *err);

#endif
