/* A request as JSON, as a connection string, and its keys as GDAL's list of open options. */
#include <cjson/cJSON.h>
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"
#include "request_keys.h"

enum { FORMAT_VERSION = 1 };

static int refuse(const char *file, const char *member, const char *fact, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: \"%.60s\" %s", file, member, fact);
}

/* A JSON value as the text that an option would have; NULL where it has none. Free with free(). */
static char *scalar_text(const cJSON *item, GaclipKeyType type)
{
    int is_number =
        type == GACLIP_KEY_INTEGER || type == GACLIP_KEY_NUMBER || type == GACLIP_KEY_NUMBERS;
    if (type == GACLIP_KEY_FLAG)
        return cJSON_IsBool(item) ? strdup(cJSON_IsTrue(item) ? "yes" : "no") : NULL;
    if (is_number) {
        char text[40];
        if (!cJSON_IsNumber(item)) return NULL;
        CPLsnprintf(text, sizeof text, "%.17g", item->valuedouble);
        return strdup(text);
    }
    return cJSON_IsString(item) ? strdup(item->valuestring) : NULL;
}

static int add_scalar(GaclipNames *out, const cJSON *item, int key, const char *file,
                      GaclipError *err)
{
    static const char *const WANTED[] = {
        "a text",   "an array of texts",   "true or false",   "a whole number",
        "a number", "an array of numbers", "one of its words"};
    char *text = scalar_text(item, gaclip__keys[key].type);
    if (!text)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: \"%s\" is to be %s", file,
                                gaclip__keys[key].name, WANTED[gaclip__keys[key].type]);
    int status = gaclip__names_add(out, text, strlen(text), err);
    free(text);
    return status;
}

static int read_key(GaclipRequest *request, const cJSON *member, int key, const char *file,
                    GaclipError *err)
{
    GaclipNames values = {0};
    int status = GACLIP_OK;
    if (cJSON_IsArray(member)) {
        const cJSON *item;
        cJSON_ArrayForEach(item, member)
        {
            if (!status) status = add_scalar(&values, item, key, file, err);
        }
    } else {
        status = add_scalar(&values, member, key, file, err);
    }
    if (!status && gaclip__key_set(request, key, values.items, values.count, err))
        status = gaclip_error_prefix(err, "%s", file);
    gaclip__names_clear(&values);
    return status;
}

static int is_there(const char *path)
{
    VSIStatBufL facts;
    return VSIStatExL(path, &facts, VSI_STAT_EXISTS_FLAG) == 0;
}

/* A name relative to the file's folder; one with a colon that is no file may be a driver's own. */
static int resolve(char **name, const char *file, GaclipError *err)
{
    if (!*name || !CPLIsFilenameRelative(*name)) return GACLIP_OK;
    const char *folder = CPLGetPath(file);
    const char *beside = *folder ? CPLFormFilename(folder, *name, NULL) : *name;
    gaclip__gdal_quiet_begin();
    int is_file = is_there(beside) || is_there(*name) || !strchr(*name, ':');
    gaclip__gdal_quiet_end();
    if (!is_file) return GACLIP_OK;
    char *copy = strdup(beside);
    if (!copy) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    free(*name);
    *name = copy;
    return GACLIP_OK;
}

