/* Texts for datasets that have boxes alone, made of what can be measured: never of what is not
 * there. */
#ifndef GACLIP_DATASET_DESCRIBE_H
#define GACLIP_DATASET_DESCRIBE_H

#include <stdint.h>

#include "gaclip/dataset_tools.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a hard negative changes. */
typedef enum GaclipNegativeKind {
    GACLIP_NEGATIVE_CLASS, /* to one that looks alike */
    GACLIP_NEGATIVE_SIZE,  /* size, length, share of the scene */
    GACLIP_NEGATIVE_SHAPE,
    GACLIP_NEGATIVE_COLOUR,
    GACLIP_NEGATIVE_TONE,
    GACLIP_NEGATIVE_POSITION, /* place, direction, side of the shadow, neighbour */
    GACLIP_NEGATIVE_COUNT,
    GACLIP_NEGATIVE_KINDS
} GaclipNegativeKind;

/* "class", "size", "shape", "colour", "tone", "position", "count" */
GACLIP_API const char *gaclip_negative_name(GaclipNegativeKind kind);

typedef struct GaclipDescribeOptions {
    int with_views;     /* also what holds of the image only as it lies, whole: places, directions,
                           neighbours, shadows, numbers. Not for training that turns or cuts images */
    int hard_negatives; /* of a region, at most */
    double mix[GACLIP_NEGATIVE_KINDS]; /* how often each kind is drawn beside the others that are
                                          possible; 0: never */
    uint64_t seed;
} GaclipDescribeOptions;

/* Without views, nine hard negatives, all kinds alike, seed 1. */
GACLIP_API void gaclip_describe_options_init(GaclipDescribeOptions *options);

/* Gives texts to what has none: annotated images a brief and a detailed caption of their objects
 * (numbers, arrangement, density, colours, sizes, share of the ground), objects of a class a
 * description by colour, size, shape, surface and, where the metres of a pixel are known, length;
 * and hard negatives, each of which changes one attribute of the description to a value that
 * clearly is not the region's, or its class to a similar one. *count is the number of descriptions.
 */
GACLIP_API int gaclip_dataset_describe(int *count, GaclipDataset *dataset,
                                       const GaclipDescribeOptions *options,
                                       const GaclipDatasetEvents *events, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
