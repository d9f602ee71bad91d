/* A small model and a scene to look at with it, in files. */
#ifndef GACLIP_TESTS_VIEW_FIXTURES_H
#define GACLIP_TESTS_VIEW_FIXTURES_H

#include "scene_fixtures.h"

enum { WIDTH = 150, HEIGHT = 120, WINDOW = 32 };

static inline void make_model(const char *path)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    GaclipModel *model = small_model(&compute, WINDOW);
    expect_ok(gaclip_model_save(model, path, &err), &err);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

static inline void draw_scene(const char *path)
{
    draw_ground(path, WIDTH, HEIGHT, NORTH_UP, UTM15);
}

#endif
