#include "pixel_facts.h"

#include <math.h>
#include <stddef.h>

/* Sums of a value and of its square. */
typedef struct Sums {
    double count, sum, squares;
} Sums;

static void add(Sums *sums, double value)
{
    sums->count++;
    sums->sum += value;
    sums->squares += value * value;
}

static double variance(const Sums *s)
{
    double mean = s->count > 0 ? s->sum / s->count : 0;
    return s->count > 0 ? fmax(s->squares / s->count - mean * mean, 0) : 0;
}

/* Rec. 601's luma; -1 where there is no data. */
static double grey(const GaclipImage *image, int x, int y)
{
    size_t i = (size_t)y * (size_t)image->width + (size_t)x;
    const uint8_t *p = image->rgb + 3 * i;
    return image->mask && !image->mask[i] ? -1 : 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
}

void gaclip__pixel_facts(GaclipPixelFacts *out, const GaclipImage *image)
{
    Sums values = {0}, laplacian = {0};
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            double here = grey(image, x, y);
            if (here < 0) continue;
            add(&values, here);
            if (x == 0 || y == 0 || x == image->width - 1 || y == image->height - 1) continue;
            double left = grey(image, x - 1, y), right = grey(image, x + 1, y);
            double up = grey(image, x, y - 1), down = grey(image, x, y + 1);
            if (left < 0 || right < 0 || up < 0 || down < 0) continue;
            add(&laplacian, left + right + up + down - 4 * here);
        }
    out->brightness = values.count > 0 ? values.sum / values.count : 0;
    out->texture = sqrt(variance(&values));
    out->sharpness = variance(&laplacian);
    out->content = values.count / ((double)image->width * image->height);
}
