/* How alike two thumbnails are where one lies on the other. */
#ifndef GACLIP_IMAGE_ALIGNMENT_H
#define GACLIP_IMAGE_ALIGNMENT_H

#include "image/fingerprint.h"

/* train = offset + matrix test, in thumbnail pixels. matrix scales, flips and transposes. */
typedef struct GaclipPlacement {
    double matrix[4];
    double x, y;
} GaclipPlacement;

typedef struct GaclipAlignment {
    GaclipPlacement placement;
    double score;                   /* as in GaclipImageMatch; -1: they share too little */
    double test_share, train_share; /* of either's area */
} GaclipAlignment;

/* The placement that lays one patch, with its orientation, on the other. */
GaclipPlacement gaclip__place(const GaclipPatch *test, const GaclipPatch *train);

/* Compares at this very placement; overlap as in GaclipImageMatchOptions. Half the samples each way
 * where is_coarse. */
void gaclip__align(GaclipAlignment *out, const GaclipFingerprint *test,
                   const GaclipFingerprint *train, const GaclipPlacement *placement, double overlap,
                   int is_coarse);

/* Shifts and scales by little until nothing makes the score better. */
void gaclip__align_closely(GaclipAlignment *out, const GaclipFingerprint *test,
                           const GaclipFingerprint *train, const GaclipPlacement *placement,
                           double overlap);

#endif
