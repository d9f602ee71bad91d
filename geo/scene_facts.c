#include <math.h>
#include <stdlib.h>

#include "class_traits.h"
#include "region_claims.h"
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

/* Metres of the longest, where none of the others may be longer: one that is cut, or that lies
 * aslant in a box with a longer diagonal. */
static double longest_of(const GaclipDatasetImage *image, int class_index,
                         const GaclipRegionFacts *facts)
{
    double length = 0;
    for (int i = 0; i < image->region_count; i++)
        if (is_member(image, i, class_index)) length = fmax(length, facts[i].length);
    for (int i = 0; i < image->region_count; i++) {
        double most = hypot(facts[i].width, facts[i].height) * facts[i].gsd;
        int is_known = facts[i].length > 0 || most <= length;
        if (is_member(image, i, class_index) && (facts[i].is_cut || !is_known)) return 0;
    }
    return length;
}

static int fill_group(GaclipSceneGroup *g, const GaclipDatasetImage *image,
                      const GaclipRegionFacts *facts, GaclipError *err)
{
    g->density = density_of(image, g->class_index, g->count);
    g->colour = common_colour(image, g->class_index, g->count, facts);
    g->length = longest_of(image, g->class_index, facts);
    return gaclip__arrangement(&g->arrangement, image, g->class_index, err);
}

int gaclip__scene_facts(GaclipSceneFacts *out, const GaclipDataset *dataset,
                        const GaclipDatasetImage *image, const GaclipRegionFacts *facts,
                        GaclipError *err)
{
    int status = GACLIP_OK;
    *out = (GaclipSceneFacts){.coverage = gaclip__coverage(image)};
    out->groups = calloc((size_t)image->region_count + 1, sizeof *out->groups);
    if (!out->groups) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < image->region_count; i++) {
        const GaclipDatasetRegion *r = &image->regions[i];
        if (!r->is_object || r->class_index < 0) continue;
        if (gaclip__is_spoken(dataset->classes[r->class_index].name))
            group_of(out, r->class_index)->count++;
    }
    for (int i = 0; i < out->group_count && !status; i++)
        status = fill_group(&out->groups[i], image, facts, err);
    if (status) {
        free(out->groups);
        *out = (GaclipSceneFacts){0};
        return status;
    }
    if (out->group_count)
        qsort(out->groups, (size_t)out->group_count, sizeof *out->groups, compare_groups);
    return GACLIP_OK;
}
