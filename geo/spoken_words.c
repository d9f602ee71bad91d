#include "spoken_words.h"

#include <ctype.h>
#include <string.h>

#include "class_traits.h"
#include "colour_names.h"
#include "scene_words.h"

static int is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '-' || (unsigned char)c >= 0x80;
}

void gaclip__spoken_split(GaclipSpokenWords *out, const char *text)
{
    out->count = 0;
    for (const char *c = text; *c && out->count < GACLIP__MOST_WORDS;) {
        if (!is_letter(*c)) {
            if (out->count && strchr(".,;:!?()", *c)) out->items[out->count - 1].ends_clause = 1;
            c++;
            continue;
        }
        GaclipSpokenWord *word = &out->items[out->count++];
        *word = (GaclipSpokenWord){.start = (size_t)(c - text)};
        for (; is_letter(*c); c++, word->length++)
            if (word->length + 1 < sizeof word->text)
                word->text[word->length] = (char)tolower((unsigned char)*c);
    }
}

/* How many words from start on make the name; 0 where they do not. */
static int match(const GaclipSpokenWords *words, int start, const char *name)
{
    static const size_t MOST = sizeof((GaclipSpokenWord *)0)->text - 1;
    int count = 0;
    while (*name) {
        size_t length = 0;
        while (name[length] && is_letter(name[length])) length++;
        if (start + count >= words->count) return 0;
        const GaclipSpokenWord *word = &words->items[start + count];
        if (word->length != length || length > MOST) return 0;
        for (size_t i = 0; i < length; i++)
            if (tolower((unsigned char)name[i]) != word->text[i]) return 0;
        count++;
        name += length;
        if (*name && word->ends_clause) return 0;
        while (*name && !is_letter(*name)) name++;
    }
    return count;
}

static void try_name(GaclipMention *best, const GaclipSpokenWords *words, int start,
                     int class_index, const char *name)
{
    char plural[GACLIP__LONGEST_NAME];
    gaclip__plural(plural, sizeof plural, name);
    for (int is_plural = 0; is_plural < 2; is_plural++) {
        int count = match(words, start, is_plural ? plural : name);
        if (count > best->count) *best = (GaclipMention){class_index, start, count, is_plural};
    }
}

int gaclip__spoken_mention(GaclipMention *out, const GaclipSpokenWords *words, int from,
                           const GaclipDataset *dataset)
{
    for (int start = from; start < words->count; start++) {
        GaclipMention best = {0};
        for (int c = 0; c < dataset->class_count; c++) {
            const GaclipDatasetClass *class = &dataset->classes[c];
            if (!gaclip__is_spoken(class->name)) continue; /* "the other car" is none of it */
            try_name(&best, words, start, c, class->name);
            for (int s = 0; s < class->synonym_count; s++)
                try_name(&best, words, start, c, class->synonyms[s]);
        }
        if (!best.count) continue;
        *out = best;
        return 1;
    }
    return 0;
}

static int find_word(int *value, const char *word, const char *const *list)
{
    for (*value = 0; list[*value]; ++*value)
        if (!strcmp(list[*value], word)) return 1;
    return 0;
}

int gaclip__spoken_adjective(GaclipClaimKind *kind, int *value, const char *word)
{
    static const GaclipClaimKind MEASURED[] = {GACLIP__SIZE, GACLIP__SHAPE};
    static const char *const OTHERS[] = {
        "big",    "tiny",     "huge",    "long",        "short",     "narrow",    "wide",
        "round",  "circular", "compact", "rectangular", "oval",      "light",     "dark",
        "bright", "pale",     "parked",  "moored",      "visible",   "identical", "similar",
        "single", "flat",     "and",     "pink",        "beautiful", "modern",    NULL};
    for (size_t i = 0; i < sizeof MEASURED / sizeof *MEASURED; i++) {
        *kind = MEASURED[i];
        if (find_word(value, word, gaclip__claim_words(MEASURED[i]))) return 1;
    }
    *kind = GACLIP__COLOUR;
    *value = gaclip__colour_called(word);
    if (*value >= 0) return 1;
    *kind = GACLIP__CLAIM_KINDS;
    return find_word(value, word, OTHERS);
}

int gaclip__spoken_number(const char *word)
{
    if (!strcmp(word, "one") || !strcmp(word, "single")) return 1;
    return gaclip__word_number(word, strlen(word));
}
