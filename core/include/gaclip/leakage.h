/* What test data has in common with training data (paper, section 4 and figure 3): copies of
 * images, and texts that say nearly the same. */
#ifndef GACLIP_LEAKAGE_H
#define GACLIP_LEAKAGE_H

#include <stdint.h>

#include "gaclip/compute.h"
#include "gaclip/error.h"
#include "gaclip/image.h"
#include "gaclip/model.h"
#include "gaclip/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is kept of an image to recognise it by, about 6 KiB. Re-encoding, resizing, flipping,
 * quarter turns and cutting change little of it. */
typedef struct GaclipFingerprint GaclipFingerprint;

/* Pixels without data count as they are. The caller frees *out. */
GACLIP_API int gaclip_fingerprint_new(GaclipFingerprint **out, const GaclipImage *image,
                                      GaclipError *err);
GACLIP_API void gaclip_fingerprint_free(GaclipFingerprint *fingerprint);

/* How one image lies on another. */
typedef struct GaclipImageMatch {
    int test, train; /* indices; train -1: nothing comparable */
    double score;    /* structural similarity where they overlap, at most 1: SSIM's contrast and
                        structure terms (Wang et al., 2004), windows weighted by their contrast */
    double test_share, train_share; /* of either's area that the overlap takes */
    int is_flipped;                 /* the test image is a mirror image .. */
    int quarter_turns;              /* .. of left and right, then turned clockwise so often */
} GaclipImageMatch;

typedef struct GaclipImageMatchOptions {
    double score;   /* pairs from this structural similarity on are listed */
    double overlap; /* which at least one of the two must share with the other, of its area */
    int (*progress)(int done, int total, void *payload); /* test images; non-zero stops; or NULL */
    void *payload;
} GaclipImageMatchOptions;

GACLIP_API void gaclip_image_match_options_init(GaclipImageMatchOptions *options);

/* best (test_count): the training image that each test image is most like. *pairs (*pair_count):
 * all pairs from the score on, by test, then train; the caller frees it. Found are copies of the
 * whole image, whatever their size, flipped or turned by quarters or not; parts of it from 70 % of
 * its side on, and most of those from half its side on, in either direction; and images that share
 * the overlap. What shows nothing but even ground is like nothing. */
GACLIP_API int gaclip_match_images(GaclipImageMatch *best, GaclipImageMatch **pairs,
                                   size_t *pair_count, const GaclipFingerprint *const *tests,
                                   int test_count, const GaclipFingerprint *const *trains,
                                   int train_count, const GaclipImageMatchOptions *options,
                                   GaclipCompute *compute, GaclipError *err);

/* The training item that is most like a test item; -1 and 0: none is. */
typedef struct GaclipNearest {
    int train;
    double similarity;
} GaclipNearest;

/* out (test_count): Jaccard similarity of the sets of n-grams of words: what both texts have
 * of what either has. Words are runs of ASCII letters, in any case, digits and bytes above 127; a
 * text shorter than n is one gram. */
GACLIP_API int gaclip_match_texts(GaclipNearest *out, const char *const *tests, int test_count,
                                  const char *const *trains, int train_count, int n,
                                  GaclipError *err);

/* out (test_count): greatest cosine of unit rows (count, width). */
GACLIP_API int gaclip_match_embeddings(GaclipNearest *out, const float *tests, int test_count,
                                       const float *trains, int train_count, int width,
                                       GaclipCompute *compute, GaclipError *err);

/* out (count, E): unit embeddings of texts, equal ones once. */
GACLIP_API int gaclip_embed_texts(float *out, GaclipModel *model, const char *const *texts,
                                  int count, GaclipError *err);

/* out (source->count, E): unit embeddings of whole images, resized and centre-cropped as CLIP does.
 * progress may be NULL; non-zero stops. */
GACLIP_API int gaclip_embed_images(float *out, GaclipModel *model, const GaclipSampleSource *source,
                                   int (*progress)(int done, int total, void *payload),
                                   void *payload, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
