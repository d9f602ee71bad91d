/* One item of the review page: pictures, texts, what can be wrong with them. */
#ifndef GACLIP_CLI_DATASET_REVIEW_ITEM_H
#define GACLIP_CLI_DATASET_REVIEW_ITEM_H

#include <stdio.h>

#include "gaclip/review.h"

/* An article element, number counted from 0. */
int review_item_print(FILE *out, const GaclipDataset *dataset, const GaclipReviewItem *item,
                      int number, GaclipError *err);

#endif
