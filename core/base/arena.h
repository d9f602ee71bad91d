/* Bump allocator for the activations of one pass. */
#ifndef GACLIP_BASE_ARENA_H
#define GACLIP_BASE_ARENA_H

#include <stddef.h>

#include "gaclip/error.h"

/* A zeroed GaclipArena is a valid empty one. After a failed allocation, failed stays set and
 * every later one returns NULL, so that a pass may lay out all its arrays and check once. */
typedef struct GaclipArena {
    struct GaclipArenaChunk *first, *current;
    int failed;
} GaclipArena;

/* count floats, 64-byte aligned, not cleared; NULL when memory is short. */
float *gaclip__arena_floats(GaclipArena *arena, size_t count);
/* The same for any bytes. */
void *gaclip__arena_bytes(GaclipArena *arena, size_t bytes);
/* GACLIP_OK, or GACLIP_ERROR_MEMORY if any allocation since the last reset failed. */
int gaclip__arena_check(const GaclipArena *arena, GaclipError *err);
/* Forgets all allocations, keeps the memory for the next pass. */
void gaclip__arena_reset(GaclipArena *arena);
/* A place to return to: releasing it forgets what was allocated since, and keeps the rest. */
typedef struct GaclipArenaMark {
    struct GaclipArenaChunk *chunk;
    size_t used;
} GaclipArenaMark;
GaclipArenaMark gaclip__arena_mark(const GaclipArena *arena);
void gaclip__arena_release(GaclipArena *arena, GaclipArenaMark mark);
/* Bytes that all allocations since the last reset take. */
size_t gaclip__arena_used(const GaclipArena *arena);
void gaclip__arena_free(GaclipArena *arena);

#endif
