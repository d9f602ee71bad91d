#include "json_reader.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"

enum { LONGEST_PLACE = 512, LONGEST_LIST = 512 };

static int parse(GaclipJson *root, const char *text, size_t size, GaclipError *err)
{
    const char *end = NULL, *start = size > 2 && !memcmp(text, "\xEF\xBB\xBF", 3) ? text + 3 : text;
    root->value = cJSON_ParseWithLengthOpts(start, size - (size_t)(start - text) + 1, &end, 1);
    if (root->value) return GACLIP_OK;
    int line = 1, column = 1;
    for (const char *c = start; end && c < end; c++) {
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
    }
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "%s: line %d, column %d: is no JSON; the file may be cut off",
                            root->file, line, column);
}

int gaclip__json_open(GaclipJson *root, const char *path, GaclipError *err)
{
    GByte *text = NULL;
    vsi_l_offset size = 0;
    *root = (GaclipJson){.file = path};
    gaclip__gdal_quiet_begin();
    int is_read = VSIIngestFile(NULL, path, &text, &size, -1);
    gaclip__gdal_quiet_end();
    if (!is_read)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be read; check the name and its permissions", path);
    int status = parse(root, (const char *)text, (size_t)size, err);
    CPLFree(text);
    return status;
}

void gaclip__json_close(GaclipJson *root)
{
    cJSON_Delete((cJSON *)(uintptr_t)root->value);
    *root = (GaclipJson){0};
}

static const char *file_of(const GaclipJson *at)
{
    while (at->parent) at = at->parent;
    return at->file;
}

/* Appends the place of at to text, which holds length characters, and returns the new length. */
static size_t write_place(char *text, size_t length, const GaclipJson *at)
{
    if (at->parent) length = write_place(text, length, at->parent);
    if (length >= LONGEST_PLACE) return length;
    size_t room = LONGEST_PLACE - length;
    int written = !at->parent ? snprintf(text + length, room, "$")
                  : at->key   ? snprintf(text + length, room, ".%.100s", at->key)
                              : snprintf(text + length, room, "[%d]", at->index);
    return length + (size_t)(written > 0 ? written : 0);
}

int gaclip__json_fail(const GaclipJson *at, GaclipError *err, const char *format, ...)
{
    char place[LONGEST_PLACE] = "", message[LONGEST_PLACE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    write_place(place, 0, at);
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: %s: %s", file_of(at), place, message);
}

int gaclip__json_object(const GaclipJson *at, GaclipError *err)
{
    return cJSON_IsObject(at->value) ? GACLIP_OK : gaclip__json_fail(at, err, "is no object");
}

static int is_listed(const char *key, const char *const *keys)
{
    for (; *keys; keys++)
        if (!strcmp(*keys, key)) return 1;
    return 0;
}

static int refuse_key(const GaclipJson *at, const char *key, const char *const *keys,
                      GaclipError *err)
{
    char list[LONGEST_LIST] = "";
    for (size_t used = 0; *keys && used < sizeof list; keys++) {
        int written = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *keys);
        used += (size_t)(written > 0 ? written : 0);
    }
    return gaclip__json_fail(at, err, "unknown key \"%.60s\"; there may be %s", key, list);
}

int gaclip__json_keys(const GaclipJson *at, const char *const *keys, GaclipError *err)
{
    int status = gaclip__json_object(at, err);
    if (status) return status;
    for (const cJSON *c = at->value->child; c; c = c->next) {
        if (!is_listed(c->string, keys)) return refuse_key(at, c->string, keys, err);
        for (const cJSON *other = c->next; other; other = other->next)
            if (!strcmp(other->string, c->string))
                return gaclip__json_fail(at, err, "has the key \"%s\" twice", c->string);
    }
    return GACLIP_OK;
}

int gaclip__json_find(GaclipJson *member, const GaclipJson *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object->value, key);
    *member = (GaclipJson){.parent = object, .key = key, .value = value};
    return value && !cJSON_IsNull(value);
}

