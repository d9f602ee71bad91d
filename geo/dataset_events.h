/* Findings and progress of the tools for datasets. */
#ifndef GACLIP_GEO_DATASET_EVENTS_H
#define GACLIP_GEO_DATASET_EVENTS_H

#include "gaclip/dataset_tools.h"

/* region -1: of the image as a whole. */
void gaclip__dataset_found(const GaclipDatasetEvents *events, const GaclipDatasetImage *at,
                           int image, int region, const char *format, ...) GACLIP_PRINTF(5, 6);
int gaclip__dataset_progress(const GaclipDatasetEvents *events, int done, int total,
                             GaclipError *err);

#endif
