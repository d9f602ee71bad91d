#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a temporary name: the process, and a number where it has others beside it. */
enum { SUFFIX_ROOM = 40, MOST_NAMES = 10000 };

static void forget(GaclipAtomicFile *file)
{
    free(file->path);
    free(file->temporary);
    *file = (GaclipAtomicFile){0};
}

/* As mkstemp, but with the rights that fopen gives; to ask for the umask is to change it, for other
 * threads too. */
static int open_new(GaclipAtomicFile *file, size_t room)
{
    int descriptor = -1;
    errno = EEXIST;
    for (int i = 0; i < MOST_NAMES && descriptor < 0 && errno == EEXIST; i++) {
        snprintf(file->temporary, room, "%s.%ld-%d", file->path, (long)getpid(), i);
        descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    return descriptor;
}

int gaclip__atomic_open(GaclipAtomicFile *file, const char *path, GaclipError *err)
{
    size_t room = strlen(path) + SUFFIX_ROOM;
    *file = (GaclipAtomicFile){.path = strdup(path), .temporary = malloc(room)};
    if (!file->path || !file->temporary) {
        forget(file);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    int descriptor = open_new(file, room);
    if (descriptor >= 0) file->stream = fdopen(descriptor, "wb");
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
