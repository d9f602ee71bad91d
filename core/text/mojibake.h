/* Text that was UTF-8 but has been read as Windows-1252, put right. */
#ifndef GACLIP_TEXT_MOJIBAKE_H
#define GACLIP_TEXT_MOJIBAKE_H

#include <stddef.h>
#include <stdint.h>

/* Works in place on count code points and returns how many are left. Runs of characters whose
 * Windows-1252 bytes are one UTF-8 sequence become the character that they meant; control codes
 * U+0080..U+009F, which no text means, become the characters that Windows-1252 has there. */
size_t gaclip__unscramble(uint32_t *text, size_t count);

#endif
