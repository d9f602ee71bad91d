/* Contrastive losses over unit embeddings (paper, equations 1 and 2). */
#ifndef GACLIP_LOSS_CONTRASTIVE_H
#define GACLIP_LOSS_CONTRASTIVE_H

#include "base/compute.h"

/* Pairs a_i, b_i of unit rows. */
typedef struct GaclipPairs {
    const float *a, *b;         /* (any rows, width) */
    float *grad_a, *grad_b;     /* of the same shapes; added to */
    const int *a_rows, *b_rows; /* (count) where pair i has its two; NULL: in row i */
    const int *ids;             /* (count) pairs of equal id leave each other's denominators; NULL:
                                   all stay */
    int count, width;
} GaclipPairs;

/* The symmetric contrastive loss, scale = 1 / temperature:
 *   -1/(2N) sum_i [log softmax_j(scale a_i.b_j)[i] + log softmax_j(scale a_j.b_i)[i]].
 * It is L_g over images and captions, and L_RPA over regions and phrases. The gradients and
 * *grad_scale are added to, times weight; *loss is set, unweighted. GACLIP_ERROR_MEMORY only. */
int gaclip__contrastive(double *loss, double *grad_scale, const GaclipCompute *compute,
                        const GaclipPairs *pairs, double scale, double weight, GaclipError *err);

#endif
