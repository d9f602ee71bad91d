/* The runs that wrote a layer, as its metadata items, which a GeoPackage keeps in gpkg_metadata and
 * ogrinfo shows: one item a fact of the first run, GACLIP_SCENE and so on, and one JSON object for
 * each further one, GACLIP_RUN_2 and so on, without the command where it is the first one's. */
#ifndef GACLIP_GEO_LAYER_RUNS_H
#define GACLIP_GEO_LAYER_RUNS_H

#include <cjson/cJSON.h>
#include <ogr_api.h>

/* Adds a run by its provenance. */
void gaclip__layer_runs_add(OGRLayerH layer, const cJSON *provenance);

/* Whether one of the runs has the member of that name with that text. */
int gaclip__layer_runs_hold(OGRLayerH layer, const char *name, const char *text);

#endif
