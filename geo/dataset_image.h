/* Pixels of a dataset's images. */
#ifndef GACLIP_GEO_DATASET_IMAGE_H
#define GACLIP_GEO_DATASET_IMAGE_H

#include "gaclip/dataset.h"

/* Opens the image's file at its own resolution. The caller closes *out. */
int gaclip__dataset_open_raster(GaclipRaster **out, const GaclipDatasetImage *image,
                                GaclipError *err);

/* Reads a window of the image, in its pixels, from its open file; width and height 0 = up to all of
 * it. out has no mask where every pixel is valid. */
int gaclip__dataset_read_window(GaclipImage *out, GaclipRaster *raster,
                                const GaclipDatasetImage *image, int x, int y, int width,
                                int height, GaclipError *err);

#endif
