#include "loss/visual_consistency.h"

#include <stddef.h>

double gaclip__visual_consistency(float *grad_regions, float *grad_crops, const float *regions,
                                  const float *crops, const int *places, int count, int width,
                                  double weight)
{
    size_t W = (size_t)width;
    double loss = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        size_t r = (size_t)places[i] * W, c = i * W;
        float factor = (float)(-weight / count);
        double cosine = 0;
        for (size_t k = 0; k < W; k++) {
            cosine += (double)regions[r + k] * (double)crops[c + k];
            grad_regions[r + k] += factor * crops[c + k];
            grad_crops[c + k] += factor * regions[r + k];
        }
        loss += 1 - cosine;
    }
    return count ? loss / count : 0;
}
