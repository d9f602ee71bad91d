/* Going over the images of a source, and the names that it shows. */
#ifndef GACLIP_EVAL_WALK_H
#define GACLIP_EVAL_WALK_H

#include <stddef.h>

#include "gaclip/protocols.h"

typedef int GaclipVisit(const GaclipSample *sample, int index, void *payload, GaclipError *err);

/* Calls visit with the images that options ask for, in the source's order. The sample is cleared
 * after the call; its texts live on. */
int gaclip__walk(const GaclipSampleSource *source, const GaclipEvalOptions *options,
                 GaclipVisit *visit, void *payload, GaclipError *err);

/* A growing list of lent names, one for each of a list of things. */
typedef struct GaclipNames {
    const char **items;
    int count, capacity;
} GaclipNames;

int gaclip__lent_names_add(GaclipNames *names, const char *name, GaclipError *err);
void gaclip__lent_names_clear(GaclipNames *names);

/* The asked classes, or the distinct names; sorted. The caller clears *classes. */
int gaclip__name_classes(GaclipNames *classes, const GaclipNames *names,
                         const GaclipEvalOptions *options, GaclipError *err);

/* Index of a name among classes, or -1. */
int gaclip__class_index(const GaclipNames *classes, const char *name);

/* concept or phrase; NULL where there is neither */
const char *gaclip__region_class(const GaclipSampleRegion *region);

#endif
