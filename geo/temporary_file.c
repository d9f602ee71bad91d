#include "temporary_file.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gdal_error.h"

/* Seconds without a write; what is kept this way is written in one go. */
enum { LONG_IDLE = 10 };

/* GDAL's file systems in which nothing can be renamed: archives, streams, other servers' files. */
static int is_fixed(const char *path)
{
    static const char *const NAMES[] = {"zip",   "gzip",   "tar",    "7z",      "rar",   "curl",
                                        "stdin", "stdout", "sparse", "subfile", "cached"};
    if (!STARTS_WITH_CI(path, "/vsi")) return 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *rest = path + strlen("/vsi");
        size_t length = strlen(NAMES[i]);
        if (STARTS_WITH_CI(rest, NAMES[i]) && strchr("/?_", rest[length])) return 1;
    }
    return 0;
}

int gaclip__check_output(const char *path, int overwrite, GaclipError *err)
{
    VSIStatBufL info;
    if (!strcmp(path, "-") || is_fixed(path))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: outputs are written beside their place and renamed, which is "
                                "not possible there; write to a folder first",
                                path);
    if (VSIStatExL(path, &info, VSI_STAT_EXISTS_FLAG | VSI_STAT_NATURE_FLAG)) return GACLIP_OK;
    if (VSI_ISDIR(info.st_mode))
        return gaclip_error_set(err, GACLIP_ERROR_EXISTS, "%s: is a folder; name a file", path);
    if (!VSI_ISREG(info.st_mode))
        return gaclip_error_set(err, GACLIP_ERROR_EXISTS, "%s: is no ordinary file; name another",
                                path);
    if (!overwrite)
        return gaclip_error_set(err, GACLIP_ERROR_EXISTS,
                                "%s: exists already; give --overwrite or another name", path);
    return GACLIP_OK;
}

char *gaclip__temporary_name(const char *path)
{
    static atomic_uint number;
    return CPLStrdup(
        CPLSPrintf("%s.%ld-%u.tmp", path, (long)getpid(), atomic_fetch_add(&number, 1)));
}

/* The process in a temporary's name behind "<file>.", or 0 where it is none. */
static long process_of(const char *rest)
{
    char *end = NULL;
    if (*rest < '1' || *rest > '9') return 0;
    errno = 0;
    long process = strtol(rest, &end, 10);
    int is_temporary = *end == '-' && !strcmp(CPLGetExtension(end), "tmp");
    return is_temporary && errno == 0 && (pid_t)process == process ? process : 0;
}

static int is_gone(long process)
{
    return kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static void remove_if_abandoned(const char *temporary, long process)
{
    VSIStatBufL facts;
    if (is_gone(process) && VSIStatL(temporary, &facts) == 0 && VSI_ISREG(facts.st_mode) &&
        time(NULL) - facts.st_mtime > LONG_IDLE)
        VSIUnlink(temporary);
}

void gaclip__remove_abandoned(const char *path)
{
    const char *file = CPLGetFilename(path);
    size_t length = strlen(file);
    if (STARTS_WITH(path, "/vsi")) return;
    char *folder = CPLStrdup(CPLGetPath(path));
    gaclip__gdal_quiet_begin();
    char **names = VSIReadDirEx(*folder ? folder : ".", 0);
    for (char **name = names; name && *name; name++) {
        int is_beside = !strncmp(*name, file, length) && (*name)[length] == '.';
        long process = is_beside ? process_of(*name + length + 1) : 0;
        if (process) remove_if_abandoned(CPLFormFilename(folder, *name, NULL), process);
    }
    gaclip__gdal_quiet_end();
    CSLDestroy(names);
    CPLFree(folder);
}

/* What lies beside temporary goes beside path, in place of what an earlier file had there. */
static int move_side(const char *temporary, const char *path, const char *ending)
{
    VSIStatBufL facts;
    char *from = CPLStrdup(CPLSPrintf("%s%s", temporary, ending));
    char *to = CPLStrdup(CPLSPrintf("%s%s", path, ending));
    if (!VSIStatL(to, &facts)) VSIUnlink(to);
    int status = VSIStatL(from, &facts) ? 0 : VSIRename(from, to);
    CPLFree(from);
    CPLFree(to);
    return status;
}

/* One that GDAL was asked for (TFW=YES); it is named without the raster's extension, so what is
 * there already may be another raster's. */
static int move_world_file(const char *temporary, const char *path)
{
    VSIStatBufL facts;
    char *from = CPLStrdup(CPLResetExtension(temporary, "tfw"));
    int status = VSIStatL(from, &facts) ? 0 : VSIRename(from, CPLResetExtension(path, "tfw"));
    CPLFree(from);
    return status;
}

int gaclip__put_in_place(const char *temporary, const char *path)
{
    static const char *const SIDES[] = {".aux.xml", ".ovr", ".msk"};
    int status = VSIRename(temporary, path);
    for (size_t i = 0; i < sizeof SIDES / sizeof *SIDES && !status; i++)
        status = move_side(temporary, path, SIDES[i]);
    return status ? status : move_world_file(temporary, path);
}
