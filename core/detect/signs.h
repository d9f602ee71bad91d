/* Where an image showed a sign of an object, and of what size: finer scales are looked at only
 * where it may be small. */
#ifndef GACLIP_DETECT_SIGNS_H
#define GACLIP_DETECT_SIGNS_H

#include "gaclip/error.h"

/* A cell for every few pixels of the image. */
typedef struct GaclipSigns {
    float *sides; /* (rows, columns) pixels, of the smallest there; INFINITY: nothing showed */
    int rows, columns;
} GaclipSigns;

/* Free it with gaclip__signs_clear. */
int gaclip__signs_init(GaclipSigns *signs, int width, int height, GaclipError *err);
void gaclip__signs_clear(GaclipSigns *signs);

/* Of an object of that side at (x, y), all in pixels of the image. */
void gaclip__signs_note(GaclipSigns *signs, float x, float y, float side);

/* The smallest side that showed in the part of the image from (x1, y1) to (x2, y2), pixels. */
float gaclip__signs_smallest(const GaclipSigns *signs, float x1, float y1, float x2, float y2);

#endif
