#include "ground.h"

#include <stddef.h>

#include "noise.h"

enum { FEWEST_CUTS = 2, MOST_CUTS = 10, RIVER_PIECES = 80 };

/* Metres of ground planned beyond the picture's edge. */
static const double MARGIN = 60;

static void add_lane(Ground *ground, LaneKind kind, Shape stroke)
{
    if (ground->lane_count == GROUND_MOST_LANES) return;
    ground->lanes[ground->lane_count++] = (Lane){kind, stroke};
}

static void extent(double *low, double *high, const Shape *polygon, Point direction)
{
    *low = 1e30;
    *high = -1e30;
    for (int i = 0; i < polygon->count; i++) {
        double at = point_dot(direction, polygon->points[i]);
        *low = fmin(*low, at);
        *high = fmax(*high, at);
    }
}

static Crop random_crop(Chance *chance)
{
    static const int WEIGHTS[CROP_COUNT] = {18, 10, 14, 13, 12, 8, 12, 4, 9};
    int at = chance_below(chance, 100), crop = 0;
    while (crop < CROP_COUNT - 1 && at >= WEIGHTS[crop]) at -= WEIGHTS[crop++];
    return (Crop)crop;
}

static Paint crop_paint(Crop crop, Chance *chance)
{
    static const Paint PAINTS[CROP_COUNT] = {
        [CROP_WHEAT] = {{.73f, .65f, .44f}, .07, 40, .03, 3, 20, {0}, 0},
        [CROP_STUBBLE] = {{.75f, .69f, .53f}, .06, 30, .07, 6, 0, {0}, 0},
        [CROP_MAIZE] = {{.29f, .40f, .19f}, .10, 30, .06, 3, 0, {0}, 0},
        [CROP_BEETS] = {{.36f, .48f, .24f}, .09, 45, .04, 4, 18, {0}, 0},
        [CROP_PASTURE] = {{.45f, .51f, .30f}, .16, 25, 0, 0, 0, {0}, 0},
        [CROP_HAY] = {{.58f, .61f, .38f}, .07, 30, .11, 9, 0, {0}, 0},
        [CROP_SOIL] = {{.49f, .39f, .30f}, .13, 45, .05, 4, 0, {0}, 0},
        [CROP_RAPE] = {{.74f, .68f, .30f}, .06, 40, .02, 3, 24, {0}, 0},
        [CROP_WOOD] = {{.15f, .22f, .11f}, .20, 12, 0, 0, 0, {0}, 0},
    };
    Paint paint = PAINTS[crop];
    double light = chance_between(chance, 0.88, 1.1);
    double warmth = chance_between(chance, -0.02, 0.03);
    paint.colour = colour_scale(paint.colour, light);
    paint.colour.r += (float)warmth;
    paint.colour.b -= (float)(warmth / 2);
    paint.seed = chance_next(chance);
    return paint;
}

/* Farmers drive along the longer side. */
static void add_field(Ground *ground, const Shape *shape, Point longer, Chance *chance)
{
    if (ground->field_count == GROUND_MOST_FIELDS || shape->count < 3) return;
    Field *field = &ground->fields[ground->field_count++];
    field->shape = *shape;
    field->crop = random_crop(chance);
    field->paint = crop_paint(field->crop, chance);
    field->paint.across = point_across(chance_near(chance, longer, 0.03));
}

/* The stretch of the line dot(normal, p) == at inside the polygon becomes a lane. */
static void add_boundary(Ground *ground, LaneKind kind, const Shape *polygon, Point normal,
                         double at, double radius)
{
    double low, high;
    Point line = point_across(normal), foot = point_scale(normal, at);
    Shape half = shape_clip(polygon, normal, at), sliver;
    sliver = shape_clip(&half, point_scale(normal, -1), -at - 0.01);
    if (sliver.count < 3) return;
    extent(&low, &high, &sliver, line);
    add_lane(
        ground, kind,
        shape_stroke(point_along(foot, line, low), point_along(foot, line, high), radius, radius));
}

static void divide(Ground *ground, const Shape *polygon, int cuts, Chance *chance)
{
    double low[2], high[2];
    Point axes[2] = {ground->main, point_across(ground->main)};
    for (int i = 0; i < 2; i++) extent(&low[i], &high[i], polygon, axes[i]);
    int longer = high[1] - low[1] > high[0] - low[0];
    double largest = chance_between(chance, 12000, 60000);
    if (cuts >= MOST_CUTS || (cuts >= FEWEST_CUTS && shape_area(polygon) < largest)) {
        add_field(ground, polygon, axes[longer], chance);
        return;
    }
    Point normal = chance_near(chance, axes[longer], 0.12), middle = {0, 0};
    for (int i = 0; i < polygon->count; i++)
        middle = point_along(middle, polygon->points[i], 1.0 / polygon->count);
    double shift = chance_between(chance, -0.14, 0.14) * (high[longer] - low[longer]);
    double at = point_dot(normal, middle) + shift;
    if (cuts == FEWEST_CUTS)
        add_boundary(ground, LANE_TRACK, polygon, normal, at, 1.9);
    else if (chance_happens(chance, 0.35))
        add_boundary(ground, LANE_HEDGE, polygon, normal, at, 2.4);
    else
        add_boundary(ground, LANE_STRIP, polygon, normal, at, 1.3);
    Shape one = shape_clip(polygon, normal, at);
    Shape other = shape_clip(polygon, point_scale(normal, -1), -at);
    if (one.count > 2) divide(ground, &one, cuts + 1, chance);
    if (other.count > 2) divide(ground, &other, cuts + 1, chance);
}

