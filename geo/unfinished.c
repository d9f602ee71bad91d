#include "unfinished.h"

#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gdal_error.h"
#include "result_cache.h"

/* Seconds of work that a run which is killed may lose. */
static const double KEEP_EVERY = 20;

enum { NAME_SIZE = 128 };

/* The first member by which two keys differ, as "options.min_score"; "" where none does. */
static void find_difference(char name[NAME_SIZE], const cJSON *a, const cJSON *b)
{
    const cJSON *item;
    *name = '\0';
    cJSON_ArrayForEach(item, a)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(b, item->string);
        if (cJSON_Compare(item, other, 1)) continue;
        char inner[NAME_SIZE] = "";
        if (cJSON_IsObject(item) && cJSON_IsObject(other)) find_difference(inner, item, other);
        snprintf(name, NAME_SIZE, "%.60s%s%.60s", item->string, *inner ? "." : "", inner);
        return;
    }
    cJSON_ArrayForEach(item, b)
    {
        if (cJSON_GetObjectItemCaseSensitive(a, item->string)) continue;
        snprintf(name, NAME_SIZE, "%.60s", item->string);
        return;
    }
}

static int refuse(const GaclipUnfinished *u, const char *found, GaclipError *err)
{
    char name[NAME_SIZE];
    cJSON *then = cJSON_Parse(found), *now = cJSON_Parse(u->key);
    find_difference(name, then, now);
    cJSON_Delete(then);
    cJSON_Delete(now);
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "%s: was left by a run with other inputs or options (%s); leave "
                            "--resume out to begin anew",
                            u->path, *name ? name : "its tiles");
}

static int take_up(const GaclipUnfinished *u, GaclipTileStore *store, int class_count,
                   GaclipError *err)
{
    VSIStatBufL facts;
    if (VSIStatL(u->path, &facts)) return GACLIP_OK;
    char *found = gaclip__cache_key(u->path);
    int status = GACLIP_OK;
    if (!found)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "%s: is damaged; leave --resume out to begin anew", u->path);
    else if (strcmp(found, u->key) || !gaclip__cache_read(store, u->path, u->key, class_count))
        status = refuse(u, found, err);
    free(found);
    return status;
}

int gaclip__unfinished_open(GaclipUnfinished *u, GaclipTileStore *store, const char *output,
                            const cJSON *key, int class_count, int resume, GaclipError *err)
{
    *u = (GaclipUnfinished){.kept = gaclip__seconds()};
    size_t size = strlen(output) + sizeof ".unfinished";
    u->path = malloc(size);
    u->key = cJSON_PrintUnformatted(key);
    if (!u->path || !u->key) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    snprintf(u->path, size, "%s.unfinished", output);
    return resume ? take_up(u, store, class_count, err) : GACLIP_OK;
}

int gaclip__unfinished_keep(GaclipUnfinished *u, const GaclipTileStore *store, int at_once)
{
    if (!u->key || !store->known || (!at_once && gaclip__seconds() - u->kept < KEEP_EVERY))
        return 0;
    int status = gaclip__cache_write(store, u->path, u->key, NULL);
    u->kept = gaclip__seconds();
    return !status;
}

void gaclip__unfinished_remove(const GaclipUnfinished *u)
{
    gaclip__gdal_quiet_begin();
    VSIUnlink(u->path);
    gaclip__gdal_quiet_end();
}

void gaclip__unfinished_clear(GaclipUnfinished *u)
{
    free(u->path);
    cJSON_free(u->key);
    *u = (GaclipUnfinished){0};
}
