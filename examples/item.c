#include "item.h"

#include <stddef.h>

static const struct {
    const char *class_name;
    ItemParts *parts;
    double shadow; /* its strength; 0 = casts none */
} KINDS[ITEM_KINDS] = {
    [ITEM_POOL] = {"swimming pool", pool_parts, 0},
    [ITEM_TREE] = {NULL, tree_parts, 0.75},
    [ITEM_BUILDING] = {NULL, building_parts, 0.95},
    [ITEM_POLE] = {NULL, pole_parts, 0.9},
    [ITEM_TANK] = {"storage tank", tank_parts, 0.95},
    [ITEM_AIRCRAFT] = {"aircraft", aircraft_parts, 0.9},
    [ITEM_WINDMILL] = {"windmill", windmill_parts, 0.95},
};

Point view_lean(const View *view, Point at)
{
    return point_along(view->lean, point_subtract(at, view->centre), view->spread);
}

void parts_add(Parts *parts, Shape shape, Colour colour)
{
    if (parts->count == ITEM_MOST_PARTS) return;
    parts->list[parts->count++] = (Part){shape, {.colour = colour}};
}

Point parts_lift(const Parts *parts, Point at, double height)
{
    return point_along(at, parts->slope, height);
}

static void list_parts(Parts *parts, const Item *item, const View *view, Point slope)
{
    parts->count = 0;
    parts->slope = slope;
    parts->sunward = point_unit(point_scale(view->sun, -1));
    KINDS[item->kind].parts(parts, item);
}

const char *item_class(ItemKind kind)
{
    return KINDS[kind].class_name;
}

void item_paint(const Item *item, const View *view, Canvas *canvas)
{
    Parts parts;
    list_parts(&parts, item, view, view_lean(view, item->at));
    for (int i = 0; i < parts.count; i++)
        canvas_paint(canvas, &parts.list[i].shape, &parts.list[i].paint);
}

/* Shadows are a second oblique view, from the sun. */
void item_cast_shadow(const Item *item, const View *view, Canvas *canvas)
{
    Parts parts;
    double strength = KINDS[item->kind].shadow;
    if (strength <= 0) return;
    list_parts(&parts, item, view, view->sun);
    for (int i = 0; i < parts.count; i++) canvas_cast(canvas, &parts.list[i].shape, strength);
}

Bounds item_bounds(const Item *item, const View *view)
{
    Parts parts;
    list_parts(&parts, item, view, view_lean(view, item->at));
    Bounds all = shape_bounds(&parts.list[0].shape);
    for (int i = 1; i < parts.count; i++) {
        Bounds b = shape_bounds(&parts.list[i].shape);
        all = (Bounds){fmin(all.x1, b.x1), fmin(all.y1, b.y1), fmax(all.x2, b.x2),
                       fmax(all.y2, b.y2)};
    }
    return all;
}
