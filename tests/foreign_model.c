#include "foreign_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char FOREIGN_MERGES[] = "#version: 0.2\na b\nab c</w>\n";

static GaclipTensor *append(ForeignModel *foreign, const char *name, const GaclipTensor *like)
{
    assert_true(foreign->count < FOREIGN_TENSORS);
    GaclipTensor *tensor = &foreign->tensors[foreign->count];
    *tensor = *like;
    snprintf(foreign->names[foreign->count], FOREIGN_NAME, "%s", name);
    tensor->name = foreign->names[foreign->count++];
    return tensor;
}

void foreign_from_model(ForeignModel *foreign, const GaclipModel *model)
{
    foreign->count = 0;
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        GaclipTensor tensor = {.dtype = GACLIP_DTYPE_F32,
                               .rank = p->rank,
                               .data = p->value,
                               .bytes = p->count * sizeof(float),
                               .count = p->count};
        for (int d = 0; d < p->rank; d++) tensor.shape[d] = p->shape[d];
        append(foreign, p->name, &tensor);
    }
}

void foreign_from_file(ForeignModel *foreign, const GaclipSafetensors *file)
{
    foreign->count = 0;
    for (size_t i = 0; i < gaclip__safetensors_count(file); i++) {
        const GaclipTensor *tensor = gaclip__safetensors_at(file, i);
        append(foreign, tensor->name, tensor);
    }
}

GaclipTensor *foreign_find(ForeignModel *foreign, const char *name)
{
    for (size_t i = 0; i < foreign->count; i++)
        if (!strcmp(foreign->tensors[i].name, name)) return &foreign->tensors[i];
    fail_msg("there is no tensor %s", name);
    return NULL;
}

void foreign_rename(ForeignModel *foreign, const char *from, const char *to)
{
    size_t index = (size_t)(foreign_find(foreign, from) - foreign->tensors);
    snprintf(foreign->names[index], FOREIGN_NAME, "%s", to);
}

void foreign_prefix(ForeignModel *foreign, const char *prefix)
{
    for (size_t i = 0; i < foreign->count; i++) {
        char name[2 * FOREIGN_NAME];
        int length = snprintf(name, sizeof name, "%s%s", prefix, foreign->names[i]);
        assert_in_range(length, 1, FOREIGN_NAME - 1);
        memcpy(foreign->names[i], name, (size_t)length + 1);
    }
}

void foreign_remove(ForeignModel *foreign, const char *name)
{
    size_t index = (size_t)(foreign_find(foreign, name) - foreign->tensors),
           last = --foreign->count;
    foreign->tensors[index] = foreign->tensors[last];
    memcpy(foreign->names[index], foreign->names[last], FOREIGN_NAME);
    foreign->tensors[index].name = foreign->names[index];
}

void foreign_add(ForeignModel *foreign, const char *name, int rows, int columns,
                 const float *values)
{
    size_t count = (size_t)rows * (size_t)columns;
    const GaclipTensor tensor = {.dtype = GACLIP_DTYPE_F32,
                                 .rank = 2,
                                 .shape = {rows, columns},
                                 .data = values,
                                 .bytes = count * sizeof *values,
                                 .count = count};
    append(foreign, name, &tensor);
}

void foreign_write_part(const ForeignModel *foreign, const char *path, size_t part, size_t parts)
{
    GaclipTensor chosen[FOREIGN_TENSORS];
    GaclipError err = {0};
    size_t count = 0;
    for (size_t i = part; i < foreign->count; i += parts) chosen[count++] = foreign->tensors[i];
    expect_ok(gaclip__safetensors_write(path, chosen, count, NULL, NULL, 0, &err), &err);
}

void foreign_write(const ForeignModel *foreign, const char *path)
{
    foreign_write_part(foreign, path, 0, 1);
}

GaclipModel *plain_model(uint64_t seed)
{
    GaclipError err = {0};
    GaclipTokenizer *tokenizer;
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipModelConfig config = {
        .embed_dim = 12,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_VALUE,
        .vision = {16, 8, 32, 2, 1, 0, {0}},
        .text = {.context_length = 77, .width = 32, .layers = 2, .heads = 1},
        .proposal = {.layers = 1, .upsample = 1},
        .image_mean = {0.48145466f, 0.4578275f, 0.40821073f},
        .image_std = {0.26862954f, 0.26130258f, 0.27577711f}};
    expect_ok(
        gaclip_tokenizer_from_merges(&tokenizer, FOREIGN_MERGES, strlen(FOREIGN_MERGES), 0, &err),
        &err);
    config.text.vocab_size = gaclip_tokenizer_vocab_size(tokenizer);
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_new(&model, &config, tokenizer, seed, compute, &err), &err);
    return model;
}
