#include "base/compute.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef GACLIP_WITH_ONEDNN
#define GACLIP_WITH_ONEDNN 0
#endif

static int processors_online(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1) return 1;
    return count > 256 ? 256 : (int)count;
}

int gaclip_compute_new(GaclipCompute **out, int threads, GaclipBackend backend, GaclipError *err)
{
    *out = NULL;
    if (threads < 0 || threads > 1024)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%d threads: give a number from 1 to 1024, or 0 for all", threads);
    if (backend == GACLIP_BACKEND_ONEDNN && !GACLIP_WITH_ONEDNN)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "this build has no oneDNN; use OpenBLAS");
    if (backend == GACLIP_BACKEND_AUTO)
        backend = GACLIP_WITH_ONEDNN ? GACLIP_BACKEND_ONEDNN : GACLIP_BACKEND_OPENBLAS;
    GaclipCompute *compute = calloc(1, sizeof *compute);
    if (!compute) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    compute->backend = backend;
    compute->precision = GACLIP_PRECISION_F32;
    int status = gaclip__threads_new(&compute->pool, threads ? threads : processors_online(), err);
    if (status) {
        free(compute);
        return status;
    }
    *out = compute;
    return GACLIP_OK;
}

void gaclip_compute_free(GaclipCompute *compute)
{
    if (!compute) return;
    gaclip__threads_free(compute->pool);
    gaclip__bf16_products_free(compute->bf16);
    gaclip__int8_products_free(compute->int8);
    free(compute->scratch);
    free(compute);
}

int gaclip_compute_threads(const GaclipCompute *compute)
{
    return gaclip__threads_count(compute->pool);
}

void gaclip_compute_run(GaclipCompute *compute, int count, GaclipComputeTask *task, void *payload)
{
    gaclip__threads_run(compute->pool, count, task, payload);
}

const char *gaclip_compute_backend_name(const GaclipCompute *compute)
{
    return compute->backend == GACLIP_BACKEND_ONEDNN ? "oneDNN" : "OpenBLAS";
}

/* In GaclipPrecision's order. */
static const char *const PRECISIONS[] = {"auto", "f32", "bf16", "int8"};

const char *gaclip_precision_name(GaclipPrecision precision)
{
    return PRECISIONS[precision];
}

int gaclip_precision_find(GaclipPrecision *out, const char *name, GaclipError *err)
{
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, PRECISIONS[i])) {
            *out = (GaclipPrecision)i;
            return GACLIP_OK;
        }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "there is no precision \"%.20s\": choose of auto, f32, bf16, int8",
                            name);
}

static int set_operands(GaclipCompute *compute, GaclipPrecision precision, GaclipError *err)
{
    if (precision == GACLIP_PRECISION_BF16 && compute->backend != GACLIP_BACKEND_ONEDNN)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "bf16 needs the oneDNN backend; use f32 with OpenBLAS");
    if (precision == GACLIP_PRECISION_BF16 && !compute->bf16) {
        int status = gaclip__bf16_products_new(&compute->bf16, err);
        if (status) return status;
    }
    compute->precision = precision;
    return GACLIP_OK;
}

static int start_int8(GaclipCompute *compute, GaclipError *err)
{
    if (compute->backend != GACLIP_BACKEND_ONEDNN)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "int8 needs the oneDNN backend; use f32 with OpenBLAS");
    return compute->int8 ? GACLIP_OK : gaclip__int8_products_new(&compute->int8, err);
}

int gaclip_compute_set_precision(GaclipCompute *compute, GaclipPrecision precision,
                                 GaclipError *err)
{
    int multiplies_bf16 = compute->backend == GACLIP_BACKEND_ONEDNN && gaclip__bf16_supported();
    int is_int8 = precision == GACLIP_PRECISION_INT8;
    int status = is_int8 ? start_int8(compute, err) : GACLIP_OK;
    if (is_int8 || precision == GACLIP_PRECISION_AUTO)
        precision = multiplies_bf16 ? GACLIP_PRECISION_BF16 : GACLIP_PRECISION_F32;
    if (!status) status = set_operands(compute, precision, err);
    if (!status) compute->is_int8 = is_int8;
    return status;
}

GaclipPrecision gaclip_compute_precision(const GaclipCompute *compute)
{
    return compute->is_int8 ? GACLIP_PRECISION_INT8 : compute->precision;
}

int gaclip__compute_reserve(GaclipCompute *compute, size_t floats, GaclipError *err)
{
    floats = (floats + 15) / 16 * 16;
    if (floats <= compute->scratch_floats) return GACLIP_OK;
    size_t bytes = floats * sizeof(float) * (size_t)gaclip_compute_threads(compute);
    float *scratch = aligned_alloc(64, bytes);
    if (!scratch)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory (%zu MiB of scratch)",
                                bytes >> 20);
    free(compute->scratch);
    compute->scratch = scratch;
    compute->scratch_floats = floats;
    return GACLIP_OK;
}
