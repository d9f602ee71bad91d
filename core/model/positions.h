/* Position tables: a ViT's, resampled to another patch grid, and a text tower's, stretched. */
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

/* Positions that stretching leaves as they are. */
enum { GACLIP__KEPT_POSITIONS = 20, GACLIP__STRETCH = 4 };

/* The length that a table of length positions is stretched to: 248 for 77. 0 where it is too short
 * to be stretched. */
int gaclip__stretched_positions(int length);

/* Knowledge-preserved stretching (Zhang et al., Long-CLIP, 2024, section 3.2): out
 * (gaclip__stretched_positions(length), channels) from table (length, channels). The first 20
 * positions stay; between neighbours of the others three new ones are interpolated, and behind the
 * last three are extrapolated. */
void gaclip__stretch_positions(float *out, const float *table, int length, int channels);

#endif
