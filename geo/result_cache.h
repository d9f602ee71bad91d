/* A store of boxes as a file, so that nothing is inferred twice.
 *
 * Layout, little-endian: "GACLIPB1"; length of the key (u32) and the key, JSON text; tile count
 * (u32), known tiles (u32); for each of these its index, box count, window count and emptiness
 * (u32 each), then its boxes of 56 bytes: x1 y1 x2 y2 (f64), class (u32), score, objectness,
 * probability, similarity (f32), is_cut (u32); last the CRC-32 of all before it (u32).
 *
 * A reader trusts nothing in it. A writer puts a whole new file in place by renaming, so that
 * readers see the old one or the new one, and two writers lose at most one's share. */
#ifndef GACLIP_GEO_RESULT_CACHE_H
#define GACLIP_GEO_RESULT_CACHE_H

#include "tile_store.h"

/* The key of the file, or NULL where there is no whole one; free with free(). */
char *gaclip__cache_key(const char *path);

/* Puts the tiles of the file into the store where its key is that one, class numbers are below
 * class_count and tiles are those of the store's plan. Returns whether it did. */
int gaclip__cache_read(GaclipTileStore *store, const char *path, const char *key, int class_count);

/* Writes the store, and removes what writers that were killed left there. Any GDAL file name,
 * /vsimem/ too, but into an archive. */
int gaclip__cache_write(const GaclipTileStore *store, const char *path, const char *key,
                        GaclipError *err);

#endif
