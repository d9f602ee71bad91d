#include "model/patches.h"

#include <stddef.h>

#include "base/bf16.h"

GaclipPatchShape gaclip__patch_shape(int batch, int channels, int h, int w, int patch,
                                     int channels_last)
{
    GaclipPatchShape s = {batch, channels, h, w, patch, 0, 0, 0, 0};
    long height = (long)h * patch, width = (long)w * patch;
    s.image_stride = channels * height * width;
    s.channel_stride = channels_last ? 1 : height * width;
    s.column_stride = channels_last ? channels : 1;
    s.row_stride = width * s.column_stride;
    return s;
}

/* One direction or the other; a task is a row of patches. */
typedef struct Patches {
    const GaclipPatchShape *shape;
    GaclipOperand rows, images; /* of the cut */
    float *pasted;              /* of the paste */
    const float *grad_rows;
} Patches;

static size_t patch_floats(const GaclipPatchShape *s)
{
    return (size_t)(s->channels * s->patch * s->patch);
}

/* The first pixel of patch x in row `index` of all images' patch rows. */
static size_t corner(const GaclipPatchShape *s, int index, int x)
{
    return (size_t)(index / s->h * s->image_stride +
                    (long)(index % s->h) * s->patch * s->row_stride +
                    (long)x * s->patch * s->column_stride);
}

static inline void take(GaclipOperand to, size_t place, GaclipOperand from, size_t at)
{
    if (from.bf16)
        to.bf16[place] = from.bf16[at];
    else if (to.bf16)
        to.bf16[place] = gaclip__bf16_round(from.f32[at]);
    else
        to.f32[place] = from.f32[at];
}

static void cut_row(int index, int worker, void *payload)
{
    (void)worker;
    const Patches *p = payload;
    const GaclipPatchShape *s = p->shape;
    size_t to = (size_t)index * (size_t)s->w * patch_floats(s);
    for (int x = 0; x < s->w; x++) {
        size_t from = corner(s, index, x);
        for (int c = 0; c < s->channels; c++)
            for (int py = 0; py < s->patch; py++)
                for (int px = 0; px < s->patch; px++)
                    take(p->rows, to++, p->images,
                         from + (size_t)(c * s->channel_stride + py * s->row_stride +
                                         px * s->column_stride));
    }
}

void gaclip__patches_cut(const GaclipCompute *compute, GaclipOperand rows, GaclipOperand images,
                         const GaclipPatchShape *shape)
{
    Patches p = {.shape = shape, .rows = rows, .images = images};
    gaclip__threads_run(compute->pool, shape->batch * shape->h, cut_row, &p);
}

static void paste_row(int index, int worker, void *payload)
{
    (void)worker;
    const Patches *p = payload;
    const GaclipPatchShape *s = p->shape;
    const float *row = p->grad_rows + (size_t)index * (size_t)s->w * patch_floats(s);
    for (int x = 0; x < s->w; x++) {
        float *to = p->pasted + corner(s, index, x);
        for (int c = 0; c < s->channels; c++)
            for (int py = 0; py < s->patch; py++)
                for (int px = 0; px < s->patch; px++)
                    to[c * s->channel_stride + py * s->row_stride + px * s->column_stride] = *row++;
    }
}

void gaclip__patches_paste(const GaclipCompute *compute, float *images, const float *rows,
                           const GaclipPatchShape *shape)
{
    Patches p = {.shape = shape, .pasted = images, .grad_rows = rows};
    gaclip__threads_run(compute->pool, shape->batch * shape->h, paste_row, &p);
}
