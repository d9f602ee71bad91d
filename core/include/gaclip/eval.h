/* Metrics of detection and retrieval, suppression (protocols of VOC, COCO, CastDet, RemoteCLIP). */
#ifndef GACLIP_EVAL_H
#define GACLIP_EVAL_H

#include <stddef.h>
#include <stdint.h>

#include "gaclip/error.h"
#include "gaclip/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Greedy suppression within each label: highest score first, ties by lowest index; a box goes
 * when its IoU with a kept one of its label is > iou, so exactly iou stays, or when the smaller of
 * the two shares more than nesting of its area with the other (1: no box goes for that). kept
 * receives the indices in the order picked (room for count), *kept_count their number. labels may
 * be NULL: all the same. */
GACLIP_API int gaclip_nms(int *kept, int *kept_count, const GaclipBox *boxes, const float *scores,
                          const int *labels, int count, float iou, float nesting, GaclipError *err);

/* All boxes of one image (or one scene). */
typedef struct GaclipEvalImage {
    const GaclipBox *truth_boxes;
    const int *truth_labels;
    const unsigned char *truth_difficult; /* NULL: none is */
    int truth_count;
    const GaclipBox *found_boxes;
    const int *found_labels;
    const float *found_scores;
    int found_count;
} GaclipEvalImage;

/* Average precision of one label at one IoU threshold. -1 where there is no ordinary truth. */
typedef struct GaclipAP {
    int positives;    /* ordinary (not difficult) ground truths */
    int found;        /* detections of the label, ignored ones not counted */
    double voc11;     /* mean of interpolated precision at recall 0, .1, .. 1 */
    double all_point; /* area under the monotone precision-recall curve */
    double coco101;   /* mean of interpolated precision at recall 0, .01, .. 1 */
} GaclipAP;

/* Matching: per image and label, detections by score, descending, ties by position; each looks
 * at its best-overlapping truth alone, difficult ones included (ties: the first): IoU < iou is a
 * false positive; a difficult one makes the detection ignored; the first detection of an
 * ordinary one is true, later ones false. Then all images are ranked together (ties: image
 * order, then position). Recall level i/n is reached when n * TP >= i * positives. */
GACLIP_API int gaclip_eval_detection(GaclipAP *out, const GaclipEvalImage *images,
                                     size_t image_count, int label, double iou, GaclipError *err);

/* Precision and recall of the detections with score >= min_score, by the same matching. */
typedef struct GaclipCounts {
    int true_positives, false_positives, false_negatives;
    double precision, recall, f1; /* 0 where undefined */
} GaclipCounts;

GACLIP_API int gaclip_eval_counts(GaclipCounts *out, const GaclipEvalImage *images,
                                  size_t image_count, int label, double iou, float min_score,
                                  GaclipError *err);

enum { GACLIP_MATCH_IGNORED = -1 };

/* The same matching for one image and all its labels: found (found_count) receives 1 where a
 * detection is true, 0 where it is false, GACLIP_MATCH_IGNORED where it hit a difficult truth or
 * scores less than min_score; met (truth_count) whether a truth was found. */
GACLIP_API int gaclip_eval_match(signed char *found, unsigned char *met,
                                 const GaclipEvalImage *image, double iou, float min_score,
                                 GaclipError *err);

/* Mean over IoU 0.50, 0.55, .. 0.95 of coco101; -1 where there is no ordinary truth. */
GACLIP_API int gaclip_eval_coco(double *out, const GaclipEvalImage *images, size_t image_count,
                                int label, GaclipError *err);

/* Precision and recall when every detection down to this score is taken. */
typedef struct GaclipCurvePoint {
    float score;
    double precision, recall;
} GaclipCurvePoint;

/* One point a detection, best score first, ignored ones left out; none where there is no ordinary
 * truth. The caller frees *out with free(). */
GACLIP_API int gaclip_eval_curve(GaclipCurvePoint **out, size_t *count,
                                 const GaclipEvalImage *images, size_t image_count, int label,
                                 double iou, GaclipError *err);

/* A figure and its 95 % confidence interval: percentile bootstrap, whole images drawn anew. low and
 * high are the value itself where no resamples were asked for. */
typedef struct GaclipInterval {
    double value, low, high;
} GaclipInterval;

/* Ranks (0 = best) of the best own caption of each image (-1: it has none) among all captions, and
 * of each caption's image among all images: descending similarity, ties by the lower index.
 * similarity (images, captions); caption_image names each caption's image. */
GACLIP_API int gaclip_retrieval_ranks(int *image_rank, int *caption_rank, const double *similarity,
                                      int images, int captions, const int *caption_image,
                                      GaclipError *err);

/* Recall at 1, 5 and 10, percent. */
enum { GACLIP_RECALLS = 3 };
typedef struct GaclipRecall {
    int images, captions;                         /* queries of either kind */
    GaclipInterval image_to_text[GACLIP_RECALLS]; /* images with an own caption in the top K */
    GaclipInterval text_to_image[GACLIP_RECALLS]; /* captions with their image in the top K */
    GaclipInterval mean;                          /* of the six (mR) */
} GaclipRecall;

GACLIP_API int gaclip_retrieval_recall(GaclipRecall *out, const int *image_rank,
                                       const int *caption_rank, int images, int captions,
                                       const int *caption_image, int resamples, uint64_t seed,
                                       GaclipError *err);

/* K of recall number i: 1, 5, 10. */
GACLIP_API int gaclip_recall_at(int i);

/* Cohen's kappa of two people who judged the same things:
 *   kappa = (p_o - p_e) / (1 - p_e),  p_e = sum over categories c of  p_first(c) p_second(c),
 * where p_o is the share of things on which they agree and p_e the share that they would agree on
 * by chance, from how often each gives each category. 1: full agreement; 0: as by chance; below 0:
 * less. Not defined where p_e is 1, as when both gave one and the same judgement throughout, and
 * without anything judged. */
typedef struct GaclipAgreement {
    int count, agreed; /* things, and those with equal judgements */
    int is_defined;
    double kappa;       /* 0 where it is not defined */
    const char *reason; /* why it is not; else NULL */
} GaclipAgreement;

/* first, second (count): categories 0..categories-1. */
GACLIP_API int gaclip_eval_agreement(GaclipAgreement *out, const int *first, const int *second,
                                     int count, int categories, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
