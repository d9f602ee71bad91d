#include "text/clean.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

#include "text/html_entities.h"
#include "text/repair.h"

/* Collapses runs of white space in place and strips both ends; returns the new length. */
static size_t collapse_spaces(char *text, size_t length)
{
    size_t kept = 0;
    int pending = 0;
    for (size_t at = 0; at < length;) {
        ucs4_t c;
        int used = u8_mbtouc(&c, (const uint8_t *)text + at, length - at);
        if (used < 1) used = 1;
        if (uc_is_property_white_space(c)) {
            pending = kept > 0;
        } else {
            if (pending) text[kept++] = ' ';
            pending = 0;
            memmove(text + kept, text + at, (size_t)used);
            kept += (size_t)used;
        }
        at += (size_t)used;
    }
    return kept;
}

/* UTF-8 of code points with entities decoded twice; NULL when memory is short. */
static char *decode_entities(size_t *length, const uint32_t *code_points, size_t count)
{
    size_t bytes = 0;
    char *first = count ? (char *)u32_to_u8(code_points, count, NULL, &bytes) : malloc(1);
    char *second = first ? malloc(3 * bytes + 1) : NULL;
    char *third = NULL;
    if (second) {
        bytes = gaclip__html_decode(second, first, bytes);
        third = malloc(3 * bytes + 1);
    }
    if (third) *length = gaclip__html_decode(third, second, bytes);
    free(first);
    free(second);
    return third;
}

int gaclip__text_clean(char **out, size_t *out_length, const char *text, size_t length,
                       GaclipError *err)
{
    size_t count = 0, bytes = 0;
    *out = NULL;
    *out_length = 0;
    if (length > (size_t)1 << 28)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "a text of %zu bytes is too long",
                                length);
    uint32_t *repaired = gaclip__text_repair(&count, text, length);
    char *decoded = repaired ? decode_entities(&bytes, repaired, count) : NULL;
    free(repaired);
    if (decoded) {
        bytes = collapse_spaces(decoded, bytes);
        *out = bytes ? (char *)u8_tolower((const uint8_t *)decoded, bytes, NULL, NULL, NULL,
                                          out_length)
                     : malloc(1);
    }
    free(decoded);
    return *out ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}
