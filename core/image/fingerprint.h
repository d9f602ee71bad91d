/* What an image is recognised by: a thumbnail, a perceptual hash of all of it and hashes of its
 * blobs' surroundings. */
#ifndef GACLIP_IMAGE_FINGERPRINT_H
#define GACLIP_IMAGE_FINGERPRINT_H

#include "gaclip/leakage.h"

enum {
    GACLIP__THUMBNAIL_SIDE = 64, /* of the longer side */
    GACLIP__MOST_BLOBS = 80,
    GACLIP__HASH_BITS = 33,
    GACLIP__ORIENTATIONS = 8
};

/* A square or rectangle of the thumbnail and its hash. Of a blob the hash is that of the pattern
 * flipped and transposed by `orientation` into a form that all eight ways to lay it share. */
typedef struct GaclipPatch {
    float x, y, half_width, half_height; /* thumbnail pixels */
    int orientation;                     /* see gaclip__orient */
    uint64_t hash;
} GaclipPatch;

struct GaclipFingerprint {
    int width, height;                    /* of the thumbnail */
    uint8_t *grey;                        /* (height, width) */
    uint64_t whole[GACLIP__ORIENTATIONS]; /* hash of all of it, laid in each way */
    int blob_count;
    GaclipPatch blobs[GACLIP__MOST_BLOBS];
};

/* The eight ways to lay a square: first transposed where bit 2 is set, then flipped from left to
 * right (bit 0) and from top to bottom (bit 1). matrix maps offsets from the middle. */
void gaclip__orient(double matrix[4], int orientation);

#endif
