/* The picture while it is painted: colours by the metre, with soft edges, and a plane of shadows.
 */
#ifndef EXAMPLES_CANVAS_H
#define EXAMPLES_CANVAS_H

#include <stdint.h>

#include "gaclip/error.h"
#include "shape.h"

typedef struct Colour {
    float r, g, b; /* 0..1 as displayed */
} Colour;

Colour colour_scale(Colour colour, double factor);
Colour colour_mix(Colour a, Colour b, double share_of_b);

/* A colour with what makes ground look like ground. */
typedef struct Paint {
    Colour colour;
    double mottle, mottle_size;   /* relative strength; metres */
    double furrow, furrow_period; /* relative strength; metres from furrow to furrow */
    double tramline_period;       /* metres between a tractor's double tracks; 0 = none */
    Point across;                 /* unit vector across the furrows */
    uint32_t seed;
} Paint;

typedef struct Canvas {
    int width, height;
    double gsd;     /* metres a pixel */
    Colour *pixels; /* (height, width) */
    float *shade;   /* (height, width) 0 = sunlit, 1 = in full shadow */
} Canvas;

int canvas_init(Canvas *canvas, int width, int height, double gsd, GaclipError *err);
void canvas_clear(Canvas *canvas);

void canvas_paint(Canvas *canvas, const Shape *shape, const Paint *paint);

/* Notes a shadow; where shadows meet they do not add up. */
void canvas_cast(Canvas *canvas, const Shape *shape, double strength);

/* Darkens what is painted by the shadows noted so far. */
void canvas_apply_shadows(Canvas *canvas);

/* Light that falls off across the scene, the optics' blur, the sensor's noise: pixels (height,
 * width, 3) for a file. brighter is a unit vector. */
int canvas_expose(uint8_t *rgb, const Canvas *canvas, Point brighter, uint32_t seed,
                  GaclipError *err);

#endif
