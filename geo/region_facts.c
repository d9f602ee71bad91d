#include "region_facts.h"

#include <math.h>
#include <stdlib.h>

#include "region_relations.h"

static int grey(const uint8_t *p)
{
    return (p[0] + p[1] + p[2]) / 3;
}

/* Things whose box is less long than this may lie aslant, and be longer than its sides. */
static const double SHORTEST_RATIO = 1.8;

/* A box's corners are mostly ground around the object: only the ellipse within is looked at. */
static void look(GaclipRegionFacts *f, const GaclipImage *image, double left, double top)
{
    double steps = 0;
    for (int y = (int)top; y < top + f->height && y < image->height; y++)
        for (int x = (int)left; x < left + f->width && x < image->width; x++) {
            double dx = (x + 0.5 - left) / f->width * 2 - 1;
            double dy = (y + 0.5 - top) / f->height * 2 - 1;
            size_t i = (size_t)y * (size_t)image->width + (size_t)x;
            if (dx * dx + dy * dy > 1 || (image->mask && !image->mask[i])) continue;
            const uint8_t *p = image->rgb + 3 * i;
            f->colours[gaclip__colour_name(p)]++;
            f->pixels++;
            if (x > 0) steps += abs(grey(p) - grey(p - 3));
        }
    for (int c = 0; c < GACLIP__COLOURS && f->pixels; c++) f->colours[c] /= f->pixels;
    f->roughness = f->pixels ? steps / f->pixels : 0;
}

/* What the object stands on: thin things fill so little of their box that its colours are those of
 * the ground. */
static void look_around(GaclipRegionFacts *f, const GaclipImage *image, double left, double top)
{
    double dx = fmax(f->width / 4, 2), dy = fmax(f->height / 4, 2);
    int x2 = (int)fmin(left + f->width + dx, image->width);
    int y2 = (int)fmin(top + f->height + dy, image->height);
    for (int y = (int)fmax(top - dy, 0); y < y2; y++)
        for (int x = (int)fmax(left - dx, 0); x < x2; x++) {
            int is_inside = x + 0.5 >= left && x + 0.5 < left + f->width && y + 0.5 >= top &&
                            y + 0.5 < top + f->height;
            size_t i = (size_t)y * (size_t)image->width + (size_t)x;
            if (is_inside || (image->mask && !image->mask[i])) continue;
            f->around[gaclip__colour_name(image->rgb + 3 * i)]++;
            f->around_pixels++;
        }
    for (int c = 0; c < GACLIP__COLOURS && f->around_pixels; c++) f->around[c] /= f->around_pixels;
}

void gaclip__region_facts(GaclipRegionFacts *out, const GaclipDatasetRegion *region,
                          const GaclipDatasetImage *image, const GaclipImage *pixels)
{
    const double *b = region->box;
    double width = (b[2] - b[0]) * pixels->width, height = (b[3] - b[1]) * pixels->height;
    *out = (GaclipRegionFacts){.area = (b[2] - b[0]) * (b[3] - b[1]),
                               .width = width,
                               .height = height,
                               .length = fmax(width, height) >= SHORTEST_RATIO * fmin(width, height)
                                             ? fmax(width, height) * image->gsd
                                             : 0,
                               .centre_x = (b[0] + b[2]) / 2,
                               .centre_y = (b[1] + b[3]) / 2};
    look(out, pixels, b[0] * pixels->width, b[1] * pixels->height);
    look_around(out, pixels, b[0] * pixels->width, b[1] * pixels->height);
    gaclip__relate(out, region, image, -1);
    gaclip__count_alike(out, region, image);
    gaclip__find_shadow(out, region, image, pixels);
}
