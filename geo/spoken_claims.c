#include "spoken_claims.h"

#include <cpl_conv.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "region_relations.h"
#include "scene_words.h"
#include "similar_classes.h"
#include "spoken_words.h"

/* Bytes of a region's description and of a caption, at most. */
enum { LONGEST_DESCRIPTION = 400, LONGEST_CAPTION = 3000 };

GACLIP_PRINTF(2, 3)
static int refuse(char reason[GACLIP__LONGEST_REASON], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, GACLIP__LONGEST_REASON, format, arguments);
    va_end(arguments);
    return 0;
}

static int count_in_image(const GaclipDatasetImage *image, int class_index)
{
    int count = 0;
    for (int i = 0; i < image->region_count; i++)
        count += image->regions[i].is_object && image->regions[i].class_index == class_index;
    return count;
}

/* The adjectives right before a mention begin at the word that is returned. */
static int first_adjective(const GaclipSpokenWords *words, const GaclipMention *m)
{
    GaclipClaimKind kind;
    int value, first = m->start;
    while (first > 0 && (!words->items[first - 1].ends_clause || first < m->start) &&
           gaclip__spoken_adjective(&kind, &value, words->items[first - 1].text))
        first--;
    return first;
}

/* A class that is not there, or another number of it than there is. */
static int mention_holds(char reason[GACLIP__LONGEST_REASON], const GaclipSpokenWords *words,
                         const GaclipMention *m, const GaclipSpokenPlace *at)
{
    const char *name = at->dataset->classes[m->class_index].name;
    int there = count_in_image(at->image, m->class_index), first = first_adjective(words, m);
    if (!at->image->is_annotated) return 1; /* there may be more than is known */
    if (!there) return refuse(reason, "names \"%s\", which is not there", name);
    int said = first > 0 ? gaclip__spoken_number(words->items[first - 1].text) : 0;
    if (first < m->start && !strcmp(words->items[first].text, "single")) said = 1;
    if (said && said != there)
        return refuse(reason, "counts %d \"%s\" where there are %d", said, name, there);
    if (m->is_plural && there == 1)
        return refuse(reason, "speaks of several \"%s\"; there is one", name);
    return 1;
}

int gaclip__spoken_scene_holds(char reason[GACLIP__LONGEST_REASON], const char *text,
                               const GaclipSpokenPlace *at, const GaclipSceneFacts *facts)
{
    GaclipSpokenWords words;
    GaclipMention m;
    char *claim = NULL;
    if (strlen(text) > LONGEST_CAPTION) return refuse(reason, "is too long");
    if (at->image->is_annotated && gaclip__scene_holds(&claim, text, facts, at->dataset) == 0) {
        refuse(reason, "it is not so that \"%.200s\"", claim);
        CPLFree(claim);
        return 0;
    }
    gaclip__spoken_split(&words, text);
    for (int from = 0; gaclip__spoken_mention(&m, &words, from, at->dataset);
         from = m.start + m.count)
        if (!mention_holds(reason, &words, &m, at)) return 0;
    return 1;
}

/* The place that the words at i name, of gaclip__claim_words(GACLIP__PLACE); -1 where none. */
static int place_at(const GaclipSpokenWords *words, int i)
{
    const char *word = words->items[i].text, *before = i > 0 ? words->items[i - 1].text : "";
    const char *next = i + 1 < words->count ? words->items[i + 1].text : "";
    int is_upper = !strcmp(word, "upper") || !strcmp(word, "top");
    int is_lower = !strcmp(word, "lower") || !strcmp(word, "bottom");
    int column = !strncmp(next, "left", 4) ? 0 : !strncmp(next, "right", 5) ? 2 : -1;
    if ((is_upper || is_lower) && column >= 0) return (is_upper ? 0 : 6) + column;
    if (!strcmp(word, "top-left") || !strcmp(word, "upper-left")) return 0;
    if (!strcmp(word, "top-right") || !strcmp(word, "upper-right")) return 2;
    if (!strcmp(word, "bottom-left") || !strcmp(word, "lower-left")) return 6;
    if (!strcmp(word, "bottom-right") || !strcmp(word, "lower-right")) return 8;
    if (strcmp(before, "the") != 0) return -1;
    if (!strcmp(word, "top")) return 1;
    if (!strcmp(word, "bottom")) return 7;
    if (!strcmp(word, "left")) return 3;
    if (!strcmp(word, "right")) return 5;
    return !strcmp(word, "centre") || !strcmp(word, "center") || !strcmp(word, "middle") ? 4 : -1;
}

