/* What an image's grey values say of its quality. */
#ifndef GACLIP_GEO_PIXEL_FACTS_H
#define GACLIP_GEO_PIXEL_FACTS_H

#include "gaclip/image.h"

typedef struct GaclipPixelFacts {
    double brightness; /* mean of valid pixels, 0..255 */
    double texture;    /* their standard deviation */
    double sharpness;  /* variance of the Laplacian (4 neighbours) where all five are valid */
    double content;    /* share of valid pixels */
} GaclipPixelFacts;

void gaclip__pixel_facts(GaclipPixelFacts *out, const GaclipImage *image);

#endif
