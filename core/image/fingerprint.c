#include "image/fingerprint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/scale_space.h"

/* Samples a side of a patch, and frequencies of its cosine transform: those whose numbers across
 * and down add up to less make the hash, all but 0 0, 1 0 and 0 1, which tell how it lies. */
enum { SAMPLES = 16, FREQUENCIES = 8 };

/* Half a blob's patch, in its sigmas. */
static const double PATCH_REACH = 4;

/* Blobs kept of each size: a copy shows the smaller ones larger, a part of it those alone. */
static const int BLOBS_OF_LEVEL[GACLIP__SCALES - 3] = {24, 24, 18, 14};

/* cos(pi f (i + 1/2) / SAMPLES) */
typedef struct Cosines {
    double of[FREQUENCIES][SAMPLES];
} Cosines;

typedef struct Spectrum {
    double value[FREQUENCIES][FREQUENCIES]; /* [across][down] */
} Spectrum;

void gaclip__orient(double matrix[4], int orientation)
{
    double x = orientation & 1 ? -1 : 1, y = orientation & 2 ? -1 : 1;
    int is_transposed = orientation & 4;
    matrix[0] = is_transposed ? 0 : x;
    matrix[1] = is_transposed ? x : 0;
    matrix[2] = is_transposed ? y : 0;
    matrix[3] = is_transposed ? 0 : y;
}

static double sample(const float *pixels, int width, int height, double x, double y)
{
    x = fmin(fmax(x - 0.5, 0), width - 1);
    y = fmin(fmax(y - 0.5, 0), height - 1);
    int column = (int)x, row = (int)y;
    int right = column + 1 < width ? column + 1 : column, below = row + 1 < height ? row + 1 : row;
    double dx = x - column, dy = y - row;
    const float *top = pixels + (size_t)row * (size_t)width;
    const float *bottom = pixels + (size_t)below * (size_t)width;
    return (1 - dy) * ((1 - dx) * (double)top[column] + dx * (double)top[right]) +
           dy * ((1 - dx) * (double)bottom[column] + dx * (double)bottom[right]);
}

static void fill_cosines(Cosines *out)
{
    double pi = acos(-1.0);
    for (int f = 0; f < FREQUENCIES; f++)
        for (int i = 0; i < SAMPLES; i++) out->of[f][i] = cos(pi * f * (i + 0.5) / SAMPLES);
}

/* Cosine transform (type II) of a rectangle around (x, y). */
static void transform(Spectrum *out, const float *pixels, int width, int height, double x, double y,
                      double half_width, double half_height, const Cosines *cosines)
{
    double across[FREQUENCIES][SAMPLES] = {{0}}; /* [frequency][row] */
    for (int row = 0; row < SAMPLES; row++)
        for (int i = 0; i < SAMPLES; i++) {
            double value =
                sample(pixels, width, height, x + ((2 * i + 1.0) / SAMPLES - 1) * half_width,
                       y + ((2 * row + 1.0) / SAMPLES - 1) * half_height);
            for (int f = 0; f < FREQUENCIES; f++) across[f][row] += value * cosines->of[f][i];
        }
    for (int u = 0; u < FREQUENCIES; u++)
        for (int v = 0; v < FREQUENCIES; v++) {
            out->value[u][v] = 0;
            for (int row = 0; row < SAMPLES; row++)
                out->value[u][v] += across[u][row] * cosines->of[v][row];
        }
}

/* The signs of the spectrum that the pattern has when it lies so. */
static uint64_t hash(const Spectrum *s, int orientation)
{
    uint64_t bits = 0;
    for (int u = 0; u < FREQUENCIES; u++)
        for (int v = 0; u + v < FREQUENCIES; v++) {
            if (u + v < 2) continue;
            int is_negative = (orientation & 4 ? s->value[v][u] : s->value[u][v]) < 0;
            is_negative ^= (orientation & 1) & u;
            is_negative ^= (orientation >> 1 & 1) & v;
            bits = bits << 1 | (uint64_t)is_negative;
        }
    return bits;
}

/* How to lay a pattern so that it darkens to the right and downwards, more so to the right. */
static int canonical_orientation(const Spectrum *s)
{
    double across = s->value[1][0], down = s->value[0][1];
    int is_transposed = fabs(down) > fabs(across);
    double first = is_transposed ? down : across, second = is_transposed ? across : down;
    return (is_transposed ? 4 : 0) | (first < 0 ? 1 : 0) | (second < 0 ? 2 : 0);
}

