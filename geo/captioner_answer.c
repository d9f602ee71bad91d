#include "captioner_answer.h"

#include <ctype.h>
#include <string.h>

#include "json_reader.h"

/* A copy without line breaks and doubled blanks. */
static int keep_text(const char **out, GaclipPool *pool, const char *text, GaclipError *err)
{
    size_t length = 0;
    char *copy = gaclip__pool_bytes(pool, strlen(text) + 1);
    if (!copy) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (; *text; text++) {
        int is_blank = isspace((unsigned char)*text) || iscntrl((unsigned char)*text);
        if (is_blank && (!length || copy[length - 1] == ' ')) continue;
        copy[length++] = is_blank ? ' ' : *text;
    }
    while (length && copy[length - 1] == ' ') length--;
    copy[length] = '\0';
    *out = copy;
    return GACLIP_OK;
}

static int text_of(const char **out, GaclipPool *pool, const GaclipJson *object, const char *key,
                   GaclipError *err)
{
    const char *text = NULL;
    int status = gaclip__json_text_of(&text, object, key, err);
    return status || !text ? status : keep_text(out, pool, text, err);
}

static int read_region(GaclipCaptionAnswer *out, GaclipPool *pool, const GaclipJson *at,
                       int region_count, GaclipError *err)
{
    GaclipJson member;
    int region;
    int status = gaclip__json_object(at, err);
    if (!status) status = gaclip__json_need(&member, at, "region", err);
    if (!status) status = gaclip__json_whole(&region, &member, 0, region_count - 1, err);
    return status ? status : text_of(&out->descriptions[region], pool, at, "description", err);
}

static int read_content(GaclipCaptionAnswer *out, GaclipPool *pool, const GaclipJson *root,
                        int region_count, GaclipError *err)
{
    GaclipJson list, item;
    int status = gaclip__json_object(root, err);
    if (!status) status = text_of(&out->brief, pool, root, "caption", err);
    if (!status) status = text_of(&out->detailed, pool, root, "detailed_caption", err);
    if (status || !gaclip__json_find(&list, root, "regions")) return status;
    status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read_region(out, pool, &item, region_count, err);
    return status;
}

/* The text between the first brace and the last: models like to put a fence around JSON. */
static cJSON *parse_inner(const char *text)
{
    const char *start = strchr(text, '{'), *end = strrchr(text, '}');
    if (!start || !end || end < start) return NULL;
    return cJSON_ParseWithLength(start, (size_t)(end - start) + 1);
}

static int read_body(const char **content, const GaclipJson *root, GaclipError *err)
{
    GaclipJson choices, first, message, text;
    int status = gaclip__json_object(root, err);
    if (!status) status = gaclip__json_need(&choices, root, "choices", err);
    if (!status) status = gaclip__json_array(&choices, err);
    if (!status && !gaclip__json_first(&first, &choices))
        status = gaclip__json_fail(&choices, err, "is empty");
    if (!status) status = gaclip__json_object(&first, err);
    if (!status) status = gaclip__json_need(&message, &first, "message", err);
    if (!status) status = gaclip__json_object(&message, err);
    if (!status) status = gaclip__json_need(&text, &message, "content", err);
    return status ? status : gaclip__json_text(content, &text, err);
}

int gaclip__captioner_read(GaclipCaptionAnswer *out, GaclipPool *pool, const char *body,
                           int region_count, GaclipError *err)
{
    const char *content;
    GaclipJson root = {.file = "the captioner's answer", .value = cJSON_Parse(body)};
    *out = (GaclipCaptionAnswer){.descriptions = gaclip__pool_bytes(
                                     pool, ((size_t)region_count + 1) * sizeof *out->descriptions)};
    if (!out->descriptions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!root.value)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "the captioner's answer is no JSON");
    int status = read_body(&content, &root, err);
    if (!status) {
        GaclipJson inner = {.file = "the captioner's answer", .value = parse_inner(content)};
        status = inner.value
                     ? read_content(out, pool, &inner, region_count, err)
                     : gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                        "the captioner's answer has no JSON in its content");
        cJSON_Delete((cJSON *)inner.value);
    }
    cJSON_Delete((cJSON *)root.value);
    return status;
}
