/* Visual intra-consistency of a region's two views (paper, equation 4). */
#ifndef GACLIP_LOSS_VISUAL_CONSISTENCY_H
#define GACLIP_LOSS_VISUAL_CONSISTENCY_H

/* Returns L_VIC, unweighted: the mean over crops of 1 - region . crop. crops (count, width) and
 * regions are unit rows; crop i shows region places[i]. Gradients, through both views, are added
 * to, times weight. 0 without crops. */
double gaclip__visual_consistency(float *grad_regions, float *grad_crops, const float *regions,
                                  const float *crops, const int *places, int count, int width,
                                  double weight);

#endif
