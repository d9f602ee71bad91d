/* Outlines on the ground, all by their signed distance. */
#ifndef EXAMPLES_SHAPE_H
#define EXAMPLES_SHAPE_H

#include <stdint.h>

#include "point.h"

enum { SHAPE_MOST_POINTS = 16 };

typedef struct Shape {
    /* 2 points: a stroke, round at its ends, whose radius goes from radii[0] to radii[1];
     * 3 and more: a convex polygon, clockwise as one sees it. */
    int count;
    Point points[SHAPE_MOST_POINTS];
    double radii[2];
    double ragged;      /* metres by which noise moves the outline; 0 = smooth */
    double ragged_size; /* metres between the noise's lattice points */
    uint32_t seed;
} Shape;

typedef struct Bounds {
    double x1, y1, x2, y2;
} Bounds;

Shape shape_disc(Point centre, double radius);
Shape shape_stroke(Point from, Point to, double from_radius, double to_radius);
/* A rectangle whose sides of length lie along the unit vector. */
Shape shape_rectangle(Point centre, Point along, double length, double breadth);
/* A convex polygon in either direction of rotation; count <= SHAPE_MOST_POINTS. */
Shape shape_polygon(const Point *points, int count);

/* Metres from p to the outline, negative inside. */
double shape_distance(const Shape *shape, Point p);

/* The share of a square of that side around p that the shape covers, to a good approximation. */
double shape_coverage(const Shape *shape, Point p, double side);

Bounds shape_bounds(const Shape *shape);
double shape_area(const Shape *shape); /* of a polygon */

/* The half of a polygon where dot(normal, p) >= at. A result without points is empty; corners
 * beyond the room for them are left out. */
Shape shape_clip(const Shape *polygon, Point normal, double at);

#endif
