/* Names of colours, told apart in CIE L*a*b* (ISO/CIE 11664-4), where distances are what people
 * see. */
#ifndef GACLIP_GEO_COLOUR_NAMES_H
#define GACLIP_GEO_COLOUR_NAMES_H

#include <stdint.h>

enum { GACLIP__COLOURS = 12 };

extern const char *const gaclip__colour_names[GACLIP__COLOURS + 1]; /* NULL-terminated */

/* The index of an sRGB colour's name. */
int gaclip__colour_name(const uint8_t rgb[3]);

#endif
