#include "request_keys.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AT(member) offsetof(GaclipRequest, member)

/* clang-format off */
const GaclipKey gaclip__keys[GACLIP__KEY_COUNT] = {
    {.name = "classes", .type = GACLIP_KEY_NAMES, .offset = AT(classes), .alters = 1,
     .help = "what to look for, in words, separated by commas"},
    {.name = "show", .type = GACLIP_KEY_NAMES, .offset = AT(show),
     .help = "those of the classes to show; all are asked together (default: all)"},
    {.name = "model", .type = GACLIP_KEY_TEXT, .offset = AT(model), .alters = 1, .is_file = 1,
     .help = "model file (default: the shipped one, or what GACLIP_MODEL names)"},
    {.name = "proposals", .type = GACLIP_KEY_TEXT, .offset = AT(proposals), .alters = 1,
     .is_file = 1,
     .help = "model file whose proposals the model scores (default: the model's own, or else those "
             "of the shipped one)"},
    {.name = "dense", .type = GACLIP_KEY_CHOICE, .offset = AT(dense), .alters = 1,
     .choices = {"model", "value", "full"},
     .help = "dense map of the last block's values, or of its ordinary output (default: as the "
             "model says)"},
    {.name = "crops", .type = GACLIP_KEY_FLAG, .offset = AT(crops), .alters = 1,
     .help = "average what the dense map shows of a box with an embedding of its pixels alone"},
    {.name = "precision", .type = GACLIP_KEY_CHOICE, .offset = AT(precision), .alters = 1,
     .choices = {"f32", "auto", "bf16", "int8"},
     .help = "of the model's matrix products (default f32)"},
    {.name = "min_score", .type = GACLIP_KEY_NUMBER, .offset = AT(min_score), .maximum = 1,
     .help = "leave out boxes that score less (default: 0.5 of a calibrated model, 0.3 of others)"},
    {.name = "nms_iou", .type = GACLIP_KEY_NUMBER, .offset = AT(nms_iou), .minimum = 1e-6,
     .maximum = 1,
     .help = "of two boxes of a class that overlap more, keep the better (default 0.3)"},
    {.name = "independent", .type = GACLIP_KEY_FLAG, .offset = AT(independent), .alters = 1,
     .help = "score every class against the background alone, not against the others"},
    {.name = "bbox", .type = GACLIP_KEY_NUMBERS, .offset = AT(bbox), .alters = 1,
     .help = "xmin,ymin,xmax,ymax in the raster's CRS: look only there"},
    {.name = "bands", .type = GACLIP_KEY_NUMBERS, .offset = AT(bands), .minimum = 1,
     .maximum = 65535, .alters = 1,
     .help = "bands to use, counted from 1: three, or one (default: by colour interpretation)"},
    {.name = "scale", .type = GACLIP_KEY_TEXT, .offset = AT(scale), .alters = 1,
     .help = "values to bytes: auto, none, percentile:LOW,HIGH or MIN,MAX (default auto)"},
    {.name = "open_options", .type = GACLIP_KEY_NAMES, .offset = AT(open_options), .alters = 1,
     .help = "open options of the scene's own driver: NAME=VALUE, separated by commas"},
    {.name = "gsd", .type = GACLIP_KEY_NUMBER, .offset = AT(gsd), .minimum = 1e-4, .maximum = 1e5,
     .alters = 1, .help = "metres that a raster pixel measures (default: from the georeference)"},
    {.name = "tile_size", .type = GACLIP_KEY_INTEGER, .offset = AT(tile_size), .minimum = 32,
     .maximum = 16384, .alters = 1, .help = "side of the tiles that are read (default 512, or three windows of the coarsest scale)"},
    {.name = "overlap", .type = GACLIP_KEY_INTEGER, .offset = AT(overlap), .maximum = 16384,
     .alters = 1, .help = "pixels of the model's neighbouring windows (default: half a window)"},
    {.name = "octaves", .type = GACLIP_KEY_INTEGER, .offset = AT(octaves), .maximum = 4,
     .alters = 1,
     .help = "coarser scales to look at besides the scene's own (default: as the model says)"},
    {.name = "finer", .type = GACLIP_KEY_INTEGER, .offset = AT(finer), .maximum = 2,
     .alters = 1,
     .help = "finer scales to look at too, for small objects (default: as the model says)"},
    {.name = "threads", .type = GACLIP_KEY_INTEGER, .offset = AT(threads), .minimum = 1,
     .maximum = 1024, .help = "threads (default: GDAL_NUM_THREADS, else all processors)"},
    {.name = "regions", .type = GACLIP_KEY_TEXT, .offset = AT(regions), .is_file = 1,
     .help = "vector source whose features are aligned with phrases"},
    {.name = "region_layer", .type = GACLIP_KEY_TEXT, .offset = AT(region_layer),
     .help = "layer of the regions (default: the first with geometries)"},
    {.name = "phrase_field", .type = GACLIP_KEY_TEXT, .offset = AT(phrase_field),
     .help = "field of the regions that holds the own phrase of each"},
    {.name = "negatives_field", .type = GACLIP_KEY_TEXT, .offset = AT(negatives_field),
     .help = "field of the regions that holds hard negatives: a list, or separated by ';'"},
    {.name = "measure", .type = GACLIP_KEY_CHOICE, .offset = AT(measure),
     .choices = {"probability", "similarity"},
     .help = "of the bands: the class's share against background and the other classes, or the "
             "cosine alone (default probability)"},
    {.name = "type", .type = GACLIP_KEY_CHOICE, .offset = AT(type),
     .choices = {"Byte", "Float32"}, .help = "of the bands (default Byte, with colours)"},
};
/* clang-format on */

