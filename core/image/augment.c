#include "image/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void source_pixel(int *sx, int *sy, int x, int y, int side, int symmetry)
{
    if (symmetry & 1) x = side - 1 - x;
    if (symmetry & 2) y = side - 1 - y;
    *sx = symmetry & 4 ? y : x;
    *sy = symmetry & 4 ? x : y;
}

void gaclip__augment_box(GaclipBox *box, float side, int symmetry)
{
    GaclipBox b = *box;
    if (symmetry & 4) b = (GaclipBox){b.y1, b.x1, b.y2, b.x2};
    if (symmetry & 2) b = (GaclipBox){b.x1, side - b.y2, b.x2, side - b.y1};
    if (symmetry & 1) b = (GaclipBox){side - b.x2, b.y1, side - b.x1, b.y2};
    *box = b;
}

int gaclip__augment_symmetry(GaclipImage *image, int symmetry, GaclipError *err)
{
    int side = image->width;
    if (side != image->height)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "only a square can be turned, not %d x %d", image->width,
                                image->height);
    GaclipImage turned;
    int status = gaclip_image_init(&turned, side, side, image->mask != NULL, err);
    if (status) return status;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            int sx, sy;
            source_pixel(&sx, &sy, x, y, side, symmetry);
            size_t to = (size_t)y * (size_t)side + (size_t)x;
            size_t from = (size_t)sy * (size_t)side + (size_t)sx;
            memcpy(turned.rgb + 3 * to, image->rgb + 3 * from, 3);
            if (image->mask) turned.mask[to] = image->mask[from];
        }
    gaclip_image_clear(image);
    *image = turned;
    return GACLIP_OK;
}

/* A pixel of in at (x, y) in pixel centres, weighted by what is valid of its four neighbours; 0
 * where less than half is. */
static int sample_pixel(uint8_t rgb[3], const GaclipImage *in, double x, double y)
{
    double sums[3] = {0}, valid = 0, x0 = floor(x), y0 = floor(y);
    for (int corner = 0; corner < 4; corner++) {
        int sx = (int)x0 + corner % 2, sy = (int)y0 + corner / 2;
        if (sx < 0 || sy < 0 || sx >= in->width || sy >= in->height) continue;
        size_t at = (size_t)sy * (size_t)in->width + (size_t)sx;
        double weight = (1 - fabs(x - sx)) * (1 - fabs(y - sy));
        if (in->mask && !in->mask[at]) continue;
        for (size_t c = 0; c < 3; c++) sums[c] += weight * in->rgb[3 * at + c];
        valid += weight;
    }
    if (valid < 0.5) return 0;
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(sums[c] / valid + 0.5);
    return 1;
}

int gaclip__augment_rotation(GaclipImage *image, double angle, GaclipError *err)
{
    GaclipImage turned;
    double middle = (image->width - 1) / 2.0, cosine = cos(angle), sine = sin(angle);
    int side = image->width, status = gaclip_image_init(&turned, side, side, 1, err);
    if (status) return status;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double dx = x - middle, dy = y - middle;
            size_t at = (size_t)y * (size_t)side + (size_t)x;
            if (sample_pixel(turned.rgb + 3 * at, image, middle + cosine * dx + sine * dy,
                             middle - sine * dx + cosine * dy))
                turned.mask[at] = 255;
        }
    gaclip_image_clear(image);
    *image = turned;
    return GACLIP_OK;
}

void gaclip__augment_turn_box(GaclipBox *box, float side, double angle)
{
    double cosine = cos(angle), sine = sin(angle), middle = (double)side / 2;
    double dx = ((double)box->x1 + (double)box->x2) / 2 - middle;
    double dy = ((double)box->y1 + (double)box->y2) / 2 - middle;
    double a = ((double)box->x2 - (double)box->x1) / 2, b = ((double)box->y2 - (double)box->y1) / 2;
    double x = middle + cosine * dx - sine * dy, y = middle + sine * dx + cosine * dy;
    double w = hypot(a * cosine, b * sine), h = hypot(a * sine, b * cosine);
    *box = (GaclipBox){(float)(x - w), (float)(y - h), (float)(x + w), (float)(y + h)};
}

static float between(GaclipRandom *random, double reach)
{
    return (float)exp((2 * gaclip__random_uniform(random) - 1) * reach);
}

static uint8_t to_byte(float value)
{
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5f);
}

void gaclip__augment_colour(GaclipImage *image, double strength, GaclipRandom *random)
{
    float contrast = between(random, 0.4 * strength), saturation = between(random, 0.6 * strength);
    float brightness = between(random, 0.4 * strength), gain[3];
    for (int c = 0; c < 3; c++) gain[c] = brightness * between(random, 0.15 * strength);
    size_t pixels = (size_t)image->width * (size_t)image->height;
    double sum = 0;
    for (size_t i = 0; i < 3 * pixels; i++) sum += image->rgb[i];
    float mean = (float)(sum / (double)(3 * pixels));
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *p = image->rgb + 3 * i;
        float grey = (float)(p[0] + p[1] + p[2]) / 3;
        for (int c = 0; c < 3; c++) {
            float value = grey + (p[c] - grey) * saturation;
            p[c] = to_byte(((value - mean) * contrast + mean) * gain[c]);
        }
    }
}

/* out = (1 - 2 share) in + share (before + after), for lines of count pixels, step bytes apart. */
static void blur_line(uint8_t *line, const uint8_t *copy, int count, size_t step, int share)
{
    for (int i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++) {
            size_t at = (size_t)i * step + c;
            int before = copy[i ? at - step : at], after = copy[i + 1 < count ? at + step : at];
            line[at] =
                (uint8_t)((copy[at] * (256 - 2 * share) + (before + after) * share + 128) >> 8);
        }
}

static int blur(GaclipImage *image, int share, GaclipError *err)
{
    size_t row = 3 * (size_t)image->width, bytes = row * (size_t)image->height;
    uint8_t *copy = malloc(bytes);
    if (!copy) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memcpy(copy, image->rgb, bytes);
    for (size_t y = 0; y < (size_t)image->height; y++)
        blur_line(image->rgb + y * row, copy + y * row, image->width, 3, share);
    memcpy(copy, image->rgb, bytes);
    for (size_t x = 0; x < (size_t)image->width; x++)
        blur_line(image->rgb + 3 * x, copy + 3 * x, image->height, row, share);
    free(copy);
    return GACLIP_OK;
}

/* Triangular noise in -reach..reach grey values. */
static void add_noise(GaclipImage *image, int reach, GaclipRandom *random)
{
    size_t bytes = 3 * (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < bytes; i += 4) {
        uint64_t bits = gaclip__random_next(random);
        for (size_t k = i; k < i + 4 && k < bytes; k++, bits >>= 16) {
            int noise = (int)(bits & 255) + (int)(bits >> 8 & 255) - 255;
            int value = image->rgb[k] + noise * reach / 255;
            image->rgb[k] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

int gaclip__augment_sharpness(GaclipImage *image, double strength, GaclipRandom *random,
                              GaclipError *err)
{
    double blurred = 2 * gaclip__random_uniform(random) - 1; /* half of the images stay sharp */
    double noisy = 2 * gaclip__random_uniform(random) - 1;
    int status = GACLIP_OK;
    if (blurred > 0 && strength > 0)
        status = blur(image, (int)(64 * fmin(blurred * strength, 1)), err);
    if (!status && noisy > 0 && strength > 0)
        add_noise(image, (int)(20 * noisy * strength), random);
    return status;
}
