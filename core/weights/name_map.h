/* From the names of published state dicts to OpenAI's, as tables. */
#ifndef GACLIP_WEIGHTS_NAME_MAP_H
#define GACLIP_WEIGHTS_NAME_MAP_H

#include "model/parameters.h"

/* How a tensor becomes (a part of) a parameter. */
typedef enum GaclipNameUse {
    GACLIP__NAME_WHOLE,
    GACLIP__NAME_TRANSPOSED,
    GACLIP__NAME_QUERY, /* rows of the first, second or last third */
    GACLIP__NAME_KEY,
    GACLIP__NAME_VALUE,
    GACLIP__NAME_TAIL,   /* rows from GACLIP__KEPT_POSITIONS on take the place of the whole one's */
    GACLIP__NAME_IGNORED /* of no use outside the program that wrote it */
} GaclipNameUse;

/* FG-CLIP has two ways for texts: short ones have position tables and a projection of their own. */
typedef enum GaclipTextPath {
    GACLIP__TEXT_ANY,
    GACLIP__TEXT_SHORT,
    GACLIP__TEXT_LONG
} GaclipTextPath;

typedef struct GaclipMappedName {
    char name[GACLIP__NAME_SIZE]; /* OpenAI's; "" where ignored, or too long to be one */
    GaclipNameUse use;
    GaclipTextPath path;
} GaclipMappedName;

/* Leading "module.", "clip.", "model." and the like are taken off. A name that no table knows stays
 * as it is, to be used whole. */
void gaclip__map_name(GaclipMappedName *out, const char *name);

/* Hugging Face's name of one of OpenAI's that is used so; 0 = there is none. */
int gaclip__hugging_face_name(char out[GACLIP__NAME_SIZE], const char *ours, GaclipNameUse use);

#endif
