/* Scores of places that are given rather than found: every patch of a window, and regions. */
#ifndef GACLIP_DENSE_H
#define GACLIP_DENSE_H

#include "gaclip/detect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As gaclip_detector_new, but the model need not have a proposal head: such a detector finds no
 * boxes (GACLIP_ERROR_UNSUPPORTED), it only scores what is given, in the model's own window
 * whatever the options' proposer. */
GACLIP_API int gaclip_scorer_new(GaclipDetector **out, GaclipModel *model,
                                 const char *const *classes, int class_count,
                                 const GaclipDetectOptions *options, GaclipError *err);

/* Patches along a side of a model window; one is gaclip_detector_window / this many pixels. */
GACLIP_API int gaclip_detector_map_side(const GaclipDetector *detector);

/* The dense map of count images of the window's size, against every class: cosines of unit patch
 * embeddings and class texts, and probabilities as in GaclipDetection. Both are (count, side, side,
 * class_count) and may be NULL. */
GACLIP_API int gaclip_detector_dense(float *probability, float *similarity,
                                     GaclipDetector *detector, const GaclipImage *images, int count,
                                     GaclipError *err);

/* Scores one region against every class: box in pixels of window, an image of the window's size;
 * crop the region's own pixels in any size, or NULL. probability and similarity (class_count);
 * *consistency is the cosine of region and crop embedding (section 3.4: 1 - L_VIC), 0 without crop.
 * A box of no area in the window is GACLIP_ERROR_ARGUMENT. */
GACLIP_API int gaclip_detector_align(float *probability, float *similarity, float *consistency,
                                     GaclipDetector *detector, const GaclipImage *window,
                                     const GaclipBox *box, const GaclipImage *crop,
                                     GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
