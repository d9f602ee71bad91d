/* A request's life: defaults, connection strings, options, what fits together. */
#include "gaclip/request.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gaclip/detect.h"
#include "gdal_error.h"
#include "request_keys.h"

static const char PREFIX[] = "GACLIP:";
enum { PREFIX_LENGTH = sizeof PREFIX - 1, LONGEST_STRING = 65536, LARGEST_FILE = 1 << 20 };

void gaclip_request_init(GaclipRequest *request)
{
    GaclipDetectOptions detect;
    gaclip_detect_options_init(&detect);
    *request = (GaclipRequest){.min_score = -1,
                               .nms_iou = (double)detect.nms_iou,
                               .overlap = detect.overlap,
                               .octaves = detect.octaves,
                               .finer = detect.finer};
}

void gaclip_request_clear(GaclipRequest *request)
{
    for (int i = 0; i < GACLIP__KEY_COUNT; i++) {
        void *value = gaclip__key_value(request, i);
        if (gaclip__keys[i].type == GACLIP_KEY_TEXT) free(*(char **)value);
        if (gaclip__keys[i].type == GACLIP_KEY_NAMES) gaclip__names_clear(value);
    }
    free(request->scene);
    free(request->file);
    *request = (GaclipRequest){0};
}

static int is_file_name(const char *name)
{
    return EQUAL(CPLGetExtension(name), "gaclip");
}

/* The first member names the format, so that a look at the first bytes is enough. */
static int has_marker(const char *text, size_t size)
{
    static const char *const PARTS[] = {"{", "\"gaclip\"", ":"};
    size_t at = size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(PARTS[i]);
        while (at < size && strchr(" \t\r\n", text[at]) && text[at]) at++;
        if (size - at < length || memcmp(text + at, PARTS[i], length)) return 0;
        at += length;
    }
    return 1;
}

int gaclip_request_identify(const char *name, const unsigned char *header, size_t size)
{
    if (!strncasecmp(name, PREFIX, PREFIX_LENGTH)) return name[PREFIX_LENGTH] != '\0';
    return header && is_file_name(name) && has_marker((const char *)header, size);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes text up to end into a new string. */
static int unescape(char **out, const char *text, const char *end, GaclipError *err)
{
    char *copy = malloc((size_t)(end - text) + 1), *to = copy;
    if (!copy) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (const char *c = text; c < end; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '%') {
            int high = end - c > 2 ? hex_digit(c[1]) : -1, low = high < 0 ? -1 : hex_digit(c[2]);
            if (low < 0 || high * 16 + low == 0) {
                free(copy);
                return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                        "\"%.3s\" escapes no byte; write a percent sign as %%25",
                                        c);
            }
            byte = (unsigned char)(high * 16 + low);
            c += 2;
        } else if (byte < 32 || byte == 127 || byte == '"' || byte == '|') {
            free(copy);
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "control characters, '\"' and '|' are to be escaped, as in "
                                    "%%7C for '|'");
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    *out = copy;
    return GACLIP_OK;
}

/* The decoded values of a key, split at the commas that are not escaped. */
static int split_values(GaclipNames *out, const char *text, const char *end, int is_list,
                        GaclipError *err)
{
    int status = GACLIP_OK;
    for (const char *start = text; start && !status;) {
        const char *comma = is_list ? memchr(start, ',', (size_t)(end - start)) : NULL;
        char *value = NULL;
        status = unescape(&value, start, comma ? comma : end, err);
        if (!status) status = gaclip__names_add(out, value, strlen(value), err);
        free(value);
        start = comma ? comma + 1 : NULL;
    }
    return status;
}

static int is_among(const char *name, const GaclipNames *names)
{
    for (int i = 0; i < names->count; i++)
        if (!strcmp(names->items[i], name)) return 1;
    return 0;
}

static int are_among(const GaclipNames *some, const GaclipNames *names)
{
    for (int i = 0; i < some->count; i++)
        if (!is_among(some->items[i], names)) return 0;
    return names->count > 0;
}

/* Classes that are asked already are chosen, not asked anew. */
static int set_key(GaclipRequest *request, int key, const GaclipNames *values, GaclipError *err)
{
    static const char SHOW[] = "show";
    const void *value = gaclip__key_value_const(request, key);
    if (value == &request->classes && are_among(values, &request->classes))
        key = gaclip__key_find(SHOW, strlen(SHOW));
    else if (value == &request->classes && request->classes.count)
        gaclip__names_clear(&request->show);
    int status = gaclip__key_set(request, key, values->items, values->count, err);
    if (status || !request->file) return status;
    request->replaced |= 1u << key;
    if (gaclip__keys[key].alters) request->is_altered = 1;
    return GACLIP_OK;
}

static int is_list(int key)
{
    return gaclip__keys[key].type == GACLIP_KEY_NAMES ||
           gaclip__keys[key].type == GACLIP_KEY_NUMBERS;
}

/* One "key=value" of a connection string; seen has a bit for each key before it. */
static int set_option(GaclipRequest *request, unsigned *seen, const char *text, const char *end,
                      GaclipError *err)
{
    const char *equals = memchr(text, '=', (size_t)(end - text));
    int length = (int)((equals ? equals : end) - text);
    int key = equals ? gaclip__key_find(text, (size_t)length) : -1;
    if (key < 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "\"%.*s\" is no key=value of a GACLIP string; the keys are those "
                                "that gdalinfo --format GACLIP lists",
                                length > 60 ? 60 : length, text);
    if (*seen >> key & 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s is given twice",
                                gaclip__keys[key].name);
    *seen |= 1u << key;
    GaclipNames values = {0};
    int status = split_values(&values, equals + 1, end, is_list(key), err);
    if (!status) status = set_key(request, key, &values, err);
    gaclip__names_clear(&values);
    return status;
}

