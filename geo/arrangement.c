#include "arrangement.h"

#include <math.h>
#include <stdlib.h>

/* The centres of the objects, pixels. */
typedef struct Place {
    double x, y, length; /* length: the box's longer side */
} Place;

typedef struct Places {
    Place *items; /* (count) */
    int count;
    double x, y;          /* their middle */
    double along, across; /* standard deviations on the main axis and across it */
    double direction;     /* of the main axis, radians */
    double length;        /* mean of the lengths */
    double width, height; /* of the image */
} Places;

static double square(double x)
{
    return x * x;
}

static void find_axes(Places *p)
{
    double xx = 0, xy = 0, yy = 0;
    for (int i = 0; i < p->count; i++) {
        p->x += p->items[i].x / p->count;
        p->y += p->items[i].y / p->count;
        p->length += p->items[i].length / p->count;
    }
    for (int i = 0; i < p->count; i++) {
        double dx = p->items[i].x - p->x, dy = p->items[i].y - p->y;
        xx += dx * dx / p->count;
        xy += dx * dy / p->count;
        yy += dy * dy / p->count;
    }
    double root = sqrt(square(xx - yy) / 4 + xy * xy), mean = (xx + yy) / 2;
    p->along = sqrt(fmax(mean + root, 0));
    p->across = sqrt(fmax(mean - root, 0));
    p->direction = atan2(2 * xy, xx - yy) / 2;
}

