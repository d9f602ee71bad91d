/* From what a request asks to how a detector goes about it. */
#ifndef GACLIP_GEO_REQUEST_OPTIONS_H
#define GACLIP_GEO_REQUEST_OPTIONS_H

#include "gaclip/detect.h"
#include "gaclip/request.h"

/* All but the smallest score and the proposer, which are the detector's owner's to choose. */
void gaclip__request_options(GaclipDetectOptions *options, const GaclipRequest *request);

#endif
