/* Embeddings of images, token rows and phrases by an opened model. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

int gaclip_model_embed_images(GaclipModel *model, float *out, const float *planes, int count,
                              int height, int width, GaclipError *err)
{
    GaclipVisionPass pass;
    gaclip__arena_reset(&model->arena);
    int status = gaclip__vision_layout(&pass, &model->vision, model->compute, &model->arena, count,
                                       height, width, model->config.dense, GACLIP__PASS_CLASS, err);
    if (!status)
        status = gaclip__vision_forward(&model->vision, model->compute, &pass, planes, err);
    if (!status)
        memcpy(out, pass.class_embedding,
               (size_t)count * (size_t)model->config.embed_dim * sizeof *out);
    return status;
}

int gaclip_model_embed_tokens(GaclipModel *model, float *out, const int32_t *tokens, int count,
                              int context, GaclipError *err)
{
    GaclipTextPass pass;
    gaclip__arena_reset(&model->arena);
    int status = gaclip__text_layout(&pass, &model->text, model->compute, &model->arena, tokens,
                                     count, context, 0, err);
    if (status) return status;
    gaclip__text_forward(&model->text, model->compute, &pass);
    memcpy(out, pass.embedding, (size_t)count * (size_t)model->config.embed_dim * sizeof *out);
    return GACLIP_OK;
}

/* The template with its "{}" replaced by the phrase; the caller frees it. */
static char *fill_template(const char *template_text, const char *phrase)
{
    const char *hole = strstr(template_text, "{}");
    size_t room = strlen(template_text) + strlen(phrase) + 1;
    char *text = malloc(room);
    if (!text) return NULL;
    if (hole)
        snprintf(text, room, "%.*s%s%s", (int)(hole - template_text), template_text, phrase,
                 hole + 2);
    else
        snprintf(text, room, "%s", template_text);
    return text;
}

char *gaclip__model_prompt(const GaclipModel *model, const char *phrase, size_t index)
{
    return fill_template(
        model->texts[GACLIP_TEMPLATES].count ? model->texts[GACLIP_TEMPLATES].items[index] : "{}",
        phrase);
}

static int embed_prompts(GaclipModel *model, float *embeddings, int32_t *rows, size_t prompts,
                         const char *phrase, GaclipError *err)
{
    int context = model->config.text.context_length;
    for (size_t i = 0; i < prompts; i++) {
        char *prompt = gaclip__model_prompt(model, phrase, i);
        int status = prompt ? gaclip_tokenizer_encode_row(rows + i * (size_t)context, NULL, context,
                                                          model->tokenizer, prompt, err)
                            : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        free(prompt);
        if (status) return status;
    }
    return gaclip_model_embed_tokens(model, embeddings, rows, (int)prompts, context, err);
}

int gaclip_model_embed_phrase(GaclipModel *model, float *out, const char *phrase, GaclipError *err)
{
    size_t prompts = model->texts[GACLIP_TEMPLATES].count, E = (size_t)model->config.embed_dim;
    if (prompts == 0) prompts = 1;
    float *embeddings = malloc(prompts * E * sizeof *embeddings);
    int32_t *rows = malloc(prompts * (size_t)model->config.text.context_length * sizeof *rows);
    int status = embeddings && rows ? GACLIP_OK
                                    : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = embed_prompts(model, embeddings, rows, prompts, phrase, err);
    if (!status) {
        double squares = 0;
        for (size_t k = 0; k < E; k++) {
            double sum = 0;
            for (size_t i = 0; i < prompts; i++) sum += embeddings[i * E + k];
            out[k] = (float)sum;
            squares += sum * sum;
        }
        for (size_t k = 0; k < E; k++) out[k] = (float)(squares > 0 ? out[k] / sqrt(squares) : 0);
    }
    free(embeddings);
    free(rows);
    return status;
}
