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
    const char *path;                     /* the file or folder */
    const char *images;                   /* the folder of the images that was asked for, or NULL */
    const char *folder;                   /* of the images: that one, else the default */
    const char *classes;                  /* of YOLO */
    const char *split, *source, *licence; /* NULL: what the file says */
    const char *name;                     /* the source where neither says it */
    int is_annotated;
} GaclipDatasetReading;

/* One reader a format. */
int gaclip__dataset_read_json(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_coco(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_karpathy(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_voc(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_yolo(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_dota(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_nwpu(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_rrsisd(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_choice(const GaclipDatasetReading *r, GaclipError *err);
int gaclip__dataset_read_folders(const GaclipDatasetReading *r, GaclipError *err);

/* The full name of an image of the reading's folder, lent by the dataset. Fails where it is a file
 * name and there is no such file. */
int gaclip__dataset_find_file(const char **path, const GaclipDatasetReading *r, const char *name,
                              GaclipError *err);
/* An image of the reading's folder, with the reading's split, source and licence. *index is its
 * place in the dataset. */
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

/* Frees what an image owns, before it is taken out. */
void gaclip__dataset_forget_image(GaclipDatasetImage *image);

/* Fills in width and height of an image by opening its file, where they are 0. */
int gaclip__dataset_measure(GaclipDatasetImage *image, GaclipError *err);

#endif
