/* A synthetic countryside: planned from a seed, then painted. */
#ifndef EXAMPLES_SCENE_H
#define EXAMPLES_SCENE_H

#include "gaclip/error.h"
#include "ground.h"
#include "item.h"

/* A count that means: as many as suit the ground's area and fit there. */
enum { SCENE_AS_FITS = -1 };

typedef struct SceneRequest {
    int width, height; /* pixels */
    double gsd;        /* metres a pixel */
    int seed;
    int windmills, tanks, pools, aircraft; /* SCENE_AS_FITS, or how many there must be */
} SceneRequest;

/* Ground that is taken. */
typedef struct Site {
    Point at;
    double radius;
} Site;

typedef struct Scene {
    SceneRequest request;
    Point size; /* metres */
    View view;
    Ground ground;
    Part *patches; /* yards, lawns, aprons: flat, over the fields */
    Item *items;
    Site *sites;
    int patch_count, item_count, site_count;
    int patch_room, item_room, site_room;
    int is_out_of_memory; /* nothing is added any more */
} Scene;

/* The caller frees *out with scene_free. Too little room for an object that was asked for is
 * GACLIP_ERROR_ARGUMENT. */
int scene_plan(Scene **out, const SceneRequest *request, GaclipError *err);
void scene_free(Scene *scene);

/* rgb: (height, width, 3) */
int scene_paint(const Scene *scene, uint8_t *rgb, GaclipError *err);

/* For the planners below. */
void scene_add_patch(Scene *scene, Shape shape, Paint paint);
void scene_add_item(Scene *scene, Item item);
void scene_take(Scene *scene, Point at, double radius);

/* Whether a disc lies in the scene, off other sites, and its centre so far from roads, water and
 * woods. */
int scene_is_free(const Scene *scene, Point at, double radius, double clearance);

/* A free disc somewhere; 0 when none was found. */
int scene_find_place(const Scene *scene, Point *at, double radius, Chance *chance);

/* A free disc beside a road; *along is the road's direction, towards is from the road. */
int scene_find_roadside(const Scene *scene, Point *at, Point *along, double radius, Chance *chance);

/* Whether the item's annotation would lie in the picture. */
int scene_shows(const Scene *scene, const Item *item);

/* Each returns the number of objects of its kind that found room, at most wanted. */
int plan_windmills(Scene *scene, int wanted);
int plan_tanks(Scene *scene, int wanted);
int plan_pools(Scene *scene, int wanted);
int plan_aircraft(Scene *scene, int wanted);

void plan_farms(Scene *scene);
void plan_poles(Scene *scene);
void plan_trees(Scene *scene); /* after everything that they keep away from */

#endif
