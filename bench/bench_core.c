/* bench_core: the core's hot paths on one thread and on all. */
#include "bench_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    GaclipError err = {0};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    BenchThreads threads = {{1, (int)processors}, processors > 1 ? 2 : 1};
    printf("gaclip %s, %ld processors; medians, on a machine that should have nothing else to do\n",
           GACLIP_VERSION, processors);
    int status = bench_gemm(&threads, &err);
    if (!status) status = bench_model(&threads, &err);
    if (!status) return EXIT_SUCCESS;
    fprintf(stderr, "bench_core: FAILURE: %s\n", err.message);
    return EXIT_FAILURE;
}
