/* What is not annotated: some of it looks a little like what is. */
#include "item.h"

/* A crown from a third of its height, darker away from the sun. */
void tree_parts(Parts *parts, const Item *item)
{
    double radius = item->length / 2;
    Point low = parts_lift(parts, item->at, 0.35 * item->height);
    Point high = parts_lift(parts, item->at, 0.75 * item->height);
    Point lit = point_along(high, parts->sunward, 0.30 * radius);
    Shape crown = shape_stroke(low, high, 0.9 * radius, radius);
    crown.ragged = 0.35 * radius;
    crown.ragged_size = 0.6 * radius;
    int column = (int)floor(item->at.x * 8), row = (int)floor(item->at.y * 8);
    crown.seed = (uint32_t)column * 31 + (uint32_t)row;
    parts_add(parts, crown, colour_scale(item->colour, 0.68));
    Shape bright = shape_disc(lit, 0.62 * radius);
    bright.ragged = 0.4 * radius;
    bright.ragged_size = 0.4 * radius;
    bright.seed = crown.seed + 1;
    parts_add(parts, bright, item->colour);
    parts_add(parts, shape_disc(point_along(lit, parts->sunward, 0.15 * radius), 0.22 * radius),
              colour_scale(item->colour, 1.25));
}

static void add_walls(Parts *parts, const Point *corners, double eaves)
{
    static const Colour WALL = {.72f, .70f, .65f};
    for (int i = 0; i < 4; i++) {
        Point a = corners[i], b = corners[(i + 1) % 4];
        Point wall[4] = {a, b, parts_lift(parts, b, eaves), parts_lift(parts, a, eaves)};
        Point outwards = point_unit((Point){b.y - a.y, a.x - b.x});
        double light = 0.75 + 0.25 * point_dot(outwards, parts->sunward);
        parts_add(parts, shape_polygon(wall, 4), colour_scale(WALL, light));
    }
}

/* A gabled roof: two planes that the sun lights differently. */
void building_parts(Parts *parts, const Item *item)
{
    double eaves = 0.62 * item->height;
    Shape base = shape_rectangle(item->at, item->along, item->length, item->breadth);
    Point ends[2] = {point_along(item->at, item->along, -item->length / 2),
                     point_along(item->at, item->along, item->length / 2)};
    add_walls(parts, base.points, eaves);
    for (int side = -1; side <= 1; side += 2) {
        Point out = point_scale(point_across(item->along), side * item->breadth / 2);
        Point roof[4] = {parts_lift(parts, ends[0], item->height),
                         parts_lift(parts, ends[1], item->height),
                         parts_lift(parts, point_add(ends[1], out), eaves),
                         parts_lift(parts, point_add(ends[0], out), eaves)};
        double light = 0.88 + 0.22 * point_dot(point_unit(out), parts->sunward);
        parts_add(parts, shape_polygon(roof, 4), colour_scale(item->colour, light));
    }
}

void pole_parts(Parts *parts, const Item *item)
{
    Point top = parts_lift(parts, item->at, item->height);
    Point arm = point_scale(point_across(item->along), item->breadth / 2);
    parts_add(parts, shape_stroke(item->at, top, item->length, 0.6 * item->length), item->colour);
    parts_add(parts, shape_stroke(point_subtract(top, arm), point_add(top, arm), 0.3, 0.3),
              item->colour);
}
