/* Distinct texts in the order of their first appearance. */
#ifndef GACLIP_GEO_TEXT_SET_H
#define GACLIP_GEO_TEXT_SET_H

#include "pool.h"

/* A zeroed GaclipTextSet is a valid empty one. */
typedef struct GaclipTextSet {
    GaclipPool pool;
    const char **items; /* (count) */
    int count;
    int failed; /* memory was short: some are missing */
} GaclipTextSet;

/* Copies the text unless it is there or NULL. */
void gaclip__text_set_add(GaclipTextSet *set, const char *text);
void gaclip__text_set_free(GaclipTextSet *set);

#endif
