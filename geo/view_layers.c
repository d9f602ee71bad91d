/* Layers of a view: questions, and lists of features as answers. */
#include <cpl_string.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detection_feature.h"
#include "view.h"

struct GaclipFeatures {
    GaclipView *view;
    GaclipViewLayer layer;
    GaclipFoundList found; /* of detections */
    int *regions;          /* (count) of alignments */
    int count;
    GaclipDetectionBuffer buffer;
};

/* An id holds the tile and the place among the tile's boxes, so that it can be looked up without
 * looking at the rest of the scene. */
enum { INDEX_BITS = 24 };

int gaclip_view_layer_count(const GaclipView *view)
{
    return (view->request.classes.count > 0) + (view->request.regions != NULL);
}

GaclipViewLayer gaclip_view_layer_at(const GaclipView *view, int index)
{
    return index == 0 && view->request.classes.count > 0 ? GACLIP_VIEW_DETECTIONS
                                                         : GACLIP_VIEW_ALIGNMENTS;
}

const char *gaclip_view_layer_name(GaclipViewLayer layer)
{
    return layer == GACLIP_VIEW_DETECTIONS ? "detections" : "alignments";
}

const GaclipField *gaclip_view_layer_fields(int *count, GaclipViewLayer layer)
{
    int is_detections = layer == GACLIP_VIEW_DETECTIONS;
    *count = is_detections ? GACLIP__DETECTION_FIELDS : GACLIP__ALIGNMENT_FIELDS;
    return is_detections ? gaclip__detection_fields : gaclip__alignment_fields;
}

/* Further away than any ground, near enough to calculate with. */
static const double FAR_AWAY = 1e100;

/* Bounds in model pixels of a rectangle on the ground; 0 where it has none. */
static int model_area(double area[4], const GaclipView *view, const double bbox[4])
{
    const GaclipRasterInfo *info = gaclip_raster_info(view->raster);
    area[0] = area[1] = INFINITY;
    area[2] = area[3] = -INFINITY;
    for (int i = 0; i < 4; i++) {
        double x = fmax(fmin(bbox[i & 1 ? 2 : 0], FAR_AWAY), -FAR_AWAY), column, row;
        double y = fmax(fmin(bbox[i & 2 ? 3 : 1], FAR_AWAY), -FAR_AWAY);
        if (gaclip_raster_from_ground(view->raster, x, y, &column, &row)) return 0;
        area[0] = fmin(area[0], column * info->zoom_x);
        area[1] = fmin(area[1], row * info->zoom_y);
        area[2] = fmax(area[2], column * info->zoom_x);
        area[3] = fmax(area[3], row * info->zoom_y);
    }
    return 1;
}

static void want(unsigned char *wanted, const GaclipView *view, const char *name)
{
    for (int i = 0; i < view->request.classes.count; i++)
        if (EQUAL(view->request.classes.items[i], name)) wanted[i] = 1;
}

/* A flag for each class that is both shown and asked for; free with free(). */
static unsigned char *wanted_classes(int *any, const GaclipView *view,
                                     const GaclipViewFilter *filter)
{
    int count = view->request.classes.count;
    unsigned char *wanted = calloc((size_t)count + 1, 1);
    *any = 0;
    if (!wanted) return NULL;
    for (int i = 0; i < view->info.band_count; i++) wanted[view->band_classes[i]] = 1;
    if (filter->classes) {
        unsigned char *asked = calloc((size_t)count + 1, 1);
        for (int i = 0; asked && i < filter->class_count; i++)
            want(asked, view, filter->classes[i]);
        for (int i = 0; asked && i < count; i++) wanted[i] &= asked[i];
        free(asked);
    }
    for (int i = 0; i < count; i++) *any |= wanted[i];
    return wanted;
}

static int find_boxes(GaclipFoundList *out, GaclipView *view, const GaclipStoreQuery *query,
                      GaclipError *err)
{
    int status = gaclip__view_fetch(view, query, err);
    return status ? status : gaclip__store_answer(out, &view->store, query, err);
}

