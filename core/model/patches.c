#include "model/patches.h"

#include <stddef.h>

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

static ptrdiff_t corner(const GaclipPatchShape *s, int image, int y, int x)
{
    return (ptrdiff_t)(image * s->image_stride + (long)y * s->patch * s->row_stride +
                       (long)x * s->patch * s->column_stride);
}

void gaclip__patches_cut(float *rows, const float *images, const GaclipPatchShape *s)
{
    for (int n = 0; n < s->batch; n++)
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++) {
                const float *from = images + corner(s, n, y, x);
                for (int c = 0; c < s->channels; c++)
                    for (int py = 0; py < s->patch; py++)
                        for (int px = 0; px < s->patch; px++)
                            *rows++ = from[c * s->channel_stride + py * s->row_stride +
                                           px * s->column_stride];
            }
}

void gaclip__patches_paste(float *images, const float *rows, const GaclipPatchShape *s)
{
    for (int n = 0; n < s->batch; n++)
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++) {
                float *to = images + corner(s, n, y, x);
                for (int c = 0; c < s->channels; c++)
                    for (int py = 0; py < s->patch; py++)
                        for (int px = 0; px < s->patch; px++)
                            to[c * s->channel_stride + py * s->row_stride + px * s->column_stride] =
                                *rows++;
            }
}
