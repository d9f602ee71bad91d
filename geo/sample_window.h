/* Windows that samples are cut by, and the boxes that they show. */
#ifndef GACLIP_GEO_SAMPLE_WINDOW_H
#define GACLIP_GEO_SAMPLE_WINDOW_H

#include <stdint.h>

#include "gaclip/image.h"

/* A window in pixels of an image or raster, and the size of the image that it becomes. */
typedef struct GaclipSampleWindow {
    double x, y, width, height;
    int out_width, out_height;
} GaclipSampleWindow;

/* Start of a window of length that holds [low, high) at a random place, or lies about its middle
 * where that is too long. */
double gaclip__window_around(double low, double high, double length, uint64_t *state);

/* The box in pixels of the window's image, clipped; 0 when too little of it is visible to be asked
 * for. */
int gaclip__window_show(GaclipBox *out, const double box[4], const GaclipSampleWindow *window);

#endif
