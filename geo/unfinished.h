/* What a run has found so far, kept beside its output, so that it need not begin anew when it is
 * stopped: "<output>.unfinished", in the layout of a result cache. */
#ifndef GACLIP_GEO_UNFINISHED_H
#define GACLIP_GEO_UNFINISHED_H

#include <cjson/cJSON.h>

#include "tile_store.h"

typedef struct GaclipUnfinished {
    char *path, *key;
    double kept; /* when it was written last, seconds of the monotonic clock */
} GaclipUnfinished;

/* key: what the tiles depend on, borrowed. With resume, what an earlier run has left is put into
 * the store; nothing there is no error, but a run of another key is GACLIP_ERROR_ARGUMENT, which
 * names what differs. Ends with clear. */
int gaclip__unfinished_open(GaclipUnfinished *unfinished, GaclipTileStore *store,
                            const char *output, const cJSON *key, int class_count, int resume,
                            GaclipError *err);

/* Writes the store, now or, unless at_once, when the last time is a while ago. Returns whether the
 * file holds all of the store. */
int gaclip__unfinished_keep(GaclipUnfinished *unfinished, const GaclipTileStore *store,
                            int at_once);

/* The output is there. */
void gaclip__unfinished_remove(const GaclipUnfinished *unfinished);

void gaclip__unfinished_clear(GaclipUnfinished *unfinished);

#endif
