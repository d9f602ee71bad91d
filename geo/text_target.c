#include "text_target.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static void forget(GaclipTextTarget *target)
{
    CPLFree(target->path);
    CPLFree(target->unfinished);
    *target = (GaclipTextTarget){0};
}

static int refuse(GaclipTextTarget *target, const char *what, GaclipError *err)
{
    int status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: %s (%s)", target->path, what,
                                  errno ? strerror(errno) : "no reason is known");
    if (target->unfinished) VSIUnlink(target->unfinished);
    forget(target);
    return status;
}

int gaclip__text_open(GaclipTextTarget *target, const char *path, GaclipError *err)
{
    const char *folder = CPLGetPath(path), *name = CPLGetFilename(path);
    const char *hidden = CPLSPrintf(".%s.%ld", name, (long)getpid());
    *target = (GaclipTextTarget){.path = CPLStrdup(path)};
    target->unfinished = CPLStrdup(CPLFormFilename(*folder ? folder : NULL, hidden, NULL));
    errno = 0;
    target->file = VSIFOpenL(target->unfinished, "wb");
    if (target->file) return GACLIP_OK;
    CPLFree(target->unfinished);
    target->unfinished = NULL;
    return refuse(target, "cannot be written; choose a folder that exists and is yours", err);
}

void gaclip__text_put(GaclipTextTarget *target, const char *text)
{
    size_t length = strlen(text);
    if (VSIFWriteL(text, 1, length, target->file) != length) target->failed = 1;
}

int gaclip__text_commit(GaclipTextTarget *target, GaclipError *err)
{
    errno = 0;
    if (VSIFCloseL(target->file) || target->failed)
        return refuse(target, "cannot be completed; is the disk full?", err);
    if (VSIRename(target->unfinished, target->path))
        return refuse(target, "cannot be put in place", err);
    forget(target);
    return GACLIP_OK;
}
