#include "base/atomic_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SUFFIX[] = ".XXXXXX";

static void forget(GaclipAtomicFile *file)
{
    free(file->path);
    free(file->temporary);
    *file = (GaclipAtomicFile){0};
}

/* mkstemp makes files for the owner alone; a new file should follow the umask as fopen's do. */
static void apply_umask(int descriptor)
{
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(descriptor, 0666 & ~mask)) return; /* a file system without modes: as it is */
}

int gaclip__atomic_open(GaclipAtomicFile *file, const char *path, GaclipError *err)
{
    size_t room = strlen(path) + sizeof SUFFIX;
    *file = (GaclipAtomicFile){.path = strdup(path), .temporary = malloc(room)};
    if (!file->path || !file->temporary) {
        forget(file);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    snprintf(file->temporary, room, "%s%s", path, SUFFIX);
    int descriptor = mkstemp(file->temporary);
    if (descriptor >= 0) {
        apply_umask(descriptor);
        file->stream = fdopen(descriptor, "wb");
    }
    if (file->stream) return GACLIP_OK;
    int status = gaclip_error_set(err, GACLIP_ERROR_IO,
                                  "%s: cannot write there (%s); choose a writable folder", path,
                                  strerror(errno));
    if (descriptor >= 0) {
        close(descriptor);
        unlink(file->temporary);
    }
    forget(file);
    return status;
}

int gaclip__atomic_commit(GaclipAtomicFile *file, GaclipError *err)
{
    /* An earlier write may have failed unnoticed: its reason is gone by now. */
    int failed = ferror(file->stream), reason = EIO;
    if (!failed && (fflush(file->stream) || fsync(fileno(file->stream)))) {
        failed = 1;
        reason = errno;
    }
    if (fclose(file->stream) && !failed) {
        failed = 1;
        reason = errno;
    }
    if (!failed && rename(file->temporary, file->path)) {
        failed = 1;
        reason = errno;
    }
    int status = GACLIP_OK;
    if (failed) {
        unlink(file->temporary);
        status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot write (%s)", file->path,
                                  strerror(reason));
    }
    forget(file);
    return status;
}

void gaclip__atomic_abandon(GaclipAtomicFile *file)
{
    if (!file->stream) return;
    fclose(file->stream);
    unlink(file->temporary);
    forget(file);
}
