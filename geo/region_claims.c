#include "region_claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene_words.h"

static const char *const SIZES[] = {"small", "medium-sized", "large", NULL};
static const char *const SHAPES[] = {"elongated", "square", NULL};
static const char *const TONES[] = {"of even tone", "of uneven tone", NULL};
static const char *const DIRECTIONS[] = {"lying from left to right", "lying from top to bottom",
                                         NULL};
static const char *const SHARES[] = {"taking up little of the scene", "taking up much of the scene",
                                     NULL};
/* Row by row. */
static const char *const PLACES[] = {
    "in the upper left of the image",  "at the top of the image",
    "in the upper right of the image", "on the left of the image",
    "in the centre of the image",      "on the right of the image",
    "in the lower left of the image",  "at the bottom of the image",
    "in the lower right of the image", NULL};
static const char *const SHADOWS[] = {"with a shadow above it", "with a shadow below it",
                                      "with a shadow on its left", "with a shadow on its right",
                                      NULL};
static const char *const NEAR[] = {"next to", "far from", NULL};
static const char *const BEARINGS[] = {"north of", "south of", "west of",  "east of", "above",
                                       "below",    "left of",  "right of", NULL};

static const char COUNT_BEFORE[] = ", one of ", COUNT_AFTER[] = " in the image";

const char *const *gaclip__claim_words(GaclipClaimKind kind)
{
    static const char *const *const WORDS[GACLIP__CLAIM_KINDS] = {
        SIZES,  SHAPES,   gaclip__colour_names,
        NULL,   TONES,    DIRECTIONS,
        SHARES, PLACES,   SHADOWS,
        NEAR,   BEARINGS, NULL};
    return WORDS[kind];
}

const char *gaclip__claim_name(GaclipClaimKind kind, int value)
{
    const char *const *words = gaclip__claim_words(kind);
    return words ? words[value] : kind == GACLIP__COUNT ? "one of so many" : "so long";
}

/* Whether value lies in low..high, or clearly outside; margin is the width of the doubt. */
static int within(double value, double low, double high, double margin)
{
    if (value >= low && value <= high) return 1;
    return value < low - margin || value > high + margin ? 0 : -1;
}

/* On the ground: an object is as long as its box at least, and as its box's diagonal at most. */
static int metres_hold(int value, double least, double most)
{
    static const double LOW[] = {0, 15, 80}, HIGH[] = {10, 50, INFINITY};
    static const double TOO_SHORT[] = {0, 10, 50}, TOO_LONG[] = {15, 80, INFINITY};
    if (least >= LOW[value] && most <= HIGH[value]) return 1;
    return most < TOO_SHORT[value] || least > TOO_LONG[value] ? 0 : -1;
}

/* Of what is thin its box tells no more than how large it is at most. */
static int size_holds(int value, const GaclipRegionFacts *f)
{
    double longer = fmax(f->width, f->height) * f->gsd;
    double diagonal = hypot(f->width, f->height) * f->gsd;
    if (f->is_cut || !(f->gsd > 0)) return -1;
    return metres_hold(value, f->is_thin ? 0 : longer, diagonal);
}

/* A box that takes up much may hold a thing that does not; one that takes up little holds none that
 * takes up more. */
static int share_holds(int value, const GaclipRegionFacts *f)
{
    if (f->area <= 0.01) return value == 0;
    return f->area >= 0.3 && !f->is_thin ? value == 1 : -1;
}

/* A long thing that lies aslant has a box as wide as high: a long box shows that its object is
 * elongated, no box shows that it is square. */
static int shape_holds(int value, const GaclipRegionFacts *f, double ratio)
{
    if (ratio < 2 || f->is_cut || f->is_thin) return -1;
    return value == 0;
}

static int colour_holds(int value, const GaclipRegionFacts *f)
{
    double share = f->colours[value];
    if (f->pixels < 12 || f->around_pixels < 12 || f->is_thin) return -1;
    for (int c = 0; c < GACLIP__COLOURS; c++)
        if (c != value && share > 0.05 && f->colours[c] > share - 0.15) return -1;
    if (share < 0.05) return gaclip__colour_is_far(value, f->lab) ? 0 : -1;
    if (share < 0.5 || f->around[value] >= 0.25) return -1; /* it may be the ground's */
    return gaclip__colour_is_clear(value, f->lab) ? 1 : -1;
}

/* Some of a box is ground: its object may be smooth where the box is rough, but is not rough where
 * the box is smooth. */
