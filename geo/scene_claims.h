/* What the generated captions of a whole image claim, and whether it is so.
 *
 * A brief caption: GROUP [, GROUP] [and GROUP], a group being "an airplane", "five airplanes" or "a
 * row of five airplanes". A detailed caption: sentences,
 *   "The image shows GROUPS."
 *   "The airplanes form a row." ("a grid", "a ring", "a cluster"), "The airplanes are scattered."
 *   "The airplanes stand close together." ("far apart")
 *   "Most of the airplanes are white."
 *   "The largest airplane is about 40 m long."
 *   "Boxes around the objects cover about 12 percent of the image."
 * Classes whose names say nothing (class_traits.h) are not spoken of. */
#ifndef GACLIP_GEO_SCENE_CLAIMS_H
#define GACLIP_GEO_SCENE_CLAIMS_H

#include "arrangement.h"
#include "dataset.h"
#include "region_facts.h"

/* How close the objects of a class stand to the nearest of them. */
typedef enum GaclipDensity { GACLIP__NO_DENSITY, GACLIP__CLOSE, GACLIP__APART } GaclipDensity;

/* All objects of a class with a name to speak of in an image. */
typedef struct GaclipSceneGroup {
    int class_index, count;
    GaclipArrangement arrangement;
    GaclipDensity density;
    int colour;    /* of at least 70 % of them, or -1 */
    double length; /* of the one that clearly is the longest, metres; 0: none is */
} GaclipSceneGroup;

typedef struct GaclipSceneFacts {
    GaclipSceneGroup *groups; /* (group_count) most objects first */
    int group_count;
    double coverage; /* share of the image that objects cover */
} GaclipSceneFacts;

/* facts (region_count) are those of the image's regions. The caller frees out->groups. */
int gaclip__scene_facts(GaclipSceneFacts *out, const GaclipDataset *dataset,
                        const GaclipDatasetImage *image, const GaclipRegionFacts *facts,
                        GaclipError *err);

/* Texts that the caller frees with CPLFree; NULL where the image has no objects. */
char *gaclip__scene_brief(const GaclipSceneFacts *facts, const GaclipDataset *dataset);
char *gaclip__scene_detailed(const GaclipSceneFacts *facts, const GaclipDataset *dataset);

/* 1 where every claim of the text is true, 0 where one is not (*claim is it, CPLFree), -1 where the
 * text is not of the grammar. */
int gaclip__scene_holds(char **claim, const char *text, const GaclipSceneFacts *facts,
                        const GaclipDataset *dataset);

/* Share of the image that lies in any object's box. */
double gaclip__coverage(const GaclipDatasetImage *image);

#endif
