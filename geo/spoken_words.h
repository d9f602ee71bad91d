/* Free text as words, and the names of classes in it. */
#ifndef GACLIP_GEO_SPOKEN_WORDS_H
#define GACLIP_GEO_SPOKEN_WORDS_H

#include <stddef.h>

#include "dataset.h"
#include "region_claims.h"

enum { GACLIP__MOST_WORDS = 512, GACLIP__LONGEST_WORD = 48 };

typedef struct GaclipSpokenWord {
    char text[GACLIP__LONGEST_WORD]; /* lower case, cut off where it is longer */
    size_t start, length;            /* bytes of the original */
    int ends_clause;                 /* a comma, full stop or the like is behind it */
} GaclipSpokenWord;

typedef struct GaclipSpokenWords {
    GaclipSpokenWord items[GACLIP__MOST_WORDS];
    int count;
} GaclipSpokenWords;

/* Letters, digits and hyphens make words; everything else is between them. */
void gaclip__spoken_split(GaclipSpokenWords *out, const char *text);

/* The name of a class in a text. */
typedef struct GaclipMention {
    int class_index, start, count; /* words */
    int is_plural;
} GaclipMention;

/* The first mention that begins at word from or later, the longest name where several begin at
 * once; 0 where there is none. */
int gaclip__spoken_mention(GaclipMention *out, const GaclipSpokenWords *words, int from,
                           const GaclipDataset *dataset);

/* Whether the word is one of colour, size or shape (or any other adjective of objects seen from
 * above, when *kind is GACLIP__CLAIM_KINDS). */
int gaclip__spoken_adjective(GaclipClaimKind *kind, int *value, const char *word);

/* 1 for "one", "single" and "1", 2 for "two", ...; 0 where the word is no number. */
int gaclip__spoken_number(const char *word);

#endif
