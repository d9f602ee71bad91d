/* Finds 33-bit hashes that differ in at most three bits: one of four groups of their bits is then
 * the same. */
#ifndef GACLIP_EVAL_HASH_INDEX_H
#define GACLIP_EVAL_HASH_INDEX_H

#include "image/fingerprint.h"

enum { GACLIP__HASH_BANDS = 4, GACLIP__NEAR_BITS = 3 };

/* A blob of a training image. */
typedef struct GaclipHashEntry {
    uint64_t hash;
    int image, blob;
} GaclipHashEntry;

typedef struct GaclipHashIndex {
    GaclipHashEntry *entries[GACLIP__HASH_BANDS]; /* by that band of their hashes */
    int *first[GACLIP__HASH_BANDS];               /* of each value; one more at the end */
} GaclipHashIndex;

/* All blobs of images (count). The caller clears *out. */
int gaclip__hash_index_init(GaclipHashIndex *out, const GaclipFingerprint *const *images, int count,
                            GaclipError *err);
void gaclip__hash_index_clear(GaclipHashIndex *index);

/* Calls found once for every entry near to the hash. */
typedef void GaclipHashFound(const GaclipHashEntry *entry, void *payload);
void gaclip__hash_index_find(const GaclipHashIndex *index, uint64_t hash, GaclipHashFound *found,
                             void *payload);

#endif