static int query_detections(GaclipFeatures *features, const GaclipViewFilter *filter,
                            GaclipError *err)
{
    GaclipView *view = features->view;
    double area[4];
    int any, status = GACLIP_OK;
    unsigned char *wanted = wanted_classes(&any, view, filter);
    if (!wanted) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    /* A question with no answer needs neither scene nor model. */
    if (any && filter->min_score <= 1) status = gaclip__view_store(view, err);
    if (!status && any && filter->min_score <= 1 &&
        (!filter->bbox || model_area(area, view, filter->bbox))) {
        GaclipStoreQuery query = {.area = filter->bbox ? area : NULL,
                                  .classes = wanted,
                                  .floor = view->voting,
                                  .min_score = fmax(filter->min_score, view->min_score),
                                  .nms_iou = view->request.nms_iou};
        status = find_boxes(&features->found, view, &query, err);
    }
    features->count = features->found.count;
    free(wanted);
    return status;
}

int gaclip__view_regions(GaclipView *view, GaclipError *err)
{
    if (view->alignment) return GACLIP_OK;
    int status = gaclip__view_ground(view, err);
    return status ? status
                  : gaclip__alignment_open(&view->alignment, view->ground, view->model,
                                           &view->request, err);
}

static int meets(const double a[4], const double b[4])
{
    return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

static int score_regions(GaclipFeatures *features, GaclipError *err)
{
    GaclipAlignment *alignment = features->view->alignment;
    int status = GACLIP_OK;
    for (int i = 0; i < features->count && !status; i++) {
        if (gaclip__alignment_is_scored(alignment, features->regions[i])) continue;
        status = gaclip__alignment_score(alignment, features->regions[i], err);
        if (!status) status = gaclip__view_progress(i + 1, features->count, err);
    }
    return status;
}

/* Those that meet the bbox (NULL = all) and have the id (NULL = any). */
static int query_alignments(GaclipFeatures *features, const double *bbox, const long long *fid,
                            GaclipError *err)
{
    int status = gaclip__view_regions(features->view, err);
    if (status) return status;
    const GaclipAlignment *alignment = features->view->alignment;
    int count = gaclip__alignment_count(alignment);
    features->regions = malloc(((size_t)count + 1) * sizeof *features->regions);
    if (!features->regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++)
        if ((!bbox || meets(bbox, gaclip__alignment_bounds(alignment, i))) &&
            (!fid || *fid == gaclip__alignment_fid(alignment, i)))
            features->regions[features->count++] = i;
    return score_regions(features, err);
}

static int new_features(GaclipFeatures **out, GaclipView *view, GaclipViewLayer layer,
                        GaclipError *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    (*out)->view = view;
    (*out)->layer = layer;
    return GACLIP_OK;
}

static int hand_over(GaclipFeatures **out, GaclipFeatures *features, int status)
{
    *out = status ? NULL : features;
    if (status) gaclip_features_free(features);
    return status;
}

int gaclip_view_query(GaclipFeatures **out, GaclipView *view, GaclipViewLayer layer,
                      const GaclipViewFilter *filter, GaclipError *err)
{
    GaclipFeatures *features;
    *out = NULL;
    int status = new_features(&features, view, layer, err);
    if (status) return status;
    pthread_mutex_lock(&view->lock);
    status = layer == GACLIP_VIEW_DETECTIONS ? query_detections(features, filter, err)
                                             : query_alignments(features, filter->bbox, NULL, err);
    pthread_mutex_unlock(&view->lock);
    return hand_over(out, features, status);
}

static long long id_of(const GaclipView *view, const GaclipFound *f)
{
    long long tile = (long long)f->row * view->store.plan.columns + f->column;
    return (tile << INDEX_BITS | f->index) + 1;
}

static int keep_only(GaclipFeatures *features, long long fid)
{
    int kept = 0;
    for (int i = 0; i < features->found.count; i++)
        if (id_of(features->view, &features->found.items[i]) == fid)
            features->found.items[kept++] = features->found.items[i];
    features->count = features->found.count = kept;
    return GACLIP_OK;
}

/* The box of a tile that has that number in answers (see gaclip__store_answer), or NULL. */
static const GaclipFound *box_of(const GaclipView *view, const GaclipStoredTile *tile,
                                 long long index)
{
    for (int i = 0; i < tile->count; i++)
        if (tile->items[i].score >= (float)view->voting && index-- == 0) return &tile->items[i];
    return NULL;
}

/* Asks for what meets the box as it was found; the mean that it moves to meets that too. */
static int find_detection(GaclipFeatures *features, long long fid, GaclipError *err)
{
    GaclipView *view = features->view;
    int any, status = gaclip__view_store(view, err);
    if (status) return status;
    long long tile = (fid - 1) >> INDEX_BITS, index = (fid - 1) & ((1 << INDEX_BITS) - 1);
    if (fid < 1 || tile >= view->store.tile_count) return GACLIP_OK;
    unsigned char *wanted = wanted_classes(&any, view, &(GaclipViewFilter){0});
    if (!wanted) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    GaclipTile t = gaclip__tile_at(&view->store.plan, (int)tile);
    double area[4] = {t.x, t.y, (double)t.x + t.width, (double)t.y + t.height};
    GaclipStoreQuery query = {.area = area,
                              .classes = wanted,
                              .floor = view->voting,
                              .min_score = view->min_score,
                              .nms_iou = view->request.nms_iou};
    const GaclipStoredTile *stored = &view->store.tiles[tile];
    const GaclipFound *f = stored->is_known ? box_of(view, stored, index) : NULL;
    if (f) memcpy(area, (double[4]){f->x1, f->y1, f->x2, f->y2}, sizeof area);
    if (!stored->is_known || f) status = find_boxes(&features->found, view, &query, err);
    free(wanted);
    return status ? status : keep_only(features, fid);
}

int gaclip_view_find(GaclipFeatures **out, GaclipView *view, GaclipViewLayer layer, long long fid,
                     GaclipError *err)
{
    GaclipFeatures *features;
    *out = NULL;
    int status = new_features(&features, view, layer, err);
    if (status) return status;
    pthread_mutex_lock(&view->lock);
    status = layer == GACLIP_VIEW_DETECTIONS ? find_detection(features, fid, err)
                                             : query_alignments(features, NULL, &fid, err);
    pthread_mutex_unlock(&view->lock);
    return hand_over(out, features, status);
}

void gaclip_features_free(GaclipFeatures *features)
{
    if (!features) return;
    free(features->found.items);
    free(features->regions);
    free(features);
}

int gaclip_features_count(const GaclipFeatures *features)
{
    return features->count;
}

void gaclip_features_at(GaclipFeature *out, GaclipFeatures *features, int index)
{
    const GaclipView *view = features->view;
    if (features->layer == GACLIP_VIEW_ALIGNMENTS) {
        gaclip__alignment_feature(out, view->alignment, features->regions[index]);
        return;
    }
    GaclipDetectionNames names = {view->request.scene,
                                  (const char *const *)view->request.classes.items, view->prompts};
    const GaclipFound *found = &features->found.items[index];
    gaclip__detection_feature(out, &features->buffer, found, view->raster, &names);
    out->fid = id_of(view, found);
}

static int all_scored(const GaclipAlignment *alignment)
{
    if (!alignment) return 0;
    for (int i = 0; i < gaclip__alignment_count(alignment); i++)
        if (!gaclip__alignment_is_scored(alignment, i)) return 0;
    return 1;
}

int gaclip_view_is_complete(GaclipView *view, GaclipViewLayer layer)
{
    pthread_mutex_lock(&view->lock);
    int is_complete = layer == GACLIP_VIEW_DETECTIONS
                          ? view->has_store && view->store.known == view->store.tile_count
                          : all_scored(view->alignment);
    pthread_mutex_unlock(&view->lock);
    return is_complete;
}
