/* What a score is worth: the share of the detections of a score that are right, and the curve that
 * makes scores that share (Platt, 1999). */
#ifndef GACLIP_CALIBRATE_H
#define GACLIP_CALIBRATE_H

#include <stddef.h>

#include "gaclip/protocols.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Detections of one class, each right or wrong. */
typedef struct GaclipJudged {
    float *scores;        /* (count) */
    unsigned char *right; /* (count) */
    int *images;          /* (count) */
    size_t count, capacity;
} GaclipJudged;

/* Appends those of a row of result, matched at that IoU; ignored ones are left out. The caller
 * clears *judged in any case. */
GACLIP_API int gaclip_judge(GaclipJudged *judged, const GaclipDetectionResult *result, int row,
                            double iou, GaclipError *err);
/* Appends all of more. */
GACLIP_API int gaclip_judged_add(GaclipJudged *judged, const GaclipJudged *more, GaclipError *err);
GACLIP_API void gaclip_judged_clear(GaclipJudged *judged);

/* Slope and offset that make the scores most likely, with Platt's targets (1999, section 2.2)
 * by Newton's method with a line search (Lin, Lin and Weng, 2007). GACLIP_ERROR_EMPTY where all are
 * right or all wrong, or where a higher score is no better sign. part: 0 or 1, images of that
 * parity alone; -1, all. */
GACLIP_API int gaclip_calibration_fit(GaclipCalibration *out, const GaclipJudged *judged, int part,
                                      GaclipError *err);

enum { GACLIP_RELIABILITY_BINS = 10 };
/* Detections by score, in bins of equal width. */
typedef struct GaclipReliability {
    size_t count[GACLIP_RELIABILITY_BINS];
    double score[GACLIP_RELIABILITY_BINS], right[GACLIP_RELIABILITY_BINS]; /* means, 0 if empty */
    double error; /* mean over detections of |score - right| of their bin (ECE) */
} GaclipReliability;

/* Of scores that by_part calibrates: those of even images by its first, of odd ones by its second
 * member; NULL: as they are. */
GACLIP_API void gaclip_reliability(GaclipReliability *out, const GaclipJudged *judged,
                                   const GaclipCalibration by_part[2]);

#ifdef __cplusplus
}
#endif
#endif
