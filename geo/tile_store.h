/* The boxes that were found so far, tile by tile, before merging: what a cache holds, and what any
 * question about a part of the scene is answered from. */
#ifndef GACLIP_GEO_TILE_STORE_H
#define GACLIP_GEO_TILE_STORE_H

#include "merge.h"
#include "tile_scan.h"
#include "tiling.h"

typedef struct GaclipStoredTile {
    GaclipFound *items;
    int count, windows;
    int is_known, is_empty;
} GaclipStoredTile;

typedef struct GaclipTileStore {
    GaclipTilePlan plan;
    GaclipStoredTile *tiles; /* (tile count) */
    int tile_count, known;   /* known: how many are */
    double floor;            /* boxes below this score are not stored */
} GaclipTileStore;

/* The caller clears the store, also after a failure. */
int gaclip__store_init(GaclipTileStore *store, const GaclipTilePlan *plan, double floor,
                       GaclipError *err);
void gaclip__store_clear(GaclipTileStore *store);

/* Takes boxes->items over. A tile that is known already stays as it is. */
void gaclip__store_put(GaclipTileStore *store, int tile, GaclipTileBoxes *boxes);

/* Over the known tiles: how many are empty, model windows, boxes. */
typedef struct GaclipStoreTotals {
    int empty, windows, boxes;
} GaclipStoreTotals;

GaclipStoreTotals gaclip__store_totals(const GaclipTileStore *store);

/* What is asked for. */
typedef struct GaclipStoreQuery {
    const double *area;           /* x1, y1, x2, y2 in model pixels of the scene, or NULL = all */
    const unsigned char *classes; /* (class count) 1 = wanted, or NULL = all */
    double floor;                 /* boxes below this score take no part at all */
    double min_score;             /* of boxes that are wanted */
    double nms_iou;
} GaclipStoreQuery;

/* The unknown tiles that an answer needs: *tiles (free with free()) of *count. First those that the
 * area meets. When these are known, those that a box of the answer, or one that shares its fate in
 * the merge, reaches into; and so on, until *count is 0. */
int gaclip__store_missing(int **tiles, int *count, const GaclipTileStore *store,
                          const GaclipStoreQuery *query, GaclipError *err);

/* With nothing missing: the merged boxes that meet the area, exactly as a merge of the whole scene
 * has them, by score, descending. out is a zeroed list; free its items with free(). */
int gaclip__store_answer(GaclipFoundList *out, const GaclipTileStore *store,
                         const GaclipStoreQuery *query, GaclipError *err);

#endif
