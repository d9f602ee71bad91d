#include "math/operand.h"

#include <string.h>

#include "base/bf16.h"
#include "base/vector.h"

enum { BLOCK = 65536 };

GaclipOperand gaclip__arena_operand(GaclipArena *arena, const GaclipCompute *compute, size_t count)
{
    GaclipOperand operand = {NULL, NULL};
    if (compute->precision == GACLIP_PRECISION_BF16)
        operand.bf16 =
            gaclip__arena_bytes(arena, count > SIZE_MAX / 4 ? SIZE_MAX : count * sizeof(uint16_t));
    else
        operand.f32 = gaclip__arena_floats(arena, count);
    return operand;
}

GACLIP__CLONES static void round_floats(uint16_t *out, const float *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) out[i] = gaclip__bf16_round(in[i]);
}

void gaclip__operand_set(GaclipOperand out, const float *in, size_t count)
{
    if (out.bf16)
        round_floats(out.bf16, in, count);
    else if (out.f32 != in)
        memcpy(out.f32, in, count * sizeof *in);
}

GACLIP__CLONES static void widen_halves(float *out, const uint16_t *in, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) out[i] = gaclip__bf16_widen(in[i]);
}

void gaclip__operand_get(float *out, GaclipOperand in, size_t count)
{
    if (in.bf16)
        widen_halves(out, in.bf16, count);
    else if (out != in.f32)
        memcpy(out, in.f32, count * sizeof *out);
}

typedef struct Fill {
    GaclipOperand out;
    const float *in;
    size_t count;
} Fill;

static void fill_block(int index, int worker, void *payload)
{
    (void)worker;
    const Fill *f = payload;
    size_t first = (size_t)index * BLOCK;
    gaclip__operand_set(gaclip__operand_at(f->out, first), f->in + first,
                        f->count - first < BLOCK ? f->count - first : BLOCK);
}

void gaclip__operand_fill(const GaclipCompute *compute, GaclipOperand out, const float *in,
                          size_t count)
{
    Fill fill = {out, in, count};
    if (out.f32 == in) return;
    gaclip__threads_run(compute->pool, (int)((count + BLOCK - 1) / BLOCK), fill_block, &fill);
}

void gaclip__operand_copy(GaclipOperand out, GaclipOperand in, size_t count)
{
    if (out.bf16)
        memcpy(out.bf16, in.bf16, count * sizeof *out.bf16);
    else
        memcpy(out.f32, in.f32, count * sizeof *out.f32);
}

GACLIP__CLONES static void add_floats(float *a, const float *b, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) a[i] += b[i];
}

GACLIP__CLONES static void add_halves(uint16_t *a, const uint16_t *b, size_t count)
{
    GACLIP__SIMD for (size_t i = 0; i < count; i++) a[i] =
        gaclip__bf16_round(gaclip__bf16_widen(a[i]) + gaclip__bf16_widen(b[i]));
}

void gaclip__operand_add(GaclipOperand a, GaclipOperand b, size_t count)
{
    if (a.bf16)
        add_halves(a.bf16, b.bf16, count);
    else
        add_floats(a.f32, b.f32, count);
}
