/* What a region's description claims: read from its words, and held against what is measured.
 *
 * The grammar: ARTICLE [SIZE] [SHAPE] [COLOUR] NAME [about N m long] [TONE] [DIRECTION] [PLACE].
 */
#ifndef GACLIP_GEO_REGION_CLAIMS_H
#define GACLIP_GEO_REGION_CLAIMS_H

#include "region_facts.h"

typedef enum GaclipClaimKind {
    GACLIP__SIZE,
    GACLIP__SHAPE,
    GACLIP__COLOUR,
    GACLIP__LENGTH, /* its value: metres */
    GACLIP__TONE,
    GACLIP__DIRECTION, /* these two are true of the image as it lies */
    GACLIP__PLACE,
    GACLIP__CLAIM_KINDS
} GaclipClaimKind;

enum { GACLIP__LONGEST_NAME = 128, GACLIP__LONGEST_DESCRIPTION = 512 };

typedef struct GaclipRegionClaims {
    char name[GACLIP__LONGEST_NAME];
    int is_claimed[GACLIP__CLAIM_KINDS];
    int values[GACLIP__CLAIM_KINDS]; /* index of the word, or metres */
} GaclipRegionClaims;

/* The kind's words, NULL-terminated; NULL for the length. */
const char *const *gaclip__claim_words(GaclipClaimKind kind);

/* 1 where the value clearly is true, 0 where it clearly is not, -1 between. */
int gaclip__claim_holds(GaclipClaimKind kind, int value, const GaclipRegionFacts *facts);

/* 0 where the text is not of the grammar. */
int gaclip__claims_read(GaclipRegionClaims *out, const char *text);
void gaclip__claims_write(char out[GACLIP__LONGEST_DESCRIPTION], const GaclipRegionClaims *claims);

/* A length of two digits at most: nobody sees more. */
int gaclip__claim_length(double metres);

#endif
