/* Hard-negative alignment (paper, equation 3). */
#ifndef GACLIP_LOSS_HARD_NEGATIVE_H
#define GACLIP_LOSS_HARD_NEGATIVE_H

/* A region and the texts that it chooses among: the first one is true of it. */
typedef struct GaclipTrial {
    int region;       /* row of regions */
    int first, count; /* its stretch of trial_texts, which are rows of texts */
} GaclipTrial;

/* Returns L_HNA, unweighted:
 *   -1/K sum_k log softmax_j(scale region_k . text_kj)[first].
 * regions and texts are unit rows of width; their gradients and *grad_scale are added to, times
 * weight. 0 without trials. */
double gaclip__hard_negative(float *grad_regions, float *grad_texts, double *grad_scale,
                             const float *regions, const float *texts, const GaclipTrial *trials,
                             const int *trial_texts, int count, int width, double scale,
                             double weight);

#endif
