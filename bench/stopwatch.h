/* How long something takes: the median of its runs. */
#ifndef BENCH_STOPWATCH_H
#define BENCH_STOPWATCH_H

#include "gaclip/error.h"

/* One run of what is measured; returns a GaclipStatus. */
typedef int StopwatchRun(void *payload, GaclipError *err);

double stopwatch_now(void); /* seconds, of no particular origin */

/* The median; values are sorted in place. */
double stopwatch_median(double *values, int count);

/* Median seconds a run: one run to warm up, then at least 5 and until `seconds` have passed. */
int stopwatch_measure(double *median, StopwatchRun *run, void *payload, double seconds,
                      GaclipError *err);

#endif
