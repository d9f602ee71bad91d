/* Rows and means of a detection result. */
#ifndef GACLIP_EVAL_DETECT_MEANS_H
#define GACLIP_EVAL_DETECT_MEANS_H

#include "eval/walk.h"

/* Fills rows and means from the images; options->novel must be among the classes. */
int gaclip__detection_sum_up(GaclipDetectionResult *out, const GaclipNames *classes,
                             const GaclipEvalOptions *options, GaclipError *err);

#endif
