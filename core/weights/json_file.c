#include "weights/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "base/json_limit.h"

enum { LARGEST_FILE = 64 << 20 };

static int read_bytes(char **out, size_t *size, FILE *stream, GaclipError *err)
{
    struct stat info;
    if (fstat(fileno(stream), &info) || !S_ISREG(info.st_mode))
        return gaclip_error_set(err, GACLIP_ERROR_IO, "is not a regular file");
    if (info.st_size > LARGEST_FILE)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "is too large for a JSON file: %lld MB",
                                (long long)info.st_size >> 20);
    char *bytes = malloc((size_t)info.st_size + 1);
    if (!bytes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *size = fread(bytes, 1, (size_t)info.st_size, stream);
    if (ferror(stream)) {
        free(bytes);
        return gaclip_error_set(err, GACLIP_ERROR_IO, "cannot be read (%s)", strerror(errno));
    }
    *out = bytes;
    return GACLIP_OK;
}

static int parse(cJSON **out, const char *bytes, size_t size, GaclipError *err)
{
    const char *end = NULL;
    if (!gaclip__json_is_modest(bytes, size))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "holds more than %d values",
                                GACLIP__MOST_JSON_VALUES);
    int is_text = !u8_check((const uint8_t *)bytes, size) && !memchr(bytes, 0, size);
    cJSON *json = is_text ? cJSON_ParseWithLengthOpts(bytes, size, &end, 0) : NULL;
    while (json && end < bytes + size && strchr(" \t\r\n", *end)) end++;
    if (!cJSON_IsObject(json) || end != bytes + size) {
        cJSON_Delete(json);
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "is not a JSON object");
    }
    *out = json;
    return GACLIP_OK;
}

static FILE *open_stream(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait */
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (descriptor >= 0 && !stream) close(descriptor);
    return stream;
}

int gaclip__json_read(cJSON **out, const char *path, GaclipError *err)
{
    char *bytes = NULL;
    size_t size = 0;
    *out = NULL;
    FILE *stream = open_stream(path);
    int status =
        stream ? read_bytes(&bytes, &size, stream, err)
               : gaclip_error_set(err, GACLIP_ERROR_IO, "cannot be opened (%s)", strerror(errno));
    if (stream) fclose(stream);
    if (!status) status = parse(out, bytes, size, err);
    if (status) gaclip_error_prefix(err, "%s", path);
    free(bytes);
    return status;
}

char *gaclip__path_in(const char *folder, const char *name)
{
    size_t length = strlen(folder), room = length + strlen(name) + 2;
    char *path = malloc(room);
    if (!path) return NULL;
    int slash = length && folder[length - 1] != '/';
    snprintf(path, room, "%s%s%s", folder, slash ? "/" : "", name);
    return path;
}

char *gaclip__path_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0, room = folder + strlen(name) + 1;
    char *beside = malloc(room);
    if (beside) snprintf(beside, room, "%.*s%s", (int)folder, path, name);
    return beside;
}
