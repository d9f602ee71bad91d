#include "weights/shard_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/json_file.h"

enum { MOST_SHARDS = 4096 };

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* names (one a tensor) lent by the map, ordered, each once. */
static int list_names(const char **names, size_t *count, const cJSON *map, GaclipError *err)
{
    const cJSON *item;
    size_t all = 0;
    cJSON_ArrayForEach(item, map)
    {
        const char *name = cJSON_GetStringValue(item);
        if (!name || !*name || strchr(name, '/') || !strcmp(name, "..") || !strcmp(name, "."))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "its weight_map names \"%.60s\", which is no file beside it",
                                    name ? name : "something not a text");
        names[all++] = name;
    }
    qsort(names, all, sizeof *names, by_text);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (i == 0 || strcmp(names[i - 1], names[i])) names[(*count)++] = names[i];
    if (*count == 0 || *count > MOST_SHARDS)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its weight_map names %zu files", *count);
    return GACLIP_OK;
}

static int visit_all(const char *index_path, const char *const *names, size_t count,
                     GaclipShardVisit *visit, void *payload, GaclipError *err)
{
    int status = GACLIP_OK;
    for (size_t i = 0; i < count && !status; i++) {
        char *path = gaclip__path_beside(index_path, names[i]);
        status = path ? visit(path, payload, err)
                      : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        free(path);
    }
    return status;
}

int gaclip__shards_visit(const char *index_path, GaclipShardVisit *visit, void *payload,
                         GaclipError *err)
{
    cJSON *json;
    int status = gaclip__json_read(&json, index_path, err);
    if (status) return status;
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(json, "weight_map");
    size_t count = 0, room = cJSON_IsObject(map) ? (size_t)cJSON_GetArraySize(map) : 0;
    const char **names = calloc(room + 1, sizeof *names);
    if (!names)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    else if (!cJSON_IsObject(map))
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "%s: has no \"weight_map\": not an index of weights", index_path);
    else if ((status = list_names(names, &count, map, err)) != GACLIP_OK)
        gaclip_error_prefix(err, "%s", index_path);
    else
        status = visit_all(index_path, names, count, visit, payload, err);
    free(names);
    cJSON_Delete(json);
    return status;
}
