#include "model/roi_align.h"

#include <math.h>
#include <string.h>

#include "base/vector.h"

/* Samples that a box may take along one axis, over all bins: far above any map in use. */
enum { MOST_SAMPLES = 4096 };

static float to_unit(float value)
{
    return fminf(fmaxf(value, 0), 1);
}

GaclipBox gaclip__unit_box(const GaclipBox *box, float side)
{
    return (GaclipBox){to_unit(box->x1 / side), to_unit(box->y1 / side), to_unit(box->x2 / side),
                       to_unit(box->y2 / side)};
}

/* Positions of samples along one axis: index of the lower neighbour and the upper one's weight. */
typedef struct Sample {
    int low, high;
    float upper; /* weight of high; that of low is 1 - upper */
    int outside;
} Sample;

static Sample sample_at(double position, int length)
{
    Sample s = {.outside = position < -1 || position > length};
    if (s.outside) return s;
    if (position < 0) position = 0;
    if (position > length - 1) position = length - 1;
    s.low = (int)position;
    s.high = s.low + 1 < length ? s.low + 1 : s.low;
    s.upper = (float)(position - s.low);
    return s;
}

/* The samples of one axis: bins bins of count samples each. */
typedef struct Axis {
    double start, step; /* of a bin, in cells */
    int count, length;  /* samples a bin; cells of the map */
} Axis;

static Axis axis_of(float low, float high, int length, int bins)
{
    Axis a = {.start = (double)low * length - 0.5, .length = length};
    a.step = ((double)high - low) * length / bins;
    a.count = a.step > 0 && a.step * bins <= MOST_SAMPLES ? (int)ceil(a.step) : 0;
    return a;
}

static Sample axis_sample(const Axis *a, int index)
{
    int bin = index / a->count, i = index % a->count;
    return sample_at(a->start + a->step * (bin + (i + 0.5) / a->count), a->length);
}

GACLIP__CLONES static void add_cell(float *restrict out, const float *restrict cell, float weight,
                                    int channels)
{
    GACLIP__SIMD for (int c = 0; c < channels; c++) out[c] += weight * cell[c];
}

/* The four cells around a sample and their weights. */
typedef struct Corners {
    size_t at[4];
    float weight[4];
} Corners;

static Corners corners_of(const Sample *y, const Sample *x, int width, int channels, float share)
{
    size_t w = (size_t)width, c = (size_t)channels;
    return (Corners){
        {((size_t)y->low * w + (size_t)x->low) * c, ((size_t)y->low * w + (size_t)x->high) * c,
         ((size_t)y->high * w + (size_t)x->low) * c, ((size_t)y->high * w + (size_t)x->high) * c},
        {share * (1 - y->upper) * (1 - x->upper), share * (1 - y->upper) * x->upper,
         share * y->upper * (1 - x->upper), share * y->upper * x->upper}};
}

typedef void Visit(void *payload, const Corners *corners);

/* Calls visit for every sample inside the map; each weighs 1 / (samples of all bins). */
static void for_samples(const Axis *rows, const Axis *columns, int bins, int channels, Visit *visit,
                        void *payload)
{
    float share = 1.0f / ((float)(rows->count * bins) * (float)(columns->count * bins));
    for (int i = 0; i < rows->count * bins; i++) {
        Sample y = axis_sample(rows, i);
        if (y.outside) continue;
        for (int j = 0; j < columns->count * bins; j++) {
            Sample x = axis_sample(columns, j);
            if (x.outside) continue;
            Corners corners = corners_of(&y, &x, columns->length, channels, share);
            visit(payload, &corners);
        }
    }
}

typedef struct Pool {
    float *out;       /* (channels) */
    const float *map; /* (height, width, channels) */
    int channels;
} Pool;

static void gather(void *payload, const Corners *corners)
{
    Pool *p = payload;
    for (int k = 0; k < 4; k++)
        add_cell(p->out, p->map + corners->at[k], corners->weight[k], p->channels);
}

int gaclip__roi_align_forward(float *out, const float *map, int height, int width, int channels,
                              const GaclipBox *box, int bins, GaclipError *err)
{
    Axis columns = axis_of(box->x1, box->x2, width, bins);
    Axis rows = axis_of(box->y1, box->y2, height, bins);
    if (!isfinite(columns.start) || !isfinite(rows.start) || columns.count < 1 || rows.count < 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "a region from (%g, %g) to (%g, %g) has no area, or far too much",
                                (double)box->x1, (double)box->y1, (double)box->x2, (double)box->y2);
    Pool pool = {out, map, channels};
    memset(out, 0, (size_t)channels * sizeof *out);
    for_samples(&rows, &columns, bins, channels, gather, &pool);
    return GACLIP_OK;
}

typedef struct Spread {
    float *grad_map;       /* (height, width, channels) */
    const float *grad_out; /* (channels) */
    int channels;
} Spread;

static void scatter(void *payload, const Corners *corners)
{
    Spread *s = payload;
    for (int k = 0; k < 4; k++)
        add_cell(s->grad_map + corners->at[k], s->grad_out, corners->weight[k], s->channels);
}

void gaclip__roi_align_backward(float *grad_map, const float *grad_out, int height, int width,
                                int channels, const GaclipBox *box, int bins)
{
    Axis columns = axis_of(box->x1, box->x2, width, bins);
    Axis rows = axis_of(box->y1, box->y2, height, bins);
    Spread spread = {grad_map, grad_out, channels};
    for_samples(&rows, &columns, bins, channels, scatter, &spread);
}
