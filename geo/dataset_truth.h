/* Whether generated texts say what is there. */
#ifndef GACLIP_GEO_DATASET_TRUTH_H
#define GACLIP_GEO_DATASET_TRUTH_H

#include "dataset.h"
#include "dataset_events.h"

/* Reads the claims of the captions, descriptions and hard negatives out of their words and measures
 * anew. Texts that are not of the grammar are taken for people's and left alone. */
int gaclip__dataset_check_truth(const GaclipDataset *dataset, int image, const GaclipImage *pixels,
                                const GaclipDatasetEvents *events, GaclipError *err);

#endif
