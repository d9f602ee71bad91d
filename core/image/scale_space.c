#include "image/scale_space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TAPS = 64 };

/* The blur that a picture has by itself, and that of the first level (Lowe's numbers), pixels. */
static const double OWN_SIGMA = 0.5, FIRST_SIGMA = 1.6;

/* Weaker ones are noise, grey levels; those of a ratio of curvatures above the limit are edges. */
static const float WEAKEST = 0.8f;
static const double EDGE_RATIO = 10;

double gaclip__scale_sigma(double level)
{
    return FIRST_SIGMA * exp2(level / 2);
}

/* Half of a Gaussian, the middle first; the number of taps. */
static int fill_taps(float taps[MOST_TAPS], double sigma)
{
    int reach = (int)fmin(ceil(3 * sigma), MOST_TAPS - 1);
    double sum = 0;
    for (int i = 0; i <= reach; i++) {
        double weight = exp(-i * i / (2 * sigma * sigma));
        sum += i ? 2 * weight : weight;
        taps[i] = (float)weight;
    }
    for (int i = 0; i <= reach; i++) taps[i] = (float)(taps[i] / sum);
    return reach + 1;
}

static int clamp(int value, int count)
{
    return value < 0 ? 0 : value >= count ? count - 1 : value;
}

static void add_row(float *sum, const float *a, const float *b, float weight, int width)
{
    for (int x = 0; x < width; x++) sum[x] += weight * (a[x] + b[x]);
}

/* Columns of in into out; rows beyond the edge are those at it. */
static void blur_down(float *out, const float *in, int width, int height, const float *taps,
                      int count)
{
    for (int y = 0; y < height; y++) {
        float *row = out + (size_t)y * (size_t)width;
        const float *middle = in + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++) row[x] = taps[0] * middle[x];
        for (int i = 1; i < count; i++)
            add_row(row, in + (size_t)clamp(y - i, height) * (size_t)width,
                    in + (size_t)clamp(y + i, height) * (size_t)width, taps[i], width);
    }
}

static void transpose(float *out, const float *in, int width, int height)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            out[(size_t)x * (size_t)height + (size_t)y] = in[(size_t)y * (size_t)width + (size_t)x];
}

/* Both ways over columns, which the processor adds up side by side. */
static void blur(float *out, float *work, const float *in, int width, int height, double sigma)
{
    float taps[MOST_TAPS];
    int count = fill_taps(taps, sigma);
    blur_down(work, in, width, height, taps, count);
    transpose(out, work, width, height);
    blur_down(work, out, height, width, taps, count);
    transpose(out, work, height, width);
}

int gaclip__scale_space_init(GaclipScaleSpace *out, const float *grey, int width, int height,
                             GaclipError *err)
{
    size_t pixels = (size_t)width * (size_t)height;
    *out = (GaclipScaleSpace){.width = width, .height = height};
    out->levels = malloc(GACLIP__SCALES * pixels * sizeof *out->levels);
    out->work = malloc(pixels * sizeof *out->work);
    if (!out->levels || !out->work) {
        gaclip__scale_space_clear(out);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    double sigma = OWN_SIGMA;
    for (int level = 0; level < GACLIP__SCALES; level++) {
        double next = gaclip__scale_sigma(level);
        blur(out->levels + (size_t)level * pixels, out->work, grey, width, height,
             sqrt(next * next - sigma * sigma));
        grey = out->levels + (size_t)level * pixels;
        sigma = next;
    }
    return GACLIP_OK;
}

void gaclip__scale_space_clear(GaclipScaleSpace *space)
{
    free(space->levels);
    free(space->work);
    *space = (GaclipScaleSpace){0};
}

/* A pixel's difference of a level and the next one. */
static float difference(const GaclipScaleSpace *s, int level, int x, int y)
{
    size_t i = (size_t)y * (size_t)s->width + (size_t)x;
    return gaclip__scale_level(s, level + 1)[i] - gaclip__scale_level(s, level)[i];
}

static int is_extremum(const GaclipScaleSpace *s, int level, int x, int y, float value)
{
    for (int l = level - 1; l <= level + 1; l++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                if (l == level && !dx && !dy) continue;
                float other = difference(s, l, x + dx, y + dy);
                if (value > 0 ? other >= value : other <= value) return 0;
            }
    return 1;
}

static int is_edge(const GaclipScaleSpace *s, int level, int x, int y, float value)
{
    double here = (double)value;
    double left = (double)difference(s, level, x - 1, y),
           right = (double)difference(s, level, x + 1, y);
    double up = (double)difference(s, level, x, y - 1),
           down = (double)difference(s, level, x, y + 1);
    double cross =
        (double)(difference(s, level, x + 1, y + 1) - difference(s, level, x - 1, y + 1) -
                 difference(s, level, x + 1, y - 1) + difference(s, level, x - 1, y - 1)) /
        4;
    double xx = left + right - 2 * here, yy = up + down - 2 * here;
    double trace = xx + yy, product = xx * yy - cross * cross;
    return product <= 0 ||
           trace * trace * EDGE_RATIO > (EDGE_RATIO + 1) * (EDGE_RATIO + 1) * product;
}

/* Where a parabola through three values has its top, -0.5 to 0.5 from the middle one. */
static float peak(float before, float here, float after)
{
    float bend = before - 2 * here + after;
    if (!(fabsf(bend) > 0)) return 0;
    return fmaxf(-0.5f, fminf(0.5f, (before - after) / (2 * bend)));
}

static GaclipBlob measure(const GaclipScaleSpace *s, int level, int x, int y, float value)
{
    float dx = peak(difference(s, level, x - 1, y), value, difference(s, level, x + 1, y));
    float dy = peak(difference(s, level, x, y - 1), value, difference(s, level, x, y + 1));
    float dl = peak(difference(s, level - 1, x, y), value, difference(s, level + 1, x, y));
    double sigma = gaclip__scale_sigma(level + (double)dl);
    return (GaclipBlob){(float)x + 0.5f + dx, (float)y + 0.5f + dy, (float)sigma, fabsf(value),
                        level};
}

/* Keeps the list sorted and no longer than most. */
static void keep(GaclipBlob *list, int *count, int most, GaclipBlob blob)
{
    int at = *count;
    if (at == most) {
        if (most == 0 || list[most - 1].strength >= blob.strength) return;
        at--;
    } else {
        ++*count;
    }
    for (; at > 0 && list[at - 1].strength < blob.strength; at--) list[at] = list[at - 1];
    list[at] = blob;
}

static int find_at_level(GaclipBlob *out, const GaclipScaleSpace *s, int level, int most,
                         double reach)
{
    int count = 0;
    for (int y = 1; y < s->height - 1; y++)
        for (int x = 1; x < s->width - 1; x++) {
            float value = difference(s, level, x, y);
            if (fabsf(value) < WEAKEST || !is_extremum(s, level, x, y, value) ||
                is_edge(s, level, x, y, value))
                continue;
            GaclipBlob blob = measure(s, level, x, y, value);
            double half = reach * (double)blob.sigma, left = (double)blob.x, top = (double)blob.y;
            if (left < half || top < half || left + half > s->width || top + half > s->height)
                continue;
            keep(out, &count, most, blob);
        }
    return count;
}

int gaclip__find_blobs(GaclipBlob *out, const GaclipScaleSpace *space, const int *most,
                       double reach)
{
    int count = 0;
    for (int level = 1; level < GACLIP__SCALES - 2; level++)
        count += find_at_level(out + count, space, level, most[level - 1], reach);
    return count;
}
