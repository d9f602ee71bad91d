/* The class-agnostic proposal head: objectness and a box for every location of the dense features,
 * on a map up-sampled as in ViTDet's simple feature pyramid (Li et al., 2022, section 3). */
#ifndef GACLIP_MODEL_PROPOSAL_HEAD_H
#define GACLIP_MODEL_PROPOSAL_HEAD_H

#include "base/arena.h"
#include "base/compute.h"
#include "gaclip/model.h"
#include "model/parameters.h"

/* Channels of the head's output: objectness logit, then the logarithms of the distances to the
 * box's left, top, right and bottom in strides. */
enum { GACLIP__HEAD_CHANNELS = 5 };

typedef struct GaclipProposalHead {
    const GaclipModelConfig *config; /* lent by the model, as parameters are */
    GaclipParameters *parameters;
    struct {
        int conv_weight, conv_bias, norm_weight, norm_bias;
    } layers[GACLIP_MAX_HEAD];
    int up_weight, up_bias, up_norm_weight, up_norm_bias; /* where upsample is 2 */
    int out_weight, out_bias;
} GaclipProposalHead;

int gaclip__proposal_declare(GaclipProposalHead *head, const GaclipModelConfig *config,
                             GaclipParameters *parameters, GaclipError *err);

/* A normalised and activated map of P channels. */
typedef struct GaclipHeadLayer {
    float *raw, *norm; /* (pixels, P) */
    GaclipOperand out; /* (pixels, P) */
    float *stats;      /* (pixels, 2) */
} GaclipHeadLayer;

/* One pass over features (N, h, w, W); the output map is H x W' = (h, w) * upsample. */
typedef struct GaclipProposalPass {
    int batch, h, w, out_h, out_w;
    float stride;     /* pixels a location of the output map */
    GaclipOperand in; /* (N h w, W) the features as products read them */
    GaclipHeadLayer layers[GACLIP_MAX_HEAD], up;
    float *up_packed;    /* (N h w, 4P) before the pixel shuffle */
    float *out;          /* (N, out_h, out_w, 5) */
    float *grad_deep[2]; /* (N h w, P) between the convolutions, in turn */
    float *grad_wide, *grad_packed, *grad_features; /* backward's temporaries and result */
    GaclipOperand grad_read; /* a gradient as products read it; none in f32 */
} GaclipProposalPass;

int gaclip__proposal_layout(GaclipProposalPass *pass, const GaclipProposalHead *head,
                            GaclipCompute *compute, GaclipArena *arena, int batch, int h, int w,
                            int keep, GaclipError *err);
void gaclip__proposal_forward(const GaclipProposalHead *head, const GaclipCompute *compute,
                              GaclipProposalPass *pass, const float *features);
/* grad_out (N, out_h, out_w, 5). Adds to the parameters' gradients; d loss / d features is left in
 * pass->grad_features (N h w, W). */
void gaclip__proposal_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                               GaclipProposalPass *pass, const float *features,
                               const float *grad_out);

/* The box, in pixels, that location (y, x) of the output map proposes. */
GaclipBox gaclip__proposal_box(const GaclipProposalPass *pass, const float *location, int y, int x);

#endif
