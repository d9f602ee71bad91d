#include "text/class_names.h"

#include <ctype.h>

static int next_letter(const char **text)
{
    while (**text == ' ' || **text == '-' || **text == '_') ++*text;
    return **text ? tolower((unsigned char)*(*text)++) : 0;
}

int gaclip__compare_classes(const char *a, const char *b)
{
    for (;;) {
        int p = next_letter(&a), q = next_letter(&b);
        if (p != q) return p < q ? -1 : 1;
        if (!p) return 0;
    }
}

int gaclip_same_class(const char *a, const char *b)
{
    return !gaclip__compare_classes(a, b);
}
