#include "train/batch_texts.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a batch's texts");
}

/* The index of text, which is added when it is new. */
static int intern(int *index, GaclipStrings *strings, const char *text, GaclipError *err)
{
    for (int i = 0; i < strings->count; i++)
        if (!strcmp(strings->items[i], text)) {
            *index = i;
            return GACLIP_OK;
        }
    if (strings->count == strings->capacity) {
        int capacity = strings->capacity ? 2 * strings->capacity : 64;
        char **items = realloc(strings->items, (size_t)capacity * sizeof *items);
        if (!items) return out_of_memory(err);
        strings->items = items;
        strings->capacity = capacity;
    }
    char *copy = strdup(text);
    if (!copy) return out_of_memory(err);
    *index = strings->count;
    strings->items[strings->count++] = copy;
    return GACLIP_OK;
}

static int reserve_rows(GaclipBatchTexts *texts, GaclipError *err)
{
    if (texts->row_capacity >= texts->texts.capacity) return GACLIP_OK;
    size_t capacity = (size_t)texts->texts.capacity;
    int32_t *rows = realloc(texts->rows, capacity * (size_t)texts->context * sizeof *rows);
    if (rows) texts->rows = rows;
    int *lengths = realloc(texts->lengths, capacity * sizeof *lengths);
    if (lengths) texts->lengths = lengths;
    if (!rows || !lengths) return out_of_memory(err);
    texts->row_capacity = texts->texts.capacity;
    return GACLIP_OK;
}

int gaclip__batch_text(int *row, GaclipBatchTexts *texts, const GaclipTokenizer *tokenizer,
                       const char *text, GaclipError *err)
{
    int before = texts->texts.count;
    int status = intern(row, &texts->texts, text, err);
    if (status || texts->texts.count == before) return status;
    status = reserve_rows(texts, err);
    if (!status)
        status = gaclip_tokenizer_encode_row(texts->rows + (size_t)*row * (size_t)texts->context,
                                             &texts->lengths[*row], texts->context, tokenizer, text,
                                             err);
    return status;
}

int gaclip__batch_concept(int *concept, GaclipBatchTexts *texts, const char *name, GaclipError *err)
{
    return intern(concept, &texts->concepts, name, err);
}

static void forget(GaclipStrings *strings)
{
    for (int i = 0; i < strings->count; i++) free(strings->items[i]);
    strings->count = 0;
}

void gaclip__batch_texts_restart(GaclipBatchTexts *texts)
{
    forget(&texts->texts);
    forget(&texts->concepts);
}

void gaclip__batch_texts_clear(GaclipBatchTexts *texts)
{
    gaclip__batch_texts_restart(texts);
    free(texts->texts.items);
    free(texts->concepts.items);
    free(texts->rows);
    free(texts->lengths);
    *texts = (GaclipBatchTexts){.context = texts->context};
}
