/* A list of tensor names for one line of text: blocks are folded, as in
 * visual.transformer.resblocks.{0..11}.ln_1.bias. */
#ifndef GACLIP_WEIGHTS_NAME_LIST_H
#define GACLIP_WEIGHTS_NAME_LIST_H

#include <stddef.h>

typedef struct GaclipNameList {
    struct GaclipFoldedName *items;
    size_t count, capacity;
    size_t names;    /* added */
    size_t unlisted; /* of them left out: a message has no room for so many, or memory is short */
} GaclipNameList;

/* fact may be NULL; it is shown in parentheses after the name, and folding respects it. */
void gaclip__name_list_add(GaclipNameList *list, const char *name, const char *fact);
/* Writes at most room bytes with the 0; returns the bytes written without it. */
size_t gaclip__name_list_print(char *out, size_t room, const GaclipNameList *list);
void gaclip__name_list_clear(GaclipNameList *list);

#endif
