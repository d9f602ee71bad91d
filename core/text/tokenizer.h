/* Inside the tokenizer: the byte alphabet, the merges, the words of a text. */
#ifndef GACLIP_TEXT_TOKENIZER_H
#define GACLIP_TEXT_TOKENIZER_H

#include "gaclip/text.h"
#include "text/pairs.h"

/* Ids below this are bytes; the same plus this, bytes at a word's end. */
enum { GACLIP__BYTES = 256, GACLIP__BASE_IDS = 512 };

struct GaclipTokenizer {
    GaclipPairs ranks; /* pair of ids -> rank of the merge; its id is GACLIP__BASE_IDS + rank */
    char **symbols;    /* (BASE_IDS + merge_count) in the printable alphabet, "</w>" at ends */
    int32_t byte_ids[GACLIP__BYTES]; /* id of each byte */
    size_t merge_count, capacity;
    char *merges; /* the merges as text */
    size_t merges_size;
};

/* An empty tokenizer: bytes only. */
int gaclip__tokenizer_new(GaclipTokenizer **out, GaclipError *err);
/* Appends the merge of two ids; GACLIP_ERROR_FORMAT when the pair is there already. */
int gaclip__tokenizer_add_merge(GaclipTokenizer *tokenizer, int32_t left, int32_t right,
                                GaclipError *err);
/* Builds the text of the merges from lefts and rights (merge_count) once all are there. */
int gaclip__tokenizer_finish(GaclipTokenizer *tokenizer, const int32_t *lefts,
                             const int32_t *rights, GaclipError *err);

/* Calls visit for every word of a text after cleaning (see clean.h), as raw UTF-8 bytes;
 * special is 0, or the offset from the first special token for start and end of text. A non-zero
 * return of visit stops and is returned. */
typedef int GaclipWordVisit(const char *word, size_t length, int special, void *payload,
                            GaclipError *err);
int gaclip__text_words(const char *text, size_t length, GaclipWordVisit *visit, void *payload,
                       GaclipError *err);

/* What visit gets as special for an ordinary word, "<|startoftext|>" and "<|endoftext|>". */
enum { GACLIP__WORD = 0, GACLIP__START_OF_TEXT = 1, GACLIP__END_OF_TEXT = 2 };

#endif
