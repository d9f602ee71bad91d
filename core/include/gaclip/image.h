/* Images and boxes in pixel space, PIL's antialiased bicubic resize, normalisation. */
#ifndef GACLIP_IMAGE_H
#define GACLIP_IMAGE_H

#include <stdint.h>

#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Corners in pixels of some image (or in [0, 1] of it, where a function says so). x grows to the
 * right, y down; pixel (0, 0) covers [0, 1) x [0, 1). */
typedef struct GaclipBox {
    float x1, y1, x2, y2;
} GaclipBox;

/* Intersection over union in continuous coordinates (no +1 pixel); 0 where either is empty. */
GACLIP_API float gaclip_box_iou(const GaclipBox *a, const GaclipBox *b);

/* Intersection over the smaller one's area: 1 where it lies in the other; 0 where either is empty.
 */
GACLIP_API float gaclip_box_nesting(const GaclipBox *a, const GaclipBox *b);

/* An 8-bit RGB image with an optional validity mask. */
typedef struct GaclipImage {
    int width, height;
    uint8_t *rgb;  /* (height, width, 3) */
    uint8_t *mask; /* (height, width): 0 = no data there; NULL = every pixel is valid */
} GaclipImage;

/* Allocates pixels (zeroed) and, when with_mask, a mask of zeros. Free with gaclip_image_clear. */
GACLIP_API int gaclip_image_init(GaclipImage *out, int width, int height, int with_mask,
                                 GaclipError *err);
GACLIP_API void gaclip_image_clear(GaclipImage *image);

/* Resizes to width x height with PIL's bicubic filter (a = -0.5, antialiased when shrinking,
 * 8 bits between the horizontal and the vertical pass, a pass skipped where the length stays):
 * the bytes equal PIL's. A mask is resized by nearest neighbour, and what it hides counts as the
 * mean of what it shows, so that no-data values do not bleed into their neighbours. out is
 * initialised here and is the caller's to clear; it may not be in. */
GACLIP_API int gaclip_image_resize(GaclipImage *out, const GaclipImage *in, int width, int height,
                                   GaclipError *err);

/* CLIP's preprocessing: the short side becomes side (the other is truncated), then the centre
 * side x side is cut out, its offset rounded half to even. */
GACLIP_API int gaclip_image_resize_crop(GaclipImage *out, const GaclipImage *in, int side,
                                        GaclipError *err);

/* The window [x, x + width) x [y, y + height) of in; what lies outside in is masked, so out has a
 * mask whenever in has one or the window reaches outside. */
GACLIP_API int gaclip_image_crop(GaclipImage *out, const GaclipImage *in, int x, int y, int width,
                                 int height, GaclipError *err);

/* (u8 / 255 - mean) / std into planes (3, height, width); masked pixels become 0, which is the
 * mean. */
GACLIP_API void gaclip_image_normalise(float *planes, const GaclipImage *image, const float mean[3],
                                       const float std[3]);

#ifdef __cplusplus
}
#endif
#endif
