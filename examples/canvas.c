#include "canvas.h"

#include <stdlib.h>
#include <string.h>

#include "noise.h"

/* Skylight keeps shadows from being black, and makes them bluish. */
static const Colour SHADOW = {0.34f, 0.38f, 0.48f};

/* What the air between ground and camera scatters into the picture. */
static const Colour HAZE = {.58f, .64f, .70f};
static const double HAZE_SHARE = 0.10, CONTRAST = 1.04;

static const double GRAIN = 0.013, FALL_OFF = 0.05;

Colour colour_scale(Colour colour, double factor)
{
    float f = (float)factor;
    return (Colour){colour.r * f, colour.g * f, colour.b * f};
}

Colour colour_mix(Colour a, Colour b, double share_of_b)
{
    float t = (float)share_of_b;
    return (Colour){a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b)};
}

int canvas_init(Canvas *canvas, int width, int height, double gsd, GaclipError *err)
{
    size_t count = (size_t)width * (size_t)height;
    *canvas = (Canvas){.width = width, .height = height, .gsd = gsd};
    canvas->pixels = calloc(count, sizeof *canvas->pixels);
    canvas->shade = calloc(count, sizeof *canvas->shade);
    if (canvas->pixels != NULL && canvas->shade != NULL) return GACLIP_OK;
    canvas_clear(canvas);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY,
                            "a scene of %d x %d pixels does not fit into memory; ask for a smaller "
                            "--size",
                            width, height);
}

void canvas_clear(Canvas *canvas)
{
    free(canvas->pixels);
    free(canvas->shade);
    *canvas = (Canvas){0};
}

/* The pixels that a shape may touch, [x1, x2) x [y1, y2). */
typedef struct Window {
    int x1, y1, x2, y2;
} Window;

static Window window_of(const Canvas *canvas, const Shape *shape)
{
    Bounds b = shape_bounds(shape);
    return (Window){(int)clamp(floor(b.x1 / canvas->gsd) - 1, 0, canvas->width),
                    (int)clamp(floor(b.y1 / canvas->gsd) - 1, 0, canvas->height),
                    (int)clamp(ceil(b.x2 / canvas->gsd) + 1, 0, canvas->width),
                    (int)clamp(ceil(b.y2 / canvas->gsd) + 1, 0, canvas->height)};
}

static Point centre_of_pixel(const Canvas *canvas, int x, int y)
{
    return (Point){(x + 0.5) * canvas->gsd, (y + 0.5) * canvas->gsd};
}

/* 1 on a tractor's two wheel tracks, half a metre wide and 1.8 m apart. */
static double tramline(double across, double period)
{
    double at = across - floor(across / period) * period;
    return at < 0.6 || (at > 1.8 && at < 2.4);
}

/* Furrows finer than two pixels would turn into moire. */
static Colour paint_at(const Paint *paint, Point p, double gsd)
{
    double light = 1;
    if (paint->mottle > 0) {
        double size = paint->mottle_size;
        light += paint->mottle * noise_fractal(paint->seed, p.x / size, p.y / size);
        light += 0.5 * paint->mottle * (noise_value(paint->seed + 9, p.x / 1.7, p.y / 1.7) - 0.5);
    }
    double across = point_dot(p, paint->across);
    if (paint->furrow > 0 && paint->furrow_period > 2 * gsd) {
        double at = across / paint->furrow_period;
        double fade = 0.5 + noise_value(paint->seed + 5, p.x / 35, p.y / 35);
        light += paint->furrow * fade * (4 * fabs(at - floor(at) - 0.5) - 1);
    }
    if (paint->tramline_period > 0) light -= 0.10 * tramline(across, paint->tramline_period);
    return colour_scale(paint->colour, light);
}

void canvas_paint(Canvas *canvas, const Shape *shape, const Paint *paint)
{
    Window w = window_of(canvas, shape);
    for (int y = w.y1; y < w.y2; y++)
        for (int x = w.x1; x < w.x2; x++) {
            Point p = centre_of_pixel(canvas, x, y);
            double coverage = shape_coverage(shape, p, canvas->gsd);
            if (coverage <= 0) continue;
            Colour *pixel = &canvas->pixels[(size_t)y * (size_t)canvas->width + (size_t)x];
            *pixel = colour_mix(*pixel, paint_at(paint, p, canvas->gsd), coverage);
        }
}

void canvas_cast(Canvas *canvas, const Shape *shape, double strength)
{
    Window w = window_of(canvas, shape);
    for (int y = w.y1; y < w.y2; y++)
        for (int x = w.x1; x < w.x2; x++) {
            Point p = centre_of_pixel(canvas, x, y);
            float shade = (float)(strength * shape_coverage(shape, p, canvas->gsd));
            float *there = &canvas->shade[(size_t)y * (size_t)canvas->width + (size_t)x];
            if (shade > *there) *there = shade;
        }
}

void canvas_apply_shadows(Canvas *canvas)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++) {
        Colour *c = &canvas->pixels[i];
        float shade = canvas->shade[i];
        c->r *= 1 - shade * (1 - SHADOW.r);
        c->g *= 1 - shade * (1 - SHADOW.g);
        c->b *= 1 - shade * (1 - SHADOW.b);
    }
    memset(canvas->shade, 0, count * sizeof *canvas->shade);
}

/* Three pixels weighted 1 4 1, at either end twice the outermost. */
static Colour blurred(const Colour *line, size_t stride, int at, int length)
{
    Colour a = line[(size_t)(at > 0 ? at - 1 : at) * stride], b = line[(size_t)at * stride];
    Colour c = line[(size_t)(at + 1 < length ? at + 1 : at) * stride];
    return (Colour){(a.r + 4 * b.r + c.r) / 6, (a.g + 4 * b.g + c.g) / 6,
                    (a.b + 4 * b.b + c.b) / 6};
}

static uint8_t to_byte(double value)
{
    return (uint8_t)clamp(floor(value * 255 + 0.5), 0, 255);
}

static void expose_row(uint8_t *rgb, const Canvas *canvas, const Colour *rows, int y,
                       Point brighter, uint32_t seed)
{
    for (int x = 0; x < canvas->width; x++) {
        Colour c = blurred(rows + x, (size_t)canvas->width, y, canvas->height);
        Point from_centre = {x / (double)canvas->width - 0.5, y / (double)canvas->height - 0.5};
        double light = 1 + 2 * FALL_OFF * point_dot(from_centre, brighter);
        light -= FALL_OFF * point_dot(from_centre, from_centre);
        c = colour_mix(colour_scale(c, CONTRAST), HAZE, HAZE_SHARE);
        uint8_t *out = rgb + 3 * ((size_t)y * (size_t)canvas->width + (size_t)x);
        out[0] = to_byte(c.r * light + GRAIN * noise_grain(seed, x, y, 0));
        out[1] = to_byte(c.g * light + GRAIN * noise_grain(seed, x, y, 1));
        out[2] = to_byte(c.b * light + GRAIN * noise_grain(seed, x, y, 2));
    }
}

int canvas_expose(uint8_t *rgb, const Canvas *canvas, Point brighter, uint32_t seed,
                  GaclipError *err)
{
    size_t width = (size_t)canvas->width;
    Colour *rows = malloc(width * (size_t)canvas->height * sizeof *rows);
    if (rows == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            rows[(size_t)y * width + (size_t)x] =
                blurred(canvas->pixels + (size_t)y * width, 1, x, canvas->width);
    for (int y = 0; y < canvas->height; y++) expose_row(rgb, canvas, rows, y, brighter, seed);
    free(rows);
    return GACLIP_OK;
}
