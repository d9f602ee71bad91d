/* What a cached result goes with, as JSON: the scene's files, what was asked, the model's file. */
#include <cpl_conv.h>
#include <cpl_vsi.h>

#include "gdal_error.h"
#include "view.h"

/* Name, size and time of a file, [name] where there is none. */
static cJSON *file_key(const char *path)
{
    VSIStatBufL facts;
    cJSON *key = cJSON_CreateArray();
    cJSON_AddItemToArray(key, cJSON_CreateString(CPLGetFilename(path)));
    if (VSIStatL(path, &facts)) return key;
    cJSON_AddItemToArray(key, cJSON_CreateNumber((double)facts.st_size));
    cJSON_AddItemToArray(key, cJSON_CreateNumber((double)facts.st_mtime));
    return key;
}

/* Statistics that a GIS writes beside a raster change nothing that is inferred; what else such a
 * file may hold is in the key itself. */
static int is_statistics(const char *path)
{
    return EQUAL(CPLGetExtension(path), "xml") &&
           EQUAL(CPLGetExtension(CPLGetBasename(path)), "aux");
}

/* Folders are left out, so that a result may be moved together with its scene. */
cJSON *gaclip__view_scene_key(const GaclipView *view)
{
    cJSON *key = cJSON_CreateObject(), *files = cJSON_AddArrayToObject(key, "files");
    const int size[2] = {view->info.width, view->info.height};
    gaclip__gdal_quiet_begin();
    for (int i = 0; view->files && view->files[i]; i++)
        if (!is_statistics(view->files[i])) cJSON_AddItemToArray(files, file_key(view->files[i]));
    if (!view->files) cJSON_AddItemToArray(files, cJSON_CreateString(view->request.scene));
    gaclip__gdal_quiet_end();
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

cJSON *gaclip__view_model_file_key(const char *path)
{
    gaclip__gdal_quiet_begin();
    cJSON *key = file_key(path);
    gaclip__gdal_quiet_end();
    return key;
}