static int tone_holds(int value, const GaclipRegionFacts *f)
{
    if (f->pixels < 64 || f->is_thin || f->roughness > 4 || f->deviation > 8) return -1;
    return value == 0;
}

static int direction_holds(int value, const GaclipRegionFacts *f, double ratio)
{
    if (ratio < 1.8 || f->is_cut || f->is_thin) return -1;
    return (f->width > f->height) == (value == 0);
}

/* x: in thirds of the image. 1 well within, 0 well outside. */
static int is_in_third(double x, int third)
{
    return within(x - third, 0.2, 0.8, 0.6);
}

/* What is in the upper left is also at the top and on the left: those two are false only of what
 * lies elsewhere than in any upper, in any left third. */
static int place_holds(int value, const GaclipRegionFacts *f)
{
    double x = f->centre_x * 3, y = f->centre_y * 3;
    if (f->share_x > 0.5 || f->share_y > 0.5) return -1; /* it reaches into most of them */
    int column = value % 3, row = value / 3;
    int in_column = is_in_third(x, column), in_row = is_in_third(y, row);
    if (in_column == 1 && in_row == 1) return 1;
    if (row == 1 && column == 1) return in_column == 0 || in_row == 0 ? 0 : -1;
    if (row == 1) return in_column == 0 ? 0 : -1;
    if (column == 1) return in_row == 0 ? 0 : -1;
    return in_column == 0 || in_row == 0 ? 0 : -1;
}

static int length_holds(int value, double metres)
{
    double ratio = metres > 0 ? value / metres : 0;
    if (metres <= 0) return -1;
    return within(ratio, 0.85, 1.18, 0.4);
}

int gaclip__claim_holds(GaclipClaimKind kind, int value, const GaclipRegionFacts *f)
{
    double ratio = fmax(f->width, f->height) / fmin(f->width, f->height);
    switch (kind) {
    case GACLIP__SIZE:
        return size_holds(value, f);
    case GACLIP__SHAPE:
        return shape_holds(value, f, ratio);
    case GACLIP__COLOUR:
        return colour_holds(value, f);
    case GACLIP__LENGTH:
        return length_holds(value, f->length);
    case GACLIP__TONE:
        return tone_holds(value, f);
    case GACLIP__DIRECTION:
        return direction_holds(value, f, ratio);
    case GACLIP__SHARE:
        return share_holds(value, f);
    case GACLIP__PLACE:
        return place_holds(value, f);
    case GACLIP__SHADOW:
        return f->shadow[value];
    case GACLIP__NEAR:
        return f->near[value];
    case GACLIP__BEARING:
        return f->bearing[value];
    case GACLIP__COUNT:
        return f->count ? value == f->count : -1;
    case GACLIP__CLAIM_KINDS:
        break;
    }
    return -1;
}

int gaclip__claim_length(double metres)
{
    double unit = metres >= 100 ? pow(10, floor(log10(metres)) - 1) : 1;
    return (int)(round(metres / unit) * unit);
}

/* Takes a word of the list, with a blank or the end behind it, off the start of *text. */
static int take_word(int *value, const char **text, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        size_t length = strlen(words[i]);
        if (strncmp(*text, words[i], length) != 0) continue;
        if ((*text)[length] != ' ' && (*text)[length] != '\0') continue;
        *text += length + ((*text)[length] == ' ');
        *value = i;
        return 1;
    }
    return 0;
}

static void take_claim(GaclipRegionClaims *out, const char **text, GaclipClaimKind kind)
{
    out->is_claimed[kind] = take_word(&out->values[kind], text, gaclip__claim_words(kind));
}

/* "about 25 m long" */
static int take_length(int *metres, const char **text)
{
    static const char BEFORE[] = "about ", AFTER[] = " m long";
    char *end;
    if (strncmp(*text, BEFORE, strlen(BEFORE)) != 0) return 0;
    long value = strtol(*text + strlen(BEFORE), &end, 10);
    if (strncmp(end, AFTER, strlen(AFTER)) != 0 || value < 1 || value > 100000) return 0;
    end += strlen(AFTER);
    *metres = (int)value;
    *text = end + (*end == ' ');
    return 1;
}

/* "next to a tank", which ends the text */
static int take_neighbour(GaclipRegionClaims *out, const char **text)
{
    static const char *const ARTICLES[] = {"a", "an", "another", NULL};
    int article;
    take_claim(out, text, GACLIP__NEAR);
    if (!out->is_claimed[GACLIP__NEAR]) take_claim(out, text, GACLIP__BEARING);
    if (!out->is_claimed[GACLIP__NEAR] && !out->is_claimed[GACLIP__BEARING]) return 1;
    if (!take_word(&article, text, ARTICLES) || !**text || strlen(*text) >= sizeof out->neighbour)
        return 0;
    strcpy(out->neighbour, *text);
    *text += strlen(*text);
    return 1;
}

