#include "region_relations.h"

#include <math.h>
#include <string.h>

#include "class_traits.h"

/* Gaps between boxes, in the mean of their longer sides: up to the first they are neighbours, from
 * the second on they are none; up to the third one is not far, from the fourth on it is. */
static const double NEXT = 0.5, NOT_NEXT = 1.5, NOT_FAR = 2, FAR = 4;

/* An offset goes clearly one way where it is so much longer that way than across. */
static const double CLEAR_WAY = 2;

/* Pixels of the image. */
typedef struct Rectangle {
    double x1, y1, x2, y2;
} Rectangle;

static Rectangle rectangle_of(const GaclipDatasetRegion *r, const GaclipDatasetImage *image)
{
    return (Rectangle){r->box[0] * image->width, r->box[1] * image->height,
                       r->box[2] * image->width, r->box[3] * image->height};
}

static double longer_side(const Rectangle *r)
{
    return fmax(r->x2 - r->x1, r->y2 - r->y1);
}

static double gap(const Rectangle *a, const Rectangle *b)
{
    double x = fmax(fmax(a->x1, b->x1) - fmin(a->x2, b->x2), 0);
    double y = fmax(fmax(a->y1, b->y1) - fmin(a->y2, b->y2), 0);
    return 2 * hypot(x, y) / (longer_side(a) + longer_side(b));
}

double gaclip__gap(const GaclipDatasetRegion *a, const GaclipDatasetRegion *b,
                   const GaclipDatasetImage *image)
{
    Rectangle first = rectangle_of(a, image), second = rectangle_of(b, image);
    return gap(&first, &second);
}

static int is_other(const GaclipDatasetImage *image, int index, const GaclipDatasetRegion *region,
                    int class_index)
{
    const GaclipDatasetRegion *r = &image->regions[index];
    if (r == region || !r->is_object || r->class_index < 0) return 0;
    return class_index < 0 || r->class_index == class_index;
}

/* Of the nearest object whose class has a name to speak of. */
static int nearest_class(const GaclipDataset *dataset, const GaclipDatasetImage *image,
                         const GaclipDatasetRegion *region)
{
    Rectangle own = rectangle_of(region, image);
    double least = INFINITY;
    int nearest = -1;
    for (int i = 0; i < image->region_count; i++) {
        Rectangle other = rectangle_of(&image->regions[i], image);
        if (!is_other(image, i, region, -1) || !(gap(&own, &other) < least)) continue;
        if (!gaclip__is_spoken(dataset->classes[image->regions[i].class_index].name)) continue;
        least = gap(&own, &other);
        nearest = image->regions[i].class_index;
    }
    return nearest;
}

/* How far the region reaches beyond the other one each way: above, below, left, right. */
static void offsets(double out[4], const Rectangle *own, const Rectangle *other)
{
    out[0] = (other->y1 + other->y2 - own->y1 - own->y2) / 2;
    out[1] = -out[0];
    out[2] = (other->x1 + other->x2 - own->x1 - own->x2) / 2;
    out[3] = -out[2];
}

/* Clearly above it, and a neighbour. */
static int lies_so(int way, const Rectangle *own, const Rectangle *other)
{
    double offset[4];
    offsets(offset, own, other);
    int is_apart = way == 0   ? own->y2 <= other->y1
                   : way == 1 ? own->y1 >= other->y2
                   : way == 2 ? own->x2 <= other->x1
                              : own->x1 >= other->x2;
    double across = fabs(offset[way < 2 ? 2 : 0]);
    return is_apart && offset[way] >= CLEAR_WAY * across && gap(own, other) <= NOT_NEXT;
}

/* North is up, and so on. */
static int is_north_up(const GaclipDatasetImage *image)
{
    const double *g = image->geotransform;
    return image->has_geotransform && image->crs && g[1] > 0 && g[5] < 0 &&
           fabs(g[2]) < 1e-3 * g[1] && fabs(g[4]) < -1e-3 * g[5];
}

