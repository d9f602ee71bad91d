/* The parts of bench_core; each prints a table for the given numbers of threads. */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

#include "gaclip/error.h"

enum { BENCH_MOST_COLUMNS = 2 };

typedef struct BenchThreads {
    int list[BENCH_MOST_COLUMNS];
    int count;
} BenchThreads;

int bench_gemm(const BenchThreads *threads, GaclipError *err);
int bench_model(const BenchThreads *threads, GaclipError *err);

#endif
