/* From text to token ids. */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"

typedef struct Ids {
    int32_t *items;
    size_t count, capacity;
} Ids;

static int append(Ids *ids, int32_t id, GaclipError *err)
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity ? 2 * ids->capacity : 64;
        int32_t *items = realloc(ids->items, capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        ids->items = items;
        ids->capacity = capacity;
    }
    ids->items[ids->count++] = id;
    return GACLIP_OK;
}

/* A word while its parts are merged: a doubly linked list in arrays, and a heap of the pairs that
 * are merges, lowest rank first, then leftmost. So a word of n bytes takes n log n. */
typedef struct Candidate {
    int32_t rank, left_id, right_id;
    int at; /* index of the left part */
} Candidate;

typedef struct Word {
    int32_t *ids; /* (n) -1 once merged away */
    int *next, *previous;
    Candidate *heap;
    size_t heap_count;
} Word;

static int comes_before(const Candidate *a, const Candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void swap(Candidate *a, Candidate *b)
{
    Candidate c = *a;
    *a = *b;
    *b = c;
}

static void push(Word *w, Candidate c)
{
    size_t i = w->heap_count++;
    w->heap[i] = c;
    for (; i && comes_before(&w->heap[i], &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static Candidate pop(Word *w)
{
    Candidate top = w->heap[0];
    w->heap[0] = w->heap[--w->heap_count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < w->heap_count; child++)
            if (comes_before(&w->heap[child], &w->heap[least])) least = child;
        if (least == i) return top;
        swap(&w->heap[i], &w->heap[least]);
        i = least;
    }
}

static void push_pair(Word *w, const GaclipTokenizer *t, int left)
{
    if (left < 0 || w->next[left] < 0) return;
    Candidate c = {0, w->ids[left], w->ids[w->next[left]], left};
    c.rank = gaclip__pairs_find(&t->ranks, gaclip__pair(c.left_id, c.right_id));
    if (c.rank >= 0) push(w, c);
}

static void merge_parts(Word *w, const GaclipTokenizer *t, size_t n)
{
    for (int i = 0; i + 1 < (int)n; i++) push_pair(w, t, i);
    while (w->heap_count) {
        Candidate c = pop(w);
        int right = w->ids[c.at] < 0 ? -1 : w->next[c.at];
        if (right < 0 || w->ids[c.at] != c.left_id || w->ids[right] != c.right_id) continue;
        w->ids[c.at] = GACLIP__BASE_IDS + c.rank;
        w->ids[right] = -1;
        w->next[c.at] = w->next[right];
        if (w->next[right] >= 0) w->previous[w->next[right]] = c.at;
        push_pair(w, t, w->previous[c.at]);
        push_pair(w, t, c.at);
    }
}

static int encode_word(Ids *ids, const GaclipTokenizer *t, const char *bytes, size_t n,
                       GaclipError *err)
{
    /* Every merge removes a part and adds at most two candidates: 3n in all. */
    Word w = {malloc(n * sizeof *w.ids), malloc(n * sizeof *w.next), malloc(n * sizeof *w.previous),
              malloc(3 * n * sizeof *w.heap), 0};
    int status = GACLIP_OK;
    if (w.ids && w.next && w.previous && w.heap) {
        for (size_t i = 0; i < n; i++) {
            w.ids[i] = t->byte_ids[(unsigned char)bytes[i]] + (i + 1 == n ? GACLIP__BYTES : 0);
            w.next[i] = i + 1 < n ? (int)i + 1 : -1;
            w.previous[i] = (int)i - 1;
        }
        merge_parts(&w, t, n);
        for (int i = 0; i >= 0 && !status; i = w.next[i]) status = append(ids, w.ids[i], err);
    } else {
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    free(w.ids);
    free(w.next);
    free(w.previous);
    free(w.heap);
    return status;
}

typedef struct Encoding {
    Ids ids;
    const GaclipTokenizer *tokenizer;
} Encoding;

static int start_id(const GaclipTokenizer *t)
{
    return gaclip_tokenizer_vocab_size(t) - 2;
}

static int encode_next(const char *word, size_t length, int special, void *payload,
                       GaclipError *err)
{
    Encoding *e = payload;
    if (special) return append(&e->ids, start_id(e->tokenizer) + special - 1, err);
    return encode_word(&e->ids, e->tokenizer, word, length, err);
}

int gaclip_tokenizer_encode(int32_t **ids, size_t *count, const GaclipTokenizer *tokenizer,
                            const char *text, size_t length, GaclipError *err)
{
    Encoding e = {.tokenizer = tokenizer};
    *ids = NULL;
    *count = 0;
    int status = append(&e.ids, start_id(tokenizer), err);
    if (!status) status = gaclip__text_words(text, length, encode_next, &e, err);
    if (!status) status = append(&e.ids, start_id(tokenizer) + 1, err);
    if (status) {
        free(e.ids.items);
        return status;
    }
    *ids = e.ids.items;
    *count = e.ids.count;
    return GACLIP_OK;
}

int gaclip_tokenizer_encode_row(int32_t *row, int *used, int context,
                                const GaclipTokenizer *tokenizer, const char *text,
                                GaclipError *err)
{
    int32_t *ids;
    size_t count;
    if (context < 2)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "a context of %d holds no text",
                                context);
    int status = gaclip_tokenizer_encode(&ids, &count, tokenizer, text, strlen(text), err);
    if (status) return status;
    size_t room = (size_t)context;
    if (count > room) {
        ids[room - 1] = ids[count - 1];
        count = room;
    }
    memset(row, 0, room * sizeof *row);
    memcpy(row, ids, count * sizeof *row);
    if (used) *used = (int)count;
    free(ids);
    return GACLIP_OK;
}