static int places_hold(char reason[GACLIP__LONGEST_REASON], const GaclipSpokenWords *words,
                       const GaclipSpokenPlace *at, const GaclipRegionFacts *facts)
{
    for (int i = 0; i < words->count; i++) {
        int place = place_at(words, i);
        if (place < 0) continue;
        if (!at->with_views) return refuse(reason, "names a place, which turning makes false");
        if (gaclip__claim_holds(GACLIP__PLACE, place, facts) == 0)
            return refuse(reason, "is not %s", gaclip__claim_words(GACLIP__PLACE)[place]);
        i++; /* "upper left" holds "left" */
    }
    return 1;
}

/* "40 m", "40 metres": a length, which must be known. */
static int lengths_hold(char reason[GACLIP__LONGEST_REASON], const GaclipSpokenWords *words,
                        const GaclipRegionFacts *facts)
{
    static const char *const UNITS[] = {"m", "metre", "metres", "meter", "meters", NULL};
    for (int i = 0; i + 1 < words->count; i++) {
        char *end;
        long metres = strtol(words->items[i].text, &end, 10);
        const char *unit = words->items[i + 1].text;
        int is_unit = 0;
        if (end == words->items[i].text) continue;
        for (int u = 0; UNITS[u]; u++) is_unit |= !strcmp(UNITS[u], *end ? end : unit);
        if (!is_unit) continue;
        int holds = metres > 0 && metres < 100000
                        ? gaclip__claim_holds(GACLIP__LENGTH, (int)metres, facts)
                        : 0;
        if (!(facts->length > 0)) return refuse(reason, "gives metres that cannot be measured");
        if (holds != 1) return refuse(reason, "is not %ld m long", metres);
    }
    return 1;
}

/* Adjectives before the name that say what clearly is not so. */
static int adjectives_hold(char reason[GACLIP__LONGEST_REASON], const GaclipSpokenWords *words,
                           const GaclipMention *m, const GaclipRegionFacts *facts)
{
    for (int i = first_adjective(words, m); i < m->start; i++) {
        GaclipClaimKind kind;
        int value;
        gaclip__spoken_adjective(&kind, &value, words->items[i].text);
        if (kind != GACLIP__CLAIM_KINDS && gaclip__claim_holds(kind, value, facts) == 0)
            return refuse(reason, "is not %s", words->items[i].text);
    }
    return 1;
}

/* A text that gaclip itself could have written has to be as true as one. */
static int grammar_holds(char reason[GACLIP__LONGEST_REASON], const char *text,
                         const GaclipSpokenPlace *at, int region, const GaclipRegionFacts *facts)
{
    GaclipRegionClaims claims;
    GaclipRegionFacts own = *facts;
    if (!gaclip__claims_read(&claims, text) ||
        !gaclip__claims_relate(&own, &claims, region, at->image, at->dataset))
        return 1;
    for (int kind = 0; kind < GACLIP__CLAIM_KINDS; kind++)
        if (claims.is_claimed[kind] &&
            gaclip__claim_holds((GaclipClaimKind)kind, claims.values[kind], &own) != 1)
            return refuse(reason, "is not clearly %s",
                          gaclip__claim_name((GaclipClaimKind)kind, claims.values[kind]));
    return 1;
}

/* The first mention of the region's class. */
static int find_own(GaclipMention *out, const GaclipSpokenWords *words, const GaclipSpokenPlace *at,
                    int region)
{
    for (int from = 0; gaclip__spoken_mention(out, words, from, at->dataset);
         from = out->start + out->count)
        if (out->class_index == at->image->regions[region].class_index) return 1;
    return 0;
}

