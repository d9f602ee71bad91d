/* Fields and lanes onto the canvas. */
#include "ground.h"

static Paint lane_paint(LaneKind kind, uint32_t seed)
{
    static const Paint PAINTS[] = {
        [LANE_STRIP] = {.colour = {.46f, .49f, .31f}, .mottle = .20, .mottle_size = 6},
        [LANE_HEDGE] = {.colour = {.27f, .34f, .18f}, .mottle = .30, .mottle_size = 6},
        [LANE_WATER] = {.colour = {.17f, .25f, .26f}, .mottle = .06, .mottle_size = 30},
        [LANE_TRACK] = {.colour = {.66f, .60f, .49f}, .mottle = .10, .mottle_size = 8},
        [LANE_ROAD] = {.colour = {.50f, .50f, .51f}, .mottle = .05, .mottle_size = 12},
    };
    Paint paint = PAINTS[kind];
    paint.seed = seed;
    return paint;
}

/* What runs along both sides of a lane: scrub on banks, mown grass beside a road. */
static void paint_verge(Canvas *canvas, const Lane *lane, uint32_t seed)
{
    static const double WIDTHS[] = {[LANE_WATER] = 5, [LANE_TRACK] = 1.2, [LANE_ROAD] = 3};
    if (lane->kind < LANE_WATER) return;
    Paint grass = {.mottle = .25, .mottle_size = 9, .seed = seed};
    grass.colour =
        lane->kind == LANE_WATER ? (Colour){.33f, .38f, .21f} : (Colour){.47f, .51f, .31f};
    Shape verge = lane->shape;
    for (int i = 0; i < 2; i++) verge.radii[i] += WIDTHS[lane->kind];
    canvas_paint(canvas, &verge, &grass);
}

static void paint_along(Canvas *canvas, const Lane *lane, double aside, double radius,
                        Colour colour)
{
    Point a = lane->shape.points[0], b = lane->shape.points[1];
    Point shift = point_scale(point_across(point_unit(point_subtract(b, a))), aside);
    Shape line = shape_stroke(point_add(a, shift), point_add(b, shift), radius, radius);
    canvas_paint(canvas, &line, &(Paint){.colour = colour});
}

/* Grass grows between the wheels of a track; a road has white edges and a white middle. */
static void paint_details(Canvas *canvas, const Lane *lane)
{
    static const Colour GRASS = {.50f, .52f, .34f}, WHITE = {.74f, .74f, .73f};
    double radius = lane->shape.radii[0];
    if (lane->kind == LANE_TRACK) paint_along(canvas, lane, 0, 0.5, GRASS);
    if (lane->kind != LANE_ROAD) return;
    paint_along(canvas, lane, 0, 0.12, WHITE);
    paint_along(canvas, lane, radius - 0.4, 0.10, WHITE);
    paint_along(canvas, lane, 0.4 - radius, 0.10, WHITE);
}

static void paint_lanes(const Ground *ground, Canvas *canvas, LaneKind kind)
{
    Paint paint = lane_paint(kind, ground->seed + (uint32_t)kind);
    for (int i = 0; i < ground->lane_count; i++)
        if (ground->lanes[i].kind == kind) paint_verge(canvas, &ground->lanes[i], ground->seed);
    for (int i = 0; i < ground->lane_count; i++)
        if (ground->lanes[i].kind == kind) canvas_paint(canvas, &ground->lanes[i].shape, &paint);
    for (int i = 0; i < ground->lane_count; i++)
        if (ground->lanes[i].kind == kind) paint_details(canvas, &ground->lanes[i]);
}

void ground_paint(const Ground *ground, Canvas *canvas)
{
    Paint grass = lane_paint(LANE_STRIP, ground->seed);
    Shape everything = shape_rectangle(point_scale(ground->size, 0.5), (Point){1, 0},
                                       2 * ground->size.x, 2 * ground->size.y);
    canvas_paint(canvas, &everything, &grass);
    for (int i = 0; i < ground->field_count; i++)
        canvas_paint(canvas, &ground->fields[i].shape, &ground->fields[i].paint);
    for (int kind = LANE_STRIP; kind <= LANE_ROAD; kind++)
        paint_lanes(ground, canvas, (LaneKind)kind);
}
