/* What a captioner answers. */
#ifndef GACLIP_GEO_CAPTIONER_ANSWER_H
#define GACLIP_GEO_CAPTIONER_ANSWER_H

#include "gaclip/error.h"
#include "pool.h"

typedef struct GaclipCaptionAnswer {
    const char *brief, *detailed; /* NULL: not given */
    const char **descriptions;    /* (region_count) NULL: not given */
} GaclipCaptionAnswer;

/* Reads the body of a chat response: choices[0].message.content, a JSON object of the form that the
 * question asks for, alone or in a fenced block. Texts are lent by pool, in one line each.
 * GACLIP_ERROR_FORMAT says what is wrong. */
int gaclip__captioner_read(GaclipCaptionAnswer *out, GaclipPool *pool, const char *body,
                           int region_count, GaclipError *err);

#endif
