/* A report for scripts, on standard output. */
#ifndef GACLIP_CLI_PRINT_JSON_H
#define GACLIP_CLI_PRINT_JSON_H

#include <cjson/cJSON.h>

#include "gaclip/error.h"

/* Prints and deletes root. */
int print_json(cJSON *root, GaclipError *err);

#endif
