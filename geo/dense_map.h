/* The dense map of a whole scene: every window's map, put together where they overlap. */
#ifndef GACLIP_GEO_DENSE_MAP_H
#define GACLIP_GEO_DENSE_MAP_H

#include "gaclip/detect.h"
#include "gaclip/request.h"
#include "tiling.h"

typedef struct GaclipDenseMap GaclipDenseMap;

/* area: of the scene, model pixels; measure: GACLIP_REQUEST_PROBABILITY or _SIMILARITY. raster and
 * detector are borrowed. The caller frees *out. */
int gaclip__dense_map_new(GaclipDenseMap **out, GaclipRaster *raster, GaclipDetector *detector,
                          const GaclipArea *area, int class_count, int measure, GaclipError *err);
void gaclip__dense_map_free(GaclipDenseMap *map);

/* Called before a group of windows runs; a negative status ends the read. */
typedef int GaclipDenseProgress(int done, int total, GaclipError *err);

/* A window of raster pixels as out (out_height, out_width) means over each output pixel, NaN
 * without valid ground or outside the area. What windows say where they overlap is weighted by the
 * distance from their edges. The values do not depend on what was read before. */
int gaclip__dense_map_read(float *out, GaclipDenseMap *map, int class_index, double x, double y,
                           double width, double height, int out_width, int out_height,
                           GaclipDenseProgress *progress, GaclipError *err);

/* Model windows run so far. */
int gaclip__dense_map_windows(const GaclipDenseMap *map);

#endif
