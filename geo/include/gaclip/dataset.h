/* Images with regions and texts, whatever file they come from: what models are trained on and
 * evaluated against. */
#ifndef GACLIP_DATASET_H
#define GACLIP_DATASET_H

#include "gaclip/annotations.h"
#include "gaclip/error.h"
#include "gaclip/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipDataset GaclipDataset;

/* What regions are of. Names of all formats are made readable: "small-vehicle" is "small vehicle",
 * "storagetank" is "storage tank". */
typedef struct GaclipDatasetClass {
    const char *name;
    const char *const *synonyms; /* (synonym_count) other names for the same */
    int synonym_count;
} GaclipDatasetClass;

/* At least one of class_index, phrase and description is there. */
typedef struct GaclipDatasetRegion {
    double box[4];                /* x1 y1 x2 y2 in [0, 1] of the image */
    int class_index;              /* of the dataset's classes, or -1 */
    const char *phrase;           /* names it in place of the class's names, or NULL */
    const char *description;      /* "a small white wind turbine", or NULL */
    const char *const *negatives; /* (negative_count) descriptions that are almost true of it */
    int negative_count;
    int is_difficult; /* counts neither as hit nor as miss (VOC, DOTA) */
    int is_object;    /* 0: a part of the image, such as a quarter of it */
} GaclipDatasetRegion;

/* A file, or a window of a raster. NULL stands for what is not known. */
typedef struct GaclipDatasetImage {
    const char *path;     /* any GDAL name */
    int width, height;    /* pixels of the image; 0: not known before it is read */
    int is_window, x, y;  /* raster pixels of the window's upper left corner */
    int has_geotransform; /* of the image itself: its pixel (0, 0) is the window's corner */
    double geotransform[6];
    const char *crs;             /* anything that PROJ knows */
    double gsd;                  /* metres a pixel; 0: not known */
    const char *split;           /* "train", "val", "test" or any other name */
    const char *scene;           /* class of the whole image */
    const char *const *captions; /* (caption_count) brief ones */
    int caption_count;
    const char *detailed;         /* detailed caption */
    GaclipDatasetRegion *regions; /* (region_count) */
    int region_count;
    int is_annotated;   /* every object has its region: the rest is empty ground */
    const char *source; /* the data set that it is taken from */
    const char *licence;
} GaclipDatasetImage;

typedef enum GaclipDatasetFormat {
    GACLIP_DATASET_AUTO,     /* told by the file's name and content */
    GACLIP_DATASET_GACLIP,   /* gaclip's own JSON */
    GACLIP_DATASET_COCO,     /* JSON: boxes, captions; categories may have "synonyms" */
    GACLIP_DATASET_KARPATHY, /* JSON: images[].filename, split, class, sentences[].raw */
    GACLIP_DATASET_VOC,      /* folder of XML files, or one that has "Annotations" */
    GACLIP_DATASET_YOLO,     /* folder of "images" and "labels" */
    GACLIP_DATASET_DOTA,     /* folder of text files, or one that has "labelTxt" */
    GACLIP_DATASET_NWPU,     /* folder of "positive image set" and "ground truth" (VHR-10) */
    GACLIP_DATASET_RRSISD,   /* folder that has "rrsisd/refs(unc).p" */
    GACLIP_DATASET_CHOICE,   /* a task's JSON of questions, or a folder of tasks */
    GACLIP_DATASET_FOLDERS   /* folder of folders of images, a class each */
} GaclipDatasetFormat;

typedef struct GaclipDatasetReadOptions {
    GaclipDatasetFormat format;
    const char *images;  /* folder of the images; NULL = where the format has it */
    const char *classes; /* YOLO: file of the classes' names, one a line, or data.yaml; NULL = the
                            one in the folder */
    const char *split;   /* of images for which the file states none; NULL = the file's name where
                            that is train, val or test */
    const char *source;  /* NULL = what the file says, else its name */
    const char *licence; /* NULL = what the file says */
    int is_annotated;    /* 0: boxes do not cover every object, whatever the format promises */
} GaclipDatasetReadOptions;

GACLIP_API void gaclip_dataset_read_options_init(GaclipDatasetReadOptions *options);

/* An empty dataset. The caller frees *out; everything that it lends lasts until then, or until more
 * is read into it. */
GACLIP_API int gaclip_dataset_new(GaclipDataset **out, GaclipError *err);
GACLIP_API void gaclip_dataset_free(GaclipDataset *dataset);

/* Adds the images of a file or folder. Messages name the file, the place in it (a JSON path, a
 * line) and the fact. Images must exist; boxes are clipped to their image, and those of which
 * nothing is left are dropped and counted. After a failure the dataset may hold a part of the file.
 */
GACLIP_API int gaclip_dataset_read(GaclipDataset *dataset, const char *path,
                                   const GaclipDatasetReadOptions *options, GaclipError *err);

typedef struct GaclipDatasetSceneOptions {
    GaclipAnnotationOptions annotations;
    double gsd; /* metres a pixel; 0 = from geotransform and CRS, whose absence is an error */
    int window; /* pixels of a side, at most; 0 = 512 */
    const char *split, *source, *licence; /* source NULL = the raster's base name */
    int is_annotated;                     /* 0: features do not cover every object */
} GaclipDatasetSceneOptions;

GACLIP_API void gaclip_dataset_scene_options_init(GaclipDatasetSceneOptions *options);

/* Adds windows that cover a raster, as far as it has valid pixels, with the features of any OGR
 * source on it. An object that a window's edge cuts belongs to every window that shows enough of
 * it. */
GACLIP_API int gaclip_dataset_read_scene(GaclipDataset *dataset, const char *raster,
                                         const char *annotations,
                                         const GaclipDatasetSceneOptions *options,
                                         GaclipError *err);

typedef struct GaclipDatasetWriteOptions {
    const char *name;    /* of the dataset, or NULL */
    const char *command; /* the command line, for provenance; may be NULL */
} GaclipDatasetWriteOptions;

/* Writes gaclip's own JSON atomically, over a file that may be there; images are named from its
 * folder. Sizes that are not known yet are read from the images. */
GACLIP_API int gaclip_dataset_write(GaclipDataset *dataset, const char *path,
                                    const GaclipDatasetWriteOptions *options, GaclipError *err);

GACLIP_API int gaclip_dataset_image_count(const GaclipDataset *dataset);
GACLIP_API const GaclipDatasetImage *gaclip_dataset_image_at(const GaclipDataset *dataset,
                                                             int index);
GACLIP_API int gaclip_dataset_class_count(const GaclipDataset *dataset);
GACLIP_API const GaclipDatasetClass *gaclip_dataset_class_at(const GaclipDataset *dataset,
                                                             int index);
GACLIP_API int gaclip_dataset_dropped_count(const GaclipDataset *dataset); /* boxes */

/* Decodes the whole image: RGB bytes, alpha and nodata as a mask (NULL where all is valid). A size
 * other than the stated one is GACLIP_ERROR_FORMAT. The caller clears *out. */
GACLIP_API int gaclip_dataset_read_image(GaclipImage *out, const GaclipDatasetImage *image,
                                         GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
