#include "text/mojibake.h"

#include <unistr.h>

/* Windows-1252 from 0x80 to 0x9F (Unicode's CP1252.TXT); 0 where it has nothing. */
static const uint16_t HIGH[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                  0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                  0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                  0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

/* The byte that Windows-1252 writes c as (control codes for themselves), or 0 for ASCII and what it
 * cannot write. */
static uint8_t byte_of(uint32_t c)
{
    if (c >= 0x80 && c <= 0xFF) return (uint8_t)c;
    for (int i = 0; c > 0xFF && i < 32; i++)
        if (HIGH[i] == c) return (uint8_t)(0x80 + i);
    return 0;
}

/* Quotes, dashes and the ellipsis often follow an accented capital in text that is right. */
static int is_punctuation(uint32_t c)
{
    return (c >= 0x2013 && c <= 0x201E) || c == 0x2026 || c == 0x2039 || c == 0x203A;
}

/* Characters of the sequence that begins at text, or 0; *meant is what it stands for. */
static size_t sequence_length(uint32_t *meant, const uint32_t *text, size_t count)
{
    uint8_t bytes[4];
    size_t length = 0;
    ucs4_t c;
    if (byte_of(text[0]) < 0xC2) return 0;
    while (length < 4 && length < count && (bytes[length] = byte_of(text[length])) != 0) length++;
    int used = u8_mbtoucr(&c, bytes, length);
    if (used < 2) return 0;
    if (used == 2 && bytes[0] > 0xC3 && is_punctuation(text[1])) return 0;
    if (bytes[0] == 0xD7 && text[1] >= 0xBC && text[1] <= 0xBE) return 0; /* times a fraction */
    *meant = c;
    return (size_t)used;
}

/* A small a with grave accent whose second half, a no-break space, became a plain space: a capital
 * A with tilde ends no word of small letters. */
static int is_broken_a_grave(const uint32_t *text, size_t at, size_t count)
{
    return text[at] == 0xC3 && at > 0 && at + 1 < count && text[at + 1] == ' ' &&
           text[at - 1] >= 'a' && text[at - 1] <= 'z';
}

size_t gaclip__unscramble(uint32_t *text, size_t count)
{
    size_t end = 0;
    for (size_t at = 0; at < count;) {
        uint32_t c = text[at];
        size_t used = sequence_length(&c, text + at, count - at);
        if (!used && is_broken_a_grave(text, at, count)) {
            c = 0xE0;
            used = at + 2 < count && text[at + 2] == ' ' ? 2 : 1;
        }
        if (c >= 0x80 && c <= 0x9F && HIGH[c - 0x80]) c = HIGH[c - 0x80];
        text[end++] = c;
        at += used ? used : 1;
    }
    return end;
}
