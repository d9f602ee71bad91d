/* Inside a dataset: how readers build it. */
#ifndef GACLIP_GEO_DATASET_H
#define GACLIP_GEO_DATASET_H

#include "gaclip/dataset.h"
#include "pool.h"

struct GaclipDataset {
    GaclipPool pool; /* holds every text and list */
    GaclipDatasetImage *images;
    GaclipDatasetClass *classes;
    int image_count, class_count, dropped_count;
};

/* What a reader was asked for. */
typedef struct GaclipDatasetReading {
    GaclipDataset *dataset;
    const char *path;                     /* the file */
    const char *folder;                   /* of the images */
    const char *split, *source, *licence; /* NULL: what the file says */
    const char *name;                     /* the source where neither says it */
    int is_annotated;
} GaclipDatasetReading;

/* One reader a format. */
int gaclip__dataset_read_coco(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_karpathy(const GaclipDatasetReading *r, GaclipError *err);

/* An image of the reading's folder, with the reading's split, source and licence. *index is its
 * place in the dataset. Fails where there is no such file. */
int gaclip__dataset_add_file(int *index, const GaclipDatasetReading *r, const char *name,
                             GaclipError *err);
/* Texts of these are copied. */
int gaclip__dataset_add_image(int *index, GaclipDataset *dataset, const GaclipDatasetImage *image,
                              GaclipError *err);
int gaclip__dataset_add_caption(GaclipDataset *dataset, int image, const char *text,
                                GaclipError *err);
/* The box (x1 y1 x2 y2 in [0, 1]) is clipped; a region without area is dropped and counted. */
int gaclip__dataset_add_region(GaclipDataset *dataset, int image, const GaclipDatasetRegion *region,
                               GaclipError *err);

/* The class of a name, which is made readable and added where it is new. */
int gaclip__dataset_class(int *index, GaclipDataset *dataset, const char *name, GaclipError *err);
int gaclip__dataset_add_synonym(GaclipDataset *dataset, int class_index, const char *text,
                                GaclipError *err);

/* The dataset's one copy of a text without blanks at its ends; NULL for NULL. */
int gaclip__dataset_text(const char **out, GaclipDataset *dataset, const char *text,
                         GaclipError *err);
/* The same made readable, see readable_name.h. */
int gaclip__dataset_name(const char **out, GaclipDataset *dataset, const char *text,
                         GaclipError *err);

/* Fills in width and height of an image by opening its file, where they are 0. */
int gaclip__dataset_measure(GaclipDatasetImage *image, GaclipError *err);

#endif
