/* Base and novel classes as CastDet divides them. The names are also what a model is asked with, so
 * they are written as words; gaclip_same_class finds a data set's own spelling. */
#include <stddef.h>
#include <strings.h>

#include "gaclip/protocols.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const char *const DIOR_BASE[] = {"airplane",
                                        "baseball field",
                                        "bridge",
                                        "chimney",
                                        "dam",
                                        "expressway service area",
                                        "expressway toll station",
                                        "golf field",
                                        "harbor",
                                        "overpass",
                                        "ship",
                                        "stadium",
                                        "storage tank",
                                        "tennis court",
                                        "train station",
                                        "vehicle"};
static const char *const DIOR_NOVEL[] = {"airport", "basketball court", "ground track field",
                                         "windmill"};

static const char *const DOTA_BASE[] = {
    "plane",         "ship",       "storage tank", "baseball diamond",
    "tennis court",  "harbor",     "bridge",       "large vehicle",
    "small vehicle", "helicopter", "roundabout",   "soccer ball field",
    "swimming pool"};
static const char *const DOTA_NOVEL[] = {"basketball court", "ground track field"};

static const GaclipClassSplit SPLITS[] = {
    {"dior", "DIOR as VisDroneZSD 2023 and CastDet divide it", DIOR_BASE, DIOR_NOVEL,
     COUNT(DIOR_BASE), COUNT(DIOR_NOVEL)},
    {"dota", "DOTA v1.0 as CastDet divides it", DOTA_BASE, DOTA_NOVEL, COUNT(DOTA_BASE),
     COUNT(DOTA_NOVEL)},
};

const GaclipClassSplit *gaclip_class_split_at(int i)
{
    return i >= 0 && i < COUNT(SPLITS) ? &SPLITS[i] : NULL;
}

const GaclipClassSplit *gaclip_class_split_find(const char *name)
{
    for (int i = 0; i < COUNT(SPLITS); i++)
        if (!strcasecmp(SPLITS[i].name, name)) return &SPLITS[i];
    return NULL;
}
