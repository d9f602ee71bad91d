/* Tokenizers as Hugging Face folders hold them. */
#ifndef GACLIP_WEIGHTS_TOKENIZER_JSON_H
#define GACLIP_WEIGHTS_TOKENIZER_JSON_H

#include <cjson/cJSON.h>

#include "gaclip/text.h"

/* From tokenizer.json's object: the BPE merges, with its vocabulary checked. */
int gaclip__tokenizer_from_json(GaclipTokenizer **out, const cJSON *json, GaclipError *err);

/* Whether a vocabulary (vocab.json: symbol -> id) numbers the symbols as the tokenizer does;
 * GACLIP_ERROR_UNSUPPORTED naming the first that differs. */
int gaclip__tokenizer_check(const GaclipTokenizer *tokenizer, const cJSON *vocabulary,
                            GaclipError *err);

/* Opens the tokenizer that lies in a folder: tokenizer.json, or merges.txt with vocab.json, or
 * OpenAI's bpe_simple_vocab_16e6.txt[.gz]. GACLIP_ERROR_IO, naming the remedy, when there is none.
 */
int gaclip__tokenizer_find(GaclipTokenizer **out, const char *folder, GaclipError *err);

/* From a file of any of those kinds. */
int gaclip__tokenizer_read(GaclipTokenizer **out, const char *path, GaclipError *err);

#endif
