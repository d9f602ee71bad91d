#include "stopwatch.h"

#include <stdlib.h>
#include <time.h>

enum { FEWEST_RUNS = 5 };

double stopwatch_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stopwatch_median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* One run to warm up, then at least fewest, and more until seconds have passed or there are most.
 */
static int measure(double *median, StopwatchRun *run, void *payload, int fewest, int most,
                   double seconds, GaclipError *err)
{
    double runs[STOPWATCH_MOST_RUNS], start, before;
    int count = 0, status = run(payload, err);
    start = before = stopwatch_now();
    while (!status && count < most && (count < fewest || before - start < seconds)) {
        status = run(payload, err);
        double now = stopwatch_now();
        runs[count++] = now - before;
        before = now;
    }
    if (!status) *median = stopwatch_median(runs, count);
    return status;
}

int stopwatch_measure(double *median, StopwatchRun *run, void *payload, double seconds,
                      GaclipError *err)
{
    return measure(median, run, payload, FEWEST_RUNS, STOPWATCH_MOST_RUNS, seconds, err);
}

int stopwatch_repeat(double *median, StopwatchRun *run, void *payload, int count, GaclipError *err)
{
    return measure(median, run, payload, count, count, 0, err);
}
