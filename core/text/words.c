/* Splitting a cleaned text into the words that merges never cross. */
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "text/clean.h"
#include "text/tokenizer.h"

typedef enum Kind { SPACE, LETTER, NUMBER, OTHER } Kind;

static Kind kind_at(const char *text, size_t length, size_t *used)
{
    ucs4_t c;
    int bytes = u8_mbtouc(&c, (const uint8_t *)text, length);
    *used = (size_t)(bytes > 0 ? bytes : 1);
    if (uc_is_general_category(c, UC_CATEGORY_L)) return LETTER;
    if (uc_is_general_category(c, UC_CATEGORY_N)) return NUMBER;
    return uc_is_property_white_space(c) ? SPACE : OTHER;
}

static int starts_with(const char *text, size_t length, const char *start)
{
    size_t n = strlen(start);
    return length >= n && !memcmp(text, start, n);
}

/* English endings stand alone: 's 't 're 've 'm 'll 'd, and a long s for the s. */
static size_t contraction(const char *text, size_t length)
{
    static const char *const ENDINGS[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'\xC5\xBF"};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
        if (starts_with(text, length, ENDINGS[i])) return strlen(ENDINGS[i]);
    return 0;
}

static size_t run_of(Kind kind, const char *text, size_t length)
{
    size_t at = 0, used;
    while (at < length && kind_at(text + at, length - at, &used) == kind) at += used;
    return at;
}

static size_t next_word(const char *text, size_t length, int *special)
{
    static const char START[] = "<|startoftext|>", END[] = "<|endoftext|>";
    size_t used;
    *special = GACLIP__WORD;
    if (starts_with(text, length, START)) {
        *special = GACLIP__START_OF_TEXT;
        return sizeof START - 1;
    }
    if (starts_with(text, length, END)) {
        *special = GACLIP__END_OF_TEXT;
        return sizeof END - 1;
    }
    size_t ending = contraction(text, length);
    if (ending) return ending;
    Kind kind = kind_at(text, length, &used);
    return kind == NUMBER ? used : run_of(kind, text, length);
}

int gaclip__text_words(const char *text, size_t length, GaclipWordVisit *visit, void *payload,
                       GaclipError *err)
{
    char *clean;
    size_t size, used;
    int status = gaclip__text_clean(&clean, &size, text, length, err);
    for (size_t at = 0; at < size && !status;) {
        int special;
        if (kind_at(clean + at, size - at, &used) == SPACE) {
            at += used;
            continue;
        }
        size_t word = next_word(clean + at, size - at, &special);
        status = visit(clean + at, word, special, payload, err);
        at += word;
    }
    free(clean);
    return status;
}