int gaclip__key_find(const char *name, size_t length)
{
    for (int i = 0; i < GACLIP__KEY_COUNT; i++)
        if (strlen(gaclip__keys[i].name) == length &&
            !strncasecmp(gaclip__keys[i].name, name, length))
            return i;
    return -1;
}

int gaclip__names_add(GaclipNames *names, const char *text, size_t length, GaclipError *err)
{
    char **items = realloc(names->items, ((size_t)names->count + 2) * sizeof *items);
    if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    names->items = items;
    items[names->count] = strndup(text, length);
    if (!items[names->count]) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    items[++names->count] = NULL;
    return GACLIP_OK;
}

void gaclip__names_clear(GaclipNames *names)
{
    for (int i = 0; i < names->count; i++) free(names->items[i]);
    free(names->items);
    *names = (GaclipNames){0};
}

static int is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* No control characters, which no name needs and which forge lines of messages. */
static int check_text(const char *text, const GaclipKey *key, GaclipError *err)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 32 || *c == 127)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: holds a control character",
                                    key->name);
    if (!CPLIsUTF8(text, -1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: is not UTF-8 text", key->name);
    if (is_blank(text))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: an empty value", key->name);
    return GACLIP_OK;
}

static int read_number(double *out, const char *text, const GaclipKey *key, GaclipError *err)
{
    char *end = NULL;
    double value = CPLStrtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s=%s: is not a number", key->name,
                                text);
    if ((key->minimum != 0 || key->maximum != 0) &&
        !(value >= key->minimum && value <= key->maximum))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s=%s: lies outside %g to %g",
                                key->name, text, key->minimum, key->maximum);
    *out = value;
    return GACLIP_OK;
}

static int read_integer(int *out, const char *text, const GaclipKey *key, GaclipError *err)
{
    double value;
    int status = read_number(&value, text, key, err);
    if (status) return status;
    if (value != floor(value) || fabs(value) > INT_MAX)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s=%s: is not a whole number",
                                key->name, text);
    *out = (int)value;
    return GACLIP_OK;
}

static int read_flag(int *out, const char *text, const GaclipKey *key, GaclipError *err)
{
    static const char *const WORDS[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (int i = 0; i < 8; i++)
        if (EQUAL(text, WORDS[i])) {
            *out = i % 2;
            return GACLIP_OK;
        }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s=%s: is neither yes nor no", key->name,
                            text);
}

static int read_choice(int *out, const char *text, const GaclipKey *key, GaclipError *err)
{
    for (int i = 0; key->choices[i]; i++)
        if (EQUAL(text, key->choices[i])) {
            *out = i;
            return GACLIP_OK;
        }
    char list[64] = "";
    for (int i = 0; key->choices[i]; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 key->choices[i]);
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s=%s: is none of %s", key->name, text,
                            list);
}

static int read_names(GaclipNames *out, char *const *texts, int count, GaclipError *err)
{
    int status = GACLIP_OK;
    gaclip__names_clear(out);
    for (int i = 0; i < count && !status; i++)
        status = gaclip__names_add(out, texts[i], strlen(texts[i]), err);
    return status;
}

static int read_numbers(GaclipNumbers *out, char *const *texts, int count, const GaclipKey *key,
                        GaclipError *err)
{
    GaclipNumbers read = {.count = count};
    int status = GACLIP_OK;
    if (count > 4)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: %d values are too many", key->name,
                                count);
    for (int i = 0; i < count && !status; i++)
        status = read_number(&read.items[i], texts[i], key, err);
    if (!status) *out = read;
    return status;
}

static int replace_text(char **out, const char *text, GaclipError *err)
{
    char *copy = strdup(text);
    if (!copy) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    free(*out);
    *out = copy;
    return GACLIP_OK;
}

int gaclip__key_set(GaclipRequest *request, int index, char *const *texts, int count,
                    GaclipError *err)
{
    const GaclipKey *key = &gaclip__keys[index];
    void *value = gaclip__key_value(request, index);
    int is_list = key->type == GACLIP_KEY_NAMES || key->type == GACLIP_KEY_NUMBERS;
    int status = GACLIP_OK;
    if (count < 1 || (count > 1 && !is_list))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: %s", key->name,
                                count < 1 ? "an empty value" : "takes one value");
    for (int i = 0; i < count && !status; i++) status = check_text(texts[i], key, err);
    if (status) return status;
    switch (key->type) {
    case GACLIP_KEY_TEXT:
        status = replace_text(value, texts[0], err);
        break;
    case GACLIP_KEY_NAMES:
        status = read_names(value, texts, count, err);
        break;
    case GACLIP_KEY_FLAG:
        status = read_flag(value, texts[0], key, err);
        break;
    case GACLIP_KEY_INTEGER:
        status = read_integer(value, texts[0], key, err);
        break;
    case GACLIP_KEY_NUMBER:
        status = read_number(value, texts[0], key, err);
        break;
    case GACLIP_KEY_NUMBERS:
        status = read_numbers(value, texts, count, key, err);
        break;
    case GACLIP_KEY_CHOICE:
        status = read_choice(value, texts[0], key, err);
        break;
    }
    if (!status) request->given |= 1u << index;
    return status;
}
