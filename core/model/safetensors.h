/* safetensors files: u64 little-endian header length, JSON header, raw little-endian tensors.
 * Reading maps the file read-only; everything in the header is checked before use (length, JSON,
 * dtypes, shape x dtype = bytes, bounds, overlaps, holes, duplicate names). */
#ifndef GACLIP_MODEL_SAFETENSORS_H
#define GACLIP_MODEL_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "gaclip/error.h"

#define GACLIP__MAX_RANK 8

typedef enum GaclipDtype {
    GACLIP_DTYPE_F64,
    GACLIP_DTYPE_F32,
    GACLIP_DTYPE_F16,
    GACLIP_DTYPE_BF16,
    GACLIP_DTYPE_I64,
    GACLIP_DTYPE_I32,
    GACLIP_DTYPE_I8,
    GACLIP_DTYPE_U8,
    GACLIP_DTYPE_BOOL
} GaclipDtype;

/* The name of the scales (F32, one a row) of a tensor in I8 is its own with this behind it. */
#define GACLIP__SCALE_ENDING ".scale"

size_t gaclip__dtype_size(GaclipDtype dtype);
const char *gaclip__dtype_name(GaclipDtype dtype); /* "F32", ... */

typedef struct GaclipTensor {
    const char *name;
    GaclipDtype dtype;
    int rank;
    int64_t shape[GACLIP__MAX_RANK];
    const void *data; /* inside the mapping; may be unaligned in foreign files */
    size_t bytes, count;
} GaclipTensor;

typedef struct GaclipSafetensors GaclipSafetensors;

/* Messages begin with the path. The caller closes *out; tensors and strings live as long. */
int gaclip__safetensors_open(GaclipSafetensors **out, const char *path, GaclipError *err);
void gaclip__safetensors_close(GaclipSafetensors *file);

size_t gaclip__safetensors_count(const GaclipSafetensors *file);
const GaclipTensor *gaclip__safetensors_at(const GaclipSafetensors *file, size_t index);
/* NULL when there is none of that name. */
const GaclipTensor *gaclip__safetensors_find(const GaclipSafetensors *file, const char *name);
/* The value of a __metadata__ key, or NULL. */
const char *gaclip__safetensors_metadata(const GaclipSafetensors *file, const char *key);

/* The whole file as mapped. */
const void *gaclip__safetensors_bytes(const GaclipSafetensors *file, size_t *size);

/* Widens a floating tensor (F64, F32, F16, BF16) to f32, exactly for the latter three. out has
 * room for tensor->count. GACLIP_ERROR_FORMAT for other dtypes. */
int gaclip__tensor_to_f32(float *out, const GaclipTensor *tensor, GaclipError *err);

/* f32 to half precision, round to nearest even, NaN and infinity kept. */
uint16_t gaclip__f32_to_f16(float value);
float gaclip__f16_to_f32(uint16_t half);
uint16_t gaclip__f32_to_bf16(float value);
float gaclip__bf16_to_f32(uint16_t half);

/* Writes tensors (ordered by element size, descending, then name, so that all are aligned) and
 * metadata pairs keys[i], values[i]. Written beside path, synced, and renamed when complete: on
 * failure nothing is left and an older file at path stays as it was. */
int gaclip__safetensors_write(const char *path, const GaclipTensor *tensors, size_t count,
                              const char *const *keys, const char *const *values,
                              size_t metadata_count, GaclipError *err);

#endif
