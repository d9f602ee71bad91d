/* Embeddings of boxes in a batch of windows, by the model that scores them. */
#ifndef GACLIP_DETECT_REGIONS_H
#define GACLIP_DETECT_REGIONS_H

#include "detect/detector.h"

typedef struct GaclipRegion {
    int window;      /* its number in the batch */
    GaclipBox box;   /* pixels of that window */
    GaclipBox place; /* pixels of the image, inside it */
} GaclipRegion;

/* The dense maps of planes (count, 3, side, side) of the model's window; mode as in
 * GaclipDetectOptions. */
int gaclip__dense_pass(GaclipVisionPass *pass, GaclipModel *model, int mode, const float *planes,
                       int count, GaclipError *err);

/* Unit embedding (E) of a region of window number n of a pass; box in pixels of a window of that
 * side. */
int gaclip__embed_region(float *out, const GaclipVisionPass *pass, int n, const GaclipBox *box,
                         int side, int embed_dim, GaclipError *err);

/* out (count, E) unit, by the detector's model. seen: the batch in the proposer's pass, whose dense
 * map is used where that is the model itself; else the windows of regions are cut out of scaled and
 * resampled to the model's side. Crops, where they are wanted, come from image. Runs the model,
 * which ends the life of its earlier passes. */
int gaclip__embed_regions(float *out, GaclipDetector *detector, const GaclipRegion *regions,
                          int count, const GaclipVisionPass *seen, const GaclipWindow *windows,
                          const GaclipImage *scaled, const GaclipImage *image, GaclipError *err);

#endif
