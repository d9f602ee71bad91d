/* Open-vocabulary detection in one image (a tile): proposals, region embeddings, scores. */
#ifndef GACLIP_DETECT_H
#define GACLIP_DETECT_H

#include "gaclip/error.h"
#include "gaclip/image.h"
#include "gaclip/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipDetectOptions {
    float min_score;   /* boxes below are dropped; negative = gaclip_detector_default_score */
    float nms_iou;     /* suppression within a class, inside one image */
    float mix;         /* a of objectness^(1-a) * probability^a */
    int independent;   /* score each class against the background alone */
    int max_proposals; /* kept a model window, by objectness; of the best 2,000 of at least 0.01 */
    int overlap;       /* of neighbouring model windows, pixels; negative = half of one */
    int octaves;      /* coarser scales to look at too, each half as fine; negative = the model's */
    int finer;        /* finer scales to look at too, each twice as fine; negative = the model's */
    int uncalibrated; /* scores as they come, whatever calibration the model has */
    GaclipModel *proposer; /* whose head finds the boxes that the model then scores, borrowed; NULL:
                              the model's own */
    int dense;   /* a GaclipDense, of the map that regions are cut from; negative = the model's */
    int phrases; /* classes are phrases, each asked as it is, and not by the class that the model
                    knows it as (gaclip_model_class_of) */
    int crops;   /* average a region's embedding with that of the box's pixels alone */
} GaclipDetectOptions;

/* Sets the defaults: -1, 0.3, 0.5, 0, 300, -1, -1, -1, 0, NULL, -1, 0, 0. */
GACLIP_API void gaclip_detect_options_init(GaclipDetectOptions *options);

/* A list of classes with their text embeddings, ready for many images. */
typedef struct GaclipDetector GaclipDetector;

/* classes: names or phrases, at least one, none empty. model is borrowed. Where options name a
 * proposer, the image is looked through in that one's windows and scales; the model sees the same
 * windows, resampled to its own side. The model's calibration then holds only where it has no
 * proposal head of its own. */
GACLIP_API int gaclip_detector_new(GaclipDetector **out, GaclipModel *model,
                                   const char *const *classes, int class_count,
                                   const GaclipDetectOptions *options, GaclipError *err);
GACLIP_API void gaclip_detector_free(GaclipDetector *detector);

/* The text that a class was asked with (its name in the model's first template). */
GACLIP_API const char *gaclip_detector_prompt(const GaclipDetector *detector, int class_index);

/* As they were given, with the smallest score that a negative one stands for. */
GACLIP_API const GaclipDetectOptions *gaclip_detector_options(const GaclipDetector *detector);

/* 0.5 where the model's calibration holds, so that about half of the boxes with that score are
 * right; 0.3 where scores stay as they come. */
GACLIP_API float gaclip_detector_default_score(const GaclipDetector *detector);

/* From which score on boxes vote, and are suppressed, where those from min_score on are asked for:
 * 0.1, or min_score where that is less. So min_score chooses among boxes and moves none. */
GACLIP_API float gaclip_voting_score(float min_score);

/* Metres a pixel at which images are to be given; 0 = not known. */
GACLIP_API void gaclip_detector_gsd(double *gsd_min, double *gsd_max,
                                    const GaclipDetector *detector);

/* Side and overlap of the windows that the image is looked through, pixels. At finer scales they
 * overlap by a quarter, and only boxes count there that are whole and no longer than that: of what
 * is larger the image's own scale sees more. They are looked at where a scale before has seen a
 * sign of something that small: an objectness of 0.2, a box of one and a half times that. */
GACLIP_API int gaclip_detector_window(const GaclipDetector *detector);
GACLIP_API int gaclip_detector_overlap(const GaclipDetector *detector);

/* Coarser and finer scales besides the image's own. */
GACLIP_API int gaclip_detector_octaves(const GaclipDetector *detector);
GACLIP_API int gaclip_detector_finer(const GaclipDetector *detector);

/* Side and overlap of the coarsest scale's windows, pixels of the image: a scene is cut into images
 * of at least that side and overlap. */
GACLIP_API int gaclip_detector_span(const GaclipDetector *detector);
GACLIP_API int gaclip_detector_span_overlap(const GaclipDetector *detector);

typedef struct GaclipDetection {
    GaclipBox box; /* pixels of the image */
    int class_index;
    float score; /* objectness^(1-mix) * probability^mix, by the model's calibration */
    float objectness;
    float probability; /* of the class among the asked ones and the background phrases */
    float similarity;  /* cosine of region and class text */
    int is_cut;        /* an inner window edge may have cut the box */
} GaclipDetection;

/* A box closer than this to a window's edge, pixels, may go on behind it. */
#define GACLIP_CUT_DISTANCE 2.0f

/* Share of a cut box that a whole one of its class must cover to replace it. */
#define GACLIP_CUT_COVERED 0.5f

/* Suppression within a class drops a box besides where the smaller of it and a better one shares
 * more than this of its area with the other: a part is no second object, nor is a pair of objects.
 * 1, none, where nms_iou is 1: then every box is to stay. */
GACLIP_API float gaclip_nesting_limit(double nms_iou);

/* Several windows and scales see an object. Where suppression keeps one of their boxes, it moves to
 * the weighted mean of all that it stands for (box voting: Gidaris and Komodakis, 2015, section 6):
 * how much a box of that score weighs, the fourth power, so that poor ones hardly count. Boxes that
 * were cut neither move nor vote. */
GACLIP_API double gaclip_vote_weight(float score);

/* Detects in an image of any size: overlapping windows of the model's own size, at the image's own
 * scale, each finer one, and each coarser one that adds to what one window sees; boxes cut
 * by inner window edges dropped in favour of the window that saw them whole. Masked pixels are
 * filled with the model's mean; windows without valid pixels are skipped; a box must have its
 * centre on valid ground. Per-class suppression, sorted by score, descending. The
 * caller frees *out with free(). *windows (may be NULL) counts model windows run. */
GACLIP_API int gaclip_detect_image(GaclipDetection **out, int *count, int *windows,
                                   GaclipDetector *detector, const GaclipImage *image,
                                   GaclipError *err);

/* The same without merging, in the windows' order, from gaclip_voting_score on: for a caller that
 * merges the images of one scene together. */
GACLIP_API int gaclip_detect_unmerged(GaclipDetection **out, int *count, int *windows,
                                      GaclipDetector *detector, const GaclipImage *image,
                                      GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
