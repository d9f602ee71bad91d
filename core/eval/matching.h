/* Detections of one label matched to the truth and ranked over all images. */
#ifndef GACLIP_EVAL_MATCHING_H
#define GACLIP_EVAL_MATCHING_H

#include "gaclip/eval.h"

/* One detection of the label after matching. */
typedef struct GaclipMatch {
    float score;
    int is_true;         /* or GACLIP_MATCH_IGNORED */
    size_t image, order; /* order: by image, then position */
} GaclipMatch;

/* All detections of a label over all images, ignored ones left out, best first. */
typedef struct GaclipRanking {
    GaclipMatch *matches;
    size_t count;
    int *image_positives; /* (image_count) ordinary truths of the label */
    int positives;        /* their sum */
} GaclipRanking;

/* gaclip_eval_detection's rules, for detections with score >= min_score. Clear *out in any case. */
int gaclip__rank(GaclipRanking *out, const GaclipEvalImage *images, size_t image_count, int label,
                 double iou, float min_score, GaclipError *err);
void gaclip__ranking_clear(GaclipRanking *ranking);

/* Room for the curve of a ranking of at most count matches. */
typedef struct GaclipCurveRoom {
    double *precision; /* made monotone from the right */
    long *found;       /* true ones so far */
} GaclipCurveRoom;

int gaclip__curve_room(GaclipCurveRoom *out, size_t count, GaclipError *err);
void gaclip__curve_room_clear(GaclipCurveRoom *room);

/* Average precisions of a ranking; weights (image_count): how often each image counts; NULL: once.
 * -1 where no ordinary truth is left. */
void gaclip__average_precision(GaclipAP *out, const GaclipRanking *ranking, const int *weights,
                               size_t image_count, GaclipCurveRoom *room);

#endif
