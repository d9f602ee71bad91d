#include <math.h>
#include <stdlib.h>

#include "region_relations.h"
#include "scene_claims.h"

/* Cells a side of the grid on which covered ground is counted. */
enum { GRID = 128 };

double gaclip__coverage(const GaclipDatasetImage *image)
{
    int covered = 0;
    for (int cell = 0; cell < GRID * GRID; cell++) {
        double x = (cell % GRID + 0.5) / GRID, y = ((double)(cell / GRID) + 0.5) / GRID;
        int is_covered = 0;
        for (int i = 0; i < image->region_count && !is_covered; i++) {
            const GaclipDatasetRegion *r = &image->regions[i];
            is_covered =
                r->is_object && x >= r->box[0] && x < r->box[2] && y >= r->box[1] && y < r->box[3];
        }
        covered += is_covered;
    }
    return (double)covered / (GRID * GRID);
}

static int is_member(const GaclipDatasetImage *image, int region, int class_index)
{
    const GaclipDatasetRegion *r = &image->regions[region];
    return r->is_object && r->class_index == class_index;
}

/* Moments of the centres, in pixels. */
typedef struct Spread {
    int count;
    double x, y, xx, xy, yy; /* means, then central moments */
} Spread;

static Spread spread_of(const GaclipDatasetImage *image, int class_index)
{
    Spread s = {0};
    double w = image->width, h = image->height;
    for (int i = 0; i < image->region_count; i++) {
        const double *b = image->regions[i].box;
        if (!is_member(image, i, class_index)) continue;
        double x = (b[0] + b[2]) / 2 * w, y = (b[1] + b[3]) / 2 * h;
        s.count++;
        s.x += x;
        s.y += y;
        s.xx += x * x;
        s.xy += x * y;
        s.yy += y * y;
    }
    if (!s.count) return s;
    s.x /= s.count;
    s.y /= s.count;
    s.xx = s.xx / s.count - s.x * s.x;
    s.xy = s.xy / s.count - s.x * s.y;
    s.yy = s.yy / s.count - s.y * s.y;
    return s;
}

/* Whether all lie at nearly the same distance from their middle, with no third of the circle empty.
 */
static int is_ring(const GaclipDatasetImage *image, int class_index, const Spread *s)
{
    int sectors[6] = {0}, filled = 0;
    double sum = 0, squares = 0;
    for (int i = 0; i < image->region_count; i++) {
        const double *b = image->regions[i].box;
        if (!is_member(image, i, class_index)) continue;
        double dx = (b[0] + b[2]) / 2 * image->width - s->x;
        double dy = (b[1] + b[3]) / 2 * image->height - s->y;
        double distance = hypot(dx, dy);
        sum += distance;
        squares += distance * distance;
        sectors[(int)((atan2(dy, dx) / acos(-1.0) + 1) * 2.9999)] = 1;
    }
    double mean = sum / s->count, deviation = sqrt(fmax(squares / s->count - mean * mean, 0));
    for (int i = 0; i < 6; i++) filled += sectors[i];
    return deviation < 0.15 * mean && filled >= 5;
}

static GaclipArrangement arrangement_of(const GaclipDatasetImage *image, int class_index)
{
    Spread s = spread_of(image, class_index);
    double root = sqrt((s.xx - s.yy) * (s.xx - s.yy) / 4 + s.xy * s.xy), mean = (s.xx + s.yy) / 2;
    double along = sqrt(fmax(mean + root, 0)), across = sqrt(fmax(mean - root, 0));
    double diagonal = hypot(image->width, image->height);
    if (s.count < 3) return GACLIP__NO_ARRANGEMENT;
    if (across < 0.12 * along) return GACLIP__ROW;
    if (s.count >= 6 && is_ring(image, class_index, &s)) return GACLIP__RING;
    if (along < 0.1 * diagonal) return GACLIP__CLUSTER;
    return across > 0.16 * diagonal ? GACLIP__SCATTERED : GACLIP__NO_ARRANGEMENT;
}

/* Gap to the nearest object of the same class, in the mean of their longer sides. */
static double nearest_gap(const GaclipDatasetImage *image, int region, int class_index)
{
    double least = INFINITY;
    for (int i = 0; i < image->region_count; i++)
        if (i != region && is_member(image, i, class_index))
            least = fmin(least, gaclip__gap(&image->regions[region], &image->regions[i], image));
    return least;
}

/* Close: at least 80 % of the objects are no further from another than half their length. Apart:
 * every one is further than three lengths. */
static GaclipDensity density_of(const GaclipDatasetImage *image, int class_index, int count)
{
    int close = 0, apart = 0;
    for (int i = 0; i < image->region_count && count >= 4; i++) {
        if (!is_member(image, i, class_index)) continue;
        double gap = nearest_gap(image, i, class_index);
        close += gap <= 0.5;
        apart += gap > 3;
    }
    if (count < 4) return GACLIP__NO_DENSITY;
    return close >= 0.8 * count ? GACLIP__CLOSE
           : apart == count     ? GACLIP__APART
                                : GACLIP__NO_DENSITY;
}

/* The colour that at least 70 % of the objects clearly have. */
static int common_colour(const GaclipDatasetImage *image, int class_index, int count,
                         const GaclipRegionFacts *facts)
{
    for (int c = 0; c < GACLIP__COLOURS; c++) {
        int having = 0;
        for (int i = 0; i < image->region_count; i++)
            having += is_member(image, i, class_index) &&
                      gaclip__claim_holds(GACLIP__COLOUR, c, &facts[i]) == 1;
        if (having >= 0.7 * count) return c;
    }
    return -1;
}

static int compare_groups(const void *a, const void *b)
{
    const GaclipSceneGroup *left = a, *right = b;
    return left->count != right->count ? right->count - left->count
                                       : left->class_index - right->class_index;
}

static GaclipSceneGroup *group_of(GaclipSceneFacts *facts, int class_index)
{
    for (int i = 0; i < facts->group_count; i++)
        if (facts->groups[i].class_index == class_index) return &facts->groups[i];
    facts->groups[facts->group_count] = (GaclipSceneGroup){.class_index = class_index};
    return &facts->groups[facts->group_count++];
}

int gaclip__scene_facts(GaclipSceneFacts *out, const GaclipDatasetImage *image,
                        const GaclipRegionFacts *facts, GaclipError *err)
{
    *out = (GaclipSceneFacts){.coverage = gaclip__coverage(image)};
    out->groups = calloc((size_t)image->region_count + 1, sizeof *out->groups);
    if (!out->groups) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < image->region_count; i++) {
        if (!image->regions[i].is_object || image->regions[i].class_index < 0) continue;
        GaclipSceneGroup *group = group_of(out, image->regions[i].class_index);
        group->count++;
        group->length = fmax(group->length, facts[i].length);
    }
    for (int i = 0; i < out->group_count; i++) {
        GaclipSceneGroup *g = &out->groups[i];
        g->arrangement = arrangement_of(image, g->class_index);
        g->density = density_of(image, g->class_index, g->count);
        g->colour = common_colour(image, g->class_index, g->count, facts);
    }
    if (out->group_count)
        qsort(out->groups, (size_t)out->group_count, sizeof *out->groups, compare_groups);
    return GACLIP_OK;
}
