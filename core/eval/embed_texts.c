/* Embeddings of texts, each distinct one once. */
#include <stdlib.h>
#include <string.h>

#include "eval/embeddings.h"
#include "model/model.h"

enum { TEXT_BATCH = 32 };

typedef struct Entry {
    const char *text;
    size_t index;
} Entry;

static int by_text(const void *a, const void *b)
{
    const Entry *p = a, *q = b;
    int order = strcmp(p->text, q->text);
    return order ? order : (p->index > q->index) - (p->index < q->index);
}

/* Distinct texts waiting for their embeddings, and where they go. */
typedef struct Batch {
    GaclipModel *model;
    float *out, *embeddings; /* (count, E) of the caller, (TEXT_BATCH, E) */
    int32_t *rows;           /* (TEXT_BATCH, context) */
    const Entry *first[TEXT_BATCH];
    int count;
} Batch;

static int flush(Batch *batch, const Entry *end, GaclipError *err)
{
    size_t E = (size_t)batch->model->config.embed_dim;
    int context = batch->model->config.text.context_length;
    if (!batch->count) return GACLIP_OK;
    int status = gaclip_model_embed_tokens(batch->model, batch->embeddings, batch->rows,
                                           batch->count, context, err);
    for (int i = 0; i < batch->count && !status; i++) {
        const Entry *stop = i + 1 < batch->count ? batch->first[i + 1] : end;
        for (const Entry *e = batch->first[i]; e < stop; e++)
            memcpy(batch->out + e->index * E, batch->embeddings + (size_t)i * E,
                   E * sizeof *batch->out);
    }
    batch->count = 0;
    return status;
}

static int embed_sorted(Batch *batch, const Entry *entries, size_t count, GaclipError *err)
{
    int context = batch->model->config.text.context_length, status = GACLIP_OK;
    for (size_t i = 0; i < count && !status; i++) {
        if (i > 0 && !strcmp(entries[i].text, entries[i - 1].text)) continue;
        if (batch->count == TEXT_BATCH) status = flush(batch, &entries[i], err);
        if (status) return status;
        status =
            gaclip_tokenizer_encode_row(batch->rows + (size_t)batch->count * (size_t)context, NULL,
                                        context, batch->model->tokenizer, entries[i].text, err);
        batch->first[batch->count++] = &entries[i];
    }
    return status ? status : flush(batch, entries + count, err);
}

int gaclip__embed_texts(float *out, GaclipModel *model, const char *const *texts, int count,
                        GaclipError *err)
{
    size_t E = (size_t)model->config.embed_dim, n = (size_t)count;
    size_t context = (size_t)model->config.text.context_length;
    Batch batch = {.model = model,
                   .out = out,
                   .embeddings = malloc(TEXT_BATCH * E * sizeof *batch.embeddings),
                   .rows = malloc(TEXT_BATCH * context * sizeof *batch.rows)};
    Entry *entries = malloc((n + 1) * sizeof *entries);
    int status = batch.embeddings && batch.rows && entries
                     ? GACLIP_OK
                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) {
        for (size_t i = 0; i < n; i++) entries[i] = (Entry){texts[i], i};
        qsort(entries, n, sizeof *entries, by_text);
        status = embed_sorted(&batch, entries, n, err);
    }
    free(batch.embeddings);
    free(batch.rows);
    free(entries);
    return status;
}
