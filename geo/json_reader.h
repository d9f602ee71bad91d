/* Reading JSON that others wrote: every message names the file and the place, "a.json:
 * $.images[3].width: is not a whole number". */
#ifndef GACLIP_GEO_JSON_READER_H
#define GACLIP_GEO_JSON_READER_H

#include <cjson/cJSON.h>

#include "gaclip/error.h"

/* A value and where it is. The root has no parent; the others live no longer than theirs. */
typedef struct GaclipJson {
    const struct GaclipJson *parent;
    const char *file; /* of the root */
    const char *key;  /* of an object's member, else NULL ... */
    int index;        /* ... and this is the element of an array */
    const cJSON *value;
} GaclipJson;

/* Reads and parses a file of any of GDAL's file systems. The caller ends with gaclip__json_close.
 */
int gaclip__json_open(GaclipJson *root, const char *path, GaclipError *err);
void gaclip__json_close(GaclipJson *root);

/* Sets GACLIP_ERROR_FORMAT with the place before the message. */
int gaclip__json_fail(const GaclipJson *at, GaclipError *err, const char *format, ...)
    GACLIP_PRINTF(3, 4);

/* Fails unless at is an object; and one with no other keys than keys (NULL-terminated), none twice.
 * The message lists the keys there may be. */
int gaclip__json_object(const GaclipJson *at, GaclipError *err);
int gaclip__json_keys(const GaclipJson *at, const char *const *keys, GaclipError *err);

/* The member of an object, which borrows it and key; 0 where there is none or it is null. */
int gaclip__json_find(GaclipJson *member, const GaclipJson *object, const char *key);
/* The same, and its absence is an error. */
int gaclip__json_need(GaclipJson *member, const GaclipJson *object, const char *key,
                      GaclipError *err);

/* Elements in their order: fails unless at is an array; then
 * for (int more = gaclip__json_first(&item, &array); more; more = gaclip__json_next(&item)). */
int gaclip__json_array(const GaclipJson *at, GaclipError *err);
int gaclip__json_first(GaclipJson *item, const GaclipJson *array);
int gaclip__json_next(GaclipJson *item);

/* Values. A text is valid UTF-8, not empty, and lent by the file. */
int gaclip__json_text(const char **out, const GaclipJson *at, GaclipError *err);
int gaclip__json_number(double *out, const GaclipJson *at, double low, double high,
                        GaclipError *err);
int gaclip__json_whole(int *out, const GaclipJson *at, int low, int high, GaclipError *err);
int gaclip__json_flag(int *out, const GaclipJson *at, GaclipError *err);
int gaclip__json_numbers(double *out, int count, const GaclipJson *at, GaclipError *err);

/* Members that may be missing, when *out stays as it is. */
int gaclip__json_text_of(const char **out, const GaclipJson *object, const char *key,
                         GaclipError *err);
int gaclip__json_number_of(double *out, const GaclipJson *object, const char *key, double low,
                           double high, GaclipError *err);
int gaclip__json_whole_of(int *out, const GaclipJson *object, const char *key, int low, int high,
                          GaclipError *err);
int gaclip__json_flag_of(int *out, const GaclipJson *object, const char *key, GaclipError *err);

#endif
