/* The texts of one training step: every phrase of the batch in a random prompt template, and the
 * background phrases. */
#ifndef GACLIP_TRAIN_TEXTS_H
#define GACLIP_TRAIN_TEXTS_H

#include "model/model.h"
#include "train/batch.h"

typedef struct GaclipStepTexts {
    int32_t *rows; /* (count, context) token ids: the batch's phrases, then the background */
    int count, phrase_count, capacity;
} GaclipStepTexts;

int gaclip__step_texts_fill(GaclipStepTexts *texts, const GaclipModel *model,
                            const GaclipBatch *batch, GaclipRandom *random, GaclipError *err);
void gaclip__step_texts_clear(GaclipStepTexts *texts);

/* The row of a phrase; a random background row for GACLIP__BACKGROUND. */
int gaclip__step_texts_row(const GaclipStepTexts *texts, int phrase, GaclipRandom *random);

#endif
