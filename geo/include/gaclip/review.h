/* Datasets looked at by people: what is put before them, and what they found. */
#ifndef GACLIP_REVIEW_H
#define GACLIP_REVIEW_H

#include <stdint.h>

#include "gaclip/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What of an item can be right or wrong: the rows of the paper's table 1. */
typedef enum GaclipReviewPart {
    GACLIP_REVIEW_CAPTIONS, /* of the whole image, brief and detailed */
    GACLIP_REVIEW_DESCRIPTION,
    GACLIP_REVIEW_NEGATIVES,
    GACLIP_REVIEW_BOX,
    GACLIP_REVIEW_PARTS
} GaclipReviewPart;

/* "captions", "description", "hard_negatives", "box" */
GACLIP_API const char *gaclip_review_part_key(GaclipReviewPart part);

/* The error taxonomy of table 1, and one for all else. */
enum { GACLIP_REVIEW_ERRORS = 9 };
typedef struct GaclipReviewError {
    const char *key, *name, *meaning;
    GaclipReviewPart part; /* GACLIP_REVIEW_PARTS: of the item as a whole */
} GaclipReviewError;

/* error: 0..GACLIP_REVIEW_ERRORS-1 */
GACLIP_API const GaclipReviewError *gaclip_review_error(int error);

/* What is judged at once. */
typedef struct GaclipReviewItem {
    int image, region;               /* of the dataset; region -1: the captions of the image */
    unsigned parts;                  /* bit of each part that there is */
    const char *source, *class_name; /* the stratum, lent by the dataset; "-" where not known */
} GaclipReviewItem;

typedef struct GaclipReviewSampleOptions {
    int count; /* items, at most */
    uint64_t seed;
    const char *split; /* its images alone; NULL = all */
    int regions_alone; /* leave out images that have captions but no regions */
} GaclipReviewSampleOptions;

/* A stratified sample: as many items of each source as of the others, and within a source of each
 * class (of the region, or the scene of an image without regions), as far as there are any. An
 * item of a smaller sample is in a larger one of the same seed, too. Nothing to review is
 * GACLIP_ERROR_EMPTY. The caller frees *out with free(). */
GACLIP_API int gaclip_review_sample(GaclipReviewItem **out, int *count,
                                    const GaclipDataset *dataset,
                                    const GaclipReviewSampleOptions *options, GaclipError *err);

/* Where an item is and what it says: reviews of items with equal place and digest are reviews of
 * the same thing. */
typedef struct GaclipReviewIdentity {
    char place[64];  /* "images[3].regions[1]" */
    char digest[17]; /* of the image's name, the box and all texts, hexadecimal */
} GaclipReviewIdentity;

GACLIP_API void gaclip_review_identify(GaclipReviewIdentity *out, const GaclipDataset *dataset,
                                       const GaclipReviewItem *item);

typedef enum GaclipVerdict {
    GACLIP_VERDICT_FAIL,
    GACLIP_VERDICT_PASS,
    GACLIP_VERDICT_NONE
} GaclipVerdict;

typedef struct GaclipReviewAnswer {
    const char *place, *digest, *image, *source, *class_name, *note; /* note NULL: none */
    unsigned parts, errors; /* bits of parts and of error kinds */
    GaclipVerdict verdict;  /* NONE: not judged; FAIL has errors, the others have none */
} GaclipReviewAnswer;

/* What one reviewer saved from the page (docs/review.schema.json). */
typedef struct GaclipReview {
    const char *path, *dataset, *reviewer;
    const GaclipReviewAnswer *answers; /* (count) */
    int count;
} GaclipReview;

/* Messages name the file and the place in it. The caller frees *out, which lends its texts. */
GACLIP_API int gaclip_review_read(GaclipReview **out, const char *path, GaclipError *err);
GACLIP_API void gaclip_review_free(GaclipReview *review);

#ifdef __cplusplus
}
#endif
#endif
