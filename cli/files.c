#include "files.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_LINE = 4096, MOST_LINES = 100000, MOST_NAMES = 1000 };

int file_check_output(const char *path, int overwrite, GaclipError *err)
{
    struct stat facts;
    if (stat(path, &facts) == 0) {
        if (!S_ISREG(facts.st_mode))
            return gaclip_error_set(err, GACLIP_ERROR_IO,
                                    "%s: is no ordinary file; choose another output", path);
        if (!overwrite)
            return gaclip_error_set(err, GACLIP_ERROR_EXISTS,
                                    "%s: exists already; add --overwrite or choose another output",
                                    path);
    }
    const char *folder = CPLGetPath(path);
    if (*folder == '\0') folder = *path == '/' ? "/" : ".";
    if (stat(folder, &facts) != 0 || !S_ISDIR(facts.st_mode))
        return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: there is no folder %s; create it first",
                                path, folder);
    if (access(folder, W_OK) != 0)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: the folder cannot be written (%s); choose another output",
                                path, strerror(errno));
    return GACLIP_OK;
}

static int is_same(const char *a, const char *b)
{
    struct stat one, other;
    if (!strcmp(a, b)) return 1;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

int file_check_inputs(const char *output, const char *const *inputs, int count, GaclipError *err)
{
    for (int i = 0; i < count; i++)
        if (inputs[i] != NULL && is_same(output, inputs[i]))
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "%s: is an input of this run; name another output", output);
    return GACLIP_OK;
}

static int write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return 0;
        bytes += written;
        size -= (size_t)written;
    }
    return fsync(file) == 0;
}

/* The file that is renamed in the end, under a name that nothing has: a run that was killed may
 * have left one. */
static int open_beside(char **name, const char *path, GaclipError *err)
{
    int file = -1;
    errno = EEXIST;
    for (int i = 0; i < MOST_NAMES && file < 0 && errno == EEXIST; i++) {
        free(*name);
        if (asprintf(name, "%s.%ld-%d.tmp", path, (long)getpid(), i) < 0) {
            *name = NULL;
            return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        }
        file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (file >= 0) return file;
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be created (%s)", *name,
                            strerror(errno));
}

int file_write(const char *path, const char *bytes, size_t size, GaclipError *err)
{
    char *beside = NULL;
    int file = open_beside(&beside, path, err), status = file < 0 ? file : GACLIP_OK;
    if (status == GACLIP_OK) {
        int is_whole = write_all(file, bytes, size);
        if (close(file) != 0 || !is_whole || rename(beside, path) != 0) {
            status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be written (%s)", path,
                                      strerror(errno));
            unlink(beside);
        }
    }
    free(beside);
    return status;
}

/* Blank lines and comments are passed over. */
static int add_line(TextList *lines, const char *line, GaclipError *err)
{
    if (lines->count == 0 && !strncmp(line, "\xEF\xBB\xBF", 3)) line += 3; /* byte order mark */
    while (isspace((unsigned char)*line)) line++;
    size_t length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1])) length--;
    return length == 0 || *line == '#' ? GACLIP_OK : text_list_add(lines, line, length, err);
}

int file_read_lines(TextList *lines, const char *path, GaclipError *err)
{
    VSILFILE *file = VSIFOpenL(path, "rb");
    if (file == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be opened; check the name and its permissions", path);
    int status = GACLIP_OK;
    const char *line;
    CPLErrorReset();
    CPLPushErrorHandler(CPLQuietErrorHandler);
    while (status == GACLIP_OK && (line = CPLReadLine2L(file, LONGEST_LINE, NULL)) != NULL) {
        status = add_line(lines, line, err);
        if (status == GACLIP_OK && lines->count > MOST_LINES)
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                      "%s: more than %d lines; is this a list?", path, MOST_LINES);
    }
    if (status == GACLIP_OK && CPLGetLastErrorType() == CE_Failure)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "%s: a line is longer than %d bytes; is this a text file?", path,
                                  LONGEST_LINE);
    CPLPopErrorHandler();
    VSIFCloseL(file);
    return status;
}

int file_default_output(char **name, const char *source, const char *ending, GaclipError *err)
{
    if (asprintf(name, "%s%s", CPLGetBasename(source), ending) >= 0) return GACLIP_OK;
    *name = NULL;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}
