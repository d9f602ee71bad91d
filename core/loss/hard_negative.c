#include "loss/hard_negative.h"

#include <math.h>
#include <stddef.h>

static double dot(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* log of the sum of exp(scale s) over count texts. */
static double log_sum(const float *region, const float *texts, const int *rows, int count,
                      size_t width, double scale)
{
    double largest = -INFINITY, sum = 0;
    for (int j = 0; j < count; j++)
        largest = fmax(largest, scale * dot(region, texts + (size_t)rows[j] * width, width));
    for (int j = 0; j < count; j++)
        sum += exp(scale * dot(region, texts + (size_t)rows[j] * width, width) - largest);
    return largest + log(sum);
}

double gaclip__hard_negative(float *grad_regions, float *grad_texts, double *grad_scale,
                             const float *regions, const float *texts, const GaclipTrial *trials,
                             const int *trial_texts, int count, int width, double scale,
                             double weight)
{
    size_t W = (size_t)width;
    double loss = 0;
    for (int k = 0; k < count; k++) {
        const int *rows = trial_texts + trials[k].first;
        const float *region = regions + (size_t)trials[k].region * W;
        float *grad_region = grad_regions + (size_t)trials[k].region * W;
        double all = log_sum(region, texts, rows, trials[k].count, W, scale);
        for (int j = 0; j < trials[k].count; j++) {
            const float *text = texts + (size_t)rows[j] * W;
            float *grad_text = grad_texts + (size_t)rows[j] * W;
            double similarity = dot(region, text, W);
            double grad = weight / count * (exp(scale * similarity - all) - (j == 0));
            if (j == 0) loss += all - scale * similarity;
            *grad_scale += grad * similarity;
            for (size_t i = 0; i < W; i++) {
                grad_region[i] += (float)(grad * scale) * text[i];
                grad_text[i] += (float)(grad * scale) * region[i];
            }
        }
    }
    return count ? loss / count : 0;
}
