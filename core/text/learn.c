/* Learning merges (Sennrich et al., 2016): the most frequent pair of neighbours first. */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"

/* Bytes of a word that is learned from: no word of a language is longer, and the merges of such a
 * run would be longer than a line of merges may be. */
enum { LONGEST_WORD = 256 };

/* A distinct word: its parts, and how often it occurs. */
typedef struct Word {
    char *bytes;
    size_t length, parts;
    int32_t *ids; /* (parts) */
    long count;
} Word;

typedef struct Words {
    Word *items;
    size_t count, capacity;
} Words;

static int no_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static int collect_word(const char *bytes, size_t length, int special, void *payload,
                        GaclipError *err)
{
    Words *words = payload;
    if (special || length > LONGEST_WORD) return GACLIP_OK;
    if (words->count == words->capacity) {
        size_t capacity = words->capacity ? 2 * words->capacity : 1024;
        Word *items = realloc(words->items, capacity * sizeof *items);
        if (!items) return no_memory(err);
        words->items = items;
        words->capacity = capacity;
    }
    char *copy = malloc(length);
    if (!copy) return no_memory(err);
    memcpy(copy, bytes, length);
    words->items[words->count++] = (Word){.bytes = copy, .length = length, .count = 1};
    return GACLIP_OK;
}

static int by_bytes(const void *a, const void *b)
{
    const Word *p = a, *q = b;
    int order = memcmp(p->bytes, q->bytes, p->length < q->length ? p->length : q->length);
    return order ? order : (p->length > q->length) - (p->length < q->length);
}

static void fold_duplicates(Words *words)
{
    size_t kept = 0;
    if (words->count) qsort(words->items, words->count, sizeof *words->items, by_bytes);
    for (size_t i = 0; i < words->count; i++) {
        if (kept && by_bytes(&words->items[kept - 1], &words->items[i]) == 0) {
            words->items[kept - 1].count += words->items[i].count;
            free(words->items[i].bytes);
        } else {
            words->items[kept++] = words->items[i];
        }
    }
    words->count = kept;
}

static int split_words(Words *words, const GaclipTokenizer *t, GaclipError *err)
{
    for (size_t i = 0; i < words->count; i++) {
        Word *w = &words->items[i];
        w->parts = w->length;
        w->ids = malloc(w->length * sizeof *w->ids);
        if (!w->ids) return no_memory(err);
        for (size_t k = 0; k < w->length; k++)
            w->ids[k] =
                t->byte_ids[(unsigned char)w->bytes[k]] + (k + 1 == w->length ? GACLIP__BYTES : 0);
    }
    return GACLIP_OK;
}

/* Adds factor times the word's count to each of its pairs. */
static int count_pairs(GaclipPairs *counts, const Word *word, int factor, GaclipError *err)
{
    for (size_t k = 0; k + 1 < word->parts; k++) {
        int32_t *count = gaclip__pairs_place(counts, gaclip__pair(word->ids[k], word->ids[k + 1]));
        if (!count) return no_memory(err);
        *count += factor * (int32_t)word->count;
    }
    return GACLIP_OK;
}

static int symbols_before(const GaclipTokenizer *t, uint64_t a, uint64_t b)
{
    int order = strcmp(t->symbols[a >> 32], t->symbols[b >> 32]);
    if (!order) order = strcmp(t->symbols[(uint32_t)a], t->symbols[(uint32_t)b]);
    return order < 0;
}

static int32_t most_frequent(uint64_t *pair, const GaclipPairs *counts, const GaclipTokenizer *t)
{
    int32_t best = 0;
    for (size_t i = 0; i < counts->capacity; i++) {
        if (!counts->keys[i] || counts->values[i] < best) continue;
        uint64_t candidate = counts->keys[i] - 1;
        if (counts->values[i] > best || symbols_before(t, candidate, *pair)) {
            best = counts->values[i];
            *pair = candidate;
        }
    }
    return best;
}

static int contains(const Word *word, int32_t left, int32_t right)
{
    for (size_t k = 0; k + 1 < word->parts; k++)
        if (word->ids[k] == left && word->ids[k + 1] == right) return 1;
    return 0;
}

static void join(Word *word, int32_t left, int32_t right, int32_t joined)
{
    size_t kept = 0;
    for (size_t k = 0; k < word->parts; k++) {
        int matches = k + 1 < word->parts && word->ids[k] == left && word->ids[k + 1] == right;
        word->ids[kept++] = matches ? joined : word->ids[k];
        k += (size_t)matches;
    }
    word->parts = kept;
}

static int merge_everywhere(Words *words, GaclipPairs *counts, int32_t left, int32_t right,
                            int32_t joined, GaclipError *err)
{
    int status = GACLIP_OK;
    for (size_t i = 0; i < words->count && !status; i++) {
        Word *w = &words->items[i];
        if (!contains(w, left, right)) continue;
        status = count_pairs(counts, w, -1, err);
        join(w, left, right, joined);
        if (!status) status = count_pairs(counts, w, 1, err);
    }
    return status;
}

static int learn(GaclipTokenizer *t, Words *words, size_t merge_count, size_t min_count,
                 GaclipError *err)
{
    GaclipPairs counts = {0};
    int32_t *lefts = malloc((merge_count + 1) * sizeof *lefts);
    int32_t *rights = malloc((merge_count + 1) * sizeof *rights);
    int status = lefts && rights ? GACLIP_OK : no_memory(err);
    for (size_t i = 0; i < words->count && !status; i++)
        status = count_pairs(&counts, &words->items[i], 1, err);
    while (!status && t->merge_count < merge_count) {
        uint64_t pair = 0;
        int32_t count = most_frequent(&pair, &counts, t);
        if (count < 1 || (size_t)count < min_count) break;
        size_t index = t->merge_count;
        lefts[index] = (int32_t)(pair >> 32);
        rights[index] = (int32_t)(uint32_t)pair;
        status = gaclip__tokenizer_add_merge(t, lefts[index], rights[index], err);
        if (!status)
            status = merge_everywhere(words, &counts, lefts[index], rights[index],
                                      GACLIP__BASE_IDS + (int32_t)index, err);
    }
    if (!status) status = gaclip__tokenizer_finish(t, lefts, rights, err);
    free(lefts);
    free(rights);
    gaclip__pairs_free(&counts);
    return status;
}

static void free_words(Words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->items[i].bytes);
        free(words->items[i].ids);
    }
    free(words->items);
}

int gaclip_tokenizer_learn(GaclipTokenizer **out, const char *const *texts, size_t text_count,
                           size_t merge_count, size_t min_count, GaclipError *err)
{
    Words words = {0};
    GaclipTokenizer *tokenizer;
    *out = NULL;
    int status = gaclip__tokenizer_new(&tokenizer, err);
    if (status) return status;
    for (size_t i = 0; i < text_count && !status; i++)
        status = gaclip__text_words(texts[i], strlen(texts[i]), collect_word, &words, err);
    if (!status) {
        fold_duplicates(&words);
        status = split_words(&words, tokenizer, err);
    }
    if (!status) status = learn(tokenizer, &words, merge_count, min_count, err);
    free_words(&words);
    if (status) {
        gaclip_tokenizer_free(tokenizer);
        return status;
    }
    *out = tokenizer;
    return GACLIP_OK;
}
