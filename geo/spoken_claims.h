/* What free texts say that can be measured: numbers of objects, their classes, and of a region its
 * colour, size, shape, length and place. Texts of gaclip's own grammar are held to all of it. */
#ifndef GACLIP_GEO_SPOKEN_CLAIMS_H
#define GACLIP_GEO_SPOKEN_CLAIMS_H

#include "dataset.h"
#include "region_facts.h"
#include "scene_claims.h"

enum { GACLIP__LONGEST_REASON = 256 };

/* What a text is held against. */
typedef struct GaclipSpokenPlace {
    const GaclipDataset *dataset;
    const GaclipDatasetImage *image;
    int with_views; /* 0: places in the image may not be named */
} GaclipSpokenPlace;

/* 1 where nothing in the text is clearly wrong, and a region's names its class; else 0 and the
 * reason. */
int gaclip__spoken_scene_holds(char reason[GACLIP__LONGEST_REASON], const char *text,
                               const GaclipSpokenPlace *at, const GaclipSceneFacts *facts);
int gaclip__spoken_region_holds(char reason[GACLIP__LONGEST_REASON], const char *text,
                                const GaclipSpokenPlace *at, int region,
                                const GaclipRegionFacts *facts);

/* Up to most texts that differ from an accepted one in the class, or in one word for a colour, size
 * or shape that then clearly is not the region's. Each is freed with CPLFree; returns how many. */
int gaclip__spoken_negatives(char **out, int most, const char *text, const GaclipSpokenPlace *at,
                             int region, const GaclipRegionFacts *facts);

#endif
