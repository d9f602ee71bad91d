/* Where windmills, storage tanks, pools and aircraft stand, and the ground made ready for them. */
#include "scene.h"

#include <stddef.h>

enum { STAND_TRIES = 6000 };

/* Blades may reach over roads, water and woods. */
static const double ANYWHERE = -1e9;

static const Paint GRAVEL = {.colour = {.67f, .64f, .58f}, .mottle = .10, .mottle_size = 6};
static const Paint CONCRETE = {.colour = {.60f, .60f, .59f}, .mottle = .07, .mottle_size = 14};
static const Paint LAWN = {.colour = {.40f, .50f, .26f}, .mottle = .14, .mottle_size = 7};

static uint64_t seed_of(const Scene *scene)
{
    return (uint64_t)scene->request.seed;
}

static Colour brightness(Chance *chance, Colour colour, double low, double high)
{
    return colour_scale(colour, chance_between(chance, low, high));
}

/* A round pad and a way to it from the nearest road, if that is near. */
static void add_pad(Scene *scene, Point at)
{
    const Lane *lane = NULL;
    double distance = ground_lane_distance(&scene->ground, LANE_TRACK, at, &lane);
    if (lane == NULL || distance > 200)
        distance = ground_lane_distance(&scene->ground, LANE_ROAD, at, &lane);
    scene_add_patch(scene, shape_disc(at, 9), GRAVEL);
    if (lane == NULL || distance > 250) return;
    Point from = lane->shape.points[0], way = point_subtract(lane->shape.points[1], from);
    double along = point_dot(point_subtract(at, from), way) / point_dot(way, way);
    scene_add_patch(scene, shape_stroke(at, point_along(from, way, clamp(along, 0, 1)), 1.9, 1.9),
                    GRAVEL);
}

/* All rotors face about the same wind, turned so that the view does not see them edge-on. */
static Item random_windmill(const Scene *scene, Point wind, Chance *chance)
{
    Item item = {.kind = ITEM_WINDMILL};
    item.at = chance_point(chance, (Point){0, 0}, scene->size);
    item.along = chance_near(chance, wind, 0.15);
    item.turn = chance_direction(chance);
    item.length = chance_between(chance, 58, 78);
    item.height = chance_between(chance, 62, 84);
    return item;
}

