#include "file_key.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>

#include "gdal_error.h"

cJSON *gaclip__file_key(const char *path)
{
    VSIStatBufL facts;
    cJSON *key = cJSON_CreateArray();
    cJSON_AddItemToArray(key, cJSON_CreateString(CPLGetFilename(path)));
    gaclip__gdal_quiet_begin();
    int is_there = VSIStatL(path, &facts) == 0;
    gaclip__gdal_quiet_end();
    if (!is_there) return key;
    cJSON_AddItemToArray(key, cJSON_CreateNumber((double)facts.st_size));
    cJSON_AddItemToArray(key, cJSON_CreateNumber((double)facts.st_mtime));
    return key;
}

/* Statistics change nothing that is inferred; what else such a file may hold is in the raster's
 * own properties. */
static int is_statistics(const char *path)
{
    return EQUAL(CPLGetExtension(path), "xml") &&
           EQUAL(CPLGetExtension(CPLGetBasename(path)), "aux");
}

cJSON *gaclip__raster_files_key(char *const *files, const char *raster)
{
    cJSON *key = cJSON_CreateArray();
    for (int i = 0; files && files[i]; i++)
        if (!is_statistics(files[i])) cJSON_AddItemToArray(key, gaclip__file_key(files[i]));
    if (!files) cJSON_AddItemToArray(key, cJSON_CreateString(raster));
    return key;
}
