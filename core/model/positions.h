/* Resampling of a ViT's position table to another patch grid, and its transpose. */
#ifndef GACLIP_MODEL_POSITIONS_H
#define GACLIP_MODEL_POSITIONS_H

#include "gaclip/error.h"

/* out (1 + height*width, channels) from table (1 + side*side, channels): the class row is kept,
 * the grid resampled by torch's bicubic, with antialias when height or width < side (the two
 * filters differ: a = -0.75 clamped taps against a = -0.5 normalised taps). */
int gaclip__positions_resample(float *out, int height, int width, const float *table, int side,
                               int channels, GaclipError *err);

/* Adds d loss / d table to grad_table (1 + side*side, channels), given grad_out (1 +
 * height*width, channels). */
int gaclip__positions_resample_backward(float *grad_table, int side, const float *grad_out,
                                        int height, int width, int channels, GaclipError *err);

#endif
