/* What stands or lies on the ground: for every kind its parts as an oblique view shows them. */
#ifndef EXAMPLES_ITEM_H
#define EXAMPLES_ITEM_H

#include "canvas.h"
#include "shape.h"

/* In the order in which they are painted. */
typedef enum ItemKind {
    ITEM_POOL,
    ITEM_TREE,
    ITEM_BUILDING,
    ITEM_POLE,
    ITEM_TANK,
    ITEM_AIRCRAFT,
    ITEM_WINDMILL,
    ITEM_KINDS
} ItemKind;

typedef struct Item {
    ItemKind kind;
    Point at;
    Point
        along;  /* unit: of a ridge, a basin's long side, a fuselage, the line that a rotor faces */
    Point turn; /* cosine and sine of a rotor's angle */
    /* Metres. Tree and tank: length is the diameter. Aircraft: from nose to tail, and the span.
     * Windmill: length is the rotor's diameter, height the hub's. */
    double length, breadth, height;
    Colour colour;
} Item;

/* How heights show: a point h metres above the ground appears h * lean from its foot, and its
 * shadow lies h * sun from there. */
typedef struct View {
    Point centre, lean; /* at the centre of the scene */
    double spread;      /* perspective: lean grows by this a metre away from the centre */
    Point sun;
} View;

Point view_lean(const View *view, Point at);

typedef struct Part {
    Shape shape;
    Paint paint;
} Part;

enum { ITEM_MOST_PARTS = 24 };

typedef struct Parts {
    Part list[ITEM_MOST_PARTS];
    int count;
    Point slope;   /* a metre of height moves a point by this */
    Point sunward; /* unit: where the light comes from */
} Parts;

/* The class that annotations name; NULL for what is not annotated. */
const char *item_class(ItemKind kind);

void item_paint(const Item *item, const View *view, Canvas *canvas);
void item_cast_shadow(const Item *item, const View *view, Canvas *canvas);

/* Encloses the item as the picture shows it, without its shadow. */
Bounds item_bounds(const Item *item, const View *view);

/* For the kinds: adds a part, dropped when there is no room. The point is height above at. */
void parts_add(Parts *parts, Shape shape, Colour colour);
Point parts_lift(const Parts *parts, Point at, double height);

typedef void ItemParts(Parts *parts, const Item *item);
ItemParts windmill_parts, tank_parts, pool_parts, aircraft_parts; /* objects.c */
ItemParts tree_parts, building_parts, pole_parts;                 /* scenery.c */

#endif
