/* The class list of a command line. */
#ifndef GACLIP_CLI_CLASSES_H
#define GACLIP_CLI_CLASSES_H

#include "options.h"

/* Completes the classes named with --classes by those of a file (one a line; NULL = none) and
 * refuses an empty list and names given twice. */
int classes_gather(TextList *classes, const char *file, GaclipError *err);

#endif
