/* Pieces of an HTML page that stands alone: no script, no file beside it. */
#ifndef GACLIP_CLI_PAGE_H
#define GACLIP_CLI_PAGE_H

#include <stdio.h>

#include "gaclip/error.h"

/* The head with the style, and the title as heading. */
void page_begin(FILE *out, const char *title);
void page_end(FILE *out);

/* Text with the characters escaped that mean something in HTML, attributes included. */
void page_text(FILE *out, const char *text);

/* Writes what print puts out to path, all of it or nothing. payload is print's own. */
typedef int PagePrint(FILE *out, const void *payload, GaclipError *err);
int page_write(const char *path, PagePrint *print, const void *payload, GaclipError *err);

#endif