static int collect(Places *p, const GaclipDatasetImage *image, int class_index, GaclipError *err)
{
    *p = (Places){.width = image->width, .height = image->height};
    p->items = calloc((size_t)image->region_count + 1, sizeof *p->items);
    if (!p->items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < image->region_count; i++) {
        const GaclipDatasetRegion *r = &image->regions[i];
        double w = (r->box[2] - r->box[0]) * p->width, h = (r->box[3] - r->box[1]) * p->height;
        if (!r->is_object || r->class_index != class_index) continue;
        p->items[p->count++] = (Place){(r->box[0] + r->box[2]) / 2 * p->width,
                                       (r->box[1] + r->box[3]) / 2 * p->height, fmax(w, h)};
    }
    if (p->count) find_axes(p);
    return GACLIP_OK;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void sort(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
}

/* Largest and smallest step between sorted values. */
static void steps_of(double *least, double *most, const double *values, int count)
{
    *least = INFINITY;
    *most = 0;
    for (int i = 1; i < count; i++) {
        *least = fmin(*least, values[i] - values[i - 1]);
        *most = fmax(*most, values[i] - values[i - 1]);
    }
}

/* How far along a direction the places lie. */
static void project(double *out, const Places *p, double direction)
{
    for (int i = 0; i < p->count; i++)
        out[i] = (p->items[i].x - p->x) * cos(direction) + (p->items[i].y - p->y) * sin(direction);
}

static const double THIN_ROW = 0.1, EVEN = 2, NOT_FAR = 4;

static int is_row(const Places *p, double *scratch)
{
    double least, most;
    if (p->across >= THIN_ROW * p->along) return 0;
    project(scratch, p, p->direction);
    sort(scratch, p->count);
    steps_of(&least, &most, scratch, p->count);
    return most <= EVEN * least && most <= NOT_FAR * p->length;
}

/* Distance to the nearest other place, and the direction of it, radians. */
static double nearest(double *direction, const Places *p, int place)
{
    double least = INFINITY;
    for (int i = 0; i < p->count; i++) {
        double dx = p->items[i].x - p->items[place].x, dy = p->items[i].y - p->items[place].y;
        if (i == place || hypot(dx, dy) >= least) continue;
        least = hypot(dx, dy);
        *direction = atan2(dy, dx);
    }
    return least;
}

/* What the nearest neighbours say: their mean distance, the direction they lie in modulo a right
 * angle, and how much they agree on it: 0 not at all, 1 wholly. */
typedef struct Neighbours {
    double distance, direction, agreement;
} Neighbours;

static Neighbours look_at_neighbours(const Places *p)
{
    Neighbours n = {0};
    double x = 0, y = 0;
    for (int i = 0; i < p->count; i++) {
        double direction = 0;
        n.distance += nearest(&direction, p, i) / p->count;
        x += cos(4 * direction) / p->count;
        y += sin(4 * direction) / p->count;
    }
    n.direction = atan2(y, x) / 4;
    n.agreement = hypot(x, y);
    return n;
}

/* Lines at even steps across a direction, each of them narrow and none far from the next; their
 * number, or 0. distance: to the nearest neighbours. */
static int count_lines(const Places *p, double direction, double distance, double *scratch)
{
    double least = INFINITY, most = 0;
    int lines = 1, first = 0;
    project(scratch, p, direction);
    sort(scratch, p->count);
    for (int i = 1; i < p->count; i++) {
        double step = scratch[i] - scratch[i - 1];
        if (step > 0.5 * distance) {
            least = fmin(least, step);
            most = fmax(most, step);
            lines++;
            first = i;
        }
        if (scratch[i] - scratch[first] > 0.3 * distance) return 0;
    }
    return most > 1.5 * least || most > 3 * distance ? 0 : lines;
}

static int is_grid(const Places *p, const Neighbours *n, double *scratch)
{
    if (p->count < 6 || n->agreement < 0.7) return 0;
    int columns = count_lines(p, n->direction, n->distance, scratch);
    int rows = count_lines(p, n->direction + acos(0.0), n->distance, scratch);
    return columns > 1 && rows > 1 && p->count >= 0.9 * columns * rows;
}

static int is_ring(const Places *p, double *scratch)
{
    static const double WIDEST_GAP = 90, ROUND = 0.1, LEAST_RADIUS = 1.5;
    double sum = 0, squares = 0, least, most;
    if (p->count < 6) return 0;
    for (int i = 0; i < p->count; i++) {
        double dx = p->items[i].x - p->x, dy = p->items[i].y - p->y;
        sum += hypot(dx, dy);
        squares += dx * dx + dy * dy;
        scratch[i] = atan2(dy, dx) * 180 / acos(-1.0);
    }
    double mean = sum / p->count, deviation = sqrt(fmax(squares / p->count - mean * mean, 0));
    sort(scratch, p->count);
    scratch[p->count] = scratch[0] + 360;
    steps_of(&least, &most, scratch, p->count + 1);
    return deviation < ROUND * mean && mean >= LEAST_RADIUS * p->length &&
           most <= fmin(WIDEST_GAP, 2.0 * 360 / p->count);
}

static int is_cluster(const Places *p, const Neighbours *n)
{
    static const double WIDTH = 0.12, ROUND = 0.4, CLOSE = 2;
    double farthest = 0;
    for (int i = 0; i < p->count; i++)
        farthest = fmax(farthest, hypot(p->items[i].x - p->x, p->items[i].y - p->y));
    return farthest <= WIDTH * hypot(p->width, p->height) && p->across >= ROUND * p->along &&
           n->distance <= CLOSE * p->length;
}

/* Points thrown at random on an area have this distance to the nearest, on average (Clark and Evans
 * 1954); those in clumps have less, those in patterns more. */
static int is_scattered(const Places *p, const Neighbours *n)
{
    double random = 0.5 * sqrt(p->width * p->height / p->count);
    double share = n->distance / random;
    return p->count >= 4 && p->across > 0.16 * hypot(p->width, p->height) && share > 0.6 &&
           share < 1.6 && n->agreement < 0.6;
}

static GaclipArrangement judge(const Places *p, double *scratch)
{
    if (p->count < 3) return GACLIP__NO_ARRANGEMENT;
    Neighbours n = look_at_neighbours(p);
    if (is_row(p, scratch)) return GACLIP__ROW;
    if (is_grid(p, &n, scratch)) return GACLIP__GRID;
    if (is_ring(p, scratch)) return GACLIP__RING;
    if (is_cluster(p, &n)) return GACLIP__CLUSTER;
    return is_scattered(p, &n) ? GACLIP__SCATTERED : GACLIP__NO_ARRANGEMENT;
}

int gaclip__arrangement(GaclipArrangement *out, const GaclipDatasetImage *image, int class_index,
                        GaclipError *err)
{
    Places places;
    int status = collect(&places, image, class_index, err);
    if (status) return status;
    double *scratch = calloc((size_t)places.count + 1, sizeof *scratch);
    if (scratch)
        *out = judge(&places, scratch);
    else
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    free(scratch);
    free(places.items);
    return status;
}