int gaclip__spoken_region_holds(char reason[GACLIP__LONGEST_REASON], const char *text,
                                const GaclipSpokenPlace *at, int region,
                                const GaclipRegionFacts *facts)
{
    GaclipSpokenWords words;
    GaclipMention own, m;
    const GaclipDatasetRegion *r = &at->image->regions[region];
    if (strlen(text) > LONGEST_DESCRIPTION) return refuse(reason, "is too long");
    gaclip__spoken_split(&words, text);
    if (!find_own(&own, &words, at, region))
        return refuse(reason, "does not name \"%s\"", at->dataset->classes[r->class_index].name);
    if (own.is_plural) return refuse(reason, "speaks of several where the region is one");
    for (int from = 0; gaclip__spoken_mention(&m, &words, from, at->dataset);
         from = m.start + m.count)
        if (at->image->is_annotated && !count_in_image(at->image, m.class_index))
            return refuse(reason, "names \"%s\", which is not there",
                          at->dataset->classes[m.class_index].name);
    return adjectives_hold(reason, &words, &own, facts) && places_hold(reason, &words, at, facts) &&
           lengths_hold(reason, &words, facts) && grammar_holds(reason, text, at, region, facts);
}

/* What is put in place of words, and the negatives that come of it. */
typedef struct Change {
    const char *text;
    size_t start, length; /* bytes of the text that go */
    int is_after_article; /* "a" or "an" stands before them */
} Change;

static char *apply(const Change *c, const char *word)
{
    size_t size = strlen(c->text) + strlen(word) + 2, before = c->start;
    char *out = CPLMalloc(size);
    const char *article = "";
    if (c->is_after_article) { /* "an orange car": the article changes with the word */
        while (before > 0 && isspace((unsigned char)c->text[before - 1])) before--;
        while (before > 0 && isalpha((unsigned char)c->text[before - 1])) before--;
        int is_capital = isupper((unsigned char)c->text[before]) != 0;
        int is_an = !strcmp(gaclip__article(word), "an");
        article = is_capital ? (is_an ? "An " : "A ") : is_an ? "an " : "a ";
        size += 3;
        out = CPLRealloc(out, size);
    }
    snprintf(out, size, "%.*s%s%s%s", (int)before, c->text, article, word,
             c->text + c->start + c->length);
    return out;
}

static Change change_of(const char *text, const GaclipSpokenWords *words, int first, int count)
{
    const GaclipSpokenWord *start = &words->items[first], *end = &words->items[first + count - 1];
    const char *before = first > 0 ? words->items[first - 1].text : "";
    return (Change){text, start->start, end->start + end->length - start->start,
                    !strcmp(before, "a") || !strcmp(before, "an")};
}

int gaclip__spoken_negatives(char **out, int most, const char *text, const GaclipSpokenPlace *at,
                             int region, const GaclipRegionFacts *facts)
{
    GaclipSpokenWords words;
    GaclipMention own;
    int made = 0;
    gaclip__spoken_split(&words, text);
    if (!find_own(&own, &words, at, region)) return 0;
    const char *const *others = gaclip__similar_classes(at->dataset->classes[own.class_index].name);
    Change change = change_of(text, &words, own.start, own.count);
    for (; others && *others && made < most; others++) out[made++] = apply(&change, *others);
    for (int i = first_adjective(&words, &own); i < own.start; i++) {
        GaclipClaimKind kind;
        int value;
        gaclip__spoken_adjective(&kind, &value, words.items[i].text);
        if (kind == GACLIP__CLAIM_KINDS || gaclip__claim_holds(kind, value, facts) != 1) continue;
        const char *const *values = gaclip__claim_words(kind);
        change = change_of(text, &words, i, 1);
        for (int v = 0; values[v] && made < most; v++)
            if (gaclip__claim_holds(kind, v, facts) == 0) out[made++] = apply(&change, values[v]);
    }
    return made;
}
