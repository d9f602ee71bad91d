#include "model/positions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Keys' cubic convolution kernel (1981) with parameter a. */
static double cubic(double x, double a)
{
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* weights (m, n): row i says how output i is mixed from the n inputs, as torch's bicubic without
 * antialias does it: a = -0.75, four taps, indices clamped. */
static void interpolation_weights(double *weights, int m, int n)
{
    for (int i = 0; i < m; i++) {
        double x = (double)n / m * (i + 0.5) - 0.5;
        int first = (int)floor(x) - 1;
        for (int j = first; j < first + 4; j++)
            weights[(size_t)i * (size_t)n + (size_t)clamp(j, 0, n - 1)] += cubic(x - j, -0.75);
    }
}

/* The same with antialias: a = -0.5, the kernel widened when shrinking, weights normalised. */
static void antialias_weights(double *weights, int m, int n)
{
    double ratio = (double)n / m, reach = fmax(ratio, 1);
    for (int i = 0; i < m; i++) {
        double centre = ratio * (i + 0.5), sum = 0;
        int first = clamp((int)(centre - 2 * reach + 0.5), 0, n);
        int end = clamp((int)(centre + 2 * reach + 0.5), 0, n);
        double *row = weights + (size_t)i * (size_t)n;
        for (int j = first; j < end; j++) sum += row[j] = cubic((j + 0.5 - centre) / reach, -0.5);
        for (int j = first; j < end; j++) row[j] /= sum;
    }
}

typedef struct Resampling {
    double *down, *across; /* (height, side), (width, side) */
} Resampling;

static int prepare(Resampling *r, int height, int width, int side, GaclipError *err)
{
    r->down = calloc((size_t)height * (size_t)side, sizeof *r->down);
    r->across = calloc((size_t)width * (size_t)side, sizeof *r->across);
    if (!r->down || !r->across) {
        free(r->down);
        free(r->across);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    void (*weights)(double *, int, int) =
        height < side || width < side ? antialias_weights : interpolation_weights;
    weights(r->down, height, side);
    weights(r->across, width, side);
    return GACLIP_OK;
}

static void release(Resampling *r)
{
    free(r->down);
    free(r->across);
}

int gaclip__positions_resample(float *out, int height, int width, const float *table, int side,
                               int channels, GaclipError *err)
{
    size_t C = (size_t)channels;
    if (height == side && width == side) {
        memcpy(out, table, (1 + (size_t)side * (size_t)side) * C * sizeof *out);
        return GACLIP_OK;
    }
    Resampling r;
    int status = prepare(&r, height, width, side, err);
    if (status) return status;
    memcpy(out, table, C * sizeof *out);
    memset(out + C, 0, (size_t)height * (size_t)width * C * sizeof *out);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float *cell = out + (1 + (size_t)y * (size_t)width + (size_t)x) * C;
            for (int j = 0; j < side; j++)
                for (int i = 0; i < side; i++) {
                    double w = r.down[y * side + j] * r.across[x * side + i];
                    const float *from = table + (1 + (size_t)(j * side + i)) * C;
                    for (size_t c = 0; c < C && w != 0; c++) cell[c] += (float)w * from[c];
                }
        }
    release(&r);
    return GACLIP_OK;
}

int gaclip__positions_resample_backward(float *grad_table, int side, const float *grad_out,
                                        int height, int width, int channels, GaclipError *err)
{
    size_t C = (size_t)channels;
    if (height == side && width == side) {
        for (size_t i = 0; i < (1 + (size_t)side * (size_t)side) * C; i++)
            grad_table[i] += grad_out[i];
        return GACLIP_OK;
    }
    Resampling r;
    int status = prepare(&r, height, width, side, err);
    if (status) return status;
    for (size_t c = 0; c < C; c++) grad_table[c] += grad_out[c];
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const float *cell = grad_out + (1 + (size_t)y * (size_t)width + (size_t)x) * C;
            for (int j = 0; j < side; j++)
                for (int i = 0; i < side; i++) {
                    double w = r.down[y * side + j] * r.across[x * side + i];
                    float *to = grad_table + (1 + (size_t)(j * side + i)) * C;
                    for (size_t c = 0; c < C && w != 0; c++) to[c] += (float)w * cell[c];
                }
        }
    release(&r);
    return GACLIP_OK;
}

int gaclip__stretched_positions(int length)
{
    if (length <= GACLIP__KEPT_POSITIONS + 1) return 0;
    return GACLIP__STRETCH * length - (GACLIP__STRETCH - 1) * GACLIP__KEPT_POSITIONS;
}

void gaclip__stretch_positions(float *out, const float *table, int length, int channels)
{
    size_t C = (size_t)channels;
    memcpy(out, table, GACLIP__KEPT_POSITIONS * C * sizeof *out);
    out += GACLIP__KEPT_POSITIONS * C;
    for (int i = GACLIP__KEPT_POSITIONS; i < length; i++)
        for (int k = 0; k < GACLIP__STRETCH; k++, out += C) {
            const float *here = table + (size_t)i * C;
            const float *from = i + 1 < length ? here : here - C; /* the last step goes on */
            for (size_t c = 0; c < C; c++)
                out[c] = here[c] + (float)k * (from[C + c] - from[c]) / GACLIP__STRETCH;
        }
}
