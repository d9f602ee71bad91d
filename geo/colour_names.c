#include "colour_names.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

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
void gaclip__colour_lab(double lab[3], const uint8_t rgb[3])
{
    double r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
    double x = lab_curve((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
    double y = lab_curve(0.2126 * r + 0.7152 * g + 0.0722 * b);
    double z = lab_curve((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
    lab[0] = 116 * y - 16;
    lab[1] = 500 * (x - y);
    lab[2] = 200 * (y - z);
}

/* Degrees. */
static double hue_of(const double lab[3])
{
    double hue = atan2(lab[2], lab[1]) * 180 / acos(-1.0);
    return hue < 0 ? hue + 360 : hue;
}

int gaclip__colour_name(const double lab[3])
{
    double light = lab[0], chroma = hypot(lab[1], lab[2]), hue = hue_of(lab);
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

/* What each name is commonly given to, from its light to its dark kinds. */
static const struct {
    int name;
    uint8_t rgb[3];
} EXAMPLES[] = {
    {BLACK, {0, 0, 0}},           {BLACK, {25, 25, 25}},        {GREY, {70, 70, 70}},
    {GREY, {110, 110, 110}},      {GREY, {150, 150, 150}},      {GREY, {185, 185, 185}},
    {WHITE, {255, 255, 255}},     {WHITE, {235, 235, 235}},     {RED, {220, 20, 20}},
    {RED, {150, 20, 20}},         {RED, {200, 80, 70}},         {RED, {110, 25, 25}},
    {ORANGE, {255, 140, 0}},      {ORANGE, {230, 110, 40}},     {BROWN, {100, 65, 30}},
    {BROWN, {140, 95, 60}},       {BROWN, {70, 45, 25}},        {BEIGE, {225, 205, 170}},
    {BEIGE, {200, 180, 145}},     {BEIGE, {240, 225, 195}},     {YELLOW, {250, 230, 20}},
    {YELLOW, {230, 200, 60}},     {YELLOW, {250, 240, 140}},    {GREEN, {40, 130, 50}},
    {GREEN, {20, 70, 30}},        {GREEN, {110, 170, 90}},      {GREEN, {150, 200, 130}},
    {GREEN, {85, 100, 50}},       {TURQUOISE, {60, 200, 200}},  {TURQUOISE, {40, 140, 145}},
    {TURQUOISE, {150, 220, 215}}, {TURQUOISE, {110, 190, 190}}, {BLUE, {40, 70, 190}},
    {BLUE, {20, 30, 90}},         {BLUE, {90, 130, 200}},       {BLUE, {160, 190, 225}},
    {BLUE, {70, 90, 130}},        {PURPLE, {130, 40, 150}},     {PURPLE, {80, 40, 100}},
    {PURPLE, {180, 140, 200}},
};

/* Names whose colours run into each other. */
static const int BORDERS[][2] = {
    {BLACK, GREY},   {BLACK, BROWN},     {BLACK, BLUE},     {BLACK, GREEN},  {BLACK, PURPLE},
    {GREY, WHITE},   {GREY, BEIGE},      {GREY, BROWN},     {GREY, BLUE},    {WHITE, BEIGE},
    {RED, ORANGE},   {RED, BROWN},       {RED, PURPLE},     {ORANGE, BROWN}, {ORANGE, YELLOW},
    {ORANGE, BEIGE}, {BROWN, BEIGE},     {BROWN, YELLOW},   {BROWN, GREEN},  {BEIGE, YELLOW},
    {YELLOW, GREEN}, {GREEN, TURQUOISE}, {TURQUOISE, BLUE}, {BLUE, PURPLE},
};

/* Distances in L*a*b*: from the first on two colours are never taken for each other; by the second
 * a colour is nearer to its own name's examples than to any other's. */
static const double FAR = 25, CLEAR = 8;

/* Colours of less chroma than this are tints of grey, which their hue is named after, too; of less
 * than the second they have no hue. Degrees by which hues differ that are not alike. */
static const double TINT = 25, NO_HUE = 4, OTHER_HUE = 45;

/* To the nearest example of the name; *hue is how many degrees it lies aside. */
static double distance_to(double *hue, int name, const double lab[3])
{
    double least = INFINITY;
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++) {
        double example[3], squares = 0;
        if (EXAMPLES[i].name != name) continue;
        gaclip__colour_lab(example, EXAMPLES[i].rgb);
        for (int c = 0; c < 3; c++) squares += (lab[c] - example[c]) * (lab[c] - example[c]);
        if (squares >= least * least) continue;
        least = sqrt(squares);
        *hue = fabs(hue_of(lab) - hue_of(example));
        if (*hue > 180) *hue = 360 - *hue;
    }
    return least;
}

int gaclip__colour_is_clear(int name, const double lab[3])
{
    double hue, own = distance_to(&hue, name, lab);
    for (int other = 0; other < GACLIP__COLOURS; other++)
        if (other != name && distance_to(&hue, other, lab) < own + CLEAR) return 0;
    return 1;
}

static int do_border(int a, int b)
{
    for (size_t i = 0; i < sizeof BORDERS / sizeof *BORDERS; i++)
        if ((BORDERS[i][0] == a && BORDERS[i][1] == b) ||
            (BORDERS[i][0] == b && BORDERS[i][1] == a))
            return 1;
    return a == b;
}

int gaclip__colour_is_far(int name, const double lab[3])
{
    double hue, chroma = hypot(lab[1], lab[2]);
    if (do_border(name, gaclip__colour_name(lab)) || distance_to(&hue, name, lab) < FAR) return 0;
    int has_hue = name != BLACK && name != GREY && name != WHITE;
    return !(has_hue && chroma >= NO_HUE && chroma < TINT && hue < OTHER_HUE);
}

int gaclip__colour_called(const char *word)
{
    static const struct {
        const char *word;
        int name;
    } OTHERS[] = {{"gray", GREY},      {"silver", GREY},    {"crimson", RED},   {"maroon", RED},
                  {"scarlet", RED},    {"burgundy", RED},   {"tan", BEIGE},     {"cream", BEIGE},
                  {"sandy", BEIGE},    {"golden", YELLOW},  {"olive", GREEN},   {"cyan", TURQUOISE},
                  {"teal", TURQUOISE}, {"aqua", TURQUOISE}, {"navy", BLUE},     {"azure", BLUE},
                  {"violet", PURPLE},  {"lilac", PURPLE},   {"magenta", PURPLE}};
    for (int i = 0; i < GACLIP__COLOURS; i++)
        if (!strcmp(gaclip__colour_names[i], word)) return i;
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (!strcmp(OTHERS[i].word, word)) return OTHERS[i].name;
    return -1;
}
