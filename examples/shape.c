#include "shape.h"

#include "noise.h"

Shape shape_stroke(Point from, Point to, double from_radius, double to_radius)
{
    return (Shape){.count = 2, .points = {from, to}, .radii = {from_radius, to_radius}};
}

Shape shape_disc(Point centre, double radius)
{
    return shape_stroke(centre, centre, radius, radius);
}

/* Twice the signed area; positive for clockwise on a y axis that points down. */
static double turning(const Point *points, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        Point a = points[i], b = points[(i + 1) % count];
        sum += a.x * b.y - a.y * b.x;
    }
    return sum;
}

Shape shape_polygon(const Point *points, int count)
{
    Shape shape = {.count = count};
    int is_clockwise = turning(points, count) > 0;
    for (int i = 0; i < count; i++) shape.points[i] = points[is_clockwise ? i : count - 1 - i];
    return shape;
}

Shape shape_rectangle(Point centre, Point along, double length, double breadth)
{
    Point l = point_scale(along, length / 2), b = point_scale(point_across(along), breadth / 2);
    Point corners[4] = {point_add(point_add(centre, l), b), point_subtract(point_add(centre, b), l),
                        point_subtract(point_subtract(centre, l), b),
                        point_subtract(point_add(centre, l), b)};
    return shape_polygon(corners, 4);
}

/* Distance from p to a stroke's middle line; *radius is the stroke's at the nearest point. */
static double distance_to_line(const Shape *shape, Point p, double *radius)
{
    Point from = shape->points[0], line = point_subtract(shape->points[1], from);
    double square = point_dot(line, line), t = 0;
    if (square > 0) t = clamp(point_dot(point_subtract(p, from), line) / square, 0, 1);
    *radius = shape->radii[0] + t * (shape->radii[1] - shape->radii[0]);
    return point_length(point_subtract(p, point_along(from, line, t)));
}

/* The farthest of the half planes, which overstates nothing inside and little at corners. */
static double distance_to_polygon(const Shape *shape, Point p)
{
    double farthest = -1e30;
    for (int i = 0; i < shape->count; i++) {
        Point a = shape->points[i], b = shape->points[(i + 1) % shape->count];
        Point outwards = point_unit((Point){b.y - a.y, a.x - b.x});
        farthest = fmax(farthest, point_dot(outwards, point_subtract(p, a)));
    }
    return farthest;
}

static double raggedness(const Shape *shape, Point p)
{
    if (shape->ragged <= 0) return 0;
    double size = shape->ragged_size;
    return shape->ragged * noise_fractal(shape->seed, p.x / size, p.y / size);
}

double shape_distance(const Shape *shape, Point p)
{
    double radius;
    if (shape->count > 2) return distance_to_polygon(shape, p) + raggedness(shape, p);
    double distance = distance_to_line(shape, p, &radius);
    return distance - radius + raggedness(shape, p);
}

/* A stroke may be thinner than a pixel: then what counts is the overlap of two intervals. */
double shape_coverage(const Shape *shape, Point p, double side)
{
    if (shape->count > 2 || shape->ragged > 0)
        return clamp(0.5 - shape_distance(shape, p) / side, 0, 1);
    double radius, distance = distance_to_line(shape, p, &radius);
    double overlap = fmin(radius, distance + side / 2) - fmax(-radius, distance - side / 2);
    return clamp(overlap / side, 0, 1);
}

Bounds shape_bounds(const Shape *shape)
{
    Bounds b = {1e30, 1e30, -1e30, -1e30};
    for (int i = 0; i < shape->count; i++) {
        Point p = shape->points[i];
        double reach = shape->ragged + (shape->count == 2 ? shape->radii[i] : 0);
        b.x1 = fmin(b.x1, p.x - reach);
        b.y1 = fmin(b.y1, p.y - reach);
        b.x2 = fmax(b.x2, p.x + reach);
        b.y2 = fmax(b.y2, p.y + reach);
    }
    return b;
}

double shape_area(const Shape *shape)
{
    return fabs(turning(shape->points, shape->count)) / 2;
}

static void append(Shape *shape, Point p)
{
    if (shape->count < SHAPE_MOST_POINTS) shape->points[shape->count++] = p;
}

Shape shape_clip(const Shape *polygon, Point normal, double at)
{
    Shape part = {0};
    for (int i = 0; i < polygon->count; i++) {
        Point a = polygon->points[i], b = polygon->points[(i + 1) % polygon->count];
        double da = point_dot(normal, a) - at, db = point_dot(normal, b) - at;
        if (da >= 0) append(&part, a);
        if ((da >= 0) != (db >= 0))
            append(&part, point_along(a, point_subtract(b, a), da / (da - db)));
    }
    return part;
}
