/* Text files that appear under their name only when complete, on any of GDAL's file systems. */
#ifndef GACLIP_GEO_TEXT_TARGET_H
#define GACLIP_GEO_TEXT_TARGET_H

#include <cpl_vsi.h>

#include "gaclip/error.h"

typedef struct GaclipTextTarget {
    VSILFILE *file;
    char *path, *unfinished;
    int failed; /* a write did not succeed */
} GaclipTextTarget;

/* Opens a hidden file beside path. Ends with gaclip__text_commit. */
int gaclip__text_open(GaclipTextTarget *target, const char *path, GaclipError *err);
void gaclip__text_put(GaclipTextTarget *target, const char *text);
/* Renames it over path; on failure nothing is left of it and an older file stays. */
int gaclip__text_commit(GaclipTextTarget *target, GaclipError *err);

#endif
