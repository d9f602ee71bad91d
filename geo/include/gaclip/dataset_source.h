/* Samples of a dataset, for training and for measuring. */
#ifndef GACLIP_DATASET_SOURCE_H
#define GACLIP_DATASET_SOURCE_H

#include <stddef.h>

#include "gaclip/dataset.h"
#include "gaclip/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Decoded images, the longest unused forgotten beyond a number of bytes. May be shared by sources
 * and threads; freed after the sources and before their datasets. */
typedef struct GaclipImageCache GaclipImageCache;
GACLIP_API int gaclip_image_cache_new(GaclipImageCache **out, size_t bytes, GaclipError *err);
GACLIP_API void gaclip_image_cache_free(GaclipImageCache *cache);

typedef struct GaclipDatasetSource GaclipDatasetSource;

typedef struct GaclipDatasetSourceOptions {
    const char *split;       /* its images alone; NULL = all */
    const char *exclude;     /* but for those whose file names this pattern matches (fnmatch), such
                                as "m_41*"; NULL = none */
    double object_share;     /* of the windows of images with objects: how many show one that is
                                drawn first */
    double object_below;     /* images with an object below so many pixels (root of its area) alone,
                                and it is such a one that is drawn first; 0 = any */
    double zoom;             /* windows are so many times smaller than asked for, and their objects
                                so many times larger in the end; images with captions keep theirs */
    GaclipImageCache *cache; /* borrowed; NULL = one of its own of 1 GiB */
} GaclipDatasetSourceOptions;

GACLIP_API void gaclip_dataset_source_options_init(GaclipDatasetSourceOptions *options);

/* dataset is borrowed and must not change. No image in the split is GACLIP_ERROR_EMPTY and lists
 * the splits there are; object_below needs a format that tells how large its images are. The caller
 * frees *out. */
GACLIP_API int gaclip_dataset_source_new(GaclipDatasetSource **out, const GaclipDataset *dataset,
                                         const GaclipDatasetSourceOptions *options,
                                         GaclipError *err);
GACLIP_API void gaclip_dataset_source_free(GaclipDatasetSource *source);

/* A view of it. next cuts a window of the asked shape (smaller where the image is) at a random
 * place; images with captions are shown all but whole, and a window that leaves an object out or
 * cuts it has no captions: they stay true. Boxes of
 * which the window shows too little are left out. A region's phrase is one of its class's names,
 * its concept the first of them; a missing detailed caption is made of the distinct brief ones.
 * at gives whole images in the dataset's order, with the first name as phrase. Several threads may
 * call both. */
GACLIP_API GaclipSampleSource gaclip_dataset_source_view(GaclipDatasetSource *source);

/* The dataset's index of the image that at gives. */
GACLIP_API int gaclip_dataset_source_image(const GaclipDatasetSource *source, int index);

#ifdef __cplusplus
}
#endif
#endif
