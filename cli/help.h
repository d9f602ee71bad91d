/* The help text and the manual page that a command's table of options gives. */
#ifndef GACLIP_CLI_HELP_H
#define GACLIP_CLI_HELP_H

#include <stdio.h>

#include "options.h"

/* Both show a number's value as its default, so they must be called before parsing. */
void help_print(FILE *out, const Command *command);
void help_print_manual(FILE *out, const Command *command); /* in the man macros of troff */

#endif
