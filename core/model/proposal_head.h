/* The class-agnostic proposal head: objectness and a box for every location of the dense features,
 * on a map up-sampled as in ViTDet's simple feature pyramid (Li et al., 2022, section 3); with
 * lateral connections the stem's finer maps join on the way. */
#ifndef GACLIP_MODEL_PROPOSAL_HEAD_H
#define GACLIP_MODEL_PROPOSAL_HEAD_H

#include "model/head_level.h"

/* Channels of the head's output: objectness logit, then the logarithms of the distances to the
 * box's left, top, right and bottom in strides. */
enum { GACLIP__HEAD_CHANNELS = 5 };
enum { GACLIP__MAX_LEVELS = 2 };

typedef struct GaclipProposalHead {
    GaclipHeadParts parts;
    GaclipHeadConvolution layers[GACLIP_MAX_HEAD];
    int level_count; /* doublings: the binary logarithm of upsample */
    GaclipHeadLevel levels[GACLIP__MAX_LEVELS];
    int out_weight, out_bias;
} GaclipProposalHead;

int gaclip__proposal_declare(GaclipProposalHead *head, const GaclipModelConfig *config,
                             GaclipParameters *parameters, GaclipError *err);

/* One pass over features (N, h, w, W); the output map is (out_h, out_w) = (h, w) * upsample. */
typedef struct GaclipProposalPass {
    int batch, h, w, out_h, out_w;
    float stride;     /* pixels a location of the output map */
    GaclipOperand in; /* (N h w, W) the features as products read them */
    GaclipHeadMap layers[GACLIP_MAX_HEAD];
    GaclipHeadLevelPass levels[GACLIP__MAX_LEVELS];
    float *out;                          /* (N, out_h, out_w, 5) */
    float *grad[GACLIP__MAX_LEVELS + 1]; /* by the last layer's map, then by each level's */
    float *grad_deep[2];                 /* (N h w, P) between the convolutions, in turn */
    float *grad_features;                /* (N h w, W) backward's result */
    GaclipOperand grad_read;             /* a gradient as products read it; none in f32 */
} GaclipProposalPass;

/* Of the first images of the tower's pass, which has been laid out; run it before forward. */
int gaclip__proposal_layout(GaclipProposalPass *pass, const GaclipProposalHead *head,
                            GaclipCompute *compute, GaclipArena *arena,
                            const GaclipVisionPass *vision, int images, int keep, GaclipError *err);
void gaclip__proposal_forward(const GaclipProposalHead *head, const GaclipCompute *compute,
                              GaclipProposalPass *pass, const GaclipVisionPass *vision);
/* grad_out (N, out_h, out_w, 5). Adds to the parameters' gradients; what the tower's backward needs
 * is left in pass and set in grads: features, and stem where the head reads it. */
void gaclip__proposal_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                               GaclipProposalPass *pass, const GaclipVisionPass *vision,
                               const float *grad_out, GaclipVisionGradients *grads);

/* The box, in pixels, that location (y, x) of the output map proposes. */
GaclipBox gaclip__proposal_box(const GaclipProposalPass *pass, const float *location, int y, int x);

#endif
