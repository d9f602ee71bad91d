/* How much a JSON text may hold: every value, even the one byte of a digit, takes some eighty bytes
 * of memory once it is parsed. */
#ifndef GACLIP_BASE_JSON_LIMIT_H
#define GACLIP_BASE_JSON_LIMIT_H

#include <stddef.h>

/* CLIP's tokenizer has 250,000 values, a header of a thousand tensors 10,000. */
enum { GACLIP__MOST_JSON_VALUES = 1 << 20 };

/* Whether the text, valid or not, holds at most so many values. Counts commas and opening brackets,
 * those inside strings too. */
int gaclip__json_is_modest(const char *text, size_t size);

#endif
