/* The captioner of gaclip-dataset build. */
#ifndef GACLIP_CLI_DATASET_CAPTION_H
#define GACLIP_CLI_DATASET_CAPTION_H

#include "gaclip/dataset_caption.h"
#include "gaclip/dataset_describe.h"

typedef struct CaptionRequest {
    GaclipCaptionOptions options; /* url NULL: none is wanted */
    const char *key_variable;     /* of the environment, or NULL */
    GaclipCaptionCounts counts;   /* receives what came of it */
} CaptionRequest;

/* What is wrong with the options, before hours of work hang on them. */
int dataset_caption_check(CaptionRequest *request, int is_describing, GaclipError *err);

/* Asks for texts, with the number of hard negatives, the seed and the rule about places of the
 * descriptions that follow. */
int dataset_caption(GaclipDataset *dataset, CaptionRequest *request,
                    const GaclipDescribeOptions *describing, const GaclipDatasetEvents *events,
                    GaclipError *err);

/* One line. */
void dataset_caption_print(const GaclipCaptionCounts *counts);

#endif
