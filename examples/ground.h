/* What lies flat: fields, woods, roads, hedges, water. */
#ifndef EXAMPLES_GROUND_H
#define EXAMPLES_GROUND_H

#include "canvas.h"
#include "chance.h"
#include "shape.h"

enum { GROUND_MOST_FIELDS = 1024, GROUND_MOST_LANES = 2048 };

typedef enum Crop {
    CROP_WHEAT,
    CROP_STUBBLE,
    CROP_MAIZE,
    CROP_BEETS,
    CROP_PASTURE,
    CROP_HAY,
    CROP_SOIL,
    CROP_RAPE,
    CROP_WOOD,
    CROP_COUNT
} Crop;

typedef struct Field {
    Shape shape;
    Crop crop;
    Paint paint;
} Field;

/* In the order in which they are painted. */
typedef enum LaneKind { LANE_STRIP, LANE_HEDGE, LANE_WATER, LANE_TRACK, LANE_ROAD } LaneKind;

typedef struct Lane {
    LaneKind kind;
    Shape shape; /* a stroke */
} Lane;

typedef struct Ground {
    Point size;     /* metres */
    Point main, at; /* direction of the main road, and the crossroads on it */
    Field fields[GROUND_MOST_FIELDS];
    Lane lanes[GROUND_MOST_LANES];
    int field_count, lane_count;
    uint32_t seed;
} Ground;

void ground_plan(Ground *ground, Point size, uint64_t seed);
void ground_paint(const Ground *ground, Canvas *canvas);

/* Metres from p to the nearest road, track, water or wood; negative inside one. */
double ground_clearance(const Ground *ground, Point p);

/* The same to the lanes of a kind alone. *nearest (may be NULL) is the lane, or NULL. */
double ground_lane_distance(const Ground *ground, LaneKind kind, Point p, const Lane **nearest);

#endif
