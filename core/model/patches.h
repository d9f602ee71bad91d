/* Cutting an image into patch rows for the patch embedding, and back. */
#ifndef GACLIP_MODEL_PATCHES_H
#define GACLIP_MODEL_PATCHES_H

#include "base/compute.h"
#include "math/operand.h"

/* A stack of images addressed by strides, so that planes and channels-last maps are both served. */
typedef struct GaclipPatchShape {
    int batch, channels, h, w, patch; /* h x w patches of patch x patch pixels */
    long image_stride, channel_stride, row_stride, column_stride;
} GaclipPatchShape;

GaclipPatchShape gaclip__patch_shape(int batch, int channels, int h, int w, int patch,
                                     int channels_last);

/* rows (batch h w, channels patch patch), in the order of OpenAI's conv1.weight. */
void gaclip__patches_cut(const GaclipCompute *compute, GaclipOperand rows, GaclipOperand images,
                         const GaclipPatchShape *shape);
/* images from rows: patches do not overlap, so this is also the backward of the cut. */
void gaclip__patches_paste(const GaclipCompute *compute, float *images, const float *rows,
                           const GaclipPatchShape *shape);

#endif
