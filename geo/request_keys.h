/* The table of a request's keys: it reads and writes all their spellings. */
#ifndef GACLIP_GEO_REQUEST_KEYS_H
#define GACLIP_GEO_REQUEST_KEYS_H

#include "gaclip/request.h"

typedef enum GaclipKeyType {
    GACLIP_KEY_TEXT,    /* char * */
    GACLIP_KEY_NAMES,   /* GaclipNames */
    GACLIP_KEY_FLAG,    /* int */
    GACLIP_KEY_INTEGER, /* int */
    GACLIP_KEY_NUMBER,  /* double */
    GACLIP_KEY_NUMBERS, /* GaclipNumbers */
    GACLIP_KEY_CHOICE   /* int, the index of one of the choices */
} GaclipKeyType;

typedef struct GaclipKey {
    const char *name;
    GaclipKeyType type;
    size_t offset;           /* of its value in GaclipRequest */
    double minimum, maximum; /* inclusive, of numbers; both 0 = any */
    int alters;              /* whether it changes what is inferred */
    int is_file;             /* a text that names a file */
    const char *choices[5];  /* NULL-terminated */
    const char *help;
} GaclipKey;

extern const GaclipKey gaclip__keys[];
enum { GACLIP__KEY_COUNT = 26 };

/* The index of a key in any case, or -1. */
int gaclip__key_find(const char *name, size_t length);

static inline void *gaclip__key_value(GaclipRequest *request, int key)
{
    return (char *)request + gaclip__keys[key].offset;
}

static inline const void *gaclip__key_value_const(const GaclipRequest *request, int key)
{
    return (const char *)request + gaclip__keys[key].offset;
}

/* Appends a copy of length bytes. */
int gaclip__names_add(GaclipNames *names, const char *text, size_t length, GaclipError *err);
void gaclip__names_clear(GaclipNames *names);

/* The value from text; of several, each is one text. Notes that the key was given. */
int gaclip__key_set(GaclipRequest *request, int key, char *const *texts, int count,
                    GaclipError *err);

#endif
