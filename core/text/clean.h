/* What CLIP does to a text before it is split into words. */
#ifndef GACLIP_TEXT_CLEAN_H
#define GACLIP_TEXT_CLEAN_H

#include <stddef.h>

#include "gaclip/error.h"

/* Simple repairs (what ftfy does without guessing character sets), HTML entities decoded twice,
 * white space collapsed and stripped, lower case. The caller frees *out (UTF-8, *out_length bytes,
 * may hold zeros). */
int gaclip__text_clean(char **out, size_t *out_length, const char *text, size_t length,
                       GaclipError *err);

#endif
