/* Detection whose output is a .gaclip file with its cached result, for the driver GACLIP. */
#ifndef GACLIP_GEO_REQUEST_OUTPUT_H
#define GACLIP_GEO_REQUEST_OUTPUT_H

#include "gaclip/scene_detect.h"

/* Whether the options ask for such an output, by format or by extension. */
int gaclip__is_request_output(const GaclipSceneDetectOptions *options);

/* As gaclip_scene_detect. After an interruption the cache stays, so that the next run goes on from
 * it. */
int gaclip__detect_to_request(GaclipSceneDetectSummary *summary, const char *scene,
                              GaclipDetector *detector, GaclipModel *model,
                              const char *const *classes, int class_count,
                              const GaclipSceneDetectOptions *options,
                              GaclipSceneProgress *progress, void *payload, GaclipError *err);

#endif