int gaclip__json_need(GaclipJson *member, const GaclipJson *object, const char *key,
                      GaclipError *err)
{
    if (gaclip__json_find(member, object, key)) return GACLIP_OK;
    return gaclip__json_fail(object, err, "has no \"%s\"", key);
}

int gaclip__json_array(const GaclipJson *at, GaclipError *err)
{
    return cJSON_IsArray(at->value) ? GACLIP_OK : gaclip__json_fail(at, err, "is no array");
}

int gaclip__json_first(GaclipJson *item, const GaclipJson *array)
{
    *item = (GaclipJson){.parent = array, .value = array->value->child};
    return item->value != NULL;
}

int gaclip__json_next(GaclipJson *item)
{
    item->value = item->value->next;
    item->index++;
    return item->value != NULL;
}

int gaclip__json_text(const char **out, const GaclipJson *at, GaclipError *err)
{
    const char *text = cJSON_GetStringValue(at->value);
    if (!text) return gaclip__json_fail(at, err, "is no text");
    if (!text[strspn(text, " \t\r\n")]) return gaclip__json_fail(at, err, "is empty");
    if (!CPLIsUTF8(text, -1)) return gaclip__json_fail(at, err, "is not valid UTF-8");
    *out = text;
    return GACLIP_OK;
}

int gaclip__json_number(double *out, const GaclipJson *at, double low, double high,
                        GaclipError *err)
{
    if (!cJSON_IsNumber(at->value)) return gaclip__json_fail(at, err, "is no number");
    double value = at->value->valuedouble;
    if (!(value >= low && value <= high))
        return gaclip__json_fail(at, err, "%g is not in %g..%g", value, low, high);
    *out = value;
    return GACLIP_OK;
}

int gaclip__json_whole(int *out, const GaclipJson *at, int low, int high, GaclipError *err)
{
    double value = 0;
    int status = gaclip__json_number(&value, at, low, high, err);
    if (status) return status;
    if (value != floor(value)) return gaclip__json_fail(at, err, "%g is no whole number", value);
    *out = (int)value;
    return GACLIP_OK;
}

int gaclip__json_flag(int *out, const GaclipJson *at, GaclipError *err)
{
    if (!cJSON_IsBool(at->value)) return gaclip__json_fail(at, err, "is neither true nor false");
    *out = cJSON_IsTrue(at->value);
    return GACLIP_OK;
}

int gaclip__json_numbers(double *out, int count, const GaclipJson *at, GaclipError *err)
{
    GaclipJson item;
    int status = gaclip__json_array(at, err);
    if (status) return status;
    if (cJSON_GetArraySize(at->value) != count)
        return gaclip__json_fail(at, err, "has %d numbers in place of %d",
                                 cJSON_GetArraySize(at->value), count);
    for (int more = gaclip__json_first(&item, at); more; more = gaclip__json_next(&item)) {
        status = gaclip__json_number(&out[item.index], &item, -1e300, 1e300, err);
        if (status) return status;
    }
    return GACLIP_OK;
}

int gaclip__json_text_of(const char **out, const GaclipJson *object, const char *key,
                         GaclipError *err)
{
    GaclipJson member;
    return gaclip__json_find(&member, object, key) ? gaclip__json_text(out, &member, err)
                                                   : GACLIP_OK;
}

int gaclip__json_number_of(double *out, const GaclipJson *object, const char *key, double low,
                           double high, GaclipError *err)
{
    GaclipJson member;
    return gaclip__json_find(&member, object, key)
               ? gaclip__json_number(out, &member, low, high, err)
               : GACLIP_OK;
}

int gaclip__json_whole_of(int *out, const GaclipJson *object, const char *key, int low, int high,
                          GaclipError *err)
{
    GaclipJson member;
    return gaclip__json_find(&member, object, key)
               ? gaclip__json_whole(out, &member, low, high, err)
               : GACLIP_OK;
}

int gaclip__json_flag_of(int *out, const GaclipJson *object, const char *key, GaclipError *err)
{
    GaclipJson member;
    return gaclip__json_find(&member, object, key) ? gaclip__json_flag(out, &member, err)
                                                   : GACLIP_OK;
}
