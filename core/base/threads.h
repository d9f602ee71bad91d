/* A fixed pool of worker threads that runs one parallel loop at a time. */
#ifndef GACLIP_BASE_THREADS_H
#define GACLIP_BASE_THREADS_H

#include "gaclip/error.h"

typedef struct GaclipThreads GaclipThreads;

/* threads >= 1, the caller's own included. */
int gaclip__threads_new(GaclipThreads **out, int threads, GaclipError *err);
void gaclip__threads_free(GaclipThreads *pool);
int gaclip__threads_count(const GaclipThreads *pool);

/* Calls task(index, worker, payload) for index = 0..count-1, each taken by the next free worker;
 * returns when all are done. worker is 0..threads-1, one call at a time each, so it can pick
 * scratch memory; sums must be kept by index, not by worker, to come out the same every time. Tasks
 * may not start loops of their own. */
typedef void GaclipTask(int index, int worker, void *payload);
void gaclip__threads_run(GaclipThreads *pool, int count, GaclipTask *task, void *payload);

#endif
