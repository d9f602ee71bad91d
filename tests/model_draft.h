/* The file of a small random model, drafts of it to be changed, and what is expected of them. */
#ifndef GACLIP_TESTS_MODEL_DRAFT_H
#define GACLIP_TESTS_MODEL_DRAFT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "oracle_model.h"

enum { MOST_TENSORS = 128 };

static const char POSITIONS[] = "visual.positional_embedding";

/* What a model makes of two images and a phrase. */
typedef struct Answers {
    float images[2 * 12], phrase[12], tokens[12], scale;
} Answers;

static inline void ask(Answers *answers, GaclipModel *model)
{
    enum { FLOATS = 2 * 3 * 32 * 48 };
    GaclipError err = {0};
    GaclipRandom random;
    int32_t row[16];
    float *planes = malloc(FLOATS * sizeof *planes);
    assert_non_null(planes);
    gaclip__random_seed(&random, 9);
    for (int i = 0; i < FLOATS; i++) planes[i] = gaclip__random_normal(&random);
    memset(answers, 0, sizeof *answers);
    expect_ok(gaclip_model_embed_images(model, answers->images, planes, 2, 32, 48, &err), &err);
    expect_ok(gaclip_model_embed_phrase(model, answers->phrase, "storage tank", &err), &err);
    expect_ok(
        gaclip_tokenizer_encode_row(row, NULL, 16, gaclip_model_tokenizer(model), "a tank", &err),
        &err);
    expect_ok(gaclip_model_embed_tokens(model, answers->tokens, row, 1, 16, &err), &err);
    answers->scale = gaclip_model_logit_scale(model);
    free(planes);
}

/* The file of random_model(1) and what that model answers. */
static struct {
    GaclipCompute *compute;
    GaclipSafetensors *file;
    Answers answers;
    char path[512];
} shared;

static inline int make_shared(void **state)
{
    (void)state;
    GaclipError err = {0};
    GaclipModel *model = random_model(1);
    snprintf(shared.path, sizeof shared.path, "%s", scratch_path("model.safetensors"));
    expect_ok(gaclip_model_save(model, shared.path, &err), &err);
    ask(&shared.answers, model);
    oracle_model_close(model);
    expect_ok(gaclip__safetensors_open(&shared.file, shared.path, &err), &err);
    expect_ok(gaclip_compute_new(&shared.compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    return 0;
}

static inline int free_shared(void **state)
{
    (void)state;
    gaclip__safetensors_close(shared.file);
    gaclip_compute_free(shared.compute);
    return 0;
}

static inline GaclipModel *open_good(const char *path)
{
    GaclipError err = {0};
    GaclipModel *model = NULL;
    expect_ok(gaclip_model_open(&model, path, shared.compute, &err), &err);
    return model;
}

/* Opening path fails, with or without a place for the message, which names fact. */
static inline void expect_bad(const char *what, const char *path, const char *fact)
{
    GaclipModel *model = NULL;
    GaclipError err = {0};
    int status = gaclip_model_open(&model, path, shared.compute, &err);
    if (!status) fail_msg("accepted: %s", what);
    expect_refusal(status, &err, path);
    if (!strstr(err.message, fact)) fail_msg("%s: \"%s\" is not in: %s", what, fact, err.message);
    assert_null(model);
    assert_int_equal(gaclip_model_open(&model, path, shared.compute, NULL), status);
}

/* The shared file's tensors and metadata, to be changed and written again. */
typedef struct Draft {
    GaclipTensor tensors[MOST_TENSORS];
    size_t count;
    cJSON *json;
} Draft;

static inline void draft_of(Draft *draft, const GaclipSafetensors *file)
{
    draft->count = gaclip__safetensors_count(file);
    assert_in_range(draft->count, 1, MOST_TENSORS);
    for (size_t i = 0; i < draft->count; i++) draft->tensors[i] = *gaclip__safetensors_at(file, i);
    draft->json = cJSON_Parse(gaclip__safetensors_metadata(file, "gaclip"));
    assert_non_null(draft->json);
}

static inline void draft_open(Draft *draft)
{
    draft_of(draft, shared.file);
}

static inline GaclipTensor *draft_tensor(Draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->count; i++)
        if (!strcmp(draft->tensors[i].name, name)) return &draft->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static inline void draft_write(const Draft *draft, const char *path)
{
    GaclipError err = {0};
    const char *key = "gaclip";
    char *text = cJSON_PrintUnformatted(draft->json);
    const char *value = text;
    expect_ok(gaclip__safetensors_write(path, draft->tensors, draft->count, &key, &value, 1, &err),
              &err);
    cJSON_free(text);
}

#endif
