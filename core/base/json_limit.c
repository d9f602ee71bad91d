#include "base/json_limit.h"

int gaclip__json_is_modest(const char *text, size_t size)
{
    size_t values = 1;
    for (size_t i = 0; i < size; i++) values += text[i] == ',' || text[i] == '[' || text[i] == '{';
    return values <= GACLIP__MOST_JSON_VALUES;
}
