/* The compute context: one pool of threads and one matrix-product backend, lent to models. */
#ifndef GACLIP_COMPUTE_H
#define GACLIP_COMPUTE_H

#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipCompute GaclipCompute;

typedef enum GaclipBackend {
    GACLIP_BACKEND_AUTO, /* oneDNN where it was built in, else OpenBLAS */
    GACLIP_BACKEND_OPENBLAS,
    GACLIP_BACKEND_ONEDNN
} GaclipBackend;

/* What matrix products multiply; sums, norms, softmax, residuals, losses and the weights that the
 * optimiser changes are f32 in either case. */
typedef enum GaclipPrecision {
    GACLIP_PRECISION_AUTO, /* bf16 where the processor multiplies it natively, else f32 */
    GACLIP_PRECISION_F32,
    GACLIP_PRECISION_BF16, /* oneDNN on a processor with AVX512-BF16 or AMX */
    GACLIP_PRECISION_INT8  /* the blocks' linear layers in 8 bits, by oneDNN on a processor with
                              VNNI; all else as with AUTO. For inference alone */
} GaclipPrecision;

/* "auto", "f32", "bf16" or "int8"; the string is static. */
GACLIP_API const char *gaclip_precision_name(GaclipPrecision precision);
/* The one of that name; any other is GACLIP_ERROR_ARGUMENT. */
GACLIP_API int gaclip_precision_find(GaclipPrecision *out, const char *name, GaclipError *err);

/* threads: 0 takes the number of processors online. The caller frees *out with
 * gaclip_compute_free, after every model that borrowed it. One context serves one calling
 * thread at a time; contexts are independent of each other. */
GACLIP_API int gaclip_compute_new(GaclipCompute **out, int threads, GaclipBackend backend,
                                  GaclipError *err);
GACLIP_API void gaclip_compute_free(GaclipCompute *compute);

GACLIP_API int gaclip_compute_threads(const GaclipCompute *compute);

/* "OpenBLAS" or "oneDNN"; the string is static. */
GACLIP_API const char *gaclip_compute_backend_name(const GaclipCompute *compute);

/* Calls task(index, worker, payload) for index = 0..count-1, each taken by the next free thread of
 * the pool; returns when all are done. worker is 0..threads-1, one call at a time each. Tasks may
 * not use the context. */
typedef void GaclipComputeTask(int index, int worker, void *payload);
GACLIP_API void gaclip_compute_run(GaclipCompute *compute, int count, GaclipComputeTask *task,
                                   void *payload);

/* A new context has f32. BF16 or INT8 where the backend or the processor cannot is
 * GACLIP_ERROR_UNSUPPORTED and changes nothing. */
GACLIP_API int gaclip_compute_set_precision(GaclipCompute *compute, GaclipPrecision precision,
                                            GaclipError *err);

/* Never AUTO. */
GACLIP_API GaclipPrecision gaclip_compute_precision(const GaclipCompute *compute);

#ifdef __cplusplus
}
#endif
#endif
