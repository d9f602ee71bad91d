/* What a GACLIP dataset is made from, in three spellings of one set of keys: a connection string, a
 * .gaclip file, open options.
 *
 * Connection string (EBNF, ISO 14977):
 *
 *     request  = "GACLIP:" , name , [ "?" , option , { "&" , option } ] ;
 *     option   = key , "=" , value , { "," , value } ;
 *     key      = letter , { letter | "_" } ;                 any case
 *     name     = character , { character } ;                 a raster, or a .gaclip file
 *     value    = { character } ;
 *     character = plain | "%" , hexadecimal , hexadecimal ;  an escaped byte, not "%00"
 *     plain    = any byte of UTF-8 text but control characters, '"', '|', '%', and
 *                '?' in a name, '&' in a value, ',' in one of several values ;
 *
 * The prefix is read in any case, a key may be given once, "+" stands for itself. A name that ends
 * in ".gaclip" is such a file, whose keys the options replace. '"' and '|' are left out because
 * QGIS takes them for its own.
 *
 * A .gaclip file is one JSON object of at most 1 MiB: first the member "gaclip": 1, then "scene" (a
 * string) and the keys, with strings, numbers, booleans, or arrays of them; "provenance" (an
 * object) may say how it came about. Names of files are relative to the file's folder where they
 * exist there.
 *
 * Open options have the keys' names in capitals. CLASSES chooses among the classes that are asked
 * already where all of its are among them (as `show` does), and asks for others else. */
#ifndef GACLIP_REQUEST_H
#define GACLIP_REQUEST_H

#include <stddef.h>

#include "gaclip/compute.h"
#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipNames {
    char **items; /* NULL-terminated, or NULL */
    int count;
} GaclipNames;

typedef struct GaclipNumbers {
    double items[4];
    int count;
} GaclipNumbers;

/* Indices of the values of `measure`, `type` and `dense`. */
enum { GACLIP_REQUEST_PROBABILITY, GACLIP_REQUEST_SIMILARITY };
enum { GACLIP_REQUEST_BYTE, GACLIP_REQUEST_FLOAT32 };
enum { GACLIP_REQUEST_MODEL_DENSE, GACLIP_REQUEST_DENSE_VALUE, GACLIP_REQUEST_DENSE_FULL };

typedef struct GaclipRequest {
    char *scene; /* a GDAL raster name */
    char *file;  /* the .gaclip file that it was read from, or NULL */
    /* An option behind the file changed what is inferred: the cache beside it is not its own. */
    int is_altered;
    /* The keys. */
    char *model;     /* NULL = as gaclip_choose_model says */
    char *proposals; /* NULL = as gaclip_open_proposer says */
    GaclipNames classes, show;
    GaclipNames open_options;       /* NAME=VALUE, of the scene's driver */
    double min_score, nms_iou, gsd; /* the first: negative = gaclip_detector_default_score */
    int independent, overlap, octaves, finer, tile_size, threads;
    int dense, crops, precision; /* the last: gaclip_request_precision */
    char *scale;
    GaclipNumbers bands, bbox;
    char *regions, *region_layer, *phrase_field, *negatives_field;
    int measure, type;
    unsigned given;    /* a bit for each key that was given, in the table's order */
    unsigned replaced; /* those of them that were given behind the file */
} GaclipRequest;

/* Sets the defaults. A request owns its texts: gaclip_request_clear frees them. */
GACLIP_API void gaclip_request_init(GaclipRequest *request);
GACLIP_API void gaclip_request_clear(GaclipRequest *request);

/* Whether a name, with the first bytes of the file behind it (NULL where there is none), is a
 * request at all: cheap and silent. */
GACLIP_API int gaclip_request_identify(const char *name, const unsigned char *header, size_t size);

/* From a connection string, or the name of a .gaclip file, which is read. *out is initialised here,
 * and empty on failure. */
GACLIP_API int gaclip_request_parse(GaclipRequest *out, const char *text, GaclipError *err);

/* From the text of a .gaclip file; file is its name. Other files than that are looked for, none is
 * read. */
GACLIP_API int gaclip_request_from_json(GaclipRequest *out, const char *text, size_t size,
                                        const char *file, GaclipError *err);

/* Gives one key a value, lists packed with commas, as an open option does. An unknown key is
 * GACLIP_ERROR_ARGUMENT. */
GACLIP_API int gaclip_request_set(GaclipRequest *request, const char *key, const char *value,
                                  GaclipError *err);

/* Gives a key of lists its values as they are, commas and all: "classes", "open_options". */
GACLIP_API int gaclip_request_set_list(GaclipRequest *request, const char *key,
                                       const char *const *values, int count, GaclipError *err);

/* The same for those of a NULL-terminated NAME=VALUE list (or NULL) that name a key. */
GACLIP_API int gaclip_request_set_all(GaclipRequest *request, const char *const *pairs,
                                      GaclipError *err);

/* The precision that is asked for. */
GACLIP_API GaclipPrecision gaclip_request_precision(const GaclipRequest *request);

/* Whether the keys fit together: classes named once, those to show among them. */
GACLIP_API int gaclip_request_check(const GaclipRequest *request, GaclipError *err);

/* The request as a connection string (of its file, where it has one) with one more key (NULL =
 * none), and as the text of a .gaclip
 * file with a provenance object as JSON text (NULL = none). The caller frees them with free(); NULL
 * when memory is short. */
GACLIP_API char *gaclip_request_string(const GaclipRequest *request, const char *key,
                                       const char *value);
GACLIP_API char *gaclip_request_json(const GaclipRequest *request, const char *provenance);

/* The keys as GDAL's XML list of open options; the caller frees it with free(). */
GACLIP_API char *gaclip_request_option_list(void);

#ifdef __cplusplus
}
#endif
#endif