static void hash_blobs(GaclipFingerprint *f, const GaclipScaleSpace *space, const Cosines *cosines)
{
    GaclipBlob blobs[GACLIP__MOST_BLOBS];
    f->blob_count = gaclip__find_blobs(blobs, space, BLOBS_OF_LEVEL, PATCH_REACH);
    for (int i = 0; i < f->blob_count; i++) {
        const GaclipBlob *b = &blobs[i];
        Spectrum spectrum;
        double half = PATCH_REACH * (double)b->sigma;
        int level = b->level > 2 ? b->level - 2 : 0;
        transform(&spectrum, gaclip__scale_level(space, level), space->width, space->height,
                  (double)b->x, (double)b->y, half, half, cosines);
        int orientation = canonical_orientation(&spectrum);
        f->blobs[i] = (GaclipPatch){b->x / 2,          b->y / 2,    (float)(half / 2),
                                    (float)(half / 2), orientation, hash(&spectrum, orientation)};
    }
}

static void hash_whole(GaclipFingerprint *f, const GaclipScaleSpace *space, const Cosines *cosines)
{
    Spectrum spectrum;
    double half_width = space->width / 2.0, half_height = space->height / 2.0;
    transform(&spectrum, gaclip__scale_level(space, 2), space->width, space->height, half_width,
              half_height, half_width, half_height, cosines);
    for (int i = 0; i < GACLIP__ORIENTATIONS; i++) f->whole[i] = hash(&spectrum, i);
}

/* Means of 2 x 2 pixels. */
static void fill_thumbnail(GaclipFingerprint *f, const float *grey)
{
    size_t row = 2 * (size_t)f->width;
    for (size_t y = 0; y < (size_t)f->height; y++)
        for (size_t x = 0; x < (size_t)f->width; x++) {
            const float *p = grey + 2 * y * row + 2 * x;
            f->grey[y * (size_t)f->width + x] =
                (uint8_t)lrintf((p[0] + p[1] + p[row] + p[row + 1]) / 4);
        }
}

/* The other side of an image whose longer side becomes that of a thumbnail. */
static int scale_side(int side, int longest)
{
    int scaled = (int)lround((double)GACLIP__THUMBNAIL_SIDE * side / longest);
    return scaled > 1 ? scaled : 1;
}

/* Grey values (Rec. 601) at twice the thumbnail's size; the caller frees *out. */
static int shrink(float **out, const GaclipImage *image, int width, int height, GaclipError *err)
{
    GaclipImage small;
    GaclipImage bare = {image->width, image->height, image->rgb, NULL};
    size_t count = (size_t)width * (size_t)height;
    int status = gaclip_image_resize(&small, &bare, width, height, err);
    if (status) return status;
    *out = malloc(count * sizeof **out);
    for (size_t i = 0; i < count && *out; i++) {
        const uint8_t *p = small.rgb + 3 * i;
        (*out)[i] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
    }
    gaclip_image_clear(&small);
    return *out ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static int fill(GaclipFingerprint *f, const float *grey, GaclipError *err)
{
    GaclipScaleSpace space;
    Cosines cosines;
    f->grey = malloc((size_t)f->width * (size_t)f->height);
    if (!f->grey) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    fill_thumbnail(f, grey);
    int status = gaclip__scale_space_init(&space, grey, 2 * f->width, 2 * f->height, err);
    if (status) return status;
    fill_cosines(&cosines);
    hash_whole(f, &space, &cosines);
    hash_blobs(f, &space, &cosines);
    gaclip__scale_space_clear(&space);
    return GACLIP_OK;
}

int gaclip_fingerprint_new(GaclipFingerprint **out, const GaclipImage *image, GaclipError *err)
{
    int longest = image->width > image->height ? image->width : image->height;
    float *grey = NULL;
    *out = NULL;
    GaclipFingerprint *f = calloc(1, sizeof *f);
    if (!f) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    f->width = scale_side(image->width, longest);
    f->height = scale_side(image->height, longest);
    int status = shrink(&grey, image, 2 * f->width, 2 * f->height, err);
    if (!status) status = fill(f, grey, err);
    free(grey);
    if (status) {
        gaclip_fingerprint_free(f);
        return status;
    }
    *out = f;
    return GACLIP_OK;
}

void gaclip_fingerprint_free(GaclipFingerprint *fingerprint)
{
    if (!fingerprint) return;
    free(fingerprint->grey);
    free(fingerprint);
}
