/* The repairs of ftfy. */
#ifndef GACLIP_TEXT_REPAIR_H
#define GACLIP_TEXT_REPAIR_H

#include <stddef.h>
#include <stdint.h>

/* From text (UTF-8; invalid bytes become U+FFFD) to code points: wrong character sets put right,
 * terminal escapes and control characters gone, line ends one kind, ligatures, digraphs and full or
 * half width forms plain, curly quotes straight, NFC. The caller frees the result; NULL when memory
 * is short. */
uint32_t *gaclip__text_repair(size_t *count, const char *text, size_t length);

#endif
