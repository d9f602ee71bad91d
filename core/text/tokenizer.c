/* The tokenizer's merges: from text, from memory, and back to text. */
#include "text/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOL_SIZE = 12, MOST_MERGES = 1 << 20 };

/* CLIP (after GPT-2) writes each byte as a printable character: printable ones of Latin-1 stand
 * for themselves, the others, in order, for U+0100 and up. */
static int is_printable(int byte)
{
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

static char *byte_symbol(int code_point, int at_end)
{
    char *symbol = malloc(SYMBOL_SIZE);
    if (!symbol) return NULL;
    const char *end = at_end ? "</w>" : "";
    if (code_point < 128)
        snprintf(symbol, SYMBOL_SIZE, "%c%s", code_point, end);
    else
        snprintf(symbol, SYMBOL_SIZE, "%c%c%s", 0xC0 | code_point >> 6, 0x80 | (code_point & 63),
                 end);
    return symbol;
}

static int fill_alphabet(GaclipTokenizer *t)
{
    int id = 0, hidden = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int byte = 0; byte < GACLIP__BYTES; byte++) {
            if (is_printable(byte) != (pass == 0)) continue;
            int code_point = pass == 0 ? byte : 256 + hidden++;
            t->byte_ids[byte] = id;
            t->symbols[id] = byte_symbol(code_point, 0);
            t->symbols[GACLIP__BYTES + id] = byte_symbol(code_point, 1);
            if (!t->symbols[id] || !t->symbols[GACLIP__BYTES + id]) return 0;
            id++;
        }
    return 1;
}

int gaclip__tokenizer_new(GaclipTokenizer **out, GaclipError *err)
{
    *out = NULL;
    GaclipTokenizer *t = calloc(1, sizeof *t);
    if (t) t->symbols = calloc(GACLIP__BASE_IDS, sizeof *t->symbols);
    if (!t || !t->symbols || !fill_alphabet(t)) {
        gaclip_tokenizer_free(t);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    t->capacity = GACLIP__BASE_IDS;
    *out = t;
    return GACLIP_OK;
}

void gaclip_tokenizer_free(GaclipTokenizer *tokenizer)
{
    if (!tokenizer) return;
    size_t count = GACLIP__BASE_IDS + tokenizer->merge_count;
    for (size_t i = 0; tokenizer->symbols && i < count; i++) free(tokenizer->symbols[i]);
    free(tokenizer->symbols);
    free(tokenizer->merges);
    gaclip__pairs_free(&tokenizer->ranks);
    free(tokenizer);
}

int gaclip_tokenizer_vocab_size(const GaclipTokenizer *tokenizer)
{
    return GACLIP__BASE_IDS + (int)tokenizer->merge_count + 2;
}

const char *gaclip_tokenizer_merges(const GaclipTokenizer *tokenizer, size_t *size)
{
    *size = tokenizer->merges_size;
    return tokenizer->merges;
}

static int no_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

int gaclip__tokenizer_add_merge(GaclipTokenizer *tokenizer, int32_t left, int32_t right,
                                GaclipError *err)
{
    GaclipTokenizer *t = tokenizer;
    uint64_t pair = gaclip__pair(left, right);
    if (t->merge_count >= MOST_MERGES)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "more than %d merges", MOST_MERGES);
    if (gaclip__pairs_find(&t->ranks, pair) >= 0)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "the merge is there twice");
    size_t id = GACLIP__BASE_IDS + t->merge_count;
    if (id == t->capacity) {
        char **symbols = realloc(t->symbols, 2 * t->capacity * sizeof *symbols);
        if (!symbols) return no_memory(err);
        t->symbols = symbols;
        t->capacity *= 2;
    }
    size_t room = strlen(t->symbols[left]) + strlen(t->symbols[right]) + 1;
    char *symbol = malloc(room);
    if (!symbol) return no_memory(err);
    snprintf(symbol, room, "%s%s", t->symbols[left], t->symbols[right]);
    int32_t *rank = gaclip__pairs_place(&t->ranks, pair);
    if (!rank) {
        free(symbol);
        return no_memory(err);
    }
    *rank = (int32_t)t->merge_count;
    t->symbols[id] = symbol;
    t->merge_count++;
    return GACLIP_OK;
}

static const char VERSION_LINE[] = "#version: gaclip\n";

int gaclip__tokenizer_finish(GaclipTokenizer *tokenizer, const int32_t *lefts,
                             const int32_t *rights, GaclipError *err)
{
    GaclipTokenizer *t = tokenizer;
    size_t size = sizeof VERSION_LINE;
    for (size_t i = 0; i < t->merge_count; i++)
        size += strlen(t->symbols[lefts[i]]) + strlen(t->symbols[rights[i]]) + 2;
    t->merges = malloc(size);
    if (!t->merges) return no_memory(err);
    char *end = t->merges + snprintf(t->merges, size, "%s", VERSION_LINE);
    for (size_t i = 0; i < t->merge_count; i++)
        end += sprintf(end, "%s %s\n", t->symbols[lefts[i]], t->symbols[rights[i]]);
    t->merges_size = (size_t)(end - t->merges);
    return GACLIP_OK;
}
