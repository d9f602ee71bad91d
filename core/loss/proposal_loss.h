/* Losses of the proposal head: quality focal loss (Li et al., 2020, equation 4) for objectness,
 * generalised IoU (Rezatofighi et al., 2019) for boxes. */
#ifndef GACLIP_LOSS_PROPOSAL_LOSS_H
#define GACLIP_LOSS_PROPOSAL_LOSS_H

#include "gaclip/error.h"
#include "gaclip/image.h"
#include "model/proposal_head.h"

/* Boxes of one image, in its pixels. */
typedef struct GaclipTargets {
    const GaclipBox *boxes;
    int count;
} GaclipTargets;

/* 1 - GIoU of two boxes of positive area; grad: by the corners of a. */
double gaclip__giou_loss(double grad[4], const GaclipBox *a, const GaclipBox *b);

/* Locations in the middle of a box (the smallest, where several claim one) are positive: their
 * objectness should be the IoU of the box that they propose (held constant, at least 0.2), and
 * the box should be theirs; every other location's objectness should be 0. Both sums are divided
 * by the number of positive locations, at least 1. grad_out (N, out_h, out_w, 5) is set to the
 * gradient of weight_objectness * objectness + weight_box * box. positives receives the count. */
int gaclip__proposal_loss(double *objectness, double *box, int *positives, float *grad_out,
                          const GaclipProposalPass *pass, const GaclipTargets *targets,
                          double weight_objectness, double weight_box, GaclipError *err);

#endif
