/* The kinds that annotations name. */
#include "item.h"

static const Colour WHITE = {.93f, .93f, .92f}, GREY = {.62f, .63f, .64f};

/* A point of the rotor's plane, which is upright: distance along it and height over the hub. */
static Point rotor_point(const Parts *parts, const Item *item, Point direction, double distance)
{
    Point level = point_along(item->at, point_across(item->along), direction.x * distance);
    level = point_along(level, item->along, 4); /* the rotor hangs before the tower */
    return parts_lift(parts, level, item->height + direction.y * distance);
}

static void add_blade(Parts *parts, const Item *item, Point direction)
{
    double radius = item->length / 2;
    Point root = rotor_point(parts, item, direction, 0.8);
    Point widest = rotor_point(parts, item, direction, 0.22 * radius);
    Point tip = rotor_point(parts, item, direction, radius);
    parts_add(parts, shape_stroke(root, widest, 0.8, 1.7), WHITE);
    parts_add(parts, shape_stroke(widest, tip, 1.7, 0.5), WHITE);
}

void windmill_parts(Parts *parts, const Item *item)
{
    static const Point THIRD = {-0.5, 0.86602540378443864676};
    Point top = parts_lift(parts, item->at, item->height);
    Point dim = point_scale(point_across(point_unit(parts->slope)), 0.9);
    if (point_dot(dim, parts->sunward) > 0) dim = point_scale(dim, -1);
    parts_add(parts, shape_stroke(item->at, top, 2.7, 1.5), WHITE);
    parts_add(parts, shape_stroke(point_add(item->at, dim), point_along(top, dim, 0.5), 1.4, 0.7),
              (Colour){.70f, .71f, .73f});
    Point middle = point_along(top, item->along, -1);
    parts_add(parts, shape_rectangle(middle, item->along, 11, 4.2), GREY);
    parts_add(parts,
              shape_rectangle(point_along(middle, parts->sunward, 0.7), item->along, 10, 2.6),
              WHITE);
    Point blade = item->turn;
    for (int i = 0; i < 3; i++) {
        add_blade(parts, item, blade);
        blade = point_turn(blade, THIRD);
    }
    parts_add(parts, shape_disc(rotor_point(parts, item, blade, 0), 1.8), WHITE);
}

void tank_parts(Parts *parts, const Item *item)
{
    double radius = item->length / 2;
    Point top = parts_lift(parts, item->at, item->height), sunward = parts->sunward;
    Point aside = point_scale(sunward, 0.35 * radius);
    parts_add(parts, shape_stroke(item->at, top, radius, radius), colour_scale(item->colour, 0.6));
    parts_add(parts,
              shape_stroke(point_add(item->at, aside), point_add(top, aside), 0.62 * radius,
                           0.62 * radius),
              colour_scale(item->colour, 0.82));
    parts_add(parts, shape_disc(top, radius), item->colour);
    parts_add(parts, shape_disc(top, 0.9 * radius), colour_scale(item->colour, 0.9));
    parts_add(parts, shape_disc(point_along(top, sunward, -0.12 * radius), 0.74 * radius),
              colour_scale(item->colour, 0.97));
    parts_add(parts, shape_disc(top, 0.09 * radius), colour_scale(item->colour, 0.65));
}

/* A basin with round corners; its deck belongs to the garden. */
void pool_parts(Parts *parts, const Item *item)
{
    double corner = 0.22 * item->breadth, length = item->length, breadth = item->breadth;
    Point l = point_scale(item->along, length / 2 - corner);
    Point b = point_scale(point_across(item->along), breadth / 2 - corner);
    Colour edge = colour_mix(item->colour, WHITE, 0.25);
    parts_add(parts, shape_rectangle(item->at, item->along, length, breadth - 2 * corner), edge);
    parts_add(parts, shape_rectangle(item->at, item->along, length - 2 * corner, breadth), edge);
    for (int i = 0; i < 4; i++) {
        Point at = point_along(point_along(item->at, l, i & 1 ? 1 : -1), b, i & 2 ? 1 : -1);
        parts_add(parts, shape_disc(at, corner), edge);
    }
    parts_add(parts, shape_rectangle(item->at, item->along, length - 1.6, breadth - 1.6),
              item->colour);
    parts_add(parts,
              shape_rectangle(point_along(item->at, item->along, length / 5), item->along,
                              length / 2, breadth - 2.4),
              colour_scale(item->colour, 0.86));
}

/* Both wings, swept: from the root's leading edge at `from` along the fuselage. */
static void add_wings(Parts *parts, const Item *item, Point at, double from, double root,
                      double span, double sweep, Colour colour)
{
    for (int side = -1; side <= 1; side += 2) {
        Point out = point_scale(point_across(item->along), side * span / 2);
        Point leading = point_along(at, item->along, from);
        Point tip = point_along(point_add(leading, out), item->along, -sweep);
        Point outline[4] = {leading, tip, point_along(tip, item->along, -0.35 * root),
                            point_along(leading, item->along, -root)};
        parts_add(parts, shape_polygon(outline, 4), colour);
    }
}

static void add_engine(Parts *parts, const Item *item, Point at, double aside)
{
    Point under = point_along(at, point_across(item->along), aside * item->breadth);
    Point from = point_along(under, item->along, 0.09 * item->length);
    parts_add(parts,
              shape_stroke(from, point_along(under, item->along, -0.01 * item->length),
                           0.030 * item->length, 0.022 * item->length),
              colour_scale(GREY, 0.9));
}

void aircraft_parts(Parts *parts, const Item *item)
{
    double length = item->length, radius = 0.052 * length;
    Point at = parts_lift(parts, item->at, item->height);
    Point nose = point_along(at, item->along, length / 2 - radius);
    Point waist = point_along(at, item->along, -0.15 * length);
    Point tail = point_along(at, item->along, -length / 2 + 0.3 * radius);
    Colour wing = colour_scale(WHITE, 0.9);
    add_engine(parts, item, at, -0.18);
    add_engine(parts, item, at, 0.18);
    add_wings(parts, item, at, 0.12 * length, 0.20 * length, item->breadth, 0.17 * length, wing);
    add_wings(parts, item, at, -0.36 * length, 0.11 * length, 0.38 * item->breadth, 0.08 * length,
              wing);
    parts_add(parts, shape_stroke(nose, waist, radius, radius), WHITE);
    parts_add(parts, shape_stroke(waist, tail, radius, 0.3 * radius), WHITE);
    parts_add(parts, shape_stroke(point_along(at, item->along, -0.34 * length), tail, 0.35, 0.7),
              item->colour);
    Point window = point_along(nose, item->along, 0.35 * radius);
    parts_add(parts, shape_disc(window, 0.4 * radius), (Colour){.25f, .28f, .33f});
}
