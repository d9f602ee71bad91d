/* What matrix products read: floats, or their roundings to bf16 where the compute context says so.
 * Only products see bf16; norms, softmax, residuals and losses stay in f32. */
#ifndef GACLIP_MATH_OPERAND_H
#define GACLIP_MATH_OPERAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compute.h"

/* One of the two is set, or none where the matrix is not wanted. */
typedef struct GaclipOperand {
    float *f32;
    uint16_t *bf16;
} GaclipOperand;

/* Floats as they are. Those that a product reads stay unchanged. */
static inline GaclipOperand gaclip__floats(const float *values)
{
    return (GaclipOperand){(float *)values, NULL};
}

static inline int gaclip__operand_wanted(GaclipOperand operand)
{
    return operand.f32 || operand.bf16;
}

static inline GaclipOperand gaclip__operand_at(GaclipOperand operand, size_t offset)
{
    if (operand.f32) operand.f32 += offset;
    if (operand.bf16) operand.bf16 += offset;
    return operand;
}

/* count elements in the context's precision; check the arena afterwards. */
GaclipOperand gaclip__arena_operand(GaclipArena *arena, const GaclipCompute *compute, size_t count);

/* out (count) = in (count), on the calling thread; nothing to do where out is in. */
void gaclip__operand_set(GaclipOperand out, const float *in, size_t count);
/* out (count) = in (count) */
void gaclip__operand_get(float *out, GaclipOperand in, size_t count);
/* gaclip__operand_set on the pool. */
void gaclip__operand_fill(const GaclipCompute *compute, GaclipOperand out, const float *in,
                          size_t count);
/* out (count) = in (count) */
void gaclip__operand_copy(GaclipOperand out, GaclipOperand in, size_t count);

/* a (count) += b (count) */
void gaclip__operand_add(GaclipOperand a, GaclipOperand b, size_t count);

#endif
