/* RoIAlign (torchvision's: aligned, sampling ratio -1) followed by the mean over bins. */
#ifndef GACLIP_MODEL_ROI_ALIGN_H
#define GACLIP_MODEL_ROI_ALIGN_H

#include "gaclip/error.h"
#include "gaclip/image.h"

/* Bins along an axis of a region, in training and wherever a region's embedding is read from a
 * dense map: 7, as in Mask R-CNN (He et al. 2017). */
enum { GACLIP__ROI_BINS = 7 };

/* What a square window of that side shows of a box, in [0, 1] of it. */
GaclipBox gaclip__unit_box(const GaclipBox *box, float side);

/* out (channels), the mean over bins x bins bins, not normalised; map (height, width, channels),
 * one image's; box in [0, 1] of the image. A sample outside the map by more than a cell counts
 * 0. A box of no area, or not finite, is GACLIP_ERROR_ARGUMENT. Samples a bin are
 * limited so that a hostile box cannot run for ever: GACLIP_ERROR_ARGUMENT beyond. */
int gaclip__roi_align_forward(float *out, const float *map, int height, int width, int channels,
                              const GaclipBox *box, int bins, GaclipError *err);

/* Adds d loss / d map to grad_map (height, width, channels), given grad_out (channels). The box
 * has passed the forward. Single-threaded; calls on one grad_map must not overlap in time. */
void gaclip__roi_align_backward(float *grad_map, const float *grad_out, int height, int width,
                                int channels, const GaclipBox *box, int bins);

#endif
