#include "eval/hash_index.h"

#include <stdlib.h>
#include <string.h>

enum { BAND_BITS = 9, VALUES = 1 << BAND_BITS };

/* Four bands of 9, 8, 8 and 8 bits. */
static unsigned band_of(uint64_t hash, int band)
{
    int shift = band ? 1 + 8 * band : 0;
    return (unsigned)(hash >> shift) & (band ? 0xFFu : 0x1FFu);
}

static int is_near(uint64_t difference)
{
    for (int i = 0; i < GACLIP__NEAR_BITS; i++) difference &= difference - 1;
    return difference == 0;
}

static void count_values(int *first, const GaclipFingerprint *const *images, int count, int band)
{
    for (int i = 0; i < count; i++)
        for (int b = 0; b < images[i]->blob_count; b++)
            first[band_of(images[i]->blobs[b].hash, band) + 1]++;
    for (int v = 0; v < VALUES; v++) first[v + 1] += first[v];
}

/* Counting sort: in the order of images within a value. */
static int fill_band(GaclipHashIndex *index, const GaclipFingerprint *const *images, int count,
                     int band, GaclipError *err)
{
    int next[VALUES];
    int *first = index->first[band] = calloc(VALUES + 1, sizeof *first);
    if (!first) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    count_values(first, images, count, band);
    memcpy(next, first, sizeof next);
    GaclipHashEntry *entries = malloc(((size_t)first[VALUES] + 1) * sizeof *entries);
    index->entries[band] = entries;
    if (!entries) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++)
        for (int b = 0; b < images[i]->blob_count; b++) {
            uint64_t hash = images[i]->blobs[b].hash;
            entries[next[band_of(hash, band)]++] = (GaclipHashEntry){hash, i, b};
        }
    return GACLIP_OK;
}

int gaclip__hash_index_init(GaclipHashIndex *out, const GaclipFingerprint *const *images, int count,
                            GaclipError *err)
{
    int status = GACLIP_OK;
    *out = (GaclipHashIndex){0};
    if (count > INT32_MAX / GACLIP__MOST_BLOBS)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%d training images are more than can be compared at once", count);
    for (int band = 0; band < GACLIP__HASH_BANDS && !status; band++)
        status = fill_band(out, images, count, band, err);
    if (status) gaclip__hash_index_clear(out);
    return status;
}

void gaclip__hash_index_clear(GaclipHashIndex *index)
{
    for (int band = 0; band < GACLIP__HASH_BANDS; band++) {
        free(index->entries[band]);
        free(index->first[band]);
    }
    *index = (GaclipHashIndex){0};
}

void gaclip__hash_index_find(const GaclipHashIndex *index, uint64_t hash, GaclipHashFound *found,
                             void *payload)
{
    for (int band = 0; band < GACLIP__HASH_BANDS; band++) {
        unsigned value = band_of(hash, band);
        const GaclipHashEntry *end = index->entries[band] + index->first[band][value + 1];
        for (const GaclipHashEntry *e = index->entries[band] + index->first[band][value]; e < end;
             e++) {
            int is_first = is_near(e->hash ^ hash); /* no earlier band has shown it */
            for (int b = 0; b < band && is_first; b++)
                is_first = band_of(e->hash, b) != band_of(hash, b);
            if (is_first) found(e, payload);
        }
    }
}
