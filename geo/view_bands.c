/* Bands of a view: the dense map as bytes or floats. */
#include <math.h>
#include <stdlib.h>

#include "gaclip/dense.h"
#include "request_options.h"
#include "view.h"

/* Highest byte of a measure; GACLIP_NO_BYTE is none. */
enum { LARGEST_BYTE = 254 };

const char *gaclip_view_band_class(const GaclipView *view, int band)
{
    return view->request.classes.items[view->band_classes[band]];
}

void gaclip_view_band_scaling(double *scale, double *offset, const GaclipView *view)
{
    int is_cosine = view->request.measure == GACLIP_REQUEST_SIMILARITY;
    *scale = (is_cosine ? 2.0 : 1.0) / LARGEST_BYTE;
    *offset = is_cosine ? -1 : 0;
}

/* Black over violet and orange to pale yellow: dark to light, for any colour vision and in print.
 */
void gaclip_view_band_colour(unsigned char colour[4], int value)
{
    static const unsigned char STOPS[5][3] = {
        {0, 0, 4}, {87, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}};
    double at = 4.0 * (value > LARGEST_BYTE ? 0 : value) / LARGEST_BYTE;
    int stop = at < 4 ? (int)at : 3;
    for (int i = 0; i < 3; i++)
        colour[i] = (unsigned char)lround(STOPS[stop][i] +
                                          (at - stop) * (STOPS[stop + 1][i] - STOPS[stop][i]));
    colour[3] = value > LARGEST_BYTE ? 0 : 255;
}

static int new_scorer(GaclipView *view, GaclipError *err)
{
    GaclipDetectOptions options;
    if (view->scorer) return GACLIP_OK;
    gaclip__request_options(&options, &view->request);
    return gaclip_scorer_new(&view->scorer, view->model,
                             (const char *const *)view->request.classes.items,
                             view->request.classes.count, &options, err);
}

static int open_map(GaclipView *view, GaclipError *err)
{
    GaclipArea area;
    const GaclipRequest *r = &view->request;
    if (view->dense) return GACLIP_OK;
    int status = gaclip__view_ground(view, err);
    if (!status) status = new_scorer(view, err);
    if (!status)
        status = gaclip__area_of(&area, view->ground, r->bbox.count ? r->bbox.items : NULL, err);
    if (!status)
        status = gaclip__dense_map_new(&view->dense, view->ground, view->scorer, &area,
                                       r->classes.count, r->measure, err);
    return status;
}

static unsigned char to_byte(float value, double scale, double offset)
{
    double byte = ((double)value - offset) / scale;
    if (isnan(value)) return GACLIP_NO_BYTE;
    return (unsigned char)lround(fmin(fmax(byte, 0), LARGEST_BYTE));
}

static void to_bytes(unsigned char *out, const float *values, size_t count, const GaclipView *view)
{
    double scale, offset;
    gaclip_view_band_scaling(&scale, &offset, view);
    for (size_t i = 0; i < count; i++) out[i] = to_byte(values[i], scale, offset);
}

static int read_values(float *values, GaclipView *view, int band, double x, double y, double width,
                       double height, int out_width, int out_height, GaclipError *err)
{
    pthread_mutex_lock(&view->lock);
    int status = open_map(view, err);
    if (!status)
        status = gaclip__dense_map_read(values, view->dense, view->band_classes[band], x, y, width,
                                        height, out_width, out_height, gaclip__view_progress, err);
    pthread_mutex_unlock(&view->lock);
    return status;
}

int gaclip_view_read_band(void *out, GaclipView *view, int band, double x, double y, double width,
                          double height, int out_width, int out_height, GaclipError *err)
{
    size_t count = (size_t)out_width * (size_t)out_height;
    if (view->request.type == GACLIP_REQUEST_FLOAT32)
        return read_values(out, view, band, x, y, width, height, out_width, out_height, err);
    float *values = malloc(count * sizeof *values);
    if (!values) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = read_values(values, view, band, x, y, width, height, out_width, out_height, err);
    if (!status) to_bytes(out, values, count, view);
    free(values);
    return status;
}
