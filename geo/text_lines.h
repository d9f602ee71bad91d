/* Text files line by line. */
#ifndef GACLIP_GEO_TEXT_LINES_H
#define GACLIP_GEO_TEXT_LINES_H

#include "gaclip/error.h"

typedef struct GaclipTextLines {
    char *text, *rest; /* what was read, and what of it is still to be handed out */
    int number;        /* of the latest line, from 1 */
} GaclipTextLines;

/* Reads a file of any of GDAL's file systems. Ends with gaclip__lines_close. */
int gaclip__lines_open(GaclipTextLines *lines, const char *path, GaclipError *err);
/* The next line without blanks at its ends, empty ones left out; NULL at the end. */
char *gaclip__lines_next(GaclipTextLines *lines);
void gaclip__lines_close(GaclipTextLines *lines);

/* Takes a finite number off the start of *text; 0 where there is none. */
int gaclip__take_number(double *out, const char **text);

#endif
