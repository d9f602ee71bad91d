/* Products of u8 rows with packed s8 weights and s32 sums, by oneDNN's matmul primitives. A kernel
 * is made once for each shape of weights, and for the few numbers of rows that a block may have. */
#ifndef GACLIP_BASE_INT8_PRODUCTS_H
#define GACLIP_BASE_INT8_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>

#include "gaclip/error.h"

/* A block has up to so many rows, in steps of the other. */
enum { GACLIP__INT8_ROWS = 64, GACLIP__INT8_STEP = 16 };

typedef struct GaclipInt8Products GaclipInt8Products;
typedef struct GaclipInt8Kernel GaclipInt8Kernel;

/* Whether this build and this processor multiply 8 bits exactly (VNNI or AMX; without them sums of
 * two products saturate at 16 bits). */
int gaclip__int8_supported(void);

/* GACLIP_ERROR_UNSUPPORTED where gaclip__int8_supported says no. */
int gaclip__int8_products_new(GaclipInt8Products **out, GaclipError *err);
void gaclip__int8_products_free(GaclipInt8Products *products);

/* The kernel of weights (columns, depth), lent; made where there is none yet. On the calling thread
 * alone. */
int gaclip__int8_kernel(const GaclipInt8Kernel **out, GaclipInt8Products *products, int columns,
                        int depth, GaclipError *err);

/* Bytes of weights as the kernel reads them. */
size_t gaclip__int8_packed_bytes(const GaclipInt8Kernel *kernel);

/* packed (64-byte aligned) from weight (columns, depth). Any number of threads may pack, and
 * multiply, at once. Either returns non-zero when oneDNN declines. */
int gaclip__int8_pack(const GaclipInt8Kernel *kernel, void *packed, const int8_t *weight);

/* c (rows, columns) = in (rows, depth) weight^T, exactly; rows is a multiple of GACLIP__INT8_STEP,
 * at most GACLIP__INT8_ROWS. */
int gaclip__int8_multiply(const GaclipInt8Kernel *kernel, int32_t *c, const uint8_t *in, int rows,
                          const void *packed);

#endif
