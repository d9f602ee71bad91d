/* PIL's antialiased bicubic: separable, horizontal pass first, 8 bits between the passes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/image.h"

/* Weights are integers times 2^22 (Pillow's PRECISION_BITS for 8-bit channels). */
enum { WEIGHT_BITS = 22 };

/* How each output position is mixed: weights (count, taps), from input first[i] on. */
typedef struct Filter {
    int count, taps;
    int *first, *used;
    int32_t *weights;
} Filter;

static void free_filter(Filter *filter)
{
    free(filter->first);
    free(filter->used);
    free(filter->weights);
}

static double cubic(double x)
{
    static const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

static void fill_position(Filter *filter, int i, int length, double *taps)
{
    double ratio = (double)length / filter->count, reach = fmax(ratio, 1);
    double centre = ratio * (i + 0.5), sum = 0;
    int first = (int)(centre - 2 * reach + 0.5), end = (int)(centre + 2 * reach + 0.5);
    if (first < 0) first = 0;
    if (end > length) end = length;
    for (int j = first; j < end; j++) sum += taps[j - first] = cubic((j + 0.5 - centre) / reach);
    filter->first[i] = first;
    filter->used[i] = end - first;
    for (int j = 0; j < end - first; j++) {
        double scaled = taps[j] / sum * (1 << WEIGHT_BITS);
        filter->weights[(size_t)i * (size_t)filter->taps + (size_t)j] =
            (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
}

static int make_filter(Filter *filter, int length, int count, GaclipError *err)
{
    double reach = fmax((double)length / count, 1);
    *filter = (Filter){.count = count, .taps = (int)ceil(2 * reach) * 2 + 1};
    size_t n = (size_t)count;
    filter->first = malloc(n * sizeof *filter->first);
    filter->used = malloc(n * sizeof *filter->used);
    filter->weights = calloc(n * (size_t)filter->taps, sizeof *filter->weights);
    double *taps = malloc((size_t)filter->taps * sizeof *taps);
    if (filter->first && filter->used && filter->weights && taps) {
        for (int i = 0; i < count; i++) fill_position(filter, i, length, taps);
        free(taps);
        return GACLIP_OK;
    }
    free(taps);
    free_filter(filter);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static uint8_t to_byte(int64_t sum)
{
    int64_t value = (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Rows of in (height, length, 3) to rows of out (height, count, 3). */
static void resize_across(uint8_t *out, const uint8_t *in, int height, int length,
                          const Filter *filter)
{
    for (int y = 0; y < height; y++) {
        const uint8_t *row = in + 3 * (size_t)y * (size_t)length;
        for (int i = 0; i < filter->count; i++, out += 3) {
            const int32_t *weights = filter->weights + (size_t)i * (size_t)filter->taps;
            const uint8_t *from = row + 3 * (size_t)filter->first[i];
            int64_t sum[3] = {0};
            for (int j = 0; j < filter->used[i]; j++)
                for (int c = 0; c < 3; c++) sum[c] += (int64_t)weights[j] * from[3 * j + c];
            for (int c = 0; c < 3; c++) out[c] = to_byte(sum[c]);
        }
    }
}

/* Columns of in (length, row_bytes) to columns of out (count, row_bytes); sums (row_bytes). */
static void resize_down(uint8_t *out, const uint8_t *in, size_t row_bytes, const Filter *filter,
                        int64_t *sums)
{
    for (int i = 0; i < filter->count; i++, out += row_bytes) {
        const int32_t *weights = filter->weights + (size_t)i * (size_t)filter->taps;
        memset(sums, 0, row_bytes * sizeof *sums);
        for (int j = 0; j < filter->used[i]; j++) {
            const uint8_t *row = in + (size_t)(filter->first[i] + j) * row_bytes;
            for (size_t k = 0; k < row_bytes; k++) sums[k] += (int64_t)weights[j] * row[k];
        }
        for (size_t k = 0; k < row_bytes; k++) out[k] = to_byte(sums[k]);
    }
}

static int has_gaps(const GaclipImage *image)
{
    return image->mask &&
           memchr(image->mask, 0, (size_t)image->width * (size_t)image->height) != NULL;
}

/* A copy of in where what has no data is as the mean of what has. */
static int fill_gaps(GaclipImage *out, const GaclipImage *in, GaclipError *err)
{
    size_t pixels = (size_t)in->width * (size_t)in->height;
    uint64_t valid = 0, sums[3] = {0};
    int status = gaclip_image_crop(out, in, 0, 0, in->width, in->height, err);
    for (size_t i = 0; i < pixels && !status; i++) {
        if (!in->mask[i]) continue;
        valid++;
        for (int c = 0; c < 3; c++) sums[c] += in->rgb[3 * i + (size_t)c];
    }
    for (size_t i = 0; i < pixels && valid && !status; i++)
        for (int c = 0; c < 3 && !in->mask[i]; c++)
            out->rgb[3 * i + (size_t)c] = (uint8_t)((sums[c] + valid / 2) / valid);
    return status;
}

static void resize_mask(GaclipImage *out, const GaclipImage *in)
{
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            size_t row = (size_t)(((long)2 * y + 1) * in->height / (2L * out->height));
            size_t column = (size_t)(((long)2 * x + 1) * in->width / (2L * out->width));
            out->mask[(size_t)y * (size_t)out->width + (size_t)x] =
                in->mask[row * (size_t)in->width + column];
        }
}

/* The image first: it refuses sizes that the filter would need much memory for. */
static int pass_across(GaclipImage *out, const GaclipImage *in, int width, GaclipError *err)
{
    Filter filter;
    int status = gaclip_image_init(out, width, in->height, 0, err);
    if (!status) status = make_filter(&filter, in->width, width, err);
    if (status) return status;
    resize_across(out->rgb, in->rgb, in->height, in->width, &filter);
    free_filter(&filter);
    return GACLIP_OK;
}

static int pass_down(GaclipImage *out, const GaclipImage *in, int height, GaclipError *err)
{
    Filter filter;
    size_t row_bytes = 3 * (size_t)in->width;
    int status = gaclip_image_init(out, in->width, height, 0, err);
    if (!status) status = make_filter(&filter, in->height, height, err);
    if (status) return status;
    int64_t *sums = malloc(row_bytes * sizeof *sums);
    if (sums)
        resize_down(out->rgb, in->rgb, row_bytes, &filter, sums);
    else
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    free(sums);
    free_filter(&filter);
    return status;
}

static int resize(GaclipImage *out, const GaclipImage *in, int width, int height, GaclipError *err)
{
    GaclipImage middle = {0}, result = {0};
    int status = width == in->width ? gaclip_image_crop(&middle, in, 0, 0, width, in->height, err)
                                    : pass_across(&middle, in, width, err);
    if (!status && height == in->height) {
        result = middle;
        middle = (GaclipImage){0};
    } else if (!status) {
        status = pass_down(&result, &middle, height, err);
    }
    gaclip_image_clear(&middle);
    if (!status && in->mask && !result.mask) {
        result.mask = malloc((size_t)width * (size_t)height);
        if (!result.mask) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    if (status) {
        gaclip_image_clear(&result);
        return status;
    }
    if (result.mask) resize_mask(&result, in);
    *out = result;
    return GACLIP_OK;
}

int gaclip_image_resize(GaclipImage *out, const GaclipImage *in, int width, int height,
                        GaclipError *err)
{
    GaclipImage filled = {0};
    *out = (GaclipImage){0};
    if (width < 1 || height < 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "cannot resize to %d x %d pixels",
                                width, height);
    if (!has_gaps(in)) return resize(out, in, width, height, err);
    int status = fill_gaps(&filled, in, err);
    if (!status) status = resize(out, &filled, width, height, err);
    gaclip_image_clear(&filled);
    return status;
}

/* Half-way cases to the even side, as Python's round. */
static int half_to_even(int excess)
{
    int half = excess / 2;
    return excess % 2 && half % 2 ? half + 1 : half;
}

int gaclip_image_resize_crop(GaclipImage *out, const GaclipImage *in, int side, GaclipError *err)
{
    int shorter = in->width < in->height ? in->width : in->height;
    int longer = in->width < in->height ? in->height : in->width;
    *out = (GaclipImage){0};
    if (side < 1 || shorter < 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "cannot resize to side %d", side);
    int other = (int)((long)side * longer / shorter);
    int width = in->width < in->height ? side : other,
        height = in->width < in->height ? other : side;
    GaclipImage resized;
    int status = gaclip_image_resize(&resized, in, width, height, err);
    if (status) return status;
    status = gaclip_image_crop(out, &resized, half_to_even(width - side),
                               half_to_even(height - side), side, side, err);
    gaclip_image_clear(&resized);
    return status;
}
