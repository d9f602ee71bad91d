/* Decoded images of datasets, shared by threads. */
#ifndef GACLIP_GEO_IMAGE_CACHE_H
#define GACLIP_GEO_IMAGE_CACHE_H

#include "gaclip/dataset_source.h"

/* The decoded image, told by its address, lent until it is given back. */
int gaclip__image_cache_take(const GaclipImage **out, GaclipImageCache *cache,
                             const GaclipDatasetImage *image, GaclipError *err);
void gaclip__image_cache_give_back(GaclipImageCache *cache, const GaclipDatasetImage *image);

/* Whether the image, as far as its size is known, would drive too many others out. */
int gaclip__image_cache_is_too_large(const GaclipImageCache *cache,
                                     const GaclipDatasetImage *image);

#endif
