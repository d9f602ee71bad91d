/* The distinct texts of a batch as rows of token ids, and its distinct concepts. */
#ifndef GACLIP_TRAIN_BATCH_TEXTS_H
#define GACLIP_TRAIN_BATCH_TEXTS_H

#include <stdint.h>

#include "gaclip/text.h"

/* Strings, each once. */
typedef struct GaclipStrings {
    char **items; /* (count) owned */
    int count, capacity;
} GaclipStrings;

typedef struct GaclipBatchTexts {
    int context;
    GaclipStrings texts, concepts;
    int32_t *rows; /* (texts.count, context) */
    int *lengths;  /* (texts.count) ids before the padding */
    int row_capacity;
} GaclipBatchTexts;

/* The row of a text, which is encoded when it is new. */
int gaclip__batch_text(int *row, GaclipBatchTexts *texts, const GaclipTokenizer *tokenizer,
                       const char *text, GaclipError *err);
/* A number, 0 and up, that equal names share. */
int gaclip__batch_concept(int *concept, GaclipBatchTexts *texts, const char *name,
                          GaclipError *err);

void gaclip__batch_texts_restart(GaclipBatchTexts *texts);
void gaclip__batch_texts_clear(GaclipBatchTexts *texts);

#endif
