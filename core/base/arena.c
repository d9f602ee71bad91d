#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { ALIGNMENT = 64, SMALLEST_CHUNK = 1 << 20 };

struct GaclipArenaChunk {
    struct GaclipArenaChunk *next;
    size_t size, used;
    unsigned char *data;
};

static struct GaclipArenaChunk *add_chunk(GaclipArena *arena, size_t size)
{
    struct GaclipArenaChunk *chunk = calloc(1, sizeof *chunk);
    if (size < SMALLEST_CHUNK) size = SMALLEST_CHUNK;
    if (chunk) chunk->data = aligned_alloc(ALIGNMENT, size);
    if (!chunk || !chunk->data) {
        free(chunk);
        return NULL;
    }
    chunk->size = size;
    if (arena->current) {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    } else {
        arena->first = chunk;
    }
    return chunk;
}

void *gaclip__arena_bytes(GaclipArena *arena, size_t bytes)
{
    if (arena->failed || bytes > SIZE_MAX / 2) {
        arena->failed = 1;
        return NULL;
    }
    size_t size = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size == 0) size = ALIGNMENT;
    struct GaclipArenaChunk *chunk = arena->current;
    while (chunk && chunk->size - chunk->used < size) {
        chunk = chunk->next;
        if (chunk) chunk->used = 0;
    }
    if (!chunk) chunk = add_chunk(arena, size);
    if (!chunk) {
        arena->failed = 1;
        return NULL;
    }
    arena->current = chunk;
    void *memory = chunk->data + chunk->used;
    chunk->used += size;
    return memory;
}

float *gaclip__arena_floats(GaclipArena *arena, size_t count)
{
    return gaclip__arena_bytes(arena, count > SIZE_MAX / 8 ? SIZE_MAX : count * sizeof(float));
}

int gaclip__arena_check(const GaclipArena *arena, GaclipError *err)
{
    if (!arena->failed) return GACLIP_OK;
    return gaclip_error_set(
        err, GACLIP_ERROR_MEMORY,
        "out of memory for the model's activations; use smaller tiles or batches");
}

void gaclip__arena_reset(GaclipArena *arena)
{
    arena->current = arena->first;
    if (arena->first) arena->first->used = 0;
    arena->failed = 0;
}

GaclipArenaMark gaclip__arena_mark(const GaclipArena *arena)
{
    return (GaclipArenaMark){arena->current, arena->current ? arena->current->used : 0};
}

void gaclip__arena_release(GaclipArena *arena, GaclipArenaMark mark)
{
    if (!mark.chunk) {
        gaclip__arena_reset(arena);
        return;
    }
    arena->current = mark.chunk;
    mark.chunk->used = mark.used;
    arena->failed = 0;
}

size_t gaclip__arena_used(const GaclipArena *arena)
{
    size_t bytes = 0;
    for (const struct GaclipArenaChunk *chunk = arena->first; chunk; chunk = chunk->next) {
        bytes += chunk->used;
        if (chunk == arena->current) break;
    }
    return bytes;
}

void gaclip__arena_free(GaclipArena *arena)
{
    struct GaclipArenaChunk *chunk = arena->first;
    while (chunk) {
        struct GaclipArenaChunk *next = chunk->next;
        free(chunk->data);
        free(chunk);
        chunk = next;
    }
    *arena = (GaclipArena){0};
}
