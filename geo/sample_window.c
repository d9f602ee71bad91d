#include "sample_window.h"

#include <math.h>

#include "chance.h"

/* Share of an object's box that a window must show for it to be asked for. */
static const double SMALLEST_VISIBLE = 0.35;

double gaclip__window_around(double low, double high, double length, uint64_t *state)
{
    double chance = gaclip__chance_uniform(state);
    if (high - low >= length) return (low + high) / 2 - length * (0.25 + 0.5 * chance);
    return high - length + chance * (low - (high - length));
}

int gaclip__window_show(GaclipBox *out, const double box[4], const GaclipSampleWindow *w)
{
    double x1 = fmax(box[0], w->x), y1 = fmax(box[1], w->y);
    double x2 = fmin(box[2], w->x + w->width), y2 = fmin(box[3], w->y + w->height);
    double area = (box[2] - box[0]) * (box[3] - box[1]);
    if (!(x2 > x1 && y2 > y1) || (x2 - x1) * (y2 - y1) < SMALLEST_VISIBLE * area) return 0;
    double fx = w->out_width / w->width, fy = w->out_height / w->height;
    *out = (GaclipBox){(float)((x1 - w->x) * fx), (float)((y1 - w->y) * fy),
                       (float)((x2 - w->x) * fx), (float)((y2 - w->y) * fy)};
    return 1;
}
