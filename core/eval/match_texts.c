/* Texts that say nearly the same, by the n-grams of words that they share. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/leakage.h"

enum { LONGEST_GRAM = 16 };

/* An n-gram of a text, by its hash: two that differ are one by chance once in 2^64 / grams^2. */
typedef struct Gram {
    uint64_t hash;
    int text;
} Gram;

typedef struct Grams {
    Gram *items; /* sorted by hash, then text; each once */
    size_t count, capacity;
    int *sizes; /* (texts) distinct n-grams of each */
} Grams;

static void clear(Grams *grams)
{
    free(grams->items);
    free(grams->sizes);
}

static int add(Grams *grams, uint64_t hash, int text, GaclipError *err)
{
    if (grams->count == grams->capacity) {
        size_t capacity = grams->capacity ? 2 * grams->capacity : 1024;
        Gram *items = realloc(grams->items, capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        grams->items = items;
        grams->capacity = capacity;
    }
    grams->items[grams->count++] = (Gram){hash, text};
    return GACLIP_OK;
}

static int is_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The next word's hash (FNV-1a, 64 bits), or 0 behind the last. */
static uint64_t next_word(const char **text)
{
    uint64_t hash = 0xCBF29CE484222325u;
    while (**text && !is_word(**text)) ++*text;
    if (!**text) return 0;
    for (; is_word(**text); ++*text)
        hash = (hash ^ (uint64_t)(unsigned char)tolower((unsigned char)**text)) * 0x100000001B3u;
    return hash ? hash : 1;
}

/* In order: "a b" is not "b a". */
static uint64_t join(const uint64_t *words, int count)
{
    uint64_t hash = 0;
    for (int i = 0; i < count; i++) {
        hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

static int add_text(Grams *grams, const char *text, int index, int n, GaclipError *err)
{
    uint64_t words[LONGEST_GRAM], word;
    int held = 0, status = GACLIP_OK, made = 0;
    while ((word = next_word(&text)) && !status) {
        if (held == n) memmove(words, words + 1, (size_t)--held * sizeof *words);
        words[held++] = word;
        if (held < n) continue;
        status = add(grams, join(words, n), index, err);
        made = 1;
    }
    return made || !held || status ? status : add(grams, join(words, held), index, err);
}

static int compare_grams(const void *a, const void *b)
{
    const Gram *left = a, *right = b;
    if (left->hash != right->hash) return left->hash < right->hash ? -1 : 1;
    return (left->text > right->text) - (left->text < right->text);
}

static int list_grams(Grams *out, const char *const *texts, int count, int n, GaclipError *err)
{
    int status = GACLIP_OK;
    *out = (Grams){.sizes = calloc((size_t)count + 1, sizeof *out->sizes)};
    if (!out->sizes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count && !status; i++) status = add_text(out, texts[i], i, n, err);
    if (status || !out->count) return status;
    qsort(out->items, out->count, sizeof *out->items, compare_grams);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (!i || compare_grams(&out->items[i], &out->items[kept - 1]) != 0)
            out->items[kept++] = out->items[i];
    out->count = kept;
    for (size_t i = 0; i < kept; i++) out->sizes[out->items[i].text]++;
    return GACLIP_OK;
}

/* The first gram of that hash or a greater one. */
static size_t find(const Grams *grams, uint64_t hash)
{
    size_t low = 0, high = grams->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (grams->items[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* shared (train texts) is zero before and after; seen has room for as many. */
static GaclipNearest nearest(const Grams *own, int size, const Grams *trains, int *shared,
                             int *seen)
{
    GaclipNearest best = {-1, 0};
    int seen_count = 0;
    for (size_t g = 0; g < own->count; g++)
        for (size_t i = find(trains, own->items[g].hash);
             i < trains->count && trains->items[i].hash == own->items[g].hash; i++)
            if (!shared[trains->items[i].text]++) seen[seen_count++] = trains->items[i].text;
    for (int i = 0; i < seen_count; i++) {
        int text = seen[i], common = shared[text];
        double similarity = (double)common / (size + trains->sizes[text] - common);
        int is_first = similarity >= best.similarity && best.train >= 0 && text < best.train;
        if (similarity > best.similarity || is_first) best = (GaclipNearest){text, similarity};
        shared[text] = 0;
    }
    return best;
}

static int match(GaclipNearest *out, const char *const *tests, int test_count, const Grams *trains,
                 int train_count, int n, GaclipError *err)
{
    int status = GACLIP_OK;
    int *shared = calloc((size_t)train_count + 1, sizeof *shared);
    int *seen = malloc(((size_t)train_count + 1) * sizeof *seen);
    if (!shared || !seen) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < test_count && !status; i++) {
        Grams own;
        status = list_grams(&own, &tests[i], 1, n, err);
        if (!status) out[i] = nearest(&own, own.sizes[0], trains, shared, seen);
        clear(&own);
    }
    free(shared);
    free(seen);
    return status;
}

int gaclip_match_texts(GaclipNearest *out, const char *const *tests, int test_count,
                       const char *const *trains, int train_count, int n, GaclipError *err)
{
    Grams grams;
    if (n < 1 || n > LONGEST_GRAM)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "n-grams of %d words: give 1 to %d", n,
                                LONGEST_GRAM);
    int status = list_grams(&grams, trains, train_count, n, err);
    if (!status) status = match(out, tests, test_count, &grams, train_count, n, err);
    clear(&grams);
    return status;
}
