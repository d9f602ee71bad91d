#include <stdint.h>
#include <string.h>

#include <unistr.h>

#include "text/html_entities.h"

enum { LONGEST_NAME = 32, REPLACEMENT = 0xFFFD, LARGEST_CODE_POINT = 0x10FFFF };

/* What the standard puts for the references 128 to 159 (as windows-1252 has them); 0 = nothing. */
static const uint16_t WINDOWS_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

/* Control characters and non-characters stand for nothing. */
static int is_dropped(uint32_t c)
{
    return (c >= 1 && c <= 8) || c == 11 || (c >= 14 && c <= 31) || c == 127 ||
           (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

static char *put(char *out, uint32_t c)
{
    int written = u8_uctomb((uint8_t *)out, c, 6);
    return written > 0 ? out + written : out;
}

static int digit_value(char c, int base)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* text begins behind "&#". Returns how much was read, 0 when it is no reference. */
static size_t decode_number(char **out, const char *text, size_t length)
{
    int base = length && (text[0] == 'x' || text[0] == 'X') ? 16 : 10;
    size_t start = base == 16, at = start;
    uint32_t c = 0;
    for (; at < length && digit_value(text[at], base) >= 0; at++)
        if (c <= LARGEST_CODE_POINT) c = c * (uint32_t)base + (uint32_t)digit_value(text[at], base);
    if (at == start) return 0;
    if (at < length && text[at] == ';') at++;
    if (c >= 128 && c < 160)
        *out = put(*out, WINDOWS_1252[c - 128]);
    else if (c == 0 || (c >= 0xD800 && c <= 0xDFFF) || c > LARGEST_CODE_POINT)
        *out = put(*out, REPLACEMENT);
    else if (!is_dropped(c))
        *out = put(*out, c);
    return at;
}

static const char *find_name(const char *name, size_t length)
{
    int low = 0, high = GACLIP__HTML_ENTITY_COUNT;
    while (low < high) {
        int middle = (low + high) / 2;
        const GaclipHtmlEntity *e = &GACLIP__HTML_ENTITIES[middle];
        int order = strncmp(e->name, name, length);
        if (order == 0 && e->name[length]) order = 1;
        if (order == 0) return e->text;
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return NULL;
}

/* text begins behind "&". The longest name of at least two characters counts. */
static size_t decode_name(char **out, const char *text, size_t length)
{
    size_t run = 0;
    while (run < length && run < LONGEST_NAME && !memchr("\t\n\f <&#;", text[run], 8)) run++;
    if (run < length && run > 0 && text[run] == ';') run++;
    for (size_t n = run; n >= 2; n--) {
        const char *found = find_name(text, n);
        if (!found) continue;
        size_t size = strlen(found);
        memcpy(*out, found, size);
        *out += size;
        return n;
    }
    return 0;
}

size_t gaclip__html_decode(char *out, const char *text, size_t length)
{
    char *end = out;
    for (size_t at = 0; at < length;) {
        size_t used = 0, left = length - at - 1;
        if (text[at] == '&' && left && text[at + 1] == '#') {
            used = decode_number(&end, text + at + 2, left - 1);
            if (used) used += 1;
        } else if (text[at] == '&') {
            used = decode_name(&end, text + at + 1, left);
        }
        if (used)
            at += used + 1;
        else
            *end++ = text[at++];
    }
    return (size_t)(end - out);
}
