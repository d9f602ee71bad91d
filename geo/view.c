/* A view's life: opening, and the engine behind it. */
#include "view.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gaclip/default_model.h"
#include "gdal_error.h"
#include "request_options.h"

static _Thread_local struct {
    GaclipViewProgress *call;
    void *payload;
} progress;

void gaclip_view_set_progress(GaclipViewProgress *call, void *payload)
{
    progress.call = call;
    progress.payload = payload;
}

int gaclip__view_progress(int done, int total, GaclipError *err)
{
    if (!progress.call || !progress.call(done, total, progress.payload)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                            "interrupted after %d of %d tiles; what was found so far is kept", done,
                            total);
}

/* One text for one CRS: the same WKT is written now with, now without its ensemble and area of use,
 * as PROJ's database was or was not looked at before. */
static char *identify_crs(OGRSpatialReferenceH crs)
{
    char *text = NULL;
    const char *authority = crs ? OSRGetAuthorityName(crs, NULL) : NULL;
    const char *code = crs ? OSRGetAuthorityCode(crs, NULL) : NULL;
    if (authority && code) return CPLStrdup(CPLSPrintf("%s:%s", authority, code));
    if (crs && OSRExportToProj4(crs, &text) == OGRERR_NONE && text && *text) return text;
    CPLFree(text);
    return CPLStrdup(crs && OSRGetName(crs) ? OSRGetName(crs) : "");
}

static int read_facts(GaclipView *view, GDALDatasetH dataset, GaclipError *err)
{
    static const double IDENTITY[6] = {0, 1, 0, 0, 0, 1};
    GaclipViewInfo *info = &view->info;
    info->width = GDALGetRasterXSize(dataset);
    info->height = GDALGetRasterYSize(dataset);
    info->has_geotransform = GDALGetGeoTransform(dataset, info->geotransform) == CE_None;
    if (!info->has_geotransform) memcpy(info->geotransform, IDENTITY, sizeof IDENTITY);
    OGRSpatialReferenceH crs = GDALGetSpatialRef(dataset);
    const char *const wkt2[] = {"FORMAT=WKT2_2019", NULL};
    if (crs && OSRExportToWktEx(crs, &view->crs_wkt, wkt2) != OGRERR_NONE)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: its CRS cannot be written as WKT",
                                view->request.scene);
    info->crs_wkt = view->crs_wkt ? view->crs_wkt : "";
    view->crs_id = identify_crs(crs);
    view->files = GDALGetFileList(dataset);
    return GACLIP_OK;
}

static int check_bands(const GaclipRequest *request, GDALDatasetH dataset, GaclipError *err)
{
    int count = GDALGetRasterCount(dataset);
    for (int i = 0; i < request->bands.count && count; i++)
        if (request->bands.items[i] > count)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "%s: has no band %.0f, only 1 to %d", request->scene,
                                    request->bands.items[i], count);
    return GACLIP_OK;
}

static int look_at_scene(GaclipView *view, GaclipError *err)
{
    const char *scene = view->request.scene;
    gaclip__gdal_quiet_begin();
    GDALDatasetH dataset = GDALOpenEx(scene, GDAL_OF_RASTER | GDAL_OF_READONLY, NULL,
                                      (const char *const *)view->request.open_options.items, NULL);
    int status = GACLIP_OK;
    if (!dataset)
        status =
            gaclip_error_set(err, GACLIP_ERROR_IO,
                             "%s: cannot be opened as a raster%s; check the name with gdalinfo",
                             scene, gaclip__gdal_reason());
    else
        status = read_facts(view, dataset, err);
    if (!status) status = check_bands(&view->request, dataset, err);
    if (dataset) GDALClose(dataset);
    gaclip__gdal_quiet_end();
    return status;
}

int gaclip__view_class_index(const GaclipView *view, const char *name)
{
    for (int i = 0; i < view->request.classes.count; i++)
        if (!strcmp(view->request.classes.items[i], name)) return i;
    return -1;
}

static int choose_bands(GaclipView *view, GaclipError *err)
{
    const GaclipNames *shown =
        view->request.show.count ? &view->request.show : &view->request.classes;
    view->band_classes = malloc(((size_t)shown->count + 1) * sizeof *view->band_classes);
    if (!view->band_classes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < shown->count; i++)
        view->band_classes[i] = gaclip__view_class_index(view, shown->items[i]);
    view->info.band_count = shown->count;
    return GACLIP_OK;
}

/* Models are opened when first asked; that one is not there at all is said at once, for a reader of
 * layers would take what comes later for an empty layer. */
static int check_models(const GaclipRequest *request, GaclipError *err)
{
    const char *const models[] = {request->model, request->proposals};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (models[i] && access(models[i], F_OK))
            return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be opened (%s)", models[i],
                                    strerror(errno));
    return GACLIP_OK;
}

