/* What reviewers found, and how far they agree. */
#ifndef GACLIP_CLI_DATASET_REVIEW_SUMMARY_H
#define GACLIP_CLI_DATASET_REVIEW_SUMMARY_H

#include "gaclip/error.h"

/* Prints tables, or JSON, of the reviews in those files: one a reviewer, all of one dataset. */
int review_summary_print(const char *const *paths, int count, int json, GaclipError *err);

#endif
