#include "text/repair.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#include "text/mojibake.h"

/* Room that one code point may need: "ffi" takes three, half width forms fewer. */
enum { LARGEST_EXPANSION = 3 };

/* Latin ligatures and digraphs, and what they are made of. */
static const struct {
    uint16_t from;
    uint16_t to[3];
} LIGATURES[] = {{0x132, {'I', 'J'}},       {0x133, {'i', 'j'}},       {0x149, {'\'', 'n'}},
                 {0x1C4, {'D', 0x17D}},     {0x1C5, {'D', 0x17E}},     {0x1C6, {'d', 0x17E}},
                 {0x1C7, {'L', 'J'}},       {0x1C8, {'L', 'j'}},       {0x1C9, {'l', 'j'}},
                 {0x1CA, {'N', 'J'}},       {0x1CB, {'N', 'j'}},       {0x1CC, {'n', 'j'}},
                 {0x1F1, {'D', 'Z'}},       {0x1F2, {'D', 'z'}},       {0x1F3, {'d', 'z'}},
                 {0xFB00, {'f', 'f'}},      {0xFB01, {'f', 'i'}},      {0xFB02, {'f', 'l'}},
                 {0xFB03, {'f', 'f', 'i'}}, {0xFB04, {'f', 'f', 'l'}}, {0xFB05, {0x17F, 't'}},
                 {0xFB06, {'s', 't'}}};

static int is_removed(uint32_t c)
{
    return c <= 8 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
           (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

static uint32_t plain(uint32_t c)
{
    if (c == '\r' || c == 0x2028 || c == 0x2029) return '\n';
    if (c == 0x02BC || (c >= 0x2018 && c <= 0x201B)) return '\'';
    if (c >= 0x201C && c <= 0x201F) return '"';
    return c == 0x3000 ? ' ' : c;
}

/* Writes what c becomes; returns the end. */
static uint32_t *write_plain(uint32_t *out, uint32_t c)
{
    if (is_removed(c)) return out;
    for (size_t i = 0; i < sizeof LIGATURES / sizeof *LIGATURES; i++)
        if (LIGATURES[i].from == c) {
            for (int k = 0; k < 3 && LIGATURES[i].to[k]; k++) *out++ = LIGATURES[i].to[k];
            return out;
        }
    if (c >= 0xFF01 && c <= 0xFFEF) {
        uint32_t room[LARGEST_EXPANSION + 1];
        size_t count = LARGEST_EXPANSION;
        if (u32_normalize(UNINORM_NFKC, &c, 1, room, &count) == room) {
            memcpy(out, room, count * sizeof *room);
            return out + count;
        }
    }
    *out++ = plain(c);
    return out;
}

/* The length of a terminal escape "ESC [ digits and semicolons letter" at text, or 0. */
static size_t escape_length(const uint32_t *text, size_t count)
{
    size_t at = 2;
    if (count < 3 || text[0] != 0x1B || text[1] != '[') return 0;
    while (at < count && ((text[at] >= '0' && text[at] <= '9') || text[at] == ';')) at++;
    return at < count && ((text[at] | 32) >= 'a' && (text[at] | 32) <= 'z') ? at + 1 : 0;
}

static size_t decode(uint32_t *out, const char *text, size_t length)
{
    size_t count = 0;
    for (size_t at = 0; at < length;) {
        ucs4_t c;
        int used = u8_mbtouc(&c, (const uint8_t *)text + at, length - at);
        out[count++] = c;
        at += (size_t)(used > 0 ? used : 1);
    }
    return count;
}

uint32_t *gaclip__text_repair(size_t *count, const char *text, size_t length)
{
    uint32_t *decoded = malloc((length + 1) * sizeof *decoded);
    uint32_t *repaired = malloc((LARGEST_EXPANSION * length + 1) * sizeof *repaired);
    uint32_t *composed = NULL;
    if (decoded && repaired) {
        size_t n = gaclip__unscramble(decoded, decode(decoded, text, length));
        uint32_t *end = repaired;
        for (size_t at = 0; at < n;) {
            size_t skipped = escape_length(decoded + at, n - at);
            if (skipped)
                at += skipped;
            else
                end = write_plain(end, decoded[at++]);
        }
        composed = u32_normalize(UNINORM_NFC, repaired, (size_t)(end - repaired), NULL, count);
        if (!composed && end == repaired) composed = malloc(sizeof *composed);
    }
    free(decoded);
    free(repaired);
    return composed;
}
