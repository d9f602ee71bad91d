/* Small JSON files of others: configurations, indexes, tokenizers. */
#ifndef GACLIP_WEIGHTS_JSON_FILE_H
#define GACLIP_WEIGHTS_JSON_FILE_H

#include <cjson/cJSON.h>

#include "gaclip/error.h"

/* The object in the file (at most 64 MiB). The caller deletes *out. Messages begin with path. */
int gaclip__json_read(cJSON **out, const char *path, GaclipError *err);

/* The path of a file in the folder that path lies in; NULL when memory is short. The caller frees
 * it. */
char *gaclip__path_beside(const char *path, const char *name);
/* The path of a file in a folder. */
char *gaclip__path_in(const char *folder, const char *name);

#endif