int plan_windmills(Scene *scene, int wanted)
{
    Chance chance = chance_start(seed_of(scene), 3);
    Point wind = chance_near(&chance, point_unit(scene->view.lean), 0.5);
    int found = 0;
    for (int i = 0; i < STAND_TRIES && found < wanted; i++) {
        Item item = random_windmill(scene, wind, &chance);
        Bounds b = item_bounds(&item, &scene->view);
        Point middle = {(b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2};
        double radius = 0.55 * fmax(b.x2 - b.x1, b.y2 - b.y1);
        if (!scene_shows(scene, &item) || ground_clearance(&scene->ground, item.at) < 12 ||
            !scene_is_free(scene, middle, radius, ANYWHERE))
            continue;
        scene_take(scene, middle, radius);
        add_pad(scene, item.at);
        scene_add_item(scene, item);
        found++;
    }
    return found;
}

/* A row or two of tanks of one size inside a bund. */
static int add_tank_farm(Scene *scene, int most, Chance *chance)
{
    double diameter = chance_between(chance, 15, 27), step = diameter * 1.45;
    int columns = 1 + chance_below(chance, 3), rows = 1 + chance_below(chance, 2), added = 0;
    double length = columns * step + 8, breadth = rows * step + 8;
    double radius = sqrt(length * length + breadth * breadth) / 2 + 6;
    Point at, along = chance_near(chance, scene->ground.main, 0.1);
    if (!scene_find_place(scene, &at, radius, chance)) return 0;
    Paint bund = {.colour = {.55f, .52f, .44f}, .mottle = .10, .mottle_size = 5};
    scene_take(scene, at, radius);
    scene_add_patch(scene, shape_rectangle(at, along, length + 5, breadth + 5), bund);
    scene_add_patch(scene, shape_rectangle(at, along, length, breadth), GRAVEL);
    int is_rusty = chance_happens(chance, 0.25);
    Colour colour = is_rusty ? (Colour){.70f, .58f, .48f} : (Colour){.90f, .90f, .87f};
    for (int i = 0; i < rows * columns && added < most; i++) {
        double x = (i % columns - (columns - 1) / 2.0) * step;
        double y = ((double)(i / columns) - (rows - 1) / 2.0) * step;
        Item tank = {.kind = ITEM_TANK, .along = along};
        tank.at = point_along(point_along(at, along, x), point_across(along), y);
        tank.length = diameter * chance_between(chance, 0.85, 1);
        tank.height = chance_between(chance, 9, 14);
        tank.colour = brightness(chance, colour, 0.92, 1.05);
        scene_add_item(scene, tank);
        added++;
    }
    return added;
}

int plan_tanks(Scene *scene, int wanted)
{
    Chance chance = chance_start(seed_of(scene), 4);
    int found = 0, added = 1;
    for (; found < wanted && added > 0; found += added)
        added = add_tank_farm(scene, wanted - found, &chance);
    return found;
}

static void add_house(Scene *scene, Point at, Point along, Chance *chance)
{
    static const Colour TILES[] = {
        {.62f, .36f, .27f}, {.50f, .33f, .27f}, {.45f, .45f, .46f}, {.70f, .45f, .33f}};
    Item house = {.kind = ITEM_BUILDING, .at = at, .along = along};
    house.length = chance_between(chance, 14, 19);
    house.breadth = chance_between(chance, 9, 12);
    house.height = chance_between(chance, 6, 8);
    house.colour = TILES[chance_below(chance, 4)];
    house.colour = brightness(chance, house.colour, 0.9, 1.1);
    scene_add_item(scene, house);
}

/* A house with a garden; the pool lies behind it. */
static int add_garden(Scene *scene, int has_pool, Chance *chance)
{
    static const double RADIUS = 29;
    static const Colour WATER = {.24f, .66f, .74f};
    Point at, along;
    if (!scene_find_roadside(scene, &at, &along, RADIUS, chance)) return 0;
    Point across = point_across(along);
    scene_take(scene, at, RADIUS);
    Shape lawn = shape_rectangle(at, along, 1.45 * RADIUS, 1.3 * RADIUS);
    Paint grass = LAWN;
    grass.colour = brightness(chance, grass.colour, 0.9, 1.1);
    scene_add_patch(scene, lawn, grass);
    double side = chance_happens(chance, 0.5) ? 1 : -1;
    add_house(scene, point_along(at, across, 10 * side), along, chance);
    if (!has_pool) return 1;
    Item pool = {.kind = ITEM_POOL, .at = point_along(at, across, -9 * side), .along = along};
    if (chance_happens(chance, 0.3)) pool.along = chance_near(chance, along, 0.6);
    pool.length = chance_between(chance, 15, 22);
    pool.breadth = chance_between(chance, 8, 11);
    pool.colour = brightness(chance, WATER, 0.92, 1.08);
    Paint deck = {.colour = {.79f, .76f, .70f}, .mottle = .05, .mottle_size = 3};
    scene_add_patch(scene, shape_rectangle(pool.at, pool.along, pool.length + 5, pool.breadth + 5),
                    deck);
    scene_add_item(scene, pool);
    return 1;
}

int plan_pools(Scene *scene, int wanted)
{
    Chance chance = chance_start(seed_of(scene), 5);
    int found = 0;
    while (found < wanted && add_garden(scene, 1, &chance)) found++;
    for (int i = 0; i < found / 2; i++) add_garden(scene, 0, &chance);
    return found;
}

static void add_aircraft(Scene *scene, Point at, Point along, Chance *chance)
{
    static const Colour FINS[] = {
        {.20f, .30f, .55f}, {.70f, .20f, .18f}, {.85f, .85f, .85f}, {.20f, .45f, .35f}};
    Item aircraft = {.kind = ITEM_AIRCRAFT, .at = at, .height = 4};
    aircraft.along = chance_near(chance, along, 0.12);
    aircraft.length = chance_between(chance, 26, 36);
    aircraft.breadth = aircraft.length * chance_between(chance, 0.9, 1.05);
    aircraft.colour = FINS[chance_below(chance, 4)];
    scene_add_item(scene, aircraft);
}

/* Aircraft side by side on concrete, a yellow line before them, a hangar at the end. */
static int add_apron(Scene *scene, int most, Chance *chance)
{
    static const double STEP = 44, BREADTH = 62;
    int count = 1 + chance_below(chance, 3);
    if (count > most) count = most;
    double length = (count + 1) * STEP, radius = sqrt(length * length + BREADTH * BREADTH) / 2 + 4;
    Point at, along = chance_direction(chance), across = point_across(along);
    if (!scene_find_place(scene, &at, radius, chance)) return 0;
    Paint line = {.colour = {.80f, .70f, .30f}};
    scene_take(scene, at, radius);
    scene_add_patch(scene, shape_rectangle(at, along, length + 8, BREADTH + 8), LAWN);
    scene_add_patch(scene, shape_rectangle(at, along, length, BREADTH), CONCRETE);
    Point lead = point_along(at, across, 0.42 * BREADTH);
    scene_add_patch(scene,
                    shape_stroke(point_along(lead, along, -0.48 * length),
                                 point_along(lead, along, 0.48 * length), 0.35, 0.35),
                    line);
    for (int i = 0; i < count; i++) {
        Point stand = point_along(at, along, (i - count / 2.0) * STEP);
        int is_backwards = chance_happens(chance, 0.2);
        add_aircraft(scene, stand, point_scale(across, is_backwards ? -1 : 1), chance);
    }
    scene_add_item(scene,
                   (Item){.kind = ITEM_BUILDING,
                          .at = point_along(at, along, count / 2.0 * STEP),
                          .along = across,
                          .length = 40,
                          .breadth = 30,
                          .height = 10,
                          .colour = brightness(chance, (Colour){.66f, .68f, .71f}, 0.9, 1.1)});
    return count;
}

int plan_aircraft(Scene *scene, int wanted)
{
    Chance chance = chance_start(seed_of(scene), 6);
    int found = 0, added = 1;
    for (; found < wanted && added > 0; found += added)
        added = add_apron(scene, wanted - found, &chance);
    return found;
}
