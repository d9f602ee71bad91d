/* What is known of classes by their names alone. */
#ifndef GACLIP_GEO_CLASS_TRAITS_H
#define GACLIP_GEO_CLASS_TRAITS_H

#include "gaclip/dataset.h"

/* 0 for what holds a place in a list of classes and names nothing: "other", "misc", "unknown",
 * "ignore", "class 3". Such names are never said. */
int gaclip__is_spoken(const char *name);

/* Whether things of the class are so thin or so tall that their boxes hold more of shadow and
 * ground than of them: what boxes and pixels say of size, shape and colour is not said of these. */
int gaclip__is_thin(const GaclipDatasetClass *c);

#endif
