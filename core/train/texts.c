#include "train/texts.h"

#include <stdlib.h>

static int reserve(GaclipStepTexts *texts, int count, int context, GaclipError *err)
{
    if (count <= texts->capacity) return GACLIP_OK;
    int32_t *rows = realloc(texts->rows, (size_t)count * (size_t)context * sizeof *rows);
    if (!rows) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    texts->rows = rows;
    texts->capacity = count;
    return GACLIP_OK;
}

int gaclip__step_texts_fill(GaclipStepTexts *texts, const GaclipModel *model,
                            const GaclipBatch *batch, GaclipRandom *random, GaclipError *err)
{
    int context = model->config.text.context_length;
    int templates = (int)gaclip_model_text_count(model, GACLIP_TEMPLATES);
    texts->phrase_count = batch->phrase_count;
    texts->count = batch->phrase_count + (int)gaclip_model_text_count(model, GACLIP_BACKGROUND);
    int status = reserve(texts, texts->count, context, err);
    for (int i = 0; i < texts->count && !status; i++) {
        const char *phrase = i < batch->phrase_count
                                 ? batch->phrases[i]
                                 : gaclip_model_text_at(model, GACLIP_BACKGROUND,
                                                        (size_t)(i - batch->phrase_count));
        int chosen = templates ? gaclip__random_below(random, templates) : 0;
        char *prompt = gaclip__model_prompt(model, phrase, (size_t)chosen);
        if (!prompt) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        status = gaclip_tokenizer_encode_row(texts->rows + (size_t)i * (size_t)context, NULL,
                                             context, model->tokenizer, prompt, err);
        free(prompt);
    }
    return status;
}

void gaclip__step_texts_clear(GaclipStepTexts *texts)
{
    free(texts->rows);
    *texts = (GaclipStepTexts){0};
}

int gaclip__step_texts_row(const GaclipStepTexts *texts, int phrase, GaclipRandom *random)
{
    if (phrase != GACLIP__BACKGROUND) return phrase;
    return texts->phrase_count + gaclip__random_below(random, texts->count - texts->phrase_count);
}
