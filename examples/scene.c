#include "scene.h"

#include <stdlib.h>

enum { PLACE_TRIES = 4000 };

/* Room for one more element of size bytes; NULL and a note when memory is short. */
static void *grow(Scene *scene, void *list, int count, int *room, size_t size)
{
    if (scene->is_out_of_memory) return NULL;
    if (count < *room) return list;
    int more = *room > 0 ? 2 * *room : 256;
    void *longer = realloc(list, (size_t)more * size);
    if (longer == NULL)
        scene->is_out_of_memory = 1;
    else
        *room = more;
    return longer;
}

void scene_add_patch(Scene *scene, Shape shape, Paint paint)
{
    Part *list = grow(scene, scene->patches, scene->patch_count, &scene->patch_room, sizeof *list);
    if (list == NULL) return;
    scene->patches = list;
    list[scene->patch_count++] = (Part){shape, paint};
}

void scene_add_item(Scene *scene, Item item)
{
    Item *list = grow(scene, scene->items, scene->item_count, &scene->item_room, sizeof *list);
    if (list == NULL) return;
    scene->items = list;
    list[scene->item_count++] = item;
}

void scene_take(Scene *scene, Point at, double radius)
{
    Site *list = grow(scene, scene->sites, scene->site_count, &scene->site_room, sizeof *list);
    if (list == NULL) return;
    scene->sites = list;
    list[scene->site_count++] = (Site){at, radius};
}

int scene_is_free(const Scene *scene, Point at, double radius, double clearance)
{
    if (at.x < radius || at.y < radius || at.x > scene->size.x - radius ||
        at.y > scene->size.y - radius)
        return 0;
    for (int i = 0; i < scene->site_count; i++) {
        const Site *site = &scene->sites[i];
        if (point_length(point_subtract(site->at, at)) < site->radius + radius) return 0;
    }
    return ground_clearance(&scene->ground, at) >= clearance;
}

int scene_find_place(const Scene *scene, Point *at, double radius, Chance *chance)
{
    for (int i = 0; i < PLACE_TRIES; i++) {
        *at = chance_point(chance, (Point){0, 0}, scene->size);
        if (scene_is_free(scene, *at, radius, 0.9 * radius)) return 1;
    }
    return 0;
}

int scene_find_roadside(const Scene *scene, Point *at, Point *along, double radius, Chance *chance)
{
    const Ground *ground = &scene->ground;
    for (int i = 0; i < PLACE_TRIES && ground->lane_count > 0; i++) {
        const Lane *lane = &ground->lanes[chance_below(chance, ground->lane_count)];
        if (lane->kind < LANE_TRACK) continue;
        Point way = point_subtract(lane->shape.points[1], lane->shape.points[0]);
        double side = chance_happens(chance, 0.5) ? 1 : -1;
        *along = point_unit(way);
        *at = point_along(lane->shape.points[0], way, chance_between(chance, 0, 1));
        *at = point_along(*at, point_across(*along), side * (radius + lane->shape.radii[0] + 2));
        if (scene_is_free(scene, *at, radius, 0.9 * radius)) return 1;
    }
    return 0;
}

int scene_shows(const Scene *scene, const Item *item)
{
    Bounds b = item_bounds(item, &scene->view);
    double margin = 2 * scene->request.gsd;
    return b.x1 >= margin && b.y1 >= margin && b.x2 <= scene->size.x - margin &&
           b.y2 <= scene->size.y - margin;
}

/* An oblique view, the sun in the south, and a shadow that does not hide under what casts it. */
static View plan_view(const Scene *scene)
{
    Chance chance = chance_start((uint64_t)scene->request.seed, 2);
    Point lean = chance_direction(&chance), sun;
    do sun = chance_direction(&chance);
    while (sun.y > -0.3 || fabs(point_dot(sun, lean)) > 0.75);
    double slope = chance_between(&chance, 0.42, 0.55), reach = chance_between(&chance, 0.7, 1.1);
    return (View){.centre = point_scale(scene->size, 0.5),
                  .lean = point_scale(lean, slope),
                  .spread = 0.12 / fmax(scene->size.x, scene->size.y),
                  .sun = point_scale(sun, reach)};
}

typedef int Planner(Scene *scene, int wanted);

static int plan_objects(Scene *scene, Planner *plan, int wanted, double hectares,
                        const char *option, GaclipError *err)
{
    if (wanted == SCENE_AS_FITS) {
        plan(scene, (int)(scene->size.x * scene->size.y / (1e4 * hectares) + 0.5));
        return GACLIP_OK;
    }
    int found = plan(scene, wanted);
    if (found == wanted) return GACLIP_OK;
    return gaclip_error_set(
        err, GACLIP_ERROR_ARGUMENT,
        "%s %d: there is room for %d only; ask for fewer or for a larger --size", option, wanted,
        found);
}

/* What needs most room comes first. The last number is hectares an object. */
static int plan_everything(Scene *scene, GaclipError *err)
{
    const SceneRequest *r = &scene->request;
    ground_plan(&scene->ground, scene->size, (uint64_t)r->seed);
    int status = plan_objects(scene, plan_aircraft, r->aircraft, 12, "--aircraft", err);
    if (!status) status = plan_objects(scene, plan_tanks, r->tanks, 9, "--tanks", err);
    if (!status) status = plan_objects(scene, plan_windmills, r->windmills, 9, "--windmills", err);
    if (!status) status = plan_objects(scene, plan_pools, r->pools, 9, "--pools", err);
    if (status) return status;
    plan_farms(scene);
    plan_poles(scene);
    plan_trees(scene);
    return GACLIP_OK;
}

int scene_plan(Scene **out, const SceneRequest *request, GaclipError *err)
{
    *out = NULL;
    Scene *scene = calloc(1, sizeof *scene);
    if (scene == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    scene->request = *request;
    scene->size = (Point){request->width * request->gsd, request->height * request->gsd};
    scene->view = plan_view(scene);
    int status = plan_everything(scene, err);
    if (!status && scene->is_out_of_memory)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY,
                                  "the scene does not fit into memory; ask for a smaller --size");
    if (status)
        scene_free(scene);
    else
        *out = scene;
    return status;
}

void scene_free(Scene *scene)
{
    if (scene == NULL) return;
    free(scene->patches);
    free(scene->items);
    free(scene->sites);
    free(scene);
}

int scene_paint(const Scene *scene, uint8_t *rgb, GaclipError *err)
{
    const SceneRequest *r = &scene->request;
    Canvas canvas;
    int status = canvas_init(&canvas, r->width, r->height, r->gsd, err);
    if (status) return status;
    ground_paint(&scene->ground, &canvas);
    for (int i = 0; i < scene->patch_count; i++)
        canvas_paint(&canvas, &scene->patches[i].shape, &scene->patches[i].paint);
    for (int i = 0; i < scene->item_count; i++)
        item_cast_shadow(&scene->items[i], &scene->view, &canvas);
    canvas_apply_shadows(&canvas);
    for (int kind = 0; kind < ITEM_KINDS; kind++)
        for (int i = 0; i < scene->item_count; i++)
            if ((int)scene->items[i].kind == kind)
                item_paint(&scene->items[i], &scene->view, &canvas);
    status = canvas_expose(rgb, &canvas, point_unit(scene->view.sun), (uint32_t)r->seed, err);
    canvas_clear(&canvas);
    return status;
}
