/* Memory that is given back all at once, and texts of which one copy is kept. */
#ifndef GACLIP_GEO_POOL_H
#define GACLIP_GEO_POOL_H

#include <stddef.h>

/* A zeroed GaclipPool is a valid empty one. */
typedef struct GaclipPool {
    struct GaclipPoolChunk *chunks;
    const char **texts; /* (table_size) hash table with open addressing */
    size_t table_size, text_count;
} GaclipPool;

/* Zeroed bytes, aligned for any type; NULL when memory is short. */
void *gaclip__pool_bytes(GaclipPool *pool, size_t bytes);
/* The pool's one copy of a text of length bytes, so that equal texts have equal pointers; NULL when
 * memory is short. */
const char *gaclip__pool_text(GaclipPool *pool, const char *text, size_t length);
void gaclip__pool_free(GaclipPool *pool);

#endif
