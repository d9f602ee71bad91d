/* Images that are the same to the byte. */
#ifndef GACLIP_GEO_DATASET_DIGEST_H
#define GACLIP_GEO_DATASET_DIGEST_H

#include <nettle/md5.h>

#include "gaclip/image.h"

typedef struct GaclipDigest {
    uint8_t md5[MD5_DIGEST_SIZE];
    int image; /* the caller's; orders digests that are the same */
} GaclipDigest;

/* Of width and RGB values. */
void gaclip__digest_pixels(GaclipDigest *out, const GaclipImage *pixels);

/* Of all bytes of a file of any of GDAL's file systems; 0 where there is no such file. */
int gaclip__digest_file(GaclipDigest *out, const char *path);

int gaclip__same_digest(const GaclipDigest *a, const GaclipDigest *b);
void gaclip__digests_sort(GaclipDigest *digests, int count);
/* The first of sorted digests that is the same; NULL: there is none. */
const GaclipDigest *gaclip__digest_find(const GaclipDigest *digests, int count,
                                        const GaclipDigest *wanted);

#endif