void gaclip__relate(GaclipRegionFacts *f, const GaclipDataset *dataset,
                    const GaclipDatasetImage *image, int index, int class_index)
{
    const GaclipDatasetRegion *region = &image->regions[index];
    Rectangle own = rectangle_of(region, image);
    int is_so[4] = {0}, may_be_so[4] = {0};
    double least = INFINITY;
    if (class_index < 0) class_index = nearest_class(dataset, image, region);
    f->neighbour = class_index;
    for (int i = 0; class_index >= 0 && i < image->region_count; i++) {
        Rectangle other = rectangle_of(&image->regions[i], image);
        double offset[4];
        if (!is_other(image, i, region, class_index)) continue;
        least = fmin(least, gap(&own, &other));
        offsets(offset, &own, &other);
        for (int way = 0; way < 4; way++) {
            is_so[way] |= lies_so(way, &own, &other);
            may_be_so[way] |= offset[way] > -0.25 * longer_side(&own);
        }
    }
    int is_known = image->is_annotated; /* else there may be others */
    f->near[0] = least <= NEXT ? 1 : least > NOT_NEXT && is_known ? 0 : -1;
    f->near[1] = least < NOT_FAR                  ? 0
                 : !is_known                      ? -1
                 : least > FAR && isfinite(least) ? 1
                 : isfinite(least)                ? -1
                                                  : 0;
    for (int way = 0; way < 4; way++) {
        int holds = is_so[way] ? 1 : !may_be_so[way] && is_known ? 0 : -1;
        f->bearing[way] = is_north_up(image) ? holds : -1;
        f->bearing[4 + way] = holds;
    }
}

int gaclip__is_name_of(const char *name, const GaclipDatasetClass *c)
{
    if (!strcmp(c->name, name)) return 1;
    for (int i = 0; i < c->synonym_count; i++)
        if (!strcmp(c->synonyms[i], name)) return 1;
    return 0;
}

int gaclip__claims_relate(GaclipRegionFacts *facts, const GaclipRegionClaims *claims, int region,
                          const GaclipDatasetImage *image, const GaclipDataset *dataset)
{
    if (!*claims->neighbour) return 1;
    for (int c = 0; c < dataset->class_count; c++)
        if (gaclip__is_name_of(claims->neighbour, &dataset->classes[c])) {
            gaclip__relate(facts, dataset, image, region, c);
            return 1;
        }
    return 0;
}

void gaclip__count_alike(GaclipRegionFacts *facts, const GaclipDatasetRegion *region,
                         const GaclipDatasetImage *image)
{
    facts->count = 0;
    for (int i = 0; i < image->region_count && image->is_annotated && region->class_index >= 0; i++)
        facts->count +=
            image->regions[i].is_object && image->regions[i].class_index == region->class_index;
}

enum { FEWEST_PIXELS = 24, SHORTEST_SIDE = 12 };

/* Shares of dark pixels in the strip on one side: from the first on there is a shadow, up to the
 * second there is none. */
static const double SHADOW = 0.5, NO_SHADOW = 0.05;

/* Most of it beside the strip, where the sun stands aslant; and how long an object may be: at its
 * ends, dark ground says little. */
static const double SHADOW_BESIDE = 0.35, LONGEST_RATIO = 2;

/* Dark is what has less than this of the mean grey around the object, and is not lighter than
 * anything in shadow is. */
static const double DARK_SHARE = 0.5, DARKEST_GROUND = 90;

static double grey(const GaclipImage *image, int x, int y)
{
    const uint8_t *p = image->rgb + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    return (p[0] + p[1] + p[2]) / 3.0;
}

/* Strips above, below, left and right, a third of the shorter side deep. */
static void fill_strips(Rectangle strips[4], const Rectangle *box)
{
    double depth = fmax(fmin(box->x2 - box->x1, box->y2 - box->y1) / 3, 3);
    strips[0] = (Rectangle){box->x1, box->y1 - depth, box->x2, box->y1};
    strips[1] = (Rectangle){box->x1, box->y2, box->x2, box->y2 + depth};
    strips[2] = (Rectangle){box->x1 - depth, box->y1, box->x1, box->y2};
    strips[3] = (Rectangle){box->x2, box->y1, box->x2 + depth, box->y2};
}

typedef struct Strip {
    double sum;
    int pixels, dark;
} Strip;

/* 0 where the strip does not lie in the image, or shows no data. */
static int look(Strip *out, const Rectangle *r, const GaclipImage *pixels, double dark)
{
    *out = (Strip){0};
    if (r->x1 < 0 || r->y1 < 0 || r->x2 > pixels->width || r->y2 > pixels->height) return 0;
    for (int y = (int)ceil(r->y1 - 0.5); y < (int)ceil(r->y2 - 0.5); y++)
        for (int x = (int)ceil(r->x1 - 0.5); x < (int)ceil(r->x2 - 0.5); x++) {
            if (pixels->mask && !pixels->mask[(size_t)y * (size_t)pixels->width + (size_t)x])
                return 0;
            out->sum += grey(pixels, x, y);
            out->pixels++;
            out->dark += grey(pixels, x, y) < dark;
        }
    return out->pixels >= FEWEST_PIXELS;
}

