/* A hash table from pairs of token ids to ranks. */
#ifndef GACLIP_TEXT_PAIRS_H
#define GACLIP_TEXT_PAIRS_H

#include <stddef.h>
#include <stdint.h>

typedef struct GaclipPairs {
    uint64_t *keys; /* (capacity) pair + 1, 0 = free */
    int32_t *values;
    size_t count, capacity; /* capacity is a power of two, or 0 */
} GaclipPairs;

static inline uint64_t gaclip__pair(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

/* The place of pair's value, added with value 0 when it is new; NULL when memory is short. The
 * place moves when another pair is added. */
int32_t *gaclip__pairs_place(GaclipPairs *pairs, uint64_t pair);
/* -1 when the pair is not there. */
int32_t gaclip__pairs_find(const GaclipPairs *pairs, uint64_t pair);
void gaclip__pairs_free(GaclipPairs *pairs);

#endif
