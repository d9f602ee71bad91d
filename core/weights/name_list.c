#include "weights/name_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 128, FACT_SIZE = 80, MOST_ITEMS = 512 };

typedef struct GaclipFoldedName {
    char before[NAME_SIZE], after[NAME_SIZE]; /* around a number */
    char fact[FACT_SIZE];
    int has_number, first, last, count;
} GaclipFoldedName;

/* Splits at the first part of the name that is a number. */
static GaclipFoldedName split(const char *name, const char *fact)
{
    GaclipFoldedName folded = {.count = 1};
    snprintf(folded.before, sizeof folded.before, "%s", name);
    if (fact) snprintf(folded.fact, sizeof folded.fact, "%s", fact);
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        size_t digits = strspn(dot + 1, "0123456789"), before = (size_t)(dot + 1 - name);
        if (digits == 0 || digits > 6 || dot[1 + digits] != '.' || before >= NAME_SIZE) continue;
        folded.before[before] = '\0';
        snprintf(folded.after, sizeof folded.after, "%s", dot + 1 + digits);
        folded.has_number = 1;
        folded.first = folded.last = atoi(dot + 1);
        break;
    }
    return folded;
}

static int folds(const GaclipFoldedName *a, const GaclipFoldedName *b)
{
    return a->has_number && b->has_number && !strcmp(a->before, b->before) &&
           !strcmp(a->after, b->after) && !strcmp(a->fact, b->fact);
}

/* 0 when memory is short. */
static int reserve(GaclipNameList *list)
{
    if (list->count < list->capacity) return 1;
    size_t capacity = list->capacity ? 2 * list->capacity : 32;
    GaclipFoldedName *items = realloc(list->items, capacity * sizeof *items);
    if (!items) return 0;
    list->items = items;
    list->capacity = capacity;
    return 1;
}

void gaclip__name_list_add(GaclipNameList *list, const char *name, const char *fact)
{
    GaclipFoldedName folded = split(name, fact);
    list->names++;
    for (size_t i = 0; i < list->count; i++) {
        GaclipFoldedName *item = &list->items[i];
        if (!folds(item, &folded)) continue;
        if (folded.first < item->first) item->first = folded.first;
        if (folded.last > item->last) item->last = folded.last;
        item->count++;
        return;
    }
    if (list->count < MOST_ITEMS && reserve(list))
        list->items[list->count++] = folded;
    else
        list->unlisted++;
}

static int print_item(char *out, size_t room, const GaclipFoldedName *item)
{
    char numbers[48] = "";
    if (item->has_number && item->count == 1)
        snprintf(numbers, sizeof numbers, "%d", item->first);
    else if (item->has_number && item->count == item->last - item->first + 1)
        snprintf(numbers, sizeof numbers, "{%d..%d}", item->first, item->last);
    else if (item->has_number)
        snprintf(numbers, sizeof numbers, "{%d of %d..%d}", item->count, item->first, item->last);
    return snprintf(out, room, "%s%s%s%s%s%s", item->before, numbers, item->after,
                    item->fact[0] ? " (" : "", item->fact, item->fact[0] ? ")" : "");
}

size_t gaclip__name_list_print(char *out, size_t room, const GaclipNameList *list)
{
    static const char MORE[] = ", ... and %zu more";
    size_t used = 0, shown = 0;
    if (room) out[0] = '\0';
    for (; shown < list->count; shown++) {
        char item[3 * NAME_SIZE + FACT_SIZE];
        int length = print_item(item, sizeof item, &list->items[shown]);
        if (length < 0 || used + (size_t)length + 2 + sizeof MORE + 20 > room) break;
        used += (size_t)snprintf(out + used, room - used, "%s%s", shown ? ", " : "", item);
    }
    size_t more = list->count - shown + list->unlisted;
    if (more) used += (size_t)snprintf(out + used, room - used, MORE, more);
    return used < room ? used : room - 1;
}

void gaclip__name_list_clear(GaclipNameList *list)
{
    free(list->items);
    *list = (GaclipNameList){0};
}
