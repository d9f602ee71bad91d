#include "image/alignment.h"

#include <math.h>

/* Samples a side of the overlap, and of the windows whose means and contrasts are compared. */
enum { GRID = 32, WINDOWS = 4 };

/* Smallest share of the other image that a part of it may take. */
static const double LEAST_SHARE = 0.15;

/* Variance of a window that is taken for noise, and from which a window has its full weight: else
 * one shore line would be all that counts. Squared grey levels. */
static const double NOISE = 1.5, CLEAR = 50;

static void multiply(double out[4], const double a[4], const double b[4])
{
    out[0] = a[0] * b[0] + a[1] * b[2];
    out[1] = a[0] * b[1] + a[1] * b[3];
    out[2] = a[2] * b[0] + a[3] * b[2];
    out[3] = a[2] * b[1] + a[3] * b[3];
}

/* Both patches' squares are laid in the canonical way: out of one, into the other. The way back
 * from an orientation is its transpose. */
GaclipPlacement gaclip__place(const GaclipPatch *test, const GaclipPatch *train)
{
    GaclipPlacement out;
    double in[4], back[4], matrix[4];
    gaclip__orient(in, test->orientation);
    gaclip__orient(back, train->orientation);
    const double transposed[4] = {back[0], back[2], back[1], back[3]};
    multiply(matrix, transposed, in);
    out.matrix[0] = matrix[0] * (double)(train->half_width / test->half_width);
    out.matrix[1] = matrix[1] * (double)(train->half_width / test->half_height);
    out.matrix[2] = matrix[2] * (double)(train->half_height / test->half_width);
    out.matrix[3] = matrix[3] * (double)(train->half_height / test->half_height);
    out.x = (double)train->x - out.matrix[0] * (double)test->x - out.matrix[1] * (double)test->y;
    out.y = (double)train->y - out.matrix[2] * (double)test->x - out.matrix[3] * (double)test->y;
    return out;
}

typedef struct Rectangle {
    double x1, y1, x2, y2;
} Rectangle;

/* The part of the test thumbnail that lies on the training one. */
static Rectangle find_overlap(const GaclipFingerprint *test, const GaclipFingerprint *train,
                              const GaclipPlacement *p)
{
    const double *m = p->matrix;
    double determinant = m[0] * m[3] - m[1] * m[2];
    double xs[2], ys[2];
    for (int i = 0; i < 2; i++) {
        double x = (i ? train->width : 0) - p->x, y = (i ? train->height : 0) - p->y;
        xs[i] = (m[3] * x - m[1] * y) / determinant;
        ys[i] = (m[0] * y - m[2] * x) / determinant;
    }
    return (Rectangle){fmax(fmin(xs[0], xs[1]), 0), fmax(fmin(ys[0], ys[1]), 0),
                       fmin(fmax(xs[0], xs[1]), test->width),
                       fmin(fmax(ys[0], ys[1]), test->height)};
}

static double sample(const GaclipFingerprint *f, double x, double y)
{
    x = fmin(fmax(x - 0.5, 0), f->width - 1);
    y = fmin(fmax(y - 0.5, 0), f->height - 1);
    int column = (int)x, row = (int)y;
    int right = column + 1 < f->width, below = row + 1 < f->height ? f->width : 0;
    double dx = x - column, dy = y - row;
    const uint8_t *p = f->grey + (size_t)row * (size_t)f->width + column;
    return (1 - dy) * ((1 - dx) * p[0] + dx * p[right]) +
           dy * ((1 - dx) * p[below] + dx * p[below + right]);
}

/* Sums over one window of the samples. */
typedef struct Sums {
    double a, b, aa, bb, ab;
} Sums;

static double similarity(const Sums sums[WINDOWS * WINDOWS], int samples)
{
    double common = 0, contrast = 0;
    for (int i = 0; i < WINDOWS * WINDOWS; i++) {
        const Sums *s = &sums[i];
        double both = (s->aa - s->a * s->a / samples + s->bb - s->b * s->b / samples) / samples;
        double weight = fmin(1, 2 * CLEAR / fmax(both, 1));
        common += weight * 2 * (s->ab - s->a * s->b / samples) / samples;
        contrast += weight * (both + 2 * NOISE);
    }
    return common / contrast;
}

