/* English for numbers and plurals. */
#ifndef GACLIP_GEO_SCENE_WORDS_H
#define GACLIP_GEO_SCENE_WORDS_H

#include <stddef.h>

/* "airplanes", "buses", "ferries", "aircraft" */
void gaclip__plural(char *out, size_t size, const char *name);
/* "a" or "an", before that word. */
const char *gaclip__article(const char *word);
/* "two" to "twelve", then digits. */
void gaclip__number_word(char *out, size_t size, int number);
/* The number that a word of that kind means, or 0. */
int gaclip__word_number(const char *word, size_t length);

#endif
