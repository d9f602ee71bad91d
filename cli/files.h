/* Files: early answers about them, before hours of work depend on them; lines; whole texts. */
#ifndef GACLIP_CLI_FILES_H
#define GACLIP_CLI_FILES_H

#include "gaclip/error.h"
#include "options.h"

/* Whether a plain file may be written to path: it does not exist or overwrite is set, and its
 * folder exists and is writable. */
int file_check_output(const char *path, int overwrite, GaclipError *err);

/* An output that is one of the inputs (count, NULLs among them are passed over) would be the end of
 * that input, with --overwrite too. */
int file_check_inputs(const char *output, const char *const *inputs, int count, GaclipError *err);

/* Writes a file as a whole: beside it first, and renamed when complete, so that a full disk leaves
 * nothing half-written under its name. */
int file_write(const char *path, const char *bytes, size_t size, GaclipError *err);

/* The lines of a text file but blank ones and those that begin with #, without blanks at either end;
 * any GDAL file name. The caller clears *lines in any case. */
int file_read_lines(TextList *lines, const char *path, GaclipError *err);

/* *name: the base name of source with that ending, in the working folder; the caller frees it. */
int file_default_output(char **name, const char *source, const char *ending, GaclipError *err);

#endif
