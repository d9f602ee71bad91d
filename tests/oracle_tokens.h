/* The oracle's table of texts and their tokens. */
#ifndef GACLIP_TESTS_ORACLE_TOKENS_H
#define GACLIP_TESTS_ORACLE_TOKENS_H

#include "gaclip/text.h"
#include "oracle.h"

/* OpenAI's, or skip; free with gaclip_tokenizer_free. */
GaclipTokenizer *oracle_tokenizer(void);

/* Fails the test unless every text gives the oracle's tokens: all of them, and the rows of 77 and
 * 248. */
void expect_oracle_tokens(const GaclipTokenizer *tokenizer);

#endif
