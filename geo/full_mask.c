#include "full_mask.h"

#include <stdlib.h>
#include <string.h>

void gaclip__drop_full_mask(GaclipImage *image)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;
    if (!image->mask || memchr(image->mask, 0, pixels)) return;
    free(image->mask);
    image->mask = NULL;
}
