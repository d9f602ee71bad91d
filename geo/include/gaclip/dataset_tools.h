/* What is done to datasets: splitting, checking, leaving out, describing. */
#ifndef GACLIP_DATASET_TOOLS_H
#define GACLIP_DATASET_TOOLS_H

#include <stdint.h>

#include "gaclip/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a tool speaks to its caller; both may be NULL. */
typedef struct GaclipDatasetEvents {
    /* A finding: where ("images[3].regions[0]"), the image's path, and what. */
    void (*found)(const char *place, const char *path, const char *what, void *payload);
    /* done of total images; a non-zero return stops: GACLIP_ERROR_INTERRUPTED. */
    int (*progress)(int done, int total, void *payload);
    void *payload;
} GaclipDatasetEvents;

typedef struct GaclipDatasetSplitOptions {
    double train, val, test; /* shares; their sum need not be 1 */
    double block; /* side in metres (in degrees, of latitude): all images of a square of ground get
                     the same split, and without georeference all of a file; 0 = by image */
    uint64_t seed;
} GaclipDatasetSplitOptions;

/* Gives every image a split. An image's does not depend on the others. */
GACLIP_API int gaclip_dataset_split(GaclipDataset *dataset,
                                    const GaclipDatasetSplitOptions *options, GaclipError *err);

/* Makes one class of two where one's name is a synonym of the other: data sets that are put
 * together may each name the same thing. The one with the synonym stays, with the other's synonyms;
 * each that goes is found, with the path "classes". *united: how many. */
GACLIP_API int gaclip_dataset_unite_classes(int *united, GaclipDataset *dataset,
                                            const GaclipDatasetEvents *events, GaclipError *err);

/* Looks for images that cannot be read or are there twice (MD5 of their pixels), repeated boxes,
 * names that are empty or repeated, hard negatives that equal the truth or one another, and
 * descriptions and hard negatives of gaclip's own grammar that are not as true or false as they
 * should be. *problems is the number of findings. */
GACLIP_API int gaclip_dataset_check(int *problems, const GaclipDataset *dataset,
                                    const GaclipDatasetEvents *events, GaclipError *err);

/* Takes images out whose pixels (MD5) are those of another one: of all that are the same, the one
 * of the split "test" stays, else of "val", else the first. Each that goes is found with the one
 * that stays. What is said of a file that is listed again in the same split is said of the one that
 * stays; that is neither found nor counted. */
GACLIP_API int gaclip_dataset_drop_duplicates(int *removed, GaclipDataset *dataset,
                                              const GaclipDatasetEvents *events, GaclipError *err);

typedef struct GaclipDatasetFilterOptions {
    double min_brightness, max_brightness; /* mean grey, 0..255 */
    double min_sharpness;                  /* variance of the Laplacian of grey values */
    double min_texture;                    /* standard deviation of grey values */
    double min_content;                    /* share of pixels that hold data */
    double max_coverage;                   /* share that the regions of objects cover */
} GaclipDatasetFilterOptions;

/* Thresholds that leave out what is black, white, blurred, plain, mostly without data, or covered
 * by objects to more than 75 %. */
GACLIP_API void gaclip_dataset_filter_options_init(GaclipDatasetFilterOptions *options);

/* Takes images that are not good enough out; each is found with its reason. */
GACLIP_API int gaclip_dataset_filter(int *removed, GaclipDataset *dataset,
                                     const GaclipDatasetFilterOptions *options,
                                     const GaclipDatasetEvents *events, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
