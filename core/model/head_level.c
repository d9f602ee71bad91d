#include "model/head_level.h"

#include <stdio.h>
#include <string.h>

#include "math/linear.h"
#include "math/norm.h"

/* The stem's layer i halves the image i + 1 times. */
static int stem_layer(const GaclipModelConfig *config, int index)
{
    int layer = -2 - index;
    for (int side = config->vision.patch_size; side > 1; side /= 2) layer++;
    return config->proposal.lateral ? layer : -1;
}

static int stem_width(const GaclipHeadLevel *level, const GaclipHeadParts *parts)
{
    return parts->config->vision.stem_widths[level->stem_layer];
}

/* "proposal.NAME" of the first level, "proposal.NAME2" of the second. */
static const char *name_part(char out[GACLIP__NAME_SIZE], const char *name, int index)
{
    if (index)
        snprintf(out, GACLIP__NAME_SIZE, "proposal.%s%d", name, index + 1);
    else
        snprintf(out, GACLIP__NAME_SIZE, "proposal.%s", name);
    return out;
}

int gaclip__head_level_declare(GaclipHeadLevel *level, const GaclipHeadParts *parts, int index,
                               int count)
{
    char name[GACLIP__NAME_SIZE], norm[GACLIP__NAME_SIZE];
    int P = parts->config->proposal.width, complete = 1;
    *level = (GaclipHeadLevel){.stem_layer = stem_layer(parts->config, index)};
    level->has_convolution = level->stem_layer >= 0 && index < count - 1;
    gaclip__head_declare(&level->up_weight, &level->up_bias, parts, name_part(name, "up", index),
                         (int[]){4 * P, P, 0, 0});
    gaclip__head_declare(&level->up_norm.weight, &level->up_norm.bias, parts,
                         name_part(name, "up_norm", index), (int[]){P, 0, 0, 0});
    if (level->stem_layer >= 0)
        gaclip__head_declare(&level->lateral_weight, NULL, parts, name_part(name, "lateral", index),
                             (int[]){P, stem_width(level, parts), 0, 0});
    if (level->has_convolution)
        complete = gaclip__head_convolution_declare(&level->convolution, parts,
                                                    name_part(name, "refine", index),
                                                    name_part(norm, "refine_norm", index), P);
    return complete && level->up_weight >= 0 && level->up_norm.weight >= 0 &&
           level->lateral_weight >= 0;
}

void gaclip__head_level_layout(GaclipHeadLevelPass *pass, const GaclipHeadLevel *level,
                               const GaclipHeadParts *parts, const GaclipCompute *compute,
                               GaclipArena *arena, int batch, int h, int w, int keep)
{
    size_t P = (size_t)parts->config->proposal.width;
    *pass = (GaclipHeadLevelPass){0};
    gaclip__head_map_layout(&pass->up, parts, compute, arena, batch, 2 * h, 2 * w);
    if (level->has_convolution)
        gaclip__head_map_layout(&pass->convolved, parts, compute, arena, batch, 2 * h, 2 * w);
    size_t pixels = gaclip__head_map_pixels(&pass->up);
    pass->packed = gaclip__arena_floats(arena, pixels * P);
    if (!keep) return;
    pass->grad_packed = gaclip__arena_floats(arena, pixels * P);
    if (level->has_convolution) pass->grad_up = gaclip__arena_floats(arena, pixels * P);
    if (level->stem_layer >= 0)
        pass->grad_stem = gaclip__arena_floats(arena, pixels * (size_t)stem_width(level, parts));
}

size_t gaclip__head_level_scratch(const GaclipHeadLevelPass *pass, const GaclipHeadLevel *level,
                                  const GaclipHeadParts *parts)
{
    return level->has_convolution
               ? gaclip__head_convolution_scratch(&level->convolution, parts, &pass->convolved)
               : 0;
}

const GaclipHeadMap *gaclip__head_level_map(const GaclipHeadLevelPass *pass,
                                            const GaclipHeadLevel *level)
{
    return level->has_convolution ? &pass->convolved : &pass->up;
}