static double compare(const GaclipFingerprint *test, const GaclipFingerprint *train,
                      const GaclipPlacement *p, const Rectangle *r, int grid)
{
    Sums sums[WINDOWS * WINDOWS] = {{0}};
    int side = grid / WINDOWS;
    for (int row = 0; row < grid; row++)
        for (int column = 0; column < grid; column++) {
            double x = r->x1 + (r->x2 - r->x1) * (column + 0.5) / grid;
            double y = r->y1 + (r->y2 - r->y1) * (row + 0.5) / grid;
            double a = sample(test, x, y);
            double b = sample(train, p->x + p->matrix[0] * x + p->matrix[1] * y,
                              p->y + p->matrix[2] * x + p->matrix[3] * y);
            Sums *s = &sums[row / side * WINDOWS + column / side];
            s->a += a;
            s->b += b;
            s->aa += a * a;
            s->bb += b * b;
            s->ab += a * b;
        }
    return similarity(sums, side * side);
}

void gaclip__align(GaclipAlignment *out, const GaclipFingerprint *test,
                   const GaclipFingerprint *train, const GaclipPlacement *placement, double overlap,
                   int is_coarse)
{
    const double *m = placement->matrix;
    Rectangle r = find_overlap(test, train, placement);
    double area = fmax(r.x2 - r.x1, 0) * fmax(r.y2 - r.y1, 0);
    out->placement = *placement;
    out->score = -1;
    out->test_share = area / ((double)test->width * test->height);
    out->train_share =
        area * fabs(m[0] * m[3] - m[1] * m[2]) / ((double)train->width * train->height);
    if (fmax(out->test_share, out->train_share) < overlap ||
        fmin(out->test_share, out->train_share) < LEAST_SHARE)
        return;
    out->score = compare(test, train, placement, &r, is_coarse ? GRID / 2 : GRID);
}

/* Scales about the middle of the test thumbnail and shifts, training pixels. */
static GaclipPlacement change(const GaclipPlacement *p, const GaclipFingerprint *test, double dx,
                              double dy, double wider, double higher)
{
    GaclipPlacement out = *p;
    double x = test->width / 2.0, y = test->height / 2.0;
    out.matrix[0] *= wider;
    out.matrix[1] *= wider;
    out.matrix[2] *= higher;
    out.matrix[3] *= higher;
    out.x += dx + (p->matrix[0] - out.matrix[0]) * x + (p->matrix[1] - out.matrix[1]) * y;
    out.y += dy + (p->matrix[2] - out.matrix[2]) * x + (p->matrix[3] - out.matrix[3]) * y;
    return out;
}

void gaclip__align_closely(GaclipAlignment *out, const GaclipFingerprint *test,
                           const GaclipFingerprint *train, const GaclipPlacement *placement,
                           double overlap)
{
    gaclip__align(out, test, train, placement, overlap, 0);
    for (double step = 2; step > 0.2; step /= 2) {
        double scale = 1 + step * 0.02;
        const double moves[][4] = {{step, 0, 1, 1},      {-step, 0, 1, 1},
                                   {0, step, 1, 1},      {0, -step, 1, 1},
                                   {0, 0, scale, scale}, {0, 0, 1, scale},
                                   {0, 0, scale, 1},     {0, 0, 1 / scale, 1 / scale},
                                   {0, 0, 1, 1 / scale}, {0, 0, 1 / scale, 1}};
        int is_better = 1;
        for (int round = 0; round < 4 && is_better; round++) {
            is_better = 0;
            for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
                const double *d = moves[i];
                GaclipPlacement moved = change(&out->placement, test, d[0], d[1], d[2], d[3]);
                GaclipAlignment other;
                gaclip__align(&other, test, train, &moved, overlap, 0);
                if (!(other.score > out->score)) continue;
                *out = other;
                is_better = 1;
            }
        }
    }
}
