/* The page on which a dataset is reviewed. */
#ifndef GACLIP_CLI_DATASET_REVIEW_PAGE_H
#define GACLIP_CLI_DATASET_REVIEW_PAGE_H

#include "gaclip/review.h"
#include "progress.h"

typedef struct ReviewPage {
    const char *path;            /* to be written, beside it first and renamed when complete */
    const char *name, *reviewer; /* of the dataset; of the reviewer, or NULL */
    const GaclipDataset *dataset;
    const GaclipReviewItem *items; /* (count) */
    int count;
    const GaclipReviewSampleOptions *sample; /* by which they were drawn */
    Progress *progress;
} ReviewPage;

/* Pictures, texts, style and script in one file, which asks for nothing from outside. */
int review_page_write(const ReviewPage *page, GaclipError *err);

#endif
