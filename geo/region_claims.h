/* What a region's description claims: read from its words, and held against what is measured.
 *
 * The grammar: ARTICLE [SIZE] [SHAPE] [COLOUR] NAME [about N m long] [TONE] [DIRECTION] [SHARE]
 * [PLACE] [SHADOW] [NEAR or BEARING, ARTICLE or "another", NAME][, one of N in the image].
 */
#ifndef GACLIP_GEO_REGION_CLAIMS_H
#define GACLIP_GEO_REGION_CLAIMS_H

#include "region_facts.h"

typedef enum GaclipClaimKind {
    GACLIP__SIZE, /* on the ground: small up to 10 m, medium-sized from 15 to 50, large from 80 on
                   */
    GACLIP__SHAPE,
    GACLIP__COLOUR,
    GACLIP__LENGTH, /* its value: metres */
    GACLIP__TONE,
    GACLIP__DIRECTION, /* this one and those behind it are true of the image as it lies, whole */
    GACLIP__SHARE,     /* of the image: little up to 1 %, much from 30 % on */
    GACLIP__PLACE,
    GACLIP__SHADOW,
    GACLIP__NEAR,    /* to an object of the class neighbour .. */
    GACLIP__BEARING, /* .. and one of the two alone */
    GACLIP__COUNT,   /* its value: objects of the class in the image */
    GACLIP__CLAIM_KINDS
} GaclipClaimKind;

enum { GACLIP__LONGEST_NAME = 128, GACLIP__LONGEST_DESCRIPTION = 768 };

typedef struct GaclipRegionClaims {
    char name[GACLIP__LONGEST_NAME];
    char neighbour[GACLIP__LONGEST_NAME]; /* "" without NEAR and BEARING */
    int is_claimed[GACLIP__CLAIM_KINDS];
    int values[GACLIP__CLAIM_KINDS]; /* index of the word, metres, objects */
} GaclipRegionClaims;

/* The kind's words, NULL-terminated; NULL for the length and the count. */
const char *const *gaclip__claim_words(GaclipClaimKind kind);
/* How messages name a claim. */
const char *gaclip__claim_name(GaclipClaimKind kind, int value);

/* 1 where the value clearly is true, 0 where it clearly is not, -1 between. */
int gaclip__claim_holds(GaclipClaimKind kind, int value, const GaclipRegionFacts *facts);

/* 0 where the text is not of the grammar. */
int gaclip__claims_read(GaclipRegionClaims *out, const char *text);
void gaclip__claims_write(char out[GACLIP__LONGEST_DESCRIPTION], const GaclipRegionClaims *claims);

/* A length of two digits at most: nobody sees more. */
int gaclip__claim_length(double metres);

#endif
