#include "model/head_map.h"

#include <stdio.h>

#include "math/activation.h"
#include "math/convolution.h"
#include "math/norm.h"

void gaclip__head_declare(int *weight, int *bias, const GaclipHeadParts *parts, const char *name,
                          const int sizes[4])
{
    char full[GACLIP__NAME_SIZE];
    int rank = 0;
    while (rank < 4 && sizes[rank]) rank++;
    snprintf(full, sizeof full, "%s.weight", name);
    *weight = gaclip__parameters_add(parts->parameters, full, rank, sizes[0], sizes[1], sizes[2],
                                     sizes[3]);
    if (!bias) return;
    snprintf(full, sizeof full, "%s.bias", name);
    *bias = gaclip__parameters_add(parts->parameters, full, 1, sizes[0], 0, 0, 0);
    if (*bias < 0) *weight = -1;
}

int gaclip__head_convolution_declare(GaclipHeadConvolution *convolution,
                                     const GaclipHeadParts *parts, const char *conv_name,
                                     const char *norm_name, int n_in)
{
    int P = parts->config->proposal.width;
    convolution->n_in = n_in;
    gaclip__head_declare(&convolution->weight, &convolution->bias, parts, conv_name,
                         (int[]){P, 3, 3, n_in});
    gaclip__head_declare(&convolution->norm.weight, &convolution->norm.bias, parts, norm_name,
                         (int[]){P, 0, 0, 0});
    return convolution->weight >= 0 && convolution->norm.weight >= 0;
}

size_t gaclip__head_map_pixels(const GaclipHeadMap *map)
{
    return (size_t)map->batch * (size_t)map->h * (size_t)map->w;
}

void gaclip__head_map_layout(GaclipHeadMap *map, const GaclipHeadParts *parts,
                             const GaclipCompute *compute, GaclipArena *arena, int batch, int h,
                             int w)
{
    *map = (GaclipHeadMap){.batch = batch, .h = h, .w = w};
    size_t pixels = gaclip__head_map_pixels(map);
    size_t floats = pixels * (size_t)parts->config->proposal.width;
    map->raw = gaclip__arena_floats(arena, floats);
    map->norm = gaclip__arena_floats(arena, floats);
    map->out = gaclip__arena_operand(arena, compute, floats);
    map->stats = gaclip__arena_floats(arena, pixels * 2);
}

static GaclipConvolutionShape shape_of(const GaclipHeadConvolution *convolution,
                                       const GaclipHeadParts *parts, const GaclipHeadMap *map)
{
    return (GaclipConvolutionShape){
        map->batch, map->h, map->w, convolution->n_in, parts->config->proposal.width, 1};
}

size_t gaclip__head_convolution_scratch(const GaclipHeadConvolution *convolution,
                                        const GaclipHeadParts *parts, const GaclipHeadMap *map)
{
    GaclipConvolutionShape shape = shape_of(convolution, parts, map);
    return gaclip__convolution_scratch(&shape);
}

GaclipOperand gaclip__head_rounded(const GaclipCompute *compute, GaclipOperand read,
                                   const float *grad, size_t count)
{
    if (!gaclip__operand_wanted(read)) return gaclip__floats(grad);
    gaclip__operand_fill(compute, read, grad, count);
    return read;
}

void gaclip__head_map_forward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                              GaclipHeadMap *map, const GaclipHeadNorm *norm)
{
    const GaclipModelConfig *c = parts->config;
    size_t pixels = gaclip__head_map_pixels(map);
    gaclip__layer_norm_forward(compute, gaclip__floats(map->norm), map->stats, map->raw,
                               gaclip__value(parts->parameters, norm->weight),
                               gaclip__value(parts->parameters, norm->bias), (int)pixels,
                               c->proposal.width, c->norm_epsilon);
    gaclip__activation_forward(compute, c->activation, map->out, gaclip__floats(map->norm),
                               pixels * (size_t)c->proposal.width);
}

void gaclip__head_map_backward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                               const GaclipHeadMap *map, const GaclipHeadNorm *norm, float *grad)
{
    const GaclipModelConfig *c = parts->config;
    size_t pixels = gaclip__head_map_pixels(map);
    gaclip__activation_backward(compute, c->activation, gaclip__floats(grad), grad, map->norm,
                                pixels * (size_t)c->proposal.width);
    gaclip__layer_norm_backward(compute, grad, gaclip__gradient(parts->parameters, norm->weight),
                                gaclip__gradient(parts->parameters, norm->bias), grad, map->raw,
                                map->stats, gaclip__value(parts->parameters, norm->weight),
                                (int)pixels, c->proposal.width, 0);
}

void gaclip__head_convolution_forward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                                      GaclipHeadMap *map, const GaclipHeadConvolution *convolution,
                                      GaclipOperand in)
{
    GaclipConvolutionShape shape = shape_of(convolution, parts, map);
    gaclip__convolution_forward(
        compute, map->raw, in,
        gaclip__parameters_operand(parts->parameters, compute, convolution->weight),
        gaclip__value(parts->parameters, convolution->bias), &shape);
    gaclip__head_map_forward(parts, compute, map, &convolution->norm);
}

void gaclip__head_convolution_backward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                                       const GaclipHeadMap *map,
                                       const GaclipHeadConvolution *convolution, GaclipOperand in,
                                       float *grad, float *grad_in)
{
    GaclipConvolutionShape shape = shape_of(convolution, parts, map);
    gaclip__head_map_backward(parts, compute, map, &convolution->norm, grad);
    gaclip__convolution_backward(
        compute, grad_in, gaclip__gradient(parts->parameters, convolution->weight),
        gaclip__gradient(parts->parameters, convolution->bias), grad, in,
        gaclip__parameters_operand(parts->parameters, compute, convolution->weight), &shape);
}
