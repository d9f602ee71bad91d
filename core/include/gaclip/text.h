/* CLIP's byte-pair tokenizer: reads OpenAI's and Hugging Face's merges, learns small ones.
 *
 * Token ids: 0..255 the bytes in CLIP's order, 256..511 the same at a word's end, then one id a
 * merge, then start-of-text and end-of-text, the last two of the vocabulary. */
#ifndef GACLIP_TEXT_H
#define GACLIP_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipTokenizer GaclipTokenizer;

/* From merges as text: one merge "left right" a line, most frequent first, in CLIP's printable
 * byte alphabet ("</w>" ends a word). A first line that starts with "#version" or with
 * "\"bpe_simple_vocab" is skipped; at most max_merges lines are taken (0 = all; OpenAI's
 * file needs 48,894). text (size bytes) is copied from; the caller frees *out with
 * gaclip_tokenizer_free. Malformed lines, duplicate merges, and merges of symbols that do not
 * exist are GACLIP_ERROR_FORMAT with the line number. */
GACLIP_API int gaclip_tokenizer_from_merges(GaclipTokenizer **out, const char *text, size_t size,
                                            size_t max_merges, GaclipError *err);

/* From a file: merges.txt (Hugging Face) or bpe_simple_vocab_16e6.txt[.gz] (OpenAI), told apart
 * by content. */
GACLIP_API int gaclip_tokenizer_open(GaclipTokenizer **out, const char *path, GaclipError *err);

/* Learns at most merge_count merges from texts: the most frequent adjacent pair first, ties by
 * byte order, pairs seen fewer than min_count times never. Deterministic. */
GACLIP_API int gaclip_tokenizer_learn(GaclipTokenizer **out, const char *const *texts,
                                      size_t text_count, size_t merge_count, size_t min_count,
                                      GaclipError *err);

GACLIP_API void gaclip_tokenizer_free(GaclipTokenizer *tokenizer);

/* 512 + merges + 2 */
GACLIP_API int gaclip_tokenizer_vocab_size(const GaclipTokenizer *tokenizer);

/* The merges as text in the format that gaclip_tokenizer_from_merges reads; lent by the
 * tokenizer, zero-terminated, *size without the zero. */
GACLIP_API const char *gaclip_tokenizer_merges(const GaclipTokenizer *tokenizer, size_t *size);

/* Ids of a UTF-8 text with start and end of text around, neither padded nor cut. The caller
 * frees *ids with free(). Invalid UTF-8 is replaced by U+FFFD. text may hold zero bytes, so its
 * length is given. */
GACLIP_API int gaclip_tokenizer_encode(int32_t **ids, size_t *count,
                                       const GaclipTokenizer *tokenizer, const char *text,
                                       size_t length, GaclipError *err);

/* The same into row[context]: over-long text keeps its first context - 1 ids and the end of
 * text, shorter text is padded with 0. *used (may be NULL) is the number of ids before padding. */
GACLIP_API int gaclip_tokenizer_encode_row(int32_t *row, int *used, int context,
                                           const GaclipTokenizer *tokenizer, const char *text,
                                           GaclipError *err);

/* Whether two class names are the same but for case, blanks, hyphens and underscores. */
GACLIP_API int gaclip_same_class(const char *a, const char *b);

#ifdef __cplusplus
}
#endif
#endif
