/* Points and directions on the ground: metres, x to the right, y down, from the scene's upper left
 * corner. Nothing here calls a function whose last bit differs between machines. */
#ifndef EXAMPLES_POINT_H
#define EXAMPLES_POINT_H

#include <math.h>

typedef struct Point {
    double x, y;
} Point;

static inline Point point_add(Point a, Point b)
{
    return (Point){a.x + b.x, a.y + b.y};
}

static inline Point point_subtract(Point a, Point b)
{
    return (Point){a.x - b.x, a.y - b.y};
}

static inline Point point_scale(Point a, double factor)
{
    return (Point){a.x * factor, a.y * factor};
}

/* a + direction * distance */
static inline Point point_along(Point a, Point direction, double distance)
{
    return (Point){a.x + direction.x * distance, a.y + direction.y * distance};
}

static inline double point_dot(Point a, Point b)
{
    return a.x * b.x + a.y * b.y;
}

static inline double point_length(Point a)
{
    return sqrt(point_dot(a, a));
}

static inline Point point_across(Point a) /* a quarter turn */
{
    return (Point){-a.y, a.x};
}

static inline Point point_unit(Point a)
{
    double length = point_length(a);
    return length > 0 ? point_scale(a, 1 / length) : (Point){1, 0};
}

/* a turned by the angle whose cosine and sine turn holds */
static inline Point point_turn(Point a, Point turn)
{
    return (Point){a.x * turn.x - a.y * turn.y, a.x * turn.y + a.y * turn.x};
}

static inline double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
