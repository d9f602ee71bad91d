/* HTML's character references. */
#ifndef GACLIP_TEXT_HTML_ENTITIES_H
#define GACLIP_TEXT_HTML_ENTITIES_H

#include <stddef.h>

typedef struct GaclipHtmlEntity {
    const char *name, *text; /* "amp;" and "&"; text is UTF-8 */
} GaclipHtmlEntity;

extern const GaclipHtmlEntity GACLIP__HTML_ENTITIES[]; /* ordered by name, as bytes */
extern const int GACLIP__HTML_ENTITY_COUNT;

/* Decodes the references in text into out (room for 3 * length + 1 bytes) by HTML's rules: the
 * longest name that matches, with or without its semicolon where the table has both; numeric
 * references, with the standard's replacements. Returns the length written. */
size_t gaclip__html_decode(char *out, const char *text, size_t length);

#endif
