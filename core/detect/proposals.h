/* Picking proposals out of the head's output map. */
#ifndef GACLIP_DETECT_PROPOSALS_H
#define GACLIP_DETECT_PROPOSALS_H

#include "model/proposal_head.h"

typedef struct GaclipProposal {
    GaclipBox box; /* pixels of the window, not clipped */
    float objectness;
} GaclipProposal;

/* The best proposals of image n of a pass: objectness >= floor, boxes of more than a pixel, at
 * most limit after class-agnostic suppression above iou. The caller frees *out. */
int gaclip__proposals_pick(GaclipProposal **out, int *count, const GaclipProposalPass *pass, int n,
                           float floor, int limit, float iou, GaclipError *err);

#endif
