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

/* What the positive locations of all images (count), those in the middle of a box, weigh together.
 * A box of n locations weighs sqrt(n), spread evenly over them: large objects, which have a hundred
 * times the locations of small ones, do not drown them. */
int gaclip__proposal_positives(double *weight, const GaclipLocations *locations,
                               const GaclipTargets *targets, int count, GaclipError *err);

/* Of a positive location (the smallest box, where several claim it), the objectness should be the
 * IoU of the box that it proposes (held constant, at least 0.2), and the box should be the
 * target's. Every other location of an image whose boxes are complete, of weight 1, should have
 * objectness 0. Both weighted sums are divided by positives, at least 1: the weight in the whole
 * batch, of which pass may be a part. grad_out (N, out_h, out_w, 5) is set to the gradient of
 * weight_objectness * objectness
 * + weight_box * box. */
int gaclip__proposal_loss(double *objectness, double *box, float *grad_out,
                          const GaclipProposalPass *pass, const GaclipTargets *targets,
                          double positives, double weight_objectness, double weight_box,
                          GaclipError *err);

#endif