int gaclip_view_open(GaclipView **out, GaclipRequest *request, GaclipError *err)
{
    *out = NULL;
    GaclipView *view = calloc(1, sizeof *view);
    if (!view) {
        gaclip_request_clear(request);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    view->request = *request;
    *request = (GaclipRequest){0};
    pthread_mutex_init(&view->lock, NULL);
    if (view->request.file && !view->request.is_altered)
        view->cache_file = CPLStrdup(CPLSPrintf("%s.boxes", view->request.file));
    int status = gaclip_request_check(&view->request, err);
    if (!status) status = check_models(&view->request, err);
    if (!status) status = look_at_scene(view, err);
    if (!status) status = choose_bands(view, err);
    if (status) {
        gaclip_view_close(view);
        return status;
    }
    *out = view;
    return GACLIP_OK;
}

void gaclip_view_close(GaclipView *view)
{
    if (!view) return;
    gaclip__alignment_free(view->alignment);
    gaclip__dense_map_free(view->dense);
    gaclip__store_clear(&view->store);
    gaclip_raster_close(view->raster);
    gaclip_raster_close(view->ground);
    gaclip_detector_free(view->scorer);
    if (!view->is_lent) gaclip_detector_free(view->detector);
    if (!view->is_lent) gaclip_model_close(view->proposer);
    if (!view->is_lent) gaclip_model_close(view->model);
    gaclip_compute_free(view->compute);
    cJSON_Delete(view->key);
    CPLFree(view->memory_file);
    CPLFree(view->cache_file);
    free(view->prompts);
    free(view->band_classes);
    CPLFree(view->crs_wkt);
    CPLFree(view->crs_id);
    CSLDestroy(view->files);
    gaclip_request_clear(&view->request);
    pthread_mutex_destroy(&view->lock);
    free(view);
}

const GaclipViewInfo *gaclip_view_info(const GaclipView *view)
{
    return &view->info;
}

const GaclipRequest *gaclip_view_request(const GaclipView *view)
{
    return &view->request;
}

const char *gaclip_view_cache_file(const GaclipView *view)
{
    return view->cache_file;
}

GaclipViewCounts gaclip_view_counts(GaclipView *view)
{
    pthread_mutex_lock(&view->lock);
    GaclipViewCounts counts = {view->store.tile_count, view->store.known, view->tiles_run,
                               view->dense ? gaclip__dense_map_windows(view->dense) : 0};
    pthread_mutex_unlock(&view->lock);
    return counts;
}

void gaclip_view_bounds(double bounds[4], const GaclipView *view)
{
    const double *t = view->info.geotransform;
    bounds[0] = bounds[1] = INFINITY;
    bounds[2] = bounds[3] = -INFINITY;
    for (int i = 0; i < 4; i++) {
        double column = i & 1 ? view->info.width : 0, row = i & 2 ? view->info.height : 0;
        double x = t[0] + column * t[1] + row * t[2], y = t[3] + column * t[4] + row * t[5];
        bounds[0] = fmin(bounds[0], x);
        bounds[1] = fmin(bounds[1], y);
        bounds[2] = fmax(bounds[2], x);
        bounds[3] = fmax(bounds[3], y);
    }
}

int gaclip__view_model_path(const char **path, const GaclipView *view, GaclipError *err)
{
    int status = gaclip_choose_model(path, view->request.model, err);
    if (status) gaclip_error_prefix(err, "%s", view->request.scene);
    return status;
}

/* GDAL's own number, which may be ALL_CPUS. */
static int thread_count(const GaclipView *view)
{
    const char *text = CPLGetConfigOption("GDAL_NUM_THREADS", "ALL_CPUS");
    if (view->request.threads) return view->request.threads;
    int count = EQUAL(text, "ALL_CPUS") ? 0 : atoi(text);
    return count > 0 && count <= 1024 ? count : 0;
}

int gaclip__view_model(GaclipView *view, GaclipError *err)
{
    const char *path;
    if (view->model) return GACLIP_OK;
    int status = gaclip__view_model_path(&path, view, err);
    if (!status && !view->compute)
        status = gaclip_compute_new(&view->compute, thread_count(view), GACLIP_BACKEND_AUTO, err);
    if (!status)
        status = gaclip_compute_set_precision(view->compute,
                                              gaclip_request_precision(&view->request), err);
    return status ? status : gaclip_model_open(&view->model, path, view->compute, err);
}

int gaclip__view_proposer(GaclipView *view, GaclipError *err)
{
    int status = gaclip__view_model(view, err);
    if (status || view->proposer) return status;
    return gaclip_open_proposer(&view->proposer, view->model, view->request.proposals,
                                view->compute, err);
}

int gaclip__view_detector(GaclipView *view, double min_score, GaclipError *err)
{
    GaclipDetectOptions options;
    if (view->detector) return GACLIP_OK;
    int status = gaclip__view_proposer(view, err);
    if (status) return status;
    gaclip__request_options(&options, &view->request);
    options.min_score = (float)min_score;
    options.proposer = view->proposer;
    return gaclip_detector_new(&view->detector, view->model,
                               (const char *const *)view->request.classes.items,
                               view->request.classes.count, &options, err);
}

void gaclip__view_lend(GaclipView *view, GaclipModel *model, GaclipDetector *detector)
{
    view->is_lent = 1;
    view->model = model;
    view->detector = detector;
    view->proposer = gaclip_detector_options(detector)->proposer;
}

static int open_raster(GaclipRaster **out, const GaclipView *view, double gsd_min, double gsd_max,
                       GaclipError *err)
{
    GaclipRasterOptions options;
    int bands[4];
    if (*out) return GACLIP_OK;
    gaclip_raster_options_init(&options);
    for (int i = 0; i < view->request.bands.count; i++)
        bands[i] = (int)view->request.bands.items[i];
    if (view->request.bands.count) options.bands = bands;
    options.band_count = view->request.bands.count;
    options.scale = view->request.scale;
    options.open_options = (const char *const *)view->request.open_options.items;
    options.gsd = view->request.gsd;
    options.model_gsd_min = gsd_min;
    options.model_gsd_max = gsd_max;
    return gaclip_raster_open(out, view->request.scene, &options, err);
}

int gaclip__view_raster(GaclipView *view, double gsd_min, double gsd_max, GaclipError *err)
{
    return open_raster(&view->raster, view, gsd_min, gsd_max, err);
}

int gaclip__view_ground(GaclipView *view, GaclipError *err)
{
    int status = gaclip__view_model(view, err);
    if (status) return status;
    const GaclipModelConfig *config = gaclip_model_config(view->model);
    return open_raster(&view->ground, view, config->gsd_min, config->gsd_max, err);
}
