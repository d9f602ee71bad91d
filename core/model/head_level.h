/* A doubling of the proposal head's map, where wanted with the stem's output of that grid added and
 * a convolution behind: the top-down path of a feature pyramid (Lin et al., 2017, section 3). */
#ifndef GACLIP_MODEL_HEAD_LEVEL_H
#define GACLIP_MODEL_HEAD_LEVEL_H

#include "model/head_map.h"
#include "model/vision_tower.h"

typedef struct GaclipHeadLevel {
    int up_weight, up_bias; /* (4 P, P), (4 P) */
    GaclipHeadNorm up_norm;
    int stem_layer;     /* whose output joins, or -1 */
    int lateral_weight; /* (P, its width) */
    int has_convolution;
    GaclipHeadConvolution convolution;
} GaclipHeadLevel;

/* Level number index of count; the finest one, whose map is the largest, has no convolution. 0 when
 * memory is short. */
int gaclip__head_level_declare(GaclipHeadLevel *level, const GaclipHeadParts *parts, int index,
                               int count);

/* One pass: from (N, h, w, P) to (N, 2h, 2w, P). */
typedef struct GaclipHeadLevelPass {
    float *packed; /* (N h w, 4 P) before the pixel shuffle */
    GaclipHeadMap up, convolved;
    float *grad_packed, *grad_up; /* backward's temporaries */
    float *grad_stem;             /* (N 2h 2w, stem width): the gradient by the stem's output */
} GaclipHeadLevelPass;

void gaclip__head_level_layout(GaclipHeadLevelPass *pass, const GaclipHeadLevel *level,
                               const GaclipHeadParts *parts, const GaclipCompute *compute,
                               GaclipArena *arena, int batch, int h, int w, int keep);
size_t gaclip__head_level_scratch(const GaclipHeadLevelPass *pass, const GaclipHeadLevel *level,
                                  const GaclipHeadParts *parts);

/* The map that the level ends with. */
const GaclipHeadMap *gaclip__head_level_map(const GaclipHeadLevelPass *pass,
                                            const GaclipHeadLevel *level);

/* in (N h w, P). */
void gaclip__head_level_forward(const GaclipHeadLevel *level, const GaclipHeadParts *parts,
                                const GaclipCompute *compute, GaclipHeadLevelPass *pass,
                                GaclipOperand in, const GaclipVisionPass *vision);
/* grad (N 2h 2w, P) by the level's map is destroyed; grad_in (N h w, P) is set. read: where a
 * gradient is rounded for products, (N 2h 2w, P) at least, or none. */
void gaclip__head_level_backward(const GaclipHeadLevel *level, const GaclipHeadParts *parts,
                                 const GaclipCompute *compute, GaclipHeadLevelPass *pass,
                                 GaclipOperand in, const GaclipVisionPass *vision, float *grad,
                                 float *grad_in, GaclipOperand read);

#endif
