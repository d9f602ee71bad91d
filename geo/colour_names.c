#include "colour_names.h"

#include <math.h>
#include <stddef.h>

const char *const gaclip__colour_names[GACLIP__COLOURS + 1] = {
    "black",  "grey",  "white",     "red",  "orange", "brown", "beige",
    "yellow", "green", "turquoise", "blue", "purple", NULL};

enum { BLACK, GREY, WHITE, RED, ORANGE, BROWN, BEIGE, YELLOW, GREEN, TURQUOISE, BLUE, PURPLE };

static double linear(uint8_t value)
{
    double v = value / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double lab_curve(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* sRGB's primaries and the D65 white point (IEC 61966-2-1). */
static void to_lab(double lab[3], const uint8_t rgb[3])
{
    double r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
    double x = lab_curve((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
    double y = lab_curve(0.2126 * r + 0.7152 * g + 0.0722 * b);
    double z = lab_curve((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
    lab[0] = 116 * y - 16;
    lab[1] = 500 * (x - y);
    lab[2] = 200 * (y - z);
}

int gaclip__colour_name(const uint8_t rgb[3])
{
    double lab[3];
    to_lab(lab, rgb);
    double light = lab[0], chroma = hypot(lab[1], lab[2]);
    double hue = atan2(lab[2], lab[1]) * 180 / acos(-1.0);
    if (hue < 0) hue += 360;
    if (light < 18 && chroma < 25) return BLACK;
    if (chroma < 11) return light > 80 ? WHITE : GREY;
    if (hue >= 45 && hue < 105 && light > 60 && chroma < 30) return BEIGE;
    if (hue >= 25 && hue < 95 && light <= 60 && chroma < 55) return BROWN;
    if (hue < 45 || hue >= 345) return RED;
    if (hue < 75) return ORANGE;
    if (hue < 105) return YELLOW;
    if (hue < 170) return GREEN;
    if (hue < 230) return TURQUOISE;
    return hue < 310 ? BLUE : PURPLE;
}
