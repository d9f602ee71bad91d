/* Early answers about files, before minutes or hours of work depend on them. */
#ifndef GACLIP_CLI_FILES_H
#define GACLIP_CLI_FILES_H

#include "gaclip/error.h"
#include "options.h"

/* Whether a plain file may be written to path: it does not exist or overwrite is set, and its
 * folder exists and is writable. */
int file_check_output(const char *path, int overwrite, GaclipError *err);

/* The non-blank lines of a text file, without blanks at either end; any GDAL file name. The
 * caller clears *lines in any case. */
int file_read_lines(TextList *lines, const char *path, GaclipError *err);

#endif
