/* Reading captions, and holding every sentence against what is there. */
#include "scene_claims.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene_words.h"

enum { LONGEST_WORD = 160 };

/* What a piece of text turns out to be. */
enum { FOREIGN = -1, WRONG = 0, RIGHT = 1 };

/* Takes text over where *rest begins with it. */
static int take(const char **rest, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*rest, text, length) != 0) return 0;
    *rest += length;
    return 1;
}

/* A piece that is no name is not of the grammar; a class that is not in the image counts 0. */
static int find_class(const char *name, const GaclipDataset *dataset, int is_plural)
{
    char spoken[LONGEST_WORD];
    for (int i = 0; i < dataset->class_count; i++) {
        const char *own = dataset->classes[i].name;
        if (is_plural) gaclip__plural(spoken, sizeof spoken, own);
        if (!strcmp(is_plural ? spoken : own, name)) return i;
    }
    return -1;
}

static GaclipSceneGroup group_of(const GaclipSceneFacts *facts, int class_index)
{
    for (int i = 0; i < facts->group_count; i++)
        if (facts->groups[i].class_index == class_index) return facts->groups[i];
    return (GaclipSceneGroup){.class_index = class_index, .colour = -1};
}

static GaclipArrangement take_layout(const char **rest, const char *behind)
{
    static const char *const NAMES[] = {"a row", "a grid", "a ring", "a cluster"};
    for (int i = 0; i < (int)(sizeof NAMES / sizeof *NAMES); i++) {
        const char *start = *rest;
        if (take(rest, NAMES[i]) && take(rest, behind)) return (GaclipArrangement)(GACLIP__ROW + i);
        *rest = start;
    }
    return GACLIP__NO_ARRANGEMENT;
}

/* "a row of five airplanes" */
static int group_holds(const char *text, const GaclipSceneFacts *facts,
                       const GaclipDataset *dataset)
{
    GaclipArrangement layout = take_layout(&text, " of ");
    int is_one = take(&text, "an ") || take(&text, "a "), count = 1;
    if (!is_one) {
        size_t length = strcspn(text, " ");
        count = gaclip__word_number(text, length);
        if (!count || text[length] != ' ') return FOREIGN;
        text += length + 1;
    }
    int class_index = find_class(text, dataset, !is_one);
    if (class_index < 0) return FOREIGN;
    GaclipSceneGroup group = group_of(facts, class_index);
    return group.count == count && (!layout || group.arrangement == layout);
}

/* Takes text over: groups between commas and "and". */
static int groups_hold(char *text, const GaclipSceneFacts *facts, const GaclipDataset *dataset)
{
    int result = RIGHT;
    for (char *part = text; part && result == RIGHT;) {
        char *comma = strstr(part, ", "), *and = strstr(part, " and ");
        char *end = comma && (!and || comma < and) ? comma : and;
        char *next = end ? end + (end == comma ? 2 : 5) : NULL;
        if (end) *end = '\0';
        result = group_holds(part, facts, dataset);
        part = next;
    }
    CPLFree(text);
    return result;
}

/* "The airplanes" up to mark, which is cut off; the class or -1. */
static int take_class(const char **rest, const char *mark, int is_plural,
                      const GaclipDataset *dataset)
{
    const char *end = strstr(*rest, mark);
    if (!end || end - *rest >= LONGEST_WORD) return -1;
    char name[LONGEST_WORD];
    memcpy(name, *rest, (size_t)(end - *rest));
    name[end - *rest] = '\0';
    *rest = end + strlen(mark);
    return find_class(name, dataset, is_plural);
}

static int layout_holds(const char *rest, const GaclipSceneFacts *facts,
                        const GaclipDataset *dataset)
{
    const char *start = rest;
    int class_index = take_class(&rest, " form ", 1, dataset);
    if (class_index >= 0) {
        GaclipArrangement layout = take_layout(&rest, "");
        if (!layout || *rest) return FOREIGN;
        return group_of(facts, class_index).arrangement == layout;
    }
    rest = start;
    class_index = take_class(&rest, " stand ", 1, dataset);
    if (class_index >= 0) {
        GaclipDensity density = !strcmp(rest, "close together") ? GACLIP__CLOSE
                                : !strcmp(rest, "far apart")    ? GACLIP__APART
                                                                : GACLIP__NO_DENSITY;
        if (!density) return FOREIGN;
        return group_of(facts, class_index).density == density;
    }
    rest = start;
    class_index = take_class(&rest, " are scattered", 1, dataset);
    if (class_index < 0 || *rest) return FOREIGN;
    return group_of(facts, class_index).arrangement == GACLIP__SCATTERED;
}

static int colour_holds(const char *rest, const GaclipSceneFacts *facts,
                        const GaclipDataset *dataset)
{
    int class_index = take_class(&rest, " are ", 1, dataset);
    if (class_index < 0) return FOREIGN;
    for (int c = 0; c < GACLIP__COLOURS; c++)
        if (!strcmp(rest, gaclip__colour_names[c])) return group_of(facts, class_index).colour == c;
    return FOREIGN;
}

static int length_holds(const char *rest, const GaclipSceneFacts *facts,
                        const GaclipDataset *dataset)
{
    char *end;
    int class_index = take_class(&rest, " is about ", 0, dataset);
    double metres = strtod(rest, &end);
    if (class_index < 0 || strcmp(end, " m long") != 0) return FOREIGN;
    double ratio = metres / group_of(facts, class_index).length;
    return ratio > 0.9 && ratio < 1.1;
}

static int coverage_holds(const char *rest, const GaclipSceneFacts *facts)
{
    char *end;
    double percent = strtod(rest, &end);
    if (strcmp(end, " percent of the image") != 0) return FOREIGN;
    return fabs(percent - 100 * facts->coverage) <= 1;
}

static int sentence_holds(const char *text, const GaclipSceneFacts *facts,
                          const GaclipDataset *dataset)
{
    if (take(&text, "The image shows ")) return groups_hold(CPLStrdup(text), facts, dataset);
    if (take(&text, "Most of the ")) return colour_holds(text, facts, dataset);
    if (take(&text, "The largest ")) return length_holds(text, facts, dataset);
    if (take(&text, "Boxes around the objects cover about ")) return coverage_holds(text, facts);
    if (take(&text, "The ")) return layout_holds(text, facts, dataset);
    return groups_hold(CPLStrdup(text), facts, dataset);
}

int gaclip__scene_holds(char **claim, const char *text, const GaclipSceneFacts *facts,
                        const GaclipDataset *dataset)
{
    char *copy = CPLStrdup(text);
    size_t length = strlen(copy);
    int result = RIGHT;
    *claim = NULL;
    if (length && copy[length - 1] == '.') copy[length - 1] = '\0';
    for (char *part = copy; part && result == RIGHT;) {
        char *end = strstr(part, ". ");
        if (end) *end = '\0';
        result = sentence_holds(part, facts, dataset);
        if (result == WRONG) *claim = CPLStrdup(part);
        part = end ? end + 2 : NULL;
    }
    CPLFree(copy);
    return result;
}
