#include "region_facts.h"

#include <math.h>
#include <stdlib.h>

#include "class_traits.h"
#include "dataset.h"
#include "region_relations.h"

static int grey(const uint8_t *p)
{
    return (p[0] + p[1] + p[2]) / 3;
}

/* Things whose box is less long than this may lie aslant, and be longer than its sides. */
static const double SHORTEST_RATIO = 1.8;

/* Boxes that end so close to the image's edge touch it: pixels, and share of the side. */
static const double EDGE_PIXELS = 2, EDGE_SHARE = 0.005;

typedef struct ToneSums {
    double count, sum, squares, steps;
} ToneSums;

static void add_tone(ToneSums *sums, const uint8_t *pixel, int has_left)
{
    double value = grey(pixel);
    sums->count++;
    sums->sum += value;
    sums->squares += value * value;
    if (has_left) sums->steps += fabs(value - grey(pixel - 3));
}

static void find_tone(GaclipRegionFacts *f, const ToneSums *sums)
{
    if (!(sums->count > 0)) return;
    double mean = sums->sum / sums->count, variance = sums->squares / sums->count - mean * mean;
    f->roughness = sums->steps / sums->count;
    f->deviation = sqrt(fmax(variance, 0));
}

/* Sums of what is called so, by name. */
typedef struct ColourSums {
    double lab[GACLIP__COLOURS][3];
} ColourSums;

static void find_colour(GaclipRegionFacts *f, const ColourSums *sums)
{
    for (int c = 1; c < GACLIP__COLOURS; c++)
        if (f->colours[c] > f->colours[f->colour]) f->colour = c;
    for (int i = 0; i < 3 && f->pixels; i++)
        f->lab[i] = sums->lab[f->colour][i] / f->colours[f->colour];
}

/* A box's corners are mostly ground around the object: only the ellipse within is looked at. */
static void look(GaclipRegionFacts *f, const GaclipImage *image, double left, double top)
{
    ToneSums tone = {0};
    ColourSums sums = {0};
    for (int y = (int)top; y < top + f->height && y < image->height; y++)
        for (int x = (int)left; x < left + f->width && x < image->width; x++) {
            double dx = (x + 0.5 - left) / f->width * 2 - 1;
            double dy = (y + 0.5 - top) / f->height * 2 - 1;
            size_t i = (size_t)y * (size_t)image->width + (size_t)x;
            if (dx * dx + dy * dy > 1 || (image->mask && !image->mask[i])) continue;
            const uint8_t *p = image->rgb + 3 * i;
            double lab[3];
            gaclip__colour_lab(lab, p);
            int name = gaclip__colour_name(lab);
            for (int c = 0; c < 3; c++) sums.lab[name][c] += lab[c];
            f->colours[name]++;
            f->pixels++;
            add_tone(&tone, p, x > 0);
        }
    find_colour(f, &sums);
    for (int c = 0; c < GACLIP__COLOURS && f->pixels; c++) f->colours[c] /= f->pixels;
    find_tone(f, &tone);
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
            double lab[3];
            gaclip__colour_lab(lab, image->rgb + 3 * i);
            f->around[gaclip__colour_name(lab)]++;
            f->around_pixels++;
        }
    for (int c = 0; c < GACLIP__COLOURS && f->around_pixels; c++) f->around[c] /= f->around_pixels;
}

static int is_cut(const double box[4], const GaclipImage *pixels)
{
    double x = fmax(EDGE_PIXELS / pixels->width, EDGE_SHARE);
    double y = fmax(EDGE_PIXELS / pixels->height, EDGE_SHARE);
    return box[0] < x || box[1] < y || box[2] > 1 - x || box[3] > 1 - y;
}

/* Metres, where the box's longer side is the object's length. */
static double length_of(const GaclipRegionFacts *f)
{
    double longer = fmax(f->width, f->height), shorter = fmin(f->width, f->height);
    return f->is_cut || f->is_thin || longer < SHORTEST_RATIO * shorter ? 0 : longer * f->gsd;
}

void gaclip__region_facts(GaclipRegionFacts *out, const GaclipDataset *dataset,
                          const GaclipDatasetImage *image, int region, const GaclipImage *pixels)
{
    const GaclipDatasetRegion *r = &image->regions[region];
    const double *b = r->box;
    *out = (GaclipRegionFacts){.area = (b[2] - b[0]) * (b[3] - b[1]),
                               .width = (b[2] - b[0]) * pixels->width,
                               .height = (b[3] - b[1]) * pixels->height,
                               .gsd = image->gsd,
                               .is_cut = is_cut(b, pixels),
                               .is_thin = r->class_index >= 0 &&
                                          gaclip__is_thin(&dataset->classes[r->class_index]),
                               .share_x = b[2] - b[0],
                               .share_y = b[3] - b[1],
                               .centre_x = (b[0] + b[2]) / 2,
                               .centre_y = (b[1] + b[3]) / 2};
    out->length = length_of(out);
    look(out, pixels, b[0] * pixels->width, b[1] * pixels->height);
    look_around(out, pixels, b[0] * pixels->width, b[1] * pixels->height);
    gaclip__relate(out, dataset, image, region, -1);
    gaclip__count_alike(out, r, image);
    gaclip__find_shadow(out, r, image, pixels);
}
