/* Inside the compute context: its pool, its backend, and scratch memory for each worker. */
#ifndef GACLIP_BASE_COMPUTE_H
#define GACLIP_BASE_COMPUTE_H

#include <stddef.h>

#include "base/bf16_products.h"
#include "base/int8_products.h"
#include "base/threads.h"
#include "gaclip/compute.h"

struct GaclipCompute {
    GaclipThreads *pool;
    GaclipBackend backend;     /* never AUTO */
    GaclipPrecision precision; /* of operands: F32 or BF16 */
    int is_int8;               /* linear layers of blocks are quantised beside that */
    GaclipBf16Products *bf16;  /* NULL until the precision first is BF16 */
    GaclipInt8Products *int8;  /* NULL until the precision first is INT8 */
    float *scratch;            /* (threads, scratch_floats), 64-byte aligned */
    size_t scratch_floats;     /* a worker's share, a multiple of 16 */
};

/* Makes sure that every worker has at least floats of scratch. Called before a tower runs, with
 * the largest need of its operations, so that the operations themselves cannot fail. */
int gaclip__compute_reserve(GaclipCompute *compute, size_t floats, GaclipError *err);

static inline float *gaclip__scratch(const GaclipCompute *compute, int worker)
{
    return compute->scratch + (size_t)worker * compute->scratch_floats;
}

#endif
