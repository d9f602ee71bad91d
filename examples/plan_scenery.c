/* Farms, power lines and trees. */
#include "scene.h"

#include <stddef.h>

static uint64_t seed_of(const Scene *scene)
{
    return (uint64_t)scene->request.seed;
}

static double hectares(const Scene *scene)
{
    return scene->size.x * scene->size.y / 1e4;
}

/* White roofs are there to be mistaken for something. */
static void add_barn(Scene *scene, Point at, Point along, Chance *chance)
{
    static const Colour ROOFS[] = {{.58f, .34f, .26f},
                                   {.48f, .40f, .35f},
                                   {.60f, .62f, .63f},
                                   {.90f, .90f, .89f},
                                   {.50f, .52f, .54f}};
    Item barn = {.kind = ITEM_BUILDING, .at = at, .along = along};
    barn.length = chance_between(chance, 20, 40);
    barn.breadth = chance_between(chance, 11, 16);
    barn.height = chance_between(chance, 7, 10);
    barn.colour = ROOFS[chance_below(chance, 5)];
    barn.colour = colour_scale(barn.colour, chance_between(chance, 0.92, 1.06));
    scene_add_item(scene, barn);
}

/* Barns on three sides of a yard. */
static int add_farm(Scene *scene, Chance *chance)
{
    static const double RADIUS = 46;
    static const Paint YARD = {.colour = {.62f, .58f, .51f}, .mottle = .12, .mottle_size = 7};
    Point at, along;
    if (!scene_find_roadside(scene, &at, &along, RADIUS, chance)) return 0;
    Point across = point_across(along);
    Shape yard = shape_rectangle(at, along, 66, 62);
    scene_take(scene, at, RADIUS);
    scene_add_patch(scene, yard, YARD);
    add_barn(scene, point_along(at, across, 22), along, chance);
    add_barn(scene, point_along(at, across, -22), along, chance);
    if (chance_happens(chance, 0.7)) add_barn(scene, point_along(at, along, 26), across, chance);
    return 1;
}

void plan_farms(Scene *scene)
{
    Chance chance = chance_start(seed_of(scene), 7);
    for (int i = 0; i < (int)(hectares(scene) / 25); i++)
        if (!add_farm(scene, &chance)) return;
}

/* A power line across the scene: bare poles with wires between them. */
void plan_poles(Scene *scene)
{
    static const double STEP = 75, HEIGHT = 22;
    Chance chance = chance_start(seed_of(scene), 8);
    Point along = chance_direction(&chance);
    Point middle =
        chance_point(&chance, point_scale(scene->size, 0.2), point_scale(scene->size, 0.8));
    int reach = (int)((scene->size.x + scene->size.y) / STEP);
    for (int i = -reach; i <= reach; i++) {
        Point at = point_along(middle, along, i * STEP);
        if (!scene_is_free(scene, at, 4, 6)) continue;
        scene_add_item(scene, (Item){.kind = ITEM_POLE,
                                     .at = at,
                                     .along = along,
                                     .length = 0.7,
                                     .breadth = 9,
                                     .height = HEIGHT,
                                     .colour = {.55f, .53f, .50f}});
        scene_take(scene, at, 3);
    }
}

static void add_tree(Scene *scene, Point at, double least, double most, Chance *chance)
{
    static const Colour LEAVES[] = {
        {.26f, .36f, .17f}, {.31f, .40f, .19f}, {.23f, .33f, .18f}, {.36f, .41f, .21f}};
    Item tree = {.kind = ITEM_TREE, .at = at, .along = {1, 0}};
    tree.length = chance_between(chance, least, most);
    tree.height = tree.length * chance_between(chance, 0.9, 1.4);
    tree.colour = LEAVES[chance_below(chance, 4)];
    tree.colour = colour_scale(tree.colour, chance_between(chance, 0.85, 1.15));
    scene_add_item(scene, tree);
}

/* Off roads and water, whatever the kind of field, and off what others have built. */
static int is_plantable(const Scene *scene, Point p)
{
    if (p.x < -20 || p.y < -20 || p.x > scene->size.x + 20 || p.y > scene->size.y + 20) return 0;
    for (int kind = LANE_WATER; kind <= LANE_ROAD; kind++)
        if (ground_lane_distance(&scene->ground, (LaneKind)kind, p, NULL) < 5.5) return 0;
    for (int i = 0; i < scene->site_count; i++)
        if (point_length(point_subtract(scene->sites[i].at, p)) < scene->sites[i].radius + 3)
            return 0;
    return 1;
}

static void plant_wood(Scene *scene, const Shape *field, Chance *chance)
{
    static const double STEP = 6.5;
    Bounds b = shape_bounds(field);
    for (double y = b.y1; y < b.y2; y += STEP)
        for (double x = b.x1; x < b.x2; x += STEP) {
            Point p = chance_point(chance, (Point){x - 2.5, y - 2.5}, (Point){x + 2.5, y + 2.5});
            if (shape_distance(field, p) < -3 && is_plantable(scene, p))
                add_tree(scene, p, 6, 11, chance);
        }
}

/* Every so often along a hedge, or on both banks of a river. */
static void plant_lane(Scene *scene, const Lane *lane, Chance *chance)
{
    Point from = lane->shape.points[0], way = point_subtract(lane->shape.points[1], from);
    double length = point_length(way),
           aside = lane->kind == LANE_WATER ? lane->shape.radii[0] + 7 : 0;
    double gap = lane->kind == LANE_WATER ? 40 : 16;
    Point along = point_unit(way), across = point_across(along);
    for (double at = chance_between(chance, 0, gap); at < length;
         at += chance_between(chance, 4, 2 * gap - 4)) {
        double side = chance_happens(chance, 0.5) ? aside : -aside;
        Point p = point_along(point_along(from, along, at), across,
                              side + chance_between(chance, -1.5, 1.5));
        if (is_plantable(scene, p)) add_tree(scene, p, 4, 10, chance);
    }
}

/* One on every second hectare. */
static void plant_lone_trees(Scene *scene, Chance *chance)
{
    for (int i = 0; i < (int)(hectares(scene) * 0.5); i++) {
        Point p = chance_point(chance, (Point){0, 0}, scene->size);
        if (is_plantable(scene, p)) add_tree(scene, p, 6, 13, chance);
    }
}

void plan_trees(Scene *scene)
{
    Chance chance = chance_start(seed_of(scene), 9);
    const Ground *ground = &scene->ground;
    for (int i = 0; i < ground->field_count; i++)
        if (ground->fields[i].crop == CROP_WOOD)
            plant_wood(scene, &ground->fields[i].shape, &chance);
    for (int i = 0; i < ground->lane_count; i++)
        if (ground->lanes[i].kind == LANE_HEDGE || ground->lanes[i].kind == LANE_WATER)
            plant_lane(scene, &ground->lanes[i], &chance);
    plant_lone_trees(scene, &chance);
}