/* Two roads that cross, and fields in the four quarters. */
static void plan_fields(Ground *ground, const Shape *everything, Chance *chance)
{
    Point normals[2] = {point_across(ground->main),
                        point_across(chance_near(chance, point_across(ground->main), 0.25))};
    double at[2];
    for (int i = 0; i < 2; i++) {
        at[i] = point_dot(normals[i], ground->at);
        add_boundary(ground, LANE_ROAD, everything, normals[i], at[i], i == 0 ? 3.8 : 3.0);
    }
    for (int quarter = 0; quarter < 4; quarter++) {
        double side = quarter & 1 ? 1 : -1, other = quarter & 2 ? 1 : -1;
        Shape half = shape_clip(everything, point_scale(normals[0], side), side * at[0]);
        Shape part = shape_clip(&half, point_scale(normals[1], other), other * at[1]);
        if (part.count > 2) divide(ground, &part, 1, chance);
    }
}

/* From edge to edge, well away from the crossroads. */
static void plan_river(Ground *ground, Chance *chance)
{
    Point along = chance_near(chance, ground->main, 0.6), aside = point_across(along);
    double reach = ground->size.x + ground->size.y, wave = chance_between(chance, 60, 110);
    double way = chance_between(chance, 0.16, 0.26) * fmin(ground->size.x, ground->size.y) + wave;
    double radius = chance_between(chance, 5, 9);
    Point middle = point_along(ground->at, aside, chance_happens(chance, 0.5) ? way : -way);
    Point before = {0};
    uint32_t seed = chance_next(chance);
    for (int i = 0; i <= RIVER_PIECES; i++) {
        double distance = (2.0 * i / RIVER_PIECES - 1) * reach;
        Point here = point_along(middle, along, distance);
        here = point_along(here, aside, wave * noise_fractal(seed, distance / 260, 0.5));
        if (i > 0) add_lane(ground, LANE_WATER, shape_stroke(before, here, radius, radius));
        before = here;
    }
}

static void plan_ponds(Ground *ground, Chance *chance)
{
    int count = chance_below(chance, 3);
    for (int i = 0; i < count; i++) {
        Point at = chance_point(chance, (Point){0, 0}, ground->size);
        double radius = chance_between(chance, 12, 26);
        if (ground_lane_distance(ground, LANE_ROAD, at, NULL) < radius + 15) continue;
        Shape pond = shape_disc(at, radius);
        pond.ragged = radius / 2.5;
        pond.ragged_size = radius;
        pond.seed = chance_next(chance);
        add_lane(ground, LANE_WATER, pond);
    }
}

void ground_plan(Ground *ground, Point size, uint64_t seed)
{
    Chance chance = chance_start(seed, 1);
    *ground = (Ground){.size = size, .seed = chance_next(&chance)};
    ground->main = chance_direction(&chance);
    ground->at = chance_point(&chance, point_scale(size, 0.35), point_scale(size, 0.65));
    Shape everything = shape_rectangle(point_scale(size, 0.5), (Point){1, 0}, size.x + 2 * MARGIN,
                                       size.y + 2 * MARGIN);
    plan_fields(ground, &everything, &chance);
    if (chance_happens(&chance, 0.75)) plan_river(ground, &chance);
    plan_ponds(ground, &chance);
}

double ground_lane_distance(const Ground *ground, LaneKind kind, Point p, const Lane **nearest)
{
    double least = 1e30;
    if (nearest != NULL) *nearest = NULL;
    for (int i = 0; i < ground->lane_count; i++) {
        if (ground->lanes[i].kind != kind) continue;
        double distance = shape_distance(&ground->lanes[i].shape, p);
        if (distance >= least) continue;
        least = distance;
        if (nearest != NULL) *nearest = &ground->lanes[i];
    }
    return least;
}

double ground_clearance(const Ground *ground, Point p)
{
    double least = 1e30;
    for (int i = 0; i < ground->lane_count; i++)
        if (ground->lanes[i].kind >= LANE_WATER)
            least = fmin(least, shape_distance(&ground->lanes[i].shape, p));
    for (int i = 0; i < ground->field_count; i++)
        if (ground->fields[i].crop == CROP_WOOD)
            least = fmin(least, shape_distance(&ground->fields[i].shape, p));
    return least;
}
