#include "gaclip/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_SIDE = 1 << 20 };

static double box_area(const GaclipBox *b)
{
    return ((double)b->x2 - b->x1) * ((double)b->y2 - b->y1);
}

static double shared_area(const GaclipBox *a, const GaclipBox *b)
{
    double w = fmin(a->x2, b->x2) - fmax(a->x1, b->x1);
    double h = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
    return w > 0 && h > 0 ? w * h : 0;
}

float gaclip_box_iou(const GaclipBox *a, const GaclipBox *b)
{
    double shared = shared_area(a, b);
    return shared > 0 ? (float)(shared / (box_area(a) + box_area(b) - shared)) : 0.0f;
}

float gaclip_box_nesting(const GaclipBox *a, const GaclipBox *b)
{
    double shared = shared_area(a, b);
    return shared > 0 ? (float)(shared / fmin(box_area(a), box_area(b))) : 0.0f;
}

int gaclip_image_init(GaclipImage *out, int width, int height, int with_mask, GaclipError *err)
{
    *out = (GaclipImage){0};
    if (width < 1 || height < 1 || width > LONGEST_SIDE || height > LONGEST_SIDE)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "an image of %d x %d pixels is empty or too large", width, height);
    size_t pixels = (size_t)width * (size_t)height;
    out->rgb = calloc(pixels, 3);
    out->mask = with_mask ? calloc(pixels, 1) : NULL;
    if (!out->rgb || (with_mask && !out->mask)) {
        gaclip_image_clear(out);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY,
                                "out of memory for an image of %d x %d pixels", width, height);
    }
    out->width = width;
    out->height = height;
    return GACLIP_OK;
}

void gaclip_image_clear(GaclipImage *image)
{
    free(image->rgb);
    free(image->mask);
    *image = (GaclipImage){0};
}

int gaclip_image_crop(GaclipImage *out, const GaclipImage *in, int x, int y, int width, int height,
                      GaclipError *err)
{
    int inside = x >= 0 && y >= 0 && width <= in->width - x && height <= in->height - y;
    int status = gaclip_image_init(out, width, height, in->mask || !inside, err);
    if (status) return status;
    for (int row = 0; row < height; row++) {
        long from_y = (long)y + row, from = x < 0 ? 0 : x;
        long to = (long)x + width < in->width ? (long)x + width : in->width;
        if (from_y < 0 || from_y >= in->height || from >= to) continue;
        size_t count = (size_t)(to - from);
        size_t source = (size_t)from_y * (size_t)in->width + (size_t)from;
        size_t target = (size_t)row * (size_t)width + (size_t)(from - x);
        memcpy(out->rgb + 3 * target, in->rgb + 3 * source, 3 * count);
        if (!out->mask) continue;
        if (in->mask)
            memcpy(out->mask + target, in->mask + source, count);
        else
            memset(out->mask + target, 255, count);
    }
    return GACLIP_OK;
}

void gaclip_image_normalise(float *planes, const GaclipImage *image, const float mean[3],
                            const float std[3])
{
    size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t c = 0; c < 3; c++) {
        float table[256], *plane = planes + c * pixels;
        for (int v = 0; v < 256; v++) table[v] = ((float)v / 255.0f - mean[c]) / std[c];
        for (size_t i = 0; i < pixels; i++)
            plane[i] = image->mask && !image->mask[i] ? 0.0f : table[image->rgb[3 * i + c]];
    }
}
