/* Inside a view: what its steps share. All of them are called with the lock held. */
#ifndef GACLIP_GEO_VIEW_H
#define GACLIP_GEO_VIEW_H

#include <cjson/cJSON.h>
#include <pthread.h>

#include "alignment.h"
#include "dense_map.h"
#include "gaclip/detect.h"
#include "gaclip/view.h"
#include "raster.h"
#include "tile_store.h"

struct GaclipView {
    GaclipRequest request;
    GaclipViewInfo info;
    char *crs_wkt;
    char *crs_id;     /* the same as "EPSG:32633", or in PROJ's words; "" where there is none */
    char **files;     /* of the scene, as GDAL lists them */
    char *cache_file; /* beside the request's file, or NULL */
    pthread_mutex_t lock;
    /* Opened when they are first needed. */
    GaclipCompute *compute;
    GaclipModel *model, *proposer; /* the latter NULL where the model finds its own boxes */
    GaclipDetector *detector;      /* finds boxes */
    GaclipDetector *scorer;        /* of bands */
    GaclipRaster *raster;          /* at the GSD of the detector */
    GaclipRaster *ground;          /* at the model's, for bands and alignments */
    int is_lent;                   /* models and detector belong to the caller */
    /* Detections. */
    int has_store;
    double min_score; /* with the store: the request's, or the model's default */
    double voting;    /* gaclip_voting_score of it: boxes below take no part */
    GaclipTileStore store;
    cJSON *key;           /* what the store goes with */
    char *memory_file;    /* where it is kept when no cache_file can be written */
    const char **prompts; /* (classes) lent by key */
    int tiles_run;
    /* Bands. */
    GaclipDenseMap *dense;
    int *band_classes; /* (info.band_count) indices of the classes to show */
    /* Alignments. */
    GaclipAlignment *alignment;
};

/* The raster for boxes, its pixels brought to that GSD. */
int gaclip__view_raster(GaclipView *view, double gsd_min, double gsd_max, GaclipError *err);
/* The raster for bands and alignments, with the model. */
int gaclip__view_ground(GaclipView *view, GaclipError *err);

/* The model, the one that finds its boxes, and a detector of the request's classes with that
 * smallest score. */
int gaclip__view_model(GaclipView *view, GaclipError *err);
int gaclip__view_proposer(GaclipView *view, GaclipError *err);
int gaclip__view_detector(GaclipView *view, double min_score, GaclipError *err);

/* Lets the view use the caller's model, and a detector of the request's classes and min_score. */
void gaclip__view_lend(GaclipView *view, GaclipModel *model, GaclipDetector *detector);

/* The store, with what the cache holds. */
int gaclip__view_store(GaclipView *view, GaclipError *err);

/* Runs the model over what an answer needs, and keeps it. */
int gaclip__view_fetch(GaclipView *view, const GaclipStoreQuery *query, GaclipError *err);

/* The regions, with the model that scores them. */
int gaclip__view_regions(GaclipView *view, GaclipError *err);

/* Tells this thread's progress; GACLIP_ERROR_INTERRUPTED where it asks to stop. */
int gaclip__view_progress(int done, int total, GaclipError *err);

/* The part of a request that changes what is inferred, and the model behind it, as JSON. */
cJSON *gaclip__view_scene_key(const GaclipView *view);
cJSON *gaclip__view_asked_key(const GaclipView *view);

/* The model file that the request means. */
int gaclip__view_model_path(const char **path, const GaclipView *view, GaclipError *err);

/* Of a class name among those asked, or -1. */
int gaclip__view_class_index(const GaclipView *view, const char *name);

#endif
