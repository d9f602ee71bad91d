/* Python's pickles of plain data: lists, dicts, tuples, texts, numbers, None and truth values.
 *
 * Nothing else is understood, so that nothing can be run: no classes, no functions. Protocols 1 to
 * 5, the binary ones. Memory is bounded by the pickle's own size. (Opcodes: Python's pickletools.)
 */
#ifndef GACLIP_GEO_PLAIN_PICKLE_H
#define GACLIP_GEO_PLAIN_PICKLE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "gaclip/error.h"

/* The data as JSON, to be deleted by the caller; keys of dicts are texts. path names the file in
 * messages. GACLIP_ERROR_UNSUPPORTED for what it refuses to do, GACLIP_ERROR_FORMAT for damage. */
int gaclip__plain_pickle(cJSON **out, const unsigned char *bytes, size_t size, const char *path,
                         GaclipError *err);

#endif