/* packed (N h w, 2, 2, P) <-> wide (N, 2h, 2w, P): each pixel becomes a square of four. */
static void shuffle(float *packed, float *wide, const GaclipHeadMap *map, size_t P, int pack)
{
    size_t row = (size_t)map->w * P;
    for (size_t y = 0; y < (size_t)(map->batch * map->h / 2); y++)
        for (size_t x = 0; x < (size_t)(map->w / 2); x++)
            for (size_t sub = 0; sub < 4; sub++, packed += P) {
                float *pixel = wide + (2 * y + sub / 2) * row + (2 * x + sub % 2) * P;
                memcpy(pack ? packed : pixel, pack ? pixel : packed, P * sizeof *pixel);
            }
}

void gaclip__head_level_forward(const GaclipHeadLevel *level, const GaclipHeadParts *parts,
                                const GaclipCompute *compute, GaclipHeadLevelPass *pass,
                                GaclipOperand in, const GaclipVisionPass *vision)
{
    GaclipParameters *table = parts->parameters;
    int P = parts->config->proposal.width, pixels = (int)gaclip__head_map_pixels(&pass->up);
    gaclip__linear_forward(compute, &(GaclipLinear){.rows = pixels / 4,
                                                    .n_in = P,
                                                    .n_out = 4 * P,
                                                    .in = in,
                                                    .weight = gaclip__parameters_operand(
                                                        table, compute, level->up_weight),
                                                    .bias = gaclip__value(table, level->up_bias),
                                                    .out = gaclip__floats(pass->packed)});
    if (level->stem_layer >= 0) {
        /* norm is free until raw is complete */
        shuffle(pass->packed, pass->up.norm, &pass->up, (size_t)P, 0);
        gaclip__linear_forward(compute, &(GaclipLinear){.rows = pixels,
                                                        .n_in = stem_width(level, parts),
                                                        .n_out = P,
                                                        .in = vision->stem[level->stem_layer].out,
                                                        .weight = gaclip__parameters_operand(
                                                            table, compute, level->lateral_weight),
                                                        .residual = pass->up.norm,
                                                        .out = gaclip__floats(pass->up.raw)});
    } else {
        shuffle(pass->packed, pass->up.raw, &pass->up, (size_t)P, 0);
    }
    gaclip__head_map_forward(parts, compute, &pass->up, &level->up_norm);
    if (level->has_convolution)
        gaclip__head_convolution_forward(parts, compute, &pass->convolved, &level->convolution,
                                         pass->up.out);
}

void gaclip__head_level_backward(const GaclipHeadLevel *level, const GaclipHeadParts *parts,
                                 const GaclipCompute *compute, GaclipHeadLevelPass *pass,
                                 GaclipOperand in, const GaclipVisionPass *vision, float *grad,
                                 float *grad_in, GaclipOperand read)
{
    GaclipParameters *table = parts->parameters;
    int P = parts->config->proposal.width, pixels = (int)gaclip__head_map_pixels(&pass->up);
    size_t count = (size_t)pixels * (size_t)P;
    if (level->has_convolution) {
        gaclip__head_convolution_backward(parts, compute, &pass->convolved, &level->convolution,
                                          pass->up.out, grad, pass->grad_up);
        grad = pass->grad_up;
    }
    gaclip__head_map_backward(parts, compute, &pass->up, &level->up_norm, grad);
    if (level->stem_layer >= 0)
        gaclip__linear_backward(
            compute,
            &(GaclipLinearBackward){
                .rows = pixels,
                .n_in = stem_width(level, parts),
                .n_out = P,
                .in = vision->stem[level->stem_layer].out,
                .weight = gaclip__parameters_operand(table, compute, level->lateral_weight),
                .grad_out = gaclip__head_rounded(compute, read, grad, count),
                .grad_in = gaclip__floats(pass->grad_stem),
                .grad_weight = gaclip__gradient(table, level->lateral_weight)});
    shuffle(pass->grad_packed, grad, &pass->up, (size_t)P, 1);
    gaclip__linear_backward(
        compute, &(GaclipLinearBackward){
                     .rows = pixels / 4,
                     .n_in = P,
                     .n_out = 4 * P,
                     .in = in,
                     .weight = gaclip__parameters_operand(table, compute, level->up_weight),
                     .grad_out = gaclip__head_rounded(compute, read, pass->grad_packed, count),
                     .grad_in = gaclip__floats(grad_in),
                     .grad_weight = gaclip__gradient(table, level->up_weight),
                     .grad_bias = gaclip__gradient(table, level->up_bias)});
}
