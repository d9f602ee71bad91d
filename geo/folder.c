#include "folder.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdlib.h>
#include <string.h>

static const char *const EXTENSIONS[] = {"jpg", "jpeg", "png", "tif", "tiff", "webp", "bmp", "jp2"};

enum { EXTENSION_COUNT = sizeof EXTENSIONS / sizeof *EXTENSIONS };

int gaclip__is_folder(const char *path)
{
    VSIStatBufL facts;
    return !VSIStatExL(path, &facts, VSI_STAT_EXISTS_FLAG | VSI_STAT_NATURE_FLAG) &&
           VSI_ISDIR(facts.st_mode);
}

int gaclip__is_file(const char *path)
{
    VSIStatBufL facts;
    return !VSIStatExL(path, &facts, VSI_STAT_EXISTS_FLAG | VSI_STAT_NATURE_FLAG) &&
           !VSI_ISDIR(facts.st_mode);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int gaclip__folder_names(char ***out, const char *path, GaclipError *err)
{
    char **all = VSIReadDir(path);
    int count = 0;
    *out = NULL;
    if (!all && gaclip__is_folder(path)) return GACLIP_OK; /* an empty one */
    if (!all)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be listed; check the name and its permissions", path);
    for (int i = 0; all[i]; i++) {
        if (*all[i] == '.')
            CPLFree(all[i]);
        else
            all[count++] = all[i];
    }
    all[count] = NULL;
    if (count) qsort(all, (size_t)count, sizeof *all, compare_names);
    *out = all;
    return GACLIP_OK;
}

char *gaclip__inner_folder(const char *folder, const char *name)
{
    const char *inner = CPLFormFilename(folder, name, NULL);
    return CPLStrdup(gaclip__is_folder(inner) ? inner : folder);
}

int gaclip__is_image_name(const char *name)
{
    const char *extension = CPLGetExtension(name);
    for (int i = 0; i < EXTENSION_COUNT; i++)
        if (EQUAL(extension, EXTENSIONS[i])) return 1;
    return 0;
}

const char *gaclip__find_image(const char *folder, const char *stem)
{
    for (int i = 0; i < EXTENSION_COUNT; i++) {
        const char *path = CPLFormFilename(folder, stem, EXTENSIONS[i]);
        if (gaclip__is_file(path)) return path;
    }
    return NULL;
}