static int is_free(const Rectangle *strip, const GaclipDatasetRegion *region,
                   const GaclipDatasetImage *image)
{
    for (int i = 0; i < image->region_count; i++) {
        Rectangle other = rectangle_of(&image->regions[i], image);
        if (&image->regions[i] != region && image->regions[i].is_object &&
            fmin(strip->x2, other.x2) > fmax(strip->x1, other.x1) &&
            fmin(strip->y2, other.y2) > fmax(strip->y1, other.y1))
            return 0;
    }
    return 1;
}

/* The strips beside the one on that side, and one further out by the shorter side. */
static void fill_surroundings(Rectangle out[3], const Rectangle *strip, int side, double shorter)
{
    int is_across = side < 2; /* the strip lies above or below */
    double way = side == 0 || side == 2 ? -shorter : shorter;
    for (int i = 0; i < 3; i++) out[i] = *strip;
    if (is_across) {
        out[0] = (Rectangle){strip->x1 - shorter, strip->y1, strip->x1, strip->y2};
        out[1] = (Rectangle){strip->x2, strip->y1, strip->x2 + shorter, strip->y2};
        out[2].y1 += way;
        out[2].y2 += way;
        return;
    }
    out[0] = (Rectangle){strip->x1, strip->y1 - shorter, strip->x2, strip->y1};
    out[1] = (Rectangle){strip->x1, strip->y2, strip->x2, strip->y2 + shorter};
    out[2].x1 += way;
    out[2].x2 += way;
}

/* A shadow ends: dark ground that goes on further out or to both sides is something else's. */
static int is_bounded(const Rectangle *strip, int side, double shorter, const GaclipImage *pixels,
                      double dark)
{
    Rectangle around[3];
    double share[3];
    fill_surroundings(around, strip, side, shorter);
    for (int i = 0; i < 3; i++) {
        Strip s;
        if (!look(&s, &around[i], pixels, dark)) return 0;
        share[i] = (double)s.dark / s.pixels;
    }
    return share[2] <= NO_SHADOW && fmin(share[0], share[1]) <= NO_SHADOW &&
           fmax(share[0], share[1]) <= SHADOW_BESIDE;
}

/* Dark ground on one side alone, with light ground on the opposite one and around it. */
void gaclip__find_shadow(GaclipRegionFacts *f, const GaclipDatasetRegion *region,
                         const GaclipDatasetImage *image, const GaclipImage *pixels)
{
    Rectangle box = rectangle_of(region, image), strips[4];
    double shorter = fmin(box.x2 - box.x1, box.y2 - box.y1), sum = 0, share[4];
    Strip strip[4], inside;
    int count = 0, found = -1;
    for (int i = 0; i < 4; i++) f->shadow[i] = -1;
    if (f->is_thin) return; /* their boxes have the shadow within */
    if (shorter < SHORTEST_SIDE || longer_side(&box) > LONGEST_RATIO * shorter) return;
    fill_strips(strips, &box);
    for (int i = 0; i < 4; i++) {
        if (!is_free(&strips[i], region, image) || !look(&strip[i], &strips[i], pixels, 0)) return;
        sum += strip[i].sum;
        count += strip[i].pixels;
    }
    double dark = fmin(DARK_SHARE * sum / count, DARKEST_GROUND);
    for (int i = 0; i < 4; i++) {
        look(&strip[i], &strips[i], pixels, dark);
        share[i] = (double)strip[i].dark / strip[i].pixels;
        if (found < 0 || share[i] > share[found]) found = i;
    }
    if (!look(&inside, &box, pixels, dark) || inside.sum < 2 * dark * inside.pixels) return;
    if (share[found] < SHADOW || share[found ^ 1] > NO_SHADOW) return;
    if (!is_bounded(&strips[found], found, shorter, pixels, dark)) return;
    for (int i = 0; i < 4; i++) f->shadow[i] = i == found ? 1 : share[i] <= NO_SHADOW ? 0 : -1;
}
