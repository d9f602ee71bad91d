/* A model measured on the images of a source: retrieval, classification of images and regions,
 * fine-grained understanding, open-vocabulary detection (paper, section 5).
 *
 * The class of a region is its concept, or else its phrase; the class of an image its scene. Class
 * names are compared without regard to case, blanks, hyphens and underscores: "Basketball court"
 * is "basketball-court". */
#ifndef GACLIP_PROTOCOLS_H
#define GACLIP_PROTOCOLS_H

#include <stdint.h>

#include "gaclip/detect.h"
#include "gaclip/error.h"
#include "gaclip/eval.h"
#include "gaclip/model.h"
#include "gaclip/sample.h"
#include "gaclip/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stands for a region. */
typedef enum GaclipRegionMode {
    GACLIP_REGION_ROI,  /* v_r: RoIAlign on the dense map */
    GACLIP_REGION_CROP, /* v_crop: the box's pixels alone, squashed to the model's side */
    GACLIP_REGION_BOTH  /* the mean of the two unit vectors */
} GaclipRegionMode;

/* What the dense map of a region is made from. */
typedef enum GaclipRegionView {
    GACLIP_VIEW_IMAGE, /* the whole image, squashed to the model's side (as FG-CLIP does) */
    GACLIP_VIEW_WINDOW /* a window of the model's side around the region, or as large as the region
                          is and then squashed: the scale at which detection looks */
} GaclipRegionView;

typedef struct GaclipEvalOptions {
    int limit;                  /* at most so many images, spread evenly over the source; 0 = all */
    const char *const *classes; /* (class_count) candidates; NULL: those that the source shows */
    int class_count;
    GaclipRegionMode mode;
    GaclipRegionView view;
    const char *const *novel; /* (novel_count) classes left out of the model's box training */
    int novel_count;
    double iou;                 /* from which a detection counts as right */
    double min_score;           /* for counts; negative = the detector's default; average precision
                                   takes all from the floor on */
    GaclipDetectOptions detect; /* its min_score is that floor */
    int resamples;              /* of the confidence intervals; 0 = none */
    uint64_t seed;
    int (*progress)(int done, int total, void *payload); /* images; non-zero stops; may be NULL */
    void *payload;
} GaclipEvalOptions;

/* Sets the defaults: all images, RoI, whole image, IoU 0.5, score -1, floor 0.001, 1,000
 * resamples, seed 1. */
GACLIP_API void gaclip_eval_options_init(GaclipEvalOptions *options);

/* Captions are taken as they are, images resized and centre-cropped as CLIP does. Images without
 * captions take no part. */
typedef struct GaclipRetrieval {
    GaclipRecall recall;
    int images, captions;
    int *samples;       /* (images) index in the source */
    int *image_rank;    /* (images) of the best own caption, 0 = first */
    int *image_best;    /* (images) the caption that came first */
    int *caption_rank;  /* (captions) of the own image */
    int *caption_best;  /* (captions) the image that came first */
    int *caption_image; /* (captions) */
    const char **texts; /* (captions) lent by the source */
} GaclipRetrieval;

/* The caller clears *out. */
GACLIP_API int gaclip_eval_retrieval(GaclipRetrieval *out, GaclipModel *model,
                                     const GaclipSampleSource *source,
                                     const GaclipEvalOptions *options, GaclipError *err);
GACLIP_API void gaclip_retrieval_clear(GaclipRetrieval *result);

/* One question and its answer. */
enum { GACLIP_TOP = 5 };
typedef struct GaclipAnswer {
    int sample, region; /* indices in the source and in the sample; region -1: the image */
    int truth, rank;    /* the right candidate; candidates that came before it */
    int candidates;
    int top[GACLIP_TOP];      /* best candidates; -1 behind the last */
    float cosine[GACLIP_TOP]; /* of those */
    float truth_cosine;
} GaclipAnswer;

typedef struct GaclipAccuracy {
    int images, skipped;   /* with a question; questions without a class or a box to ask */
    GaclipAnswer *answers; /* (answer_count) in the source's order */
    int answer_count;
    const char **classes; /* (class_count) sorted; NULL: every answer has its own candidates */
    int class_count;
    GaclipInterval top1, top5; /* percent */
    double chance1, chance5;   /* percent, of guessing */
    double class_mean;         /* mean over classes of top1; -1 without classes */
} GaclipAccuracy;

/* Scenes: cosine of the image with the unit mean of a class's embeddings in the model's templates.
 * Images as for retrieval. The caller clears *out; class names are lent by source or options. */
GACLIP_API int gaclip_eval_classify(GaclipAccuracy *out, GaclipModel *model,
                                    const GaclipSampleSource *source,
                                    const GaclipEvalOptions *options, GaclipError *err);

/* The same for every annotated box. */
GACLIP_API int gaclip_eval_regions(GaclipAccuracy *out, GaclipModel *model,
                                   const GaclipSampleSource *source,
                                   const GaclipEvalOptions *options, GaclipError *err);

/* Every region that has hard negatives: its description (candidate 0) against them (1, 2, ..).
 * Equal cosines count against the description, so that a blind model scores nothing. */
GACLIP_API int gaclip_eval_fine_grained(GaclipAccuracy *out, GaclipModel *model,
                                        const GaclipSampleSource *source,
                                        const GaclipEvalOptions *options, GaclipError *err);
/* Questions about one class, and how many had it first and among the first five. */
typedef struct GaclipClassCount {
    int asked, top1, top5;
} GaclipClassCount;
GACLIP_API GaclipClassCount gaclip_accuracy_of_class(const GaclipAccuracy *result, int class_index);

GACLIP_API void gaclip_accuracy_clear(GaclipAccuracy *result);

typedef struct GaclipDetectionRow {
    const char *name; /* lent by source or options */
    int is_novel;
    GaclipAP ap; /* at options->iou */
    GaclipInterval voc11;
    double coco;
    GaclipCounts counts;
} GaclipDetectionRow;

typedef struct GaclipDetectionMean {
    int classes; /* with ordinary truth; the means are -1 where there is none */
    GaclipInterval voc11;
    double all_point, coco;
} GaclipDetectionMean;

typedef struct GaclipDetectionResult {
    GaclipDetectionRow *rows; /* (row_count) one a class, sorted */
    int row_count;
    GaclipDetectionMean all, base, novel;
    GaclipEvalImage *images;           /* (image_count) what was there and what was found */
    int *samples;                      /* (image_count) index in the source */
    int image_count, skipped, windows; /* skipped: not annotated in full */
    double min_score;                  /* from which the counts are */
} GaclipDetectionResult;

/* Objects of annotated images, searched with gaclip_detect_image, all classes asked together. The
 * caller clears *out. */
GACLIP_API int gaclip_eval_detect(GaclipDetectionResult *out, GaclipModel *model,
                                  const GaclipSampleSource *source,
                                  const GaclipEvalOptions *options, GaclipError *err);
GACLIP_API void gaclip_detection_result_clear(GaclipDetectionResult *result);

/* A published division of a data set's classes. */
typedef struct GaclipClassSplit {
    const char *name, *source;
    const char *const *base, *const *novel;
    int base_count, novel_count;
} GaclipClassSplit;

/* "dior" (CastDet: 16 + 4), "dota" (v1.0: 13 + 2), in any case; NULL: there is no such one. */
GACLIP_API const GaclipClassSplit *gaclip_class_split_find(const char *name);
/* Split number i, or NULL behind the last. */
GACLIP_API const GaclipClassSplit *gaclip_class_split_at(int i);

#ifdef __cplusplus
}
#endif
#endif
