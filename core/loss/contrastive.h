/* Contrastive losses over unit embeddings (paper, equations 1 and 2). */
#ifndef GACLIP_LOSS_CONTRASTIVE_H
#define GACLIP_LOSS_CONTRASTIVE_H

#include "gaclip/error.h"

/* The symmetric contrastive loss of pairs a_i, b_i (count, width), scale = 1 / temperature:
 *   -1/(2N) sum_i [log softmax_j(scale a_i.b_j)[i] + log softmax_j(scale a_j.b_i)[i]].
 * It is L_g over images and captions, and L_RPA over regions and phrases. ids (count) or NULL:
 * pairs of equal id leave each other's denominators. grad_a, grad_b (count, width) and
 * *grad_scale are added to, times weight; *loss is set, unweighted. GACLIP_ERROR_MEMORY only. */
int gaclip__contrastive(double *loss, float *grad_a, float *grad_b, double *grad_scale,
                        const float *a, const float *b, const int *ids, int count, int width,
                        double scale, double weight, GaclipError *err);

#endif
