/* Blobs of a grey image at all sizes: extrema of differences of Gaussians (Lowe, 2004). Where the
 * image is flipped, turned by quarters, enlarged or cut, its blobs move along. */
#ifndef GACLIP_IMAGE_SCALE_SPACE_H
#define GACLIP_IMAGE_SCALE_SPACE_H

#include <stddef.h>

#include "gaclip/error.h"

enum { GACLIP__SCALES = 7 };

typedef struct GaclipScaleSpace {
    int width, height;
    float *levels; /* (GACLIP__SCALES, height, width) grey values, blurred by gaclip__scale_sigma */
    float *work;   /* (height, width) */
} GaclipScaleSpace;

typedef struct GaclipBlob {
    float x, y, sigma; /* pixels */
    float strength;    /* grey levels */
    int level;         /* sharpest level of the two whose difference shows it */
} GaclipBlob;

/* Pixels; twice as much every second level. */
double gaclip__scale_sigma(double level);

/* grey (height, width). The caller clears *out. */
int gaclip__scale_space_init(GaclipScaleSpace *out, const float *grey, int width, int height,
                             GaclipError *err);
void gaclip__scale_space_clear(GaclipScaleSpace *space);

static inline const float *gaclip__scale_level(const GaclipScaleSpace *space, int level)
{
    return space->levels + (size_t)level * (size_t)space->width * (size_t)space->height;
}

/* The strongest blobs of which the square of 2 reach sigmas lies in the image: for each level at
 * most most[level - 1] (GACLIP__SCALES - 3), strongest first; their number. out has room for all.
 */
int gaclip__find_blobs(GaclipBlob *out, const GaclipScaleSpace *space, const int *most,
                       double reach);

#endif
