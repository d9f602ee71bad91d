/* What test images and texts have in common with those that a model is trained on (paper, section 4
 * and figure 3). */
#ifndef GACLIP_DATASET_LEAKAGE_H
#define GACLIP_DATASET_LEAKAGE_H

#include "gaclip/dataset_tools.h"
#include "gaclip/leakage.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The images of a split; all where it is NULL. */
typedef struct GaclipLeakageSide {
    const GaclipDataset *dataset; /* borrowed */
    const char *split;
} GaclipLeakageSide;

typedef struct GaclipLeakageOptions {
    double structural; /* from which a pair of images is listed, as in GaclipImageMatch */
    double overlap;    /* share of one of the two that they must have in common */
    double lexical;    /* Jaccard similarity from which a pair of texts is listed */
    int ngram;         /* words */
    double image_cosine, text_cosine; /* from which pairs are listed, where there is a model */
    GaclipModel *model;               /* borrowed; NULL: nothing is embedded */
    GaclipCompute *compute;           /* borrowed; the model's, where there is one */
} GaclipLeakageOptions;

/* 0.75, 0.5, 0.8, 2, 0.97, 0.97, no model, and compute, which the caller sets. */
GACLIP_API void gaclip_leakage_options_init(GaclipLeakageOptions *options);

/* A test image and a training image that are alike. */
typedef struct GaclipImageLeak {
    int test, train;                  /* indices in their datasets */
    int is_same_file, is_same_pixels; /* MD5 */
    int is_alike;                     /* match.score is high enough */
    GaclipImageMatch match;           /* where is_alike; its indices are those above */
    int is_near;                      /* cosine is high enough */
    double cosine;                    /* where is_near */
} GaclipImageLeak;

/* A test text and the training text that is most like it. */
typedef struct GaclipTextLeak {
    const char *test_text, *train_text; /* lent by the datasets */
    int test, train;                    /* the first image of each that has the text */
    int test_uses, train_uses;          /* how often it is said */
    int is_same, is_lexical, is_near;   /* word for word; by n-grams; by cosine */
    double lexical, cosine;             /* of these two where is_lexical, where is_near */
} GaclipTextLeak;

/* Similarity of every test item to the training item most like it. */
typedef struct GaclipLeakage {
    int test_images, train_images, test_texts, train_texts; /* texts: distinct ones */
    GaclipImageLeak *images;                                /* (image_count) by test, then train */
    int image_count;
    GaclipTextLeak *texts; /* (text_count) by test text */
    int text_count;
    int *test_index;      /* (test_images) in the dataset */
    double *structural;   /* (test_images) -1: nothing comparable */
    double *image_cosine; /* (test_images); NULL without a model */
    double *lexical;      /* (test_texts) */
    double *text_cosine;  /* (test_texts); NULL without a model */
} GaclipLeakage;

/* Reads all images of both sides once, and once more for a model. Texts are captions, detailed
 * captions and descriptions of regions. A side without images is GACLIP_ERROR_EMPTY. events->found
 * is not called. The caller clears *out before it frees the datasets. */
GACLIP_API int gaclip_dataset_leakage(GaclipLeakage *out, const GaclipLeakageSide *train,
                                      const GaclipLeakageSide *test,
                                      const GaclipLeakageOptions *options,
                                      const GaclipDatasetEvents *events, GaclipError *err);
GACLIP_API void gaclip_leakage_clear(GaclipLeakage *leakage);

#ifdef __cplusplus
}
#endif
#endif
