/* How long something takes: the median of its runs. */
#ifndef GACLIP_CLI_STOPWATCH_H
#define GACLIP_CLI_STOPWATCH_H

#include "gaclip/error.h"

/* One run of what is measured; returns a GaclipStatus. */
typedef int StopwatchRun(void *payload, GaclipError *err);

double stopwatch_now(void); /* seconds, of no particular origin */

/* The median; values are sorted in place. */
double stopwatch_median(double *values, int count);

/* Median seconds a run: one run to warm up, then at least 5 and until `seconds` have passed. */
int stopwatch_measure(double *median, StopwatchRun *run, void *payload, double seconds,
                      GaclipError *err);

/* The same of count runs, at most STOPWATCH_MOST_RUNS, after one to warm up. */
enum { STOPWATCH_MOST_RUNS = 1000 };
int stopwatch_repeat(double *median, StopwatchRun *run, void *payload, int count, GaclipError *err);

#endif
