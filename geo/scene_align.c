#include "gaclip/scene_align.h"

#include <gdal.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"
#include "layer_writer.h"
#include "provenance.h"
#include "request_options.h"
#include "view.h"

/* Places of fields in gaclip__alignment_fields. */
enum { RANK = 1, CONSISTENCY = 12 };

static void feature_at(GaclipFeature *out, int index, void *payload)
{
    gaclip_features_at(out, payload, index);
}

static void count(GaclipSceneAlignSummary *summary, GaclipFeatures *features)
{
    double consistency = 0;
    summary->regions = gaclip_features_count(features);
    for (int i = 0; i < summary->regions; i++) {
        GaclipFeature feature;
        gaclip_features_at(&feature, features, i);
        summary->with_phrase += feature.values[RANK].is_set;
        summary->first += feature.values[RANK].is_set && feature.values[RANK].number == 1;
        consistency += feature.values[CONSISTENCY].number;
    }
    summary->mean_consistency = summary->regions ? consistency / summary->regions : 0;
}

static cJSON *provenance(const GaclipView *view, const GaclipSceneAlignOptions *options,
                         const GaclipSceneAlignSummary *summary)
{
    char created[32];
    GaclipDetectOptions detect;
    cJSON *object = cJSON_CreateObject(), *counts;
    gaclip__format_timestamp(created, sizeof created);
    cJSON_AddStringToObject(object, "software", "gaclip " GACLIP_VERSION);
    cJSON_AddStringToObject(object, "revision", GACLIP_REVISION);
    cJSON_AddStringToObject(object, "gdal", GDALVersionInfo("RELEASE_NAME"));
    cJSON_AddStringToObject(object, "created", created);
    if (options->command) cJSON_AddStringToObject(object, "command", options->command);
    cJSON_AddStringToObject(object, "scene", view->request.scene);
    cJSON_AddStringToObject(object, "regions", view->request.regions);
    cJSON_AddStringToObject(object, "scale_rule", gaclip_raster_info(view->ground)->scale_rule);
    cJSON_AddStringToObject(object, "model", gaclip_model_path(view->model));
    cJSON_AddStringToObject(object, "model_sha256", gaclip_model_sha256(view->model));
    gaclip__request_options(&detect, &view->request);
    gaclip__add_passes(object, view->model, detect.dense);
    counts = cJSON_AddObjectToObject(object, "counts");
    cJSON_AddNumberToObject(counts, "regions", summary->regions);
    cJSON_AddNumberToObject(counts, "dropped", summary->dropped);
    cJSON_AddNumberToObject(counts, "with_phrase", summary->with_phrase);
    cJSON_AddNumberToObject(counts, "first", summary->first);
    return object;
}

static int write_features(GaclipVectorTarget *target, GaclipFeatures *features,
                          const GaclipView *view, const GaclipLayerOptions *layer,
                          const cJSON *said, GaclipError *err)
{
    GaclipLayerContent content = {.raster = view->ground,
                                  .options = *layer,
                                  .geometry = wkbUnknown,
                                  .fields = gaclip__alignment_fields,
                                  .field_count = GACLIP__ALIGNMENT_FIELDS,
                                  .count = gaclip_features_count(features),
                                  .feature = feature_at,
                                  .payload = features,
                                  .provenance = said};
    int status = gaclip__write_layer(target, &content, err);
    return status ? status : gaclip__target_commit(target, err);
}

static int align(GaclipSceneAlignSummary *summary, GaclipVectorTarget *target, GaclipView *view,
                 const GaclipSceneAlignOptions *options, GaclipError *err)
{
    GaclipLayerOptions layer = {.name = gaclip_view_layer_name(GACLIP_VIEW_ALIGNMENTS),
                                .dst_crs = options->dst_crs,
                                .layer_options = options->layer_options};
    GaclipFeatures *features = NULL;
    int status = gaclip__view_regions(view, err);
    if (!status) status = gaclip__check_layer(target, view->ground, &layer, NULL, 0, err);
    if (!status)
        status =
            gaclip_view_query(&features, view, GACLIP_VIEW_ALIGNMENTS, &(GaclipViewFilter){0}, err);
    if (status) return status;
    count(summary, features);
    summary->dropped = gaclip__alignment_dropped(view->alignment);
    cJSON *said = provenance(view, options, summary);
    status = write_features(target, features, view, &layer, said, err);
    cJSON_Delete(said);
    gaclip_features_free(features);
    return status;
}

int gaclip_scene_align(GaclipSceneAlignSummary *summary, GaclipRequest *request,
                       const GaclipSceneAlignOptions *options, GaclipViewProgress *progress,
                       void *payload, GaclipError *err)
{
    GaclipVectorTarget target;
    GaclipView *view = NULL;
    GaclipSceneAlignSummary counts = {0};
    gaclip__gdal_quiet_begin();
    int status =
        gaclip__target_open(&target, options->output, options->format, options->overwrite, err);
    if (status)
        gaclip_request_clear(request);
    else
        status = gaclip_view_open(&view, request, err);
    gaclip_view_set_progress(progress, payload);
    if (!status) status = align(&counts, &target, view, options, err);
    gaclip_view_set_progress(NULL, NULL);
    gaclip__target_abandon(&target);
    gaclip_view_close(view);
    gaclip__gdal_quiet_end();
    if (!status) *summary = counts;
    return status;
}
