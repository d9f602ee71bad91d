/* Pictures inside a page. */
#ifndef GACLIP_CLI_PICTURE_H
#define GACLIP_CLI_PICTURE_H

#include <stdio.h>

#include "gaclip/image.h"
#include "gaclip/image_encode.h"

/* A part of an image as it is shown. */
typedef struct Picture {
    GaclipImage image;
    double x, y, zoom;        /* image pixel (x, y) is its corner; its pixels an image pixel */
    GaclipImageCoding coding; /* in the page; PNG unless the caller changes it */
} Picture;

enum { PICTURE_SIDE = 320 };

/* The part of image around box (NULL: all of it), with as much around it again on every side,
 * shrunk to side pixels where it is longer. The caller clears *out. */
int picture_take(Picture *out, const GaclipImage *image, const GaclipBox *box, int side,
                 GaclipError *err);
void picture_clear(Picture *picture);

/* Opens an SVG element of the picture, whose user units are the image's pixels; the caller draws
 * boxes and closes it with </svg>. */
int picture_begin(FILE *out, const Picture *picture, GaclipError *err);

/* A rectangle in it. title (may be NULL) shows under the pointer. */
void picture_box(FILE *out, const Picture *picture, const GaclipBox *box, const char *colour,
                 int is_dashed, const char *title);

#endif
