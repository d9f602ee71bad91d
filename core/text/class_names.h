/* The order of class names, in which different spellings of one are the same. */
#ifndef GACLIP_TEXT_CLASS_NAMES_H
#define GACLIP_TEXT_CLASS_NAMES_H

#include "gaclip/text.h"

/* As strcmp does, without regard to case, blanks, hyphens and underscores. */
int gaclip__compare_classes(const char *a, const char *b);

#endif
