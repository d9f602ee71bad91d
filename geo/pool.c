#include "pool.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CHUNK = 1 << 16, FIRST_TABLE = 256 };

struct GaclipPoolChunk {
    struct GaclipPoolChunk *next;
    size_t size, used;
    max_align_t data[];
};

void *gaclip__pool_bytes(GaclipPool *pool, size_t bytes)
{
    static const size_t ALIGNMENT = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2) return NULL;
    size_t size = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct GaclipPoolChunk *chunk = pool->chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = size > SMALLEST_CHUNK ? size : SMALLEST_CHUNK;
        chunk = calloc(1, sizeof *chunk + room);
        if (!chunk) return NULL;
        chunk->size = room;
        chunk->next = pool->chunks;
        pool->chunks = chunk;
    }
    void *memory = (char *)chunk->data + chunk->used;
    chunk->used += size;
    return memory;
}

/* FNV-1a, 64 bits (Fowler, Noll and Vo). */
static size_t hash(const char *text, size_t length)
{
    uint64_t value = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; i++) value = (value ^ (uint8_t)text[i]) * 0x100000001B3u;
    return (size_t)value;
}

/* The slot that holds the text, or the empty one where it belongs. */
static const char **find_slot(const char **texts, size_t table_size, const char *text,
                              size_t length)
{
    size_t i = hash(text, length) % table_size;
    while (texts[i] && (strncmp(texts[i], text, length) != 0 || texts[i][length] != '\0'))
        i = (i + 1) % table_size;
    return &texts[i];
}

static int grow_table(GaclipPool *pool)
{
    size_t size = pool->table_size ? 2 * pool->table_size : FIRST_TABLE;
    const char **texts = calloc(size, sizeof *texts);
    if (!texts) return 0;
    for (size_t i = 0; i < pool->table_size; i++)
        if (pool->texts[i])
            *find_slot(texts, size, pool->texts[i], strlen(pool->texts[i])) = pool->texts[i];
    free(pool->texts);
    pool->texts = texts;
    pool->table_size = size;
    return 1;
}

const char *gaclip__pool_text(GaclipPool *pool, const char *text, size_t length)
{
    if (2 * (pool->text_count + 1) > pool->table_size && !grow_table(pool)) return NULL;
    const char **slot = find_slot(pool->texts, pool->table_size, text, length);
    if (*slot) return *slot;
    char *copy = gaclip__pool_bytes(pool, length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    pool->text_count++;
    *slot = copy;
    return copy;
}

void gaclip__pool_free(GaclipPool *pool)
{
    while (pool->chunks) {
        struct GaclipPoolChunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
    free(pool->texts);
    *pool = (GaclipPool){0};
}
