#include "readable_name.h"

#include <ctype.h>
#include <string.h>

/* Names that DIOR, AID, RSICD and UC Merced write as one word in lower case, with the places of
 * their blanks. */
static const char *const RUN_TOGETHER[] = {
    "baseball diamond",   "baseball field",    "basketball court",   "bare land",
    "beach front",        "dense residential", "golf course",        "golf field",
    "ground track field", "harbour front",     "medium residential", "mobile home park",
    "oil tank",           "parking lot",       "railway station",    "solar panel",
    "sparse residential", "storage tank",      "storage tanks",      "swimming pool",
    "tennis court",       "train station",     "wind turbine",
};

/* Whether word is known without its blanks. */
static int is_spoken_as(const char *word, const char *known)
{
    for (; *word; word++, known++) {
        if (*known == ' ') known++;
        if (*word != *known) return 0;
    }
    return *known == '\0';
}

static const char *find_spoken(const char *word)
{
    for (size_t i = 0; i < sizeof RUN_TOGETHER / sizeof *RUN_TOGETHER; i++)
        if (is_spoken_as(word, RUN_TOGETHER[i])) return RUN_TOGETHER[i];
    return NULL;
}

static int starts_word(const char *name, size_t i)
{
    return i > 0 && isupper((unsigned char)name[i]) && islower((unsigned char)name[i - 1]);
}

static int is_separator(char c)
{
    return c == '_' || c == '-' || isspace((unsigned char)c);
}

void gaclip__readable_name(char *out, size_t size, const char *name)
{
    size_t used = 0;
    for (size_t i = 0; name[i] && used + 2 < size; i++) {
        int is_gap = is_separator(name[i]);
        if ((is_gap || starts_word(name, i)) && used > 0 && out[used - 1] != ' ') out[used++] = ' ';
        if (!is_gap) out[used++] = (char)tolower((unsigned char)name[i]);
    }
    while (used > 0 && out[used - 1] == ' ') used--;
    out[used] = '\0';
    const char *spoken = find_spoken(out);
    if (spoken && strlen(spoken) < size) strcpy(out, spoken);
}
