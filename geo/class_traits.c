#include "class_traits.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* Wherever one of these words is in a name, the name says nothing. */
static const char *const EMPTY_WORDS[] = {
    "other",    "others",  "misc",      "miscellaneous", "unknown",   "unnamed",
    "ignore",   "ignored", "undefined", "unclassified",  "unlabeled", "unlabelled",
    "dontcare", "don't",   "void",      "background",    NULL};

/* Names that say nothing where they stand alone. */
static const char *const EMPTY_NAMES[] = {"object", "objects", "thing", "class", "none",
                                          "na",     "n/a",     "crowd", NULL};

static const char *const THIN[] = {"windmill",
                                   "wind turbine",
                                   "wind generator",
                                   "transmission tower",
                                   "electricity pylon",
                                   "pylon",
                                   "power pole",
                                   "utility pole",
                                   "lamp post",
                                   "street light",
                                   "mast",
                                   "antenna",
                                   "flagpole",
                                   "chimney",
                                   "crane",
                                   "tower crane",
                                   NULL};

static int is_listed(const char *text, size_t length, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == length && !strncmp(*list, text, length)) return 1;
    return 0;
}

int gaclip__is_spoken(const char *name)
{
    int has_word = 0;
    if (is_listed(name, strlen(name), EMPTY_NAMES)) return 0;
    for (const char *word = name; *word;) {
        size_t length = strcspn(word, " ");
        int is_number = strspn(word, "0123456789") >= length;
        if (is_listed(word, length, EMPTY_WORDS)) return 0;
        has_word |= !is_number && !is_listed(word, length, EMPTY_NAMES);
        word += length;
        while (isspace((unsigned char)*word)) word++;
    }
    return has_word;
}

int gaclip__is_thin(const GaclipDatasetClass *c)
{
    if (is_listed(c->name, strlen(c->name), THIN)) return 1;
    for (int i = 0; i < c->synonym_count; i++)
        if (is_listed(c->synonyms[i], strlen(c->synonyms[i]), THIN)) return 1;
    return 0;
}
