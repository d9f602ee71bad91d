#include "relative_path.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Length of what two absolute folder names have in common, up to and with a slash. */
static size_t common_part(const char *a, const char *b)
{
    size_t common = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/') common = i + 1;
    return common;
}

static char *from_folder(const char *path, const char *folder)
{
    char *base = CPLStrdup(CPLSPrintf("%s/", strcmp(folder, "/") ? folder : ""));
    size_t common = common_part(path, base);
    size_t up = 0;
    for (const char *c = base + common; *c; c++) up += *c == '/';
    char *out = CPLMalloc(3 * up + strlen(path + common) + 1), *end = out;
    for (size_t i = 0; i < up; i++) end = stpcpy(end, "../");
    strcpy(end, path + common);
    CPLFree(base);
    return out;
}

/* Links on the way to a file are followed, but the file itself may be one: what lies beside it
 * belongs to it. NULL where nothing is there; free with free(). */
static char *absolute_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *target = realpath(path, NULL);
    if (!target || !*name || !strcmp(name, ".") || !strcmp(name, "..")) return target;
    char *folder = CPLStrdup(slash ? path : ".");
    if (slash) folder[slash == path ? 1 : slash - path] = '\0';
    char *where = realpath(folder, NULL), *out = NULL;
    if (where) out = strdup(CPLSPrintf("%s/%s", strcmp(where, "/") ? where : "", name));
    CPLFree(folder);
    free(target);
    free(where);
    return out;
}

char *gaclip__relative_path(const char *path, const char *folder)
{
    char *file = STARTS_WITH(path, "/vsi") ? NULL : absolute_path(path);
    char *base = file ? realpath(folder, NULL) : NULL;
    char *out = base ? from_folder(file, base) : CPLStrdup(path);
    free(file);
    free(base);
    return out;
}
