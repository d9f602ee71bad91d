#include "text_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The list grows at powers of two. */
static int reserve(GaclipTextSet *set)
{
    size_t count = (size_t)set->count;
    if (count & (count - 1)) return 1;
    void *items =
        realloc((void *)(uintptr_t)set->items, (count ? 2 * count : 1) * sizeof *set->items);
    if (items) set->items = items;
    return items != NULL;
}

void gaclip__text_set_add(GaclipTextSet *set, const char *text)
{
    size_t before = set->pool.text_count;
    if (!text) return;
    const char *kept = gaclip__pool_text(&set->pool, text, strlen(text));
    if (kept && set->pool.text_count == before) return;
    if (kept && reserve(set))
        set->items[set->count++] = kept;
    else
        set->failed = 1;
}

void gaclip__text_set_free(GaclipTextSet *set)
{
    gaclip__pool_free(&set->pool);
    free((void *)(uintptr_t)set->items);
    *set = (GaclipTextSet){0};
}
