/* Names of colours, told apart in CIE L*a*b* (ISO/CIE 11664-4), where distances are what people
 * see. */
#ifndef GACLIP_GEO_COLOUR_NAMES_H
#define GACLIP_GEO_COLOUR_NAMES_H

#include <stdint.h>

enum { GACLIP__COLOURS = 12 };

extern const char *const gaclip__colour_names[GACLIP__COLOURS + 1]; /* NULL-terminated */

/* sRGB with the D65 white point as L*, a*, b*. */
void gaclip__colour_lab(double lab[3], const uint8_t rgb[3]);

/* The index of a colour's name. */
int gaclip__colour_name(const double lab[3]);

/* Whether people would hardly call the colour anything else. */
int gaclip__colour_is_clear(int name, const double lab[3]);

/* Whether nobody would call the colour so: it is far from all that have the name, and neither does
 * the name border on the colour's own. */
int gaclip__colour_is_far(int name, const double lab[3]);

/* The index of the name that stands for a word of colour ("gray", "teal", "maroon"), or -1. */
int gaclip__colour_called(const char *word);

#endif
