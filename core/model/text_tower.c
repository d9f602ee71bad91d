#include "model/text_tower.h"

#include <string.h>

#include "math/linear.h"
#include "math/norm.h"

int gaclip__text_declare(GaclipTextTower *tower, const GaclipModelConfig *config,
                         GaclipParameters *parameters, GaclipError *err)
{
    int W = config->text.width;
    *tower = (GaclipTextTower){.config = config, .parameters = parameters};
    tower->transformer = (GaclipTransformer){.layers = config->text.layers,
                                             .width = W,
                                             .heads = config->text.heads,
                                             .causal = 1,
                                             .activation = config->activation,
                                             .epsilon = config->norm_epsilon};
    tower->token_embedding = gaclip__parameters_add(parameters, "token_embedding.weight", 2,
                                                    config->text.vocab_size, W, 0, 0);
    tower->positions = gaclip__parameters_add(parameters, "positional_embedding", 2,
                                              config->text.context_length, W, 0, 0);
    tower->ln_final_weight = gaclip__parameters_add(parameters, "ln_final.weight", 1, W, 0, 0, 0);
    tower->ln_final_bias = gaclip__parameters_add(parameters, "ln_final.bias", 1, W, 0, 0, 0);
    tower->projection =
        gaclip__parameters_add(parameters, "text_projection", 2, W, config->embed_dim, 0, 0);
    if (tower->token_embedding < 0 || tower->positions < 0 || tower->ln_final_weight < 0 ||
        tower->ln_final_bias < 0 || tower->projection < 0)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return gaclip__transformer_declare(&tower->transformer, parameters, "", err);
}

void gaclip__text_clear(GaclipTextTower *tower)
{
    gaclip__transformer_clear(&tower->transformer);
}

static int first_largest(const int32_t *row, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

static int check_ids(const GaclipTextTower *tower, const int32_t *ids, int count, int context,
                     GaclipError *err)
{
    int longest = tower->config->text.context_length, vocabulary = tower->config->text.vocab_size;
    if (count < 1 || context < 1 || context > longest)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "cannot encode %d texts of %d tokens: the model's context is %d",
                                count, context, longest);
    for (int i = 0; i < count * context; i++)
        if (ids[i] < 0 || ids[i] >= vocabulary)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "token id %d is outside the model's vocabulary of %d",
                                    (int)ids[i], vocabulary);
    return GACLIP_OK;
}

static int copy_ids(GaclipTextPass *pass, GaclipArena *arena, const int32_t *ids, int context)
{
    size_t M = (size_t)pass->batch;
    pass->ends = gaclip__arena_bytes(arena, M * sizeof *pass->ends);
    if (!pass->ends) return GACLIP_ERROR_MEMORY;
    pass->tokens = 1;
    for (size_t m = 0; m < M; m++) {
        pass->ends[m] = first_largest(ids + m * (size_t)context, context);
        if (pass->ends[m] + 1 > pass->tokens) pass->tokens = pass->ends[m] + 1;
    }
    size_t T = (size_t)pass->tokens;
    pass->ids = gaclip__arena_bytes(arena, M * T * sizeof *pass->ids);
    if (!pass->ids) return GACLIP_ERROR_MEMORY;
    for (size_t m = 0; m < M; m++)
        memcpy(pass->ids + m * T, ids + m * (size_t)context, T * sizeof *ids);
    return GACLIP_OK;
}

int gaclip__text_layout(GaclipTextPass *pass, const GaclipTextTower *tower, GaclipCompute *compute,
                        GaclipArena *arena, const int32_t *ids, int count, int context, int flags,
                        GaclipError *err)
{
    int status = check_ids(tower, ids, count, context, err);
    if (status) return status;
    size_t M = (size_t)count, W = (size_t)tower->config->text.width;
    size_t E = (size_t)tower->config->embed_dim;
    *pass = (GaclipTextPass){.batch = count};
    if (copy_ids(pass, arena, ids, context)) return gaclip__arena_check(arena, err);
    gaclip__transformer_layout(&pass->transformer, &tower->transformer, compute, arena, count,
                               pass->tokens, flags, 0);
    pass->end_in = gaclip__arena_floats(arena, M * W);
    pass->end_norm = gaclip__arena_floats(arena, M * W);
    pass->end_stats = gaclip__arena_floats(arena, M * 2);
    pass->raw = gaclip__arena_floats(arena, M * E);
    pass->length = gaclip__arena_floats(arena, M);
    pass->embedding = gaclip__arena_floats(arena, M * E);
    if (flags & GACLIP__PASS_KEEP) {
        pass->grad_tokens = gaclip__arena_floats(arena, M * (size_t)pass->tokens * W);
        pass->grad_end = gaclip__arena_floats(arena, M * W);
        pass->grad_raw = gaclip__arena_floats(arena, M * E);
    }
    status = gaclip__arena_check(arena, err);
    if (!status) status = gaclip__parameters_reserve_rounded(tower->parameters, compute, err);
    if (status) return status;
    return gaclip__compute_reserve(
        compute, gaclip__transformer_scratch(&tower->transformer, count, pass->tokens), err);
}

