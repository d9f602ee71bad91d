/* Parts of the proposal head: normalised and activated maps, and the 3x3 convolutions that make
 * them. */
#ifndef GACLIP_MODEL_HEAD_MAP_H
#define GACLIP_MODEL_HEAD_MAP_H

#include "base/arena.h"
#include "base/compute.h"
#include "gaclip/model.h"
#include "model/parameters.h"

/* Places of a layer norm's parameters in the table. */
typedef struct GaclipHeadNorm {
    int weight, bias;
} GaclipHeadNorm;

typedef struct GaclipHeadConvolution {
    int n_in, weight, bias;
    GaclipHeadNorm norm;
} GaclipHeadConvolution;

/* What the parts of a head share: P = config->proposal.width channels. */
typedef struct GaclipHeadParts {
    const GaclipModelConfig *config; /* lent by the model, as parameters are */
    GaclipParameters *parameters;
} GaclipHeadParts;

/* One pass over a map (N, h, w) of P channels. */
typedef struct GaclipHeadMap {
    int batch, h, w;
    float *raw, *norm; /* (N h w, P) */
    GaclipOperand out; /* (N h w, P) the activation */
    float *stats;      /* (N h w, 2) */
} GaclipHeadMap;

/* The parameters NAME.weight and NAME.bias with these sizes (0 = no more); *weight < 0 where memory
 * is short. */
void gaclip__head_declare(int *weight, int *bias, const GaclipHeadParts *parts, const char *name,
                          const int sizes[4]);
/* PREFIX + conv and norm; the first one's weight is (P, 3, 3, n_in). 0 when memory is short. */
int gaclip__head_convolution_declare(GaclipHeadConvolution *convolution,
                                     const GaclipHeadParts *parts, const char *conv_name,
                                     const char *norm_name, int n_in);

size_t gaclip__head_map_pixels(const GaclipHeadMap *map);
void gaclip__head_map_layout(GaclipHeadMap *map, const GaclipHeadParts *parts,
                             const GaclipCompute *compute, GaclipArena *arena, int batch, int h,
                             int w);
size_t gaclip__head_convolution_scratch(const GaclipHeadConvolution *convolution,
                                        const GaclipHeadParts *parts, const GaclipHeadMap *map);

/* A gradient (count) as products read it: its rounded copy in read, or the floats themselves where
 * read is none. */
GaclipOperand gaclip__head_rounded(const GaclipCompute *compute, GaclipOperand read,
                                   const float *grad, size_t count);

/* map->norm and map->out from map->raw. */
void gaclip__head_map_forward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                              GaclipHeadMap *map, const GaclipHeadNorm *norm);
/* grad (N h w, P): from d/d map->out to d/d map->raw, in place. */
void gaclip__head_map_backward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                               const GaclipHeadMap *map, const GaclipHeadNorm *norm, float *grad);

/* All of map from in (N, h, w, n_in). */
void gaclip__head_convolution_forward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                                      GaclipHeadMap *map, const GaclipHeadConvolution *convolution,
                                      GaclipOperand in);
/* grad (N h w, P) by map->out is destroyed; grad_in (N h w, n_in) is set. */
void gaclip__head_convolution_backward(const GaclipHeadParts *parts, const GaclipCompute *compute,
                                       const GaclipHeadMap *map,
                                       const GaclipHeadConvolution *convolution, GaclipOperand in,
                                       float *grad, float *grad_in);

#endif