static int read_scene(GaclipRequest *request, const cJSON *member, const char *file,
                      GaclipError *err)
{
    const char *scene = cJSON_IsString(member) ? member->valuestring : "";
    if (request->scene) return refuse(file, "scene", "is given twice", err);
    if (!*scene) return refuse(file, "scene", "is to name a raster", err);
    for (const unsigned char *c = (const unsigned char *)scene; *c; c++)
        if (*c < 32) return refuse(file, "scene", "holds a control character", err);
    if (!CPLIsUTF8(scene, -1)) return refuse(file, "scene", "is not UTF-8 text", err);
    /* One that led to another, or back to itself, would open without end. */
    if (gaclip_request_identify(scene, (const unsigned char *)"{\"gaclip\":", 10))
        return refuse(file, "scene", "names a GACLIP dataset; name a raster", err);
    request->scene = strdup(scene);
    return request->scene ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static int read_member(GaclipRequest *request, const cJSON *member, const char *file,
                       GaclipError *err)
{
    int key = gaclip__key_find(member->string, strlen(member->string));
    if (!strcmp(member->string, "scene")) return read_scene(request, member, file, err);
    if (!strcmp(member->string, "provenance"))
        return cJSON_IsObject(member) ? GACLIP_OK
                                      : refuse(file, "provenance", "is to be an object", err);
    if (key < 0) return refuse(file, member->string, "is no key of a .gaclip file", err);
    if (request->given >> key & 1) return refuse(file, member->string, "is given twice", err);
    return read_key(request, member, key, file, err);
}

static int read_members(GaclipRequest *request, const cJSON *root, const char *file,
                        GaclipError *err)
{
    const cJSON *version = cJSON_IsObject(root) ? root->child : NULL;
    int status = GACLIP_OK;
    if (!version || strcmp(version->string, "gaclip") != 0)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "%s: is no .gaclip file, which begins with {\"gaclip\": %d", file,
                                FORMAT_VERSION);
    if (!cJSON_IsNumber(version) || version->valuedouble != FORMAT_VERSION)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: is of another version than %d of the .gaclip format", file,
                                FORMAT_VERSION);
    for (const cJSON *member = version->next; member && !status; member = member->next)
        status = read_member(request, member, file, err);
    if (!status && !request->scene)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: names no \"scene\"", file);
    return status;
}

static int resolve_all(GaclipRequest *request, const char *file, GaclipError *err)
{
    int status = resolve(&request->scene, file, err);
    for (int i = 0; i < GACLIP__KEY_COUNT && !status; i++)
        if (gaclip__keys[i].is_file) status = resolve(gaclip__key_value(request, i), file, err);
    return status;
}

int gaclip_request_from_json(GaclipRequest *out, const char *text, size_t size, const char *file,
                             GaclipError *err)
{
    gaclip_request_init(out);
    cJSON *root = cJSON_ParseWithLength(text, size);
    int status = root ? read_members(out, root, file, err)
                      : gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                         "%s: is no whole JSON text; it may be cut off", file);
    cJSON_Delete(root);
    if (!status) status = resolve_all(out, file, err);
    if (!status) {
        out->file = strdup(file);
        if (!out->file) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    if (status) gaclip_request_clear(out);
    return status;
}

/* What a connection string may hold unescaped anywhere. */
static void write_escaped(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 32 || *c == 127 || strchr("\"|%?&,", *c))
            fprintf(out, "%%%02X", *c);
        else
            fputc(*c, out);
}

static void write_number(FILE *out, double value)
{
    char text[40];
    CPLsnprintf(text, sizeof text, "%.15g", value);
    fputs(text, out);
}

static void write_value(FILE *out, const GaclipRequest *request, int index)
{
    const GaclipKey *key = &gaclip__keys[index];
    const void *value = gaclip__key_value_const(request, index);
    const GaclipNames *names = value;
    const GaclipNumbers *numbers = value;
    switch (key->type) {
    case GACLIP_KEY_TEXT:
        write_escaped(out, *(char *const *)value);
        break;
    case GACLIP_KEY_FLAG:
        fputs(*(const int *)value ? "yes" : "no", out);
        break;
    case GACLIP_KEY_INTEGER:
        fprintf(out, "%d", *(const int *)value);
        break;
    case GACLIP_KEY_NUMBER:
        write_number(out, *(const double *)value);
        break;
    case GACLIP_KEY_CHOICE:
        fputs(key->choices[*(const int *)value], out);
        break;
    case GACLIP_KEY_NAMES:
        for (int i = 0; i < names->count; i++) {
            if (i) fputc(',', out);
            write_escaped(out, names->items[i]);
        }
        break;
    case GACLIP_KEY_NUMBERS:
        for (int i = 0; i < numbers->count; i++) {
            if (i) fputc(',', out);
            write_number(out, numbers->items[i]);
        }
        break;
    }
}

