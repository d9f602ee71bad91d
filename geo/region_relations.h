/* How a region lies to other objects, and on which side its shadow is. */
#ifndef GACLIP_GEO_REGION_RELATIONS_H
#define GACLIP_GEO_REGION_RELATIONS_H

#include "dataset.h"
#include "region_claims.h"

/* Fills in neighbour, near and bearing of facts: to objects of the class, or where it is -1 to that
 * of the nearest object that is of one with a name to speak of. */
void gaclip__relate(GaclipRegionFacts *facts, const GaclipDataset *dataset,
                    const GaclipDatasetImage *image, int region, int class_index);

/* Between two boxes: pixels in the mean of their longer sides. */
double gaclip__gap(const GaclipDatasetRegion *a, const GaclipDatasetRegion *b,
                   const GaclipDatasetImage *image);

/* Fills in count. */
void gaclip__count_alike(GaclipRegionFacts *facts, const GaclipDatasetRegion *region,
                         const GaclipDatasetImage *image);

/* Fills in shadow. */
void gaclip__find_shadow(GaclipRegionFacts *facts, const GaclipDatasetRegion *region,
                         const GaclipDatasetImage *image, const GaclipImage *pixels);

/* Makes facts those about the neighbour that the claims name. 0 where no class is called so. */
int gaclip__claims_relate(GaclipRegionFacts *facts, const GaclipRegionClaims *claims, int region,
                          const GaclipDatasetImage *image, const GaclipDataset *dataset);

/* Whether the class is so called. */
int gaclip__is_name_of(const char *name, const GaclipDatasetClass *c);

#endif