/* What stands behind the name, all of it; 0 where something is left over. */
static int take_rest(GaclipRegionClaims *out, const char *text)
{
    out->is_claimed[GACLIP__LENGTH] = take_length(&out->values[GACLIP__LENGTH], &text);
    take_claim(out, &text, GACLIP__TONE);
    take_claim(out, &text, GACLIP__DIRECTION);
    take_claim(out, &text, GACLIP__SHARE);
    take_claim(out, &text, GACLIP__PLACE);
    take_claim(out, &text, GACLIP__SHADOW);
    return take_neighbour(out, &text) && *text == '\0';
}

/* Cuts ", one of five in the image" off. 0 where something else follows. */
static int cut_count(GaclipRegionClaims *out, char *text)
{
    char *start = strstr(text, COUNT_BEFORE);
    if (!start) return 1;
    const char *number = start + strlen(COUNT_BEFORE);
    size_t length = strcspn(number, " ");
    if (strcmp(number + length, COUNT_AFTER) != 0) return 0;
    out->values[GACLIP__COUNT] = gaclip__word_number(number, length);
    out->is_claimed[GACLIP__COUNT] = 1;
    *start = '\0';
    return out->values[GACLIP__COUNT] > 0;
}

int gaclip__claims_read(GaclipRegionClaims *out, const char *all)
{
    static const char *const ARTICLES[] = {"a", "an", NULL};
    char copy[GACLIP__LONGEST_DESCRIPTION];
    const char *text = copy;
    int article;
    *out = (GaclipRegionClaims){0};
    if (strlen(all) >= sizeof copy || !cut_count(out, strcpy(copy, all))) return 0;
    if (!take_word(&article, &text, ARTICLES)) return 0;
    take_claim(out, &text, GACLIP__SIZE);
    take_claim(out, &text, GACLIP__SHAPE);
    take_claim(out, &text, GACLIP__COLOUR);
    const char *name = text;
    for (const char *end = text; *end; end++) { /* the shortest name behind which all is known */
        size_t length = (size_t)(end + 1 - name);
        if ((end[1] != ' ' && end[1] != '\0') || length >= sizeof out->name) continue;
        if (!take_rest(out, end + 1 + (end[1] == ' '))) continue;
        memcpy(out->name, name, length);
        out->name[length] = '\0';
        return 1;
    }
    return 0;
}

/* One claim, with a blank behind it. */
static int write_claim(char *out, size_t room, const GaclipRegionClaims *claims,
                       GaclipClaimKind kind)
{
    int value = claims->values[kind];
    if (kind == GACLIP__LENGTH) return snprintf(out, room, "about %d m long ", value);
    if (kind == GACLIP__COUNT) return 0;
    const char *word = gaclip__claim_words(kind)[value];
    if (kind != GACLIP__NEAR && kind != GACLIP__BEARING) return snprintf(out, room, "%s ", word);
    const char *other = claims->neighbour;
    const char *article = !strcmp(other, claims->name) ? "another" : gaclip__article(other);
    return snprintf(out, room, "%s %s %s ", word, article, other);
}

void gaclip__claims_write(char out[GACLIP__LONGEST_DESCRIPTION], const GaclipRegionClaims *claims)
{
    char text[GACLIP__LONGEST_DESCRIPTION] = "", number[16], count[64] = "";
    size_t room = sizeof text, used = 0;
    for (int kind = 0; kind < GACLIP__CLAIM_KINDS; kind++) {
        if (kind == GACLIP__LENGTH)
            used += (size_t)snprintf(text + used, room - used, "%s ", claims->name);
        if (claims->is_claimed[kind])
            used += (size_t)write_claim(text + used, room - used, claims, (GaclipClaimKind)kind);
    }
    if (used > 0) text[used - 1] = '\0';
    if (claims->is_claimed[GACLIP__COUNT]) {
        gaclip__number_word(number, sizeof number, claims->values[GACLIP__COUNT]);
        snprintf(count, sizeof count, "%s%s%s", COUNT_BEFORE, number, COUNT_AFTER);
    }
    snprintf(out, GACLIP__LONGEST_DESCRIPTION, "%s %.650s%s", gaclip__article(text), text, count);
}
