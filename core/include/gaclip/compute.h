/* The compute context: one pool of threads and one matrix-product backend, lent to models. */
#ifndef GACLIP_COMPUTE_H
#define GACLIP_COMPUTE_H

#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipCompute GaclipCompute;

typedef enum GaclipBackend {
    GACLIP_BACKEND_AUTO,     /* oneDNN where it was built in, else OpenBLAS */
    GACLIP_BACKEND_OPENBLAS,
    GACLIP_BACKEND_ONEDNN
} GaclipBackend;

/* threads: 0 takes the number of processors online. The caller frees *out with
 * gaclip_compute_free, after every model that borrowed it. One context serves one calling
 * thread at a time; contexts are independent of each other. */
GACLIP_API int gaclip_compute_new(GaclipCompute **out, int threads, GaclipBackend backend,
                                  GaclipError *err);
GACLIP_API void gaclip_compute_free(GaclipCompute *compute);

GACLIP_API int gaclip_compute_threads(const GaclipCompute *compute);

/* "OpenBLAS" or "oneDNN"; the string is static. */
GACLIP_API const char *gaclip_compute_backend_name(const GaclipCompute *compute);

#ifdef __cplusplus
}
#endif
#endif