/* in = token embedding + position embedding */
static void embed_tokens(const GaclipTextTower *tower, GaclipTextPass *pass)
{
    size_t W = (size_t)tower->config->text.width, T = (size_t)pass->tokens;
    const float *table = gaclip__value(tower->parameters, tower->token_embedding);
    const float *positions = gaclip__value(tower->parameters, tower->positions);
    float *in = pass->transformer.blocks[0].in;
    for (size_t r = 0; r < (size_t)pass->batch * T; r++) {
        const float *token = table + (size_t)pass->ids[r] * W, *position = positions + r % T * W;
        for (size_t i = 0; i < W; i++) in[r * W + i] = token[i] + position[i];
    }
}

void gaclip__text_forward(const GaclipTextTower *tower, const GaclipCompute *compute,
                          GaclipTextPass *pass)
{
    const GaclipModelConfig *c = tower->config;
    size_t W = (size_t)c->text.width, T = (size_t)pass->tokens;
    embed_tokens(tower, pass);
    gaclip__transformer_forward(&tower->transformer, compute, &pass->transformer);
    const float *out = pass->transformer.blocks[c->text.layers - 1].full.out;
    for (size_t m = 0; m < (size_t)pass->batch; m++)
        memcpy(pass->end_in + m * W, out + (m * T + (size_t)pass->ends[m]) * W, W * sizeof *out);
    gaclip__layer_norm_forward(compute, gaclip__floats(pass->end_norm), pass->end_stats,
                               pass->end_in,
                               gaclip__value(tower->parameters, tower->ln_final_weight),
                               gaclip__value(tower->parameters, tower->ln_final_bias), pass->batch,
                               c->text.width, c->norm_epsilon);
    gaclip__projection_forward(compute, pass->raw, pass->end_norm,
                               gaclip__value(tower->parameters, tower->projection), pass->batch,
                               c->text.width, c->embed_dim);
    gaclip__unit_forward(pass->embedding, pass->length, pass->raw, pass->batch, c->embed_dim);
}

void gaclip__text_backward(const GaclipTextTower *tower, const GaclipCompute *compute,
                           GaclipTextPass *pass, const float *grad_embedding)
{
    const GaclipModelConfig *c = tower->config;
    size_t M = (size_t)pass->batch, W = (size_t)c->text.width, T = (size_t)pass->tokens;
    gaclip__unit_backward(pass->grad_raw, grad_embedding, pass->embedding, pass->length,
                          pass->batch, c->embed_dim);
    gaclip__projection_backward(
        compute, pass->grad_end, gaclip__gradient(tower->parameters, tower->projection),
        pass->grad_raw, pass->end_norm, gaclip__value(tower->parameters, tower->projection),
        pass->batch, c->text.width, c->embed_dim);
    gaclip__layer_norm_backward(
        compute, pass->grad_end, gaclip__gradient(tower->parameters, tower->ln_final_weight),
        gaclip__gradient(tower->parameters, tower->ln_final_bias), pass->grad_end, pass->end_in,
        pass->end_stats, gaclip__value(tower->parameters, tower->ln_final_weight), pass->batch,
        c->text.width, 0);
    memset(pass->grad_tokens, 0, M * T * W * sizeof *pass->grad_tokens);
    for (size_t m = 0; m < M; m++)
        memcpy(pass->grad_tokens + (m * T + (size_t)pass->ends[m]) * W, pass->grad_end + m * W,
               W * sizeof *pass->grad_end);
    gaclip__transformer_backward(&tower->transformer, compute, &pass->transformer,
                                 pass->grad_tokens, NULL);
    float *grad_table = gaclip__gradient(tower->parameters, tower->token_embedding);
    float *grad_positions = gaclip__gradient(tower->parameters, tower->positions);
    for (size_t r = 0; r < M * T; r++) {
        const float *grad = pass->grad_tokens + r * W;
        float *token = grad_table + (size_t)pass->ids[r] * W,
              *position = grad_positions + r % T * W;
        for (size_t i = 0; i < W; i++) {
            token[i] += grad[i];
            position[i] += grad[i];
        }
    }
}
