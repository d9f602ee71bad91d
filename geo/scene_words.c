#include "scene_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NUMBERS[] = {"two",   "three", "four", "five",   "six",   "seven",
                                      "eight", "nine",  "ten",  "eleven", "twelve"};

enum { FIRST = 2, NAMED = sizeof NUMBERS / sizeof *NUMBERS };

static int ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

void gaclip__plural(char *out, size_t size, const char *name)
{
    static const char *const HISSING[] = {"s", "x", "ch", "sh"};
    size_t length = strlen(name);
    int hisses = 0;
    for (size_t i = 0; i < sizeof HISSING / sizeof *HISSING; i++)
        hisses |= ends_in(name, HISSING[i]);
    if (ends_in(name, "aircraft"))
        snprintf(out, size, "%s", name);
    else if (hisses)
        snprintf(out, size, "%ses", name);
    else if (length > 1 && name[length - 1] == 'y' && !strchr("aeiou", name[length - 2]))
        snprintf(out, size, "%.*sies", (int)length - 1, name);
    else
        snprintf(out, size, "%ss", name);
}

const char *gaclip__article(const char *word)
{
    static const char *const SPOKEN_AS_CONSONANTS[] = {"eu", "one", "uni", "use", "util"};
    for (size_t i = 0; i < sizeof SPOKEN_AS_CONSONANTS / sizeof *SPOKEN_AS_CONSONANTS; i++)
        if (!strncmp(word, SPOKEN_AS_CONSONANTS[i], strlen(SPOKEN_AS_CONSONANTS[i]))) return "a";
    return *word && strchr("aeiou", *word) ? "an" : "a";
}

void gaclip__number_word(char *out, size_t size, int number)
{
    if (number >= FIRST && number < FIRST + (int)NAMED)
        snprintf(out, size, "%s", NUMBERS[number - FIRST]);
    else
        snprintf(out, size, "%d", number);
}

int gaclip__word_number(const char *word, size_t length)
{
    for (int i = 0; i < (int)NAMED; i++)
        if (strlen(NUMBERS[i]) == length && !strncmp(NUMBERS[i], word, length)) return FIRST + i;
    if (!length || length > 6 || strspn(word, "0123456789") < length) return 0;
    return atoi(word);
}
