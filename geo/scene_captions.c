/* Writing captions of an image's objects. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <string.h>

#include "region_claims.h"
#include "scene_claims.h"
#include "scene_words.h"

enum { LONGEST_WORD = 160, MOST_GROUPS = 4 };

static const char *const LAYOUTS[] = {NULL, "a row", "a grid", "a ring", "a cluster", NULL};

/* Takes text over; append is formatted by the caller. */
static char *append(char *text, const char *more)
{
    size_t length = text ? strlen(text) : 0;
    text = CPLRealloc(text, length + strlen(more) + 1);
    strcpy(text + length, more);
    return text;
}

static const char *name_of(const GaclipSceneGroup *group, const GaclipDataset *dataset)
{
    return dataset->classes[group->class_index].name;
}

static char *append_group(char *text, const GaclipSceneGroup *g, const GaclipDataset *dataset,
                          int with_layout)
{
    char plural[LONGEST_WORD], number[LONGEST_WORD];
    const char *name = name_of(g, dataset), *layout = LAYOUTS[g->arrangement];
    if (g->count == 1) return append(text, CPLSPrintf("%s %s", gaclip__article(name), name));
    gaclip__plural(plural, sizeof plural, name);
    gaclip__number_word(number, sizeof number, g->count);
    if (with_layout && layout) text = append(text, CPLSPrintf("%s of ", layout));
    return append(text, CPLSPrintf("%s %s", number, plural));
}

static char *append_groups(char *text, const GaclipSceneFacts *facts, const GaclipDataset *dataset,
                           int with_layout)
{
    int count = facts->group_count < MOST_GROUPS ? facts->group_count : MOST_GROUPS;
    for (int i = 0; i < count; i++) {
        if (i > 0) text = append(text, i == count - 1 ? " and " : ", ");
        text = append_group(text, &facts->groups[i], dataset, with_layout);
    }
    return text;
}

char *gaclip__scene_brief(const GaclipSceneFacts *facts, const GaclipDataset *dataset)
{
    return facts->group_count ? append_groups(NULL, facts, dataset, 1) : NULL;
}

static char *append_details(char *text, const GaclipSceneGroup *g, const GaclipDataset *dataset)
{
    char plural[LONGEST_WORD];
    const char *name = name_of(g, dataset);
    gaclip__plural(plural, sizeof plural, name);
    if (LAYOUTS[g->arrangement])
        text = append(text, CPLSPrintf(" The %s form %s.", plural, LAYOUTS[g->arrangement]));
    if (g->arrangement == GACLIP__SCATTERED)
        text = append(text, CPLSPrintf(" The %s are scattered.", plural));
    if (g->density != GACLIP__NO_DENSITY)
        text =
            append(text, CPLSPrintf(" The %s stand %s.", plural,
                                    g->density == GACLIP__CLOSE ? "close together" : "far apart"));
    if (g->colour >= 0 && g->count > 1)
        text = append(
            text, CPLSPrintf(" Most of the %s are %s.", plural, gaclip__colour_names[g->colour]));
    if (g->length >= 1)
        text = append(text, CPLSPrintf(" The largest %s is about %d m long.", name,
                                       gaclip__claim_length(g->length)));
    return text;
}

char *gaclip__scene_detailed(const GaclipSceneFacts *facts, const GaclipDataset *dataset)
{
    if (!facts->group_count) return NULL;
    char *text = append_groups(append(NULL, "The image shows "), facts, dataset, 0);
    text = append(text, ".");
    for (int i = 0; i < facts->group_count && i < MOST_GROUPS; i++)
        text = append_details(text, &facts->groups[i], dataset);
    int percent = (int)lround(100 * facts->coverage);
    if (percent > 0)
        text = append(text, CPLSPrintf(" Boxes around the objects cover about %d percent of the "
                                       "image.",
                                       percent));
    return text;
}
