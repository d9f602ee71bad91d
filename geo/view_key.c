/* What a cached result goes with, as JSON: the scene's files, what was asked, the model's file. */
#include "file_key.h"
#include "view.h"

cJSON *gaclip__view_scene_key(const GaclipView *view)
{
    cJSON *key = cJSON_CreateObject();
    const int size[2] = {view->info.width, view->info.height};
    cJSON_AddItemToObject(key, "files", gaclip__raster_files_key(view->files, view->request.scene));
    cJSON_AddItemToObject(key, "size", cJSON_CreateIntArray(size, 2));
    cJSON_AddItemToObject(key, "geotransform", cJSON_CreateDoubleArray(view->info.geotransform, 6));
    cJSON_AddStringToObject(key, "crs", view->crs_id);
    return key;
}

cJSON *gaclip__view_asked_key(const GaclipView *view)
{
    const GaclipRequest *r = &view->request;
    cJSON *key = cJSON_CreateObject();
    cJSON_AddItemToObject(
        key, "classes",
        cJSON_CreateStringArray((const char *const *)r->classes.items, r->classes.count));
    cJSON_AddBoolToObject(key, "independent", r->independent);
    cJSON_AddItemToObject(key, "bbox", cJSON_CreateDoubleArray(r->bbox.items, r->bbox.count));
    cJSON_AddItemToObject(key, "bands", cJSON_CreateDoubleArray(r->bands.items, r->bands.count));
    cJSON_AddStringToObject(key, "scale", r->scale ? r->scale : "auto");
    if (r->open_options.count)
        cJSON_AddItemToObject(key, "open_options",
                              cJSON_CreateStringArray((const char *const *)r->open_options.items,
                                                      r->open_options.count));
    cJSON_AddNumberToObject(key, "gsd", r->gsd);
    cJSON_AddNumberToObject(key, "tile_size", r->tile_size);
    cJSON_AddNumberToObject(key, "overlap", r->overlap);
    cJSON_AddNumberToObject(key, "octaves", r->octaves);
    cJSON_AddNumberToObject(key, "finer", r->finer);
    cJSON_AddNumberToObject(key, "dense", r->dense);
    cJSON_AddBoolToObject(key, "crops", r->crops);
    cJSON_AddStringToObject(key, "precision", gaclip_precision_name(gaclip_request_precision(r)));
    return key;
}