static int set_options(GaclipRequest *request, const char *text, GaclipError *err)
{
    unsigned seen = 0;
    int status = GACLIP_OK;
    while (text && !status) {
        const char *ampersand = strchr(text, '&');
        status = set_option(request, &seen, text, ampersand ? ampersand : text + strlen(text), err);
        text = ampersand ? ampersand + 1 : NULL;
    }
    return status;
}

static int read_file(GaclipRequest *out, const char *path, GaclipError *err)
{
    GByte *text = NULL;
    vsi_l_offset size = 0;
    gaclip__gdal_quiet_begin();
    int found = VSIIngestFile(NULL, path, &text, &size, LARGEST_FILE);
    gaclip__gdal_quiet_end();
    if (!found)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be read, or is larger than 1 MiB; name a .gaclip file",
                                path);
    int status = gaclip_request_from_json(out, (char *)text, (size_t)size, path, err);
    VSIFree(text);
    return status;
}

static int parse_string(GaclipRequest *request, const char *text, GaclipError *err)
{
    const char *question = strchr(text, '?');
    int status = unescape(&request->scene, text, question ? question : text + strlen(text), err);
    if (status) return status;
    if (!*request->scene || !CPLIsUTF8(request->scene, -1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "a GACLIP string names a raster behind its colon, as UTF-8 text");
    if (is_file_name(request->scene)) {
        GaclipRequest read;
        status = read_file(&read, request->scene, err);
        if (status) return status;
        gaclip_request_clear(request);
        *request = read;
    }
    return question ? set_options(request, question + 1, err) : GACLIP_OK;
}

int gaclip_request_parse(GaclipRequest *out, const char *text, GaclipError *err)
{
    gaclip_request_init(out);
    int status;
    if (strncasecmp(text, PREFIX, PREFIX_LENGTH)) return read_file(out, text, err);
    if (strlen(text) > LONGEST_STRING)
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "a GACLIP string of more than %d bytes; write a .gaclip file",
                                  LONGEST_STRING);
    else
        status = parse_string(out, text + PREFIX_LENGTH, err);
    if (status) gaclip_request_clear(out);
    return status;
}

int gaclip_request_set(GaclipRequest *request, const char *key, const char *value, GaclipError *err)
{
    int index = gaclip__key_find(key, strlen(key));
    if (index < 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: is no key of a GACLIP request",
                                key);
    GaclipNames values = {0};
    int status = GACLIP_OK;
    for (const char *start = value; start && !status;) {
        const char *comma = is_list(index) ? strchr(start, ',') : NULL;
        status =
            gaclip__names_add(&values, start, comma ? (size_t)(comma - start) : strlen(start), err);
        start = comma ? comma + 1 : NULL;
    }
    if (!status) status = set_key(request, index, &values, err);
    gaclip__names_clear(&values);
    return status;
}

int gaclip_request_set_list(GaclipRequest *request, const char *key, const char *const *values,
                            int count, GaclipError *err)
{
    return gaclip__key_set(request, gaclip__key_find(key, strlen(key)),
                           (char *const *)(uintptr_t)values, count, err);
}

int gaclip_request_set_all(GaclipRequest *request, const char *const *pairs, GaclipError *err)
{
    int status = GACLIP_OK;
    for (const char *const *pair = pairs; pair && *pair && !status; pair++) {
        char *name = NULL;
        const char *value = CPLParseNameValue(*pair, &name);
        if (name && value && gaclip__key_find(name, strlen(name)) >= 0)
            status = gaclip_request_set(request, name, value, err);
        CPLFree(name);
    }
    return status;
}

GaclipPrecision gaclip_request_precision(const GaclipRequest *request)
{
    GaclipPrecision precision = GACLIP_PRECISION_F32;
    int key = gaclip__key_find("precision", strlen("precision"));
    gaclip_precision_find(&precision, gaclip__keys[key].choices[request->precision], NULL);
    return precision;
}

static int check_distinct(const GaclipNames *names, GaclipError *err)
{
    for (int i = 0; i < names->count; i++)
        for (int j = 0; j < i; j++)
            if (!strcmp(names->items[i], names->items[j]))
                return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                        "the class \"%s\" is named twice; name each once",
                                        names->items[i]);
    return GACLIP_OK;
}

int gaclip_request_check(const GaclipRequest *request, GaclipError *err)
{
    enum { MOST_CLASSES = 1000 };
    if (request->classes.count > MOST_CLASSES)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%d classes are too many, %d at most",
                                request->classes.count, MOST_CLASSES);
    int status = check_distinct(&request->classes, err);
    if (!status) status = check_distinct(&request->show, err);
    if (status) return status;
    if (request->classes.count == 0 && !(request->regions && request->phrase_field))
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                "%s: no classes; say what to look for, as in "
                                "GACLIP:%s?classes=windmill",
                                request->scene, request->scene);
    if (request->show.count && !are_among(&request->show, &request->classes))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "show: not all of them are among the classes that are asked");
    for (int i = 0; i < request->open_options.count; i++)
        if (!strchr(request->open_options.items[i], '='))
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "open_options: \"%s\" is no NAME=VALUE",
                                    request->open_options.items[i]);
    if (request->bands.count == 2 || request->bands.count == 4)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "bands: give one band or three");
    if (request->bbox.count && request->bbox.count != 4)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "bbox: give xmin,ymin,xmax,ymax");
    return GACLIP_OK;
}
