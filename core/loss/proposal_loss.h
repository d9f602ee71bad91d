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
    int is_complete; /* no object is without a box: all other ground is a negative */
} GaclipTargets;

/* 1 - GIoU of two boxes of positive area; grad: by the corners of a. */
double gaclip__giou_loss(double grad[4], const GaclipBox *a, const GaclipBox *b);

/* The output map of a proposal head. */
typedef struct GaclipLocations {
    int rows, columns;
    float stride; /* pixels */
} GaclipLocations;

/* How many locations of all images (count) are positive: those in the middle of a box. */
int gaclip__proposal_positives(int *positives, const GaclipLocations *locations,
                               const GaclipTargets *targets, int count, GaclipError *err);

/* Of a positive location (the smallest box, where several claim it), the objectness should be the
 * IoU of the box that it proposes (held constant, at least 0.2), and the box should be the
 * target's. Every other location of an image whose boxes are complete should have objectness 0.
 * Both sums are divided by positives, at least 1: the count of the whole batch, of which pass may
 * be a part. grad_out (N, out_h, out_w, 5) is set to the gradient of weight_objectness * objectness
 * + weight_box * box. */
int gaclip__proposal_loss(double *objectness, double *box, float *grad_out,
                          const GaclipProposalPass *pass, const GaclipTargets *targets,
                          int positives, double weight_objectness, double weight_box,
                          GaclipError *err);

#endif
