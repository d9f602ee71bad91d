#include "text/pairs.h"

#include <stdlib.h>
#include <string.h>

/* Fibonacci hashing (Knuth, volume 3, section 6.4) over the mixed halves. */
static size_t slot_of(const GaclipPairs *pairs, uint64_t key)
{
    uint64_t hash = (key ^ key >> 29) * 0x9E3779B97F4A7C15u;
    size_t slot = (size_t)(hash >> 20) & (pairs->capacity - 1);
    while (pairs->keys[slot] && pairs->keys[slot] != key) slot = (slot + 1) & (pairs->capacity - 1);
    return slot;
}

static int grow(GaclipPairs *pairs)
{
    GaclipPairs larger = {.count = pairs->count,
                          .capacity = pairs->capacity ? 2 * pairs->capacity : 1024};
    larger.keys = calloc(larger.capacity, sizeof *larger.keys);
    larger.values = calloc(larger.capacity, sizeof *larger.values);
    if (!larger.keys || !larger.values) {
        gaclip__pairs_free(&larger);
        return 0;
    }
    for (size_t i = 0; i < pairs->capacity; i++)
        if (pairs->keys[i]) {
            size_t slot = slot_of(&larger, pairs->keys[i]);
            larger.keys[slot] = pairs->keys[i];
            larger.values[slot] = pairs->values[i];
        }
    gaclip__pairs_free(pairs);
    *pairs = larger;
    return 1;
}

int32_t *gaclip__pairs_place(GaclipPairs *pairs, uint64_t pair)
{
    if (2 * pairs->count >= pairs->capacity && !grow(pairs)) return NULL;
    size_t slot = slot_of(pairs, pair + 1);
    if (!pairs->keys[slot]) {
        pairs->keys[slot] = pair + 1;
        pairs->count++;
    }
    return &pairs->values[slot];
}

int32_t gaclip__pairs_find(const GaclipPairs *pairs, uint64_t pair)
{
    if (!pairs->capacity) return -1;
    size_t slot = slot_of(pairs, pair + 1);
    return pairs->keys[slot] ? pairs->values[slot] : -1;
}

void gaclip__pairs_free(GaclipPairs *pairs)
{
    free(pairs->keys);
    free(pairs->values);
    *pairs = (GaclipPairs){0};
}
