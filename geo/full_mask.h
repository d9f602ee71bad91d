/* Masks that say nothing. */
#ifndef GACLIP_GEO_FULL_MASK_H
#define GACLIP_GEO_FULL_MASK_H

#include "gaclip/image.h"

/* Frees the image's mask where every pixel is valid: a mask costs memory and time. */
void gaclip__drop_full_mask(GaclipImage *image);

#endif