/* The text that a stream of open_memstream collected, or NULL. */
static char *collected(FILE *out, char **text)
{
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *gaclip_request_string(const GaclipRequest *request, const char *key, const char *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    char separator = '?';
    if (!out) return NULL;
    fputs("GACLIP:", out);
    write_escaped(out, request->file ? request->file : request->scene);
    for (int i = 0; i < GACLIP__KEY_COUNT; i++) {
        unsigned written = request->file ? request->replaced : request->given;
        if (!(written >> i & 1) || (key && !strcmp(gaclip__keys[i].name, key))) continue;
        fprintf(out, "%c%s=", separator, gaclip__keys[i].name);
        write_value(out, request, i);
        separator = '&';
    }
    if (key) {
        fprintf(out, "%c%s=", separator, key);
        write_escaped(out, value);
    }
    return collected(out, &text);
}

static cJSON *value_json(const GaclipRequest *request, int index)
{
    const GaclipKey *key = &gaclip__keys[index];
    const void *value = gaclip__key_value_const(request, index);
    const GaclipNames *names = value;
    const GaclipNumbers *numbers = value;
    switch (key->type) {
    case GACLIP_KEY_TEXT:
        return cJSON_CreateString(*(char *const *)value);
    case GACLIP_KEY_FLAG:
        return cJSON_CreateBool(*(const int *)value);
    case GACLIP_KEY_INTEGER:
        return cJSON_CreateNumber(*(const int *)value);
    case GACLIP_KEY_NUMBER:
        return cJSON_CreateNumber(*(const double *)value);
    case GACLIP_KEY_CHOICE:
        return cJSON_CreateString(key->choices[*(const int *)value]);
    case GACLIP_KEY_NUMBERS:
        return cJSON_CreateDoubleArray(numbers->items, numbers->count);
    case GACLIP_KEY_NAMES:
        return cJSON_CreateStringArray((const char *const *)names->items, names->count);
    }
    return NULL;
}

char *gaclip_request_json(const GaclipRequest *request, const char *provenance)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "gaclip", FORMAT_VERSION);
    cJSON_AddStringToObject(root, "scene", request->scene);
    for (int i = 0; i < GACLIP__KEY_COUNT; i++)
        if (request->given >> i & 1)
            cJSON_AddItemToObject(root, gaclip__keys[i].name, value_json(request, i));
    if (provenance) cJSON_AddItemToObject(root, "provenance", cJSON_Parse(provenance));
    char *printed = cJSON_Print(root), *text = printed ? strdup(printed) : NULL;
    cJSON_free(printed);
    cJSON_Delete(root);
    return text;
}

char *gaclip_request_option_list(void)
{
    static const char *const TYPES[] = {"string", "string", "boolean",      "int",
                                        "float",  "string", "string-select"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    fputs("<OpenOptionList>", out);
    for (int i = 0; i < GACLIP__KEY_COUNT; i++) {
        const GaclipKey *key = &gaclip__keys[i];
        char *help = CPLEscapeString(key->help, -1, CPLES_XML);
        fputs("<Option name='", out);
        for (const char *c = key->name; *c; c++) fputc(*c >= 'a' ? *c - 'a' + 'A' : *c, out);
        fprintf(out, "' type='%s'", TYPES[key->type]);
        fprintf(out, " description=\"%s\">", help);
        for (int j = 0; key->type == GACLIP_KEY_CHOICE && key->choices[j]; j++)
            fprintf(out, "<Value>%s</Value>", key->choices[j]);
        fputs("</Option>", out);
        CPLFree(help);
    }
    fputs("</OpenOptionList>", out);
    return collected(out, &text);
}
