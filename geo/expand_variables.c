#include "expand_variables.h"

#include <cpl_conv.h>
#include <stdlib.h>
#include <string.h>

/* The value of what stands between the braces, or NULL. Takes inner over. */
static char *value_of(char **missing, char *inner)
{
    char *fallback = strstr(inner, ":-");
    if (fallback) *fallback = '\0';
    const char *value = getenv(inner);
    if ((!value || !*value) && fallback) value = fallback + 2;
    char *out = value && *value ? CPLStrdup(value) : NULL;
    if (!out) *missing = CPLStrdup(inner);
    CPLFree(inner);
    return out;
}

/* out with length more bytes of text behind it; takes out over. */
static char *append(char *out, const char *text, size_t length)
{
    size_t before = out ? strlen(out) : 0;
    char *longer = CPLRealloc(out, before + length + 1);
    memcpy(longer + before, text, length);
    longer[before + length] = '\0';
    return longer;
}

char *gaclip__expand_variables(char **missing, const char *text)
{
    char *out = append(NULL, "", 0);
    for (const char *rest = text; *rest;) {
        const char *start = strstr(rest, "${");
        size_t plain = start ? (size_t)(start - rest) : strlen(rest);
        out = append(out, rest, plain);
        if (!start) break;
        size_t length = strcspn(start, "}");
        char *inner = append(NULL, start + 2, length - 2);
        char *value = start[length] ? value_of(missing, inner) : NULL;
        if (!start[length]) *missing = inner;
        if (!value) {
            CPLFree(out);
            return NULL;
        }
        out = append(out, value, strlen(value));
        CPLFree(value);
        rest = start + length + 1;
    }
    return out;
}
