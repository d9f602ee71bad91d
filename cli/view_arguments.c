#include "view_arguments.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>

int view_arguments_set(GaclipRequest *request, const char *key, const char *value, GaclipError *err)
{
    return value == NULL ? GACLIP_OK : gaclip_request_set(request, key, value, err);
}

int view_arguments_set_number(GaclipRequest *request, const char *key, double value,
                              GaclipError *err)
{
    char text[40];
    if (value == 0) return GACLIP_OK;
    CPLsnprintf(text, sizeof text, "%.17g", value);
    return gaclip_request_set(request, key, text, err);
}

/* A copy of the scene's name, where only that: a name in the words of a request is one. */
static int set_scene(GaclipRequest *out, const char *scene, GaclipError *err)
{
    if (gaclip_request_identify(scene, (const unsigned char *)"{\"gaclip\":", 10))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s: is a GACLIP dataset already; name its raster, or use "
                                "gdal_translate and ogr2ogr on it",
                                scene);
    out->scene = strdup(scene);
    return out->scene != NULL ? GACLIP_OK
                              : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static int set_bands(GaclipRequest *out, const NumberList *bands, GaclipError *err)
{
    char text[128] = "";
    for (int i = 0; i < bands->count && i < 4; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%.0f", i > 0 ? "," : "", bands->items[i]);
    }
    return bands->count > 0 ? gaclip_request_set(out, "bands", text, err) : GACLIP_OK;
}

int view_arguments_request(GaclipRequest *out, const char *scene, const TextList *classes,
                           const ViewArguments *arguments, GaclipError *err)
{
    gaclip_request_init(out);
    int status = set_scene(out, scene, err);
    if (status == GACLIP_OK && classes->count > 0)
        status = gaclip_request_set_list(out, "classes", (const char *const *)classes->items,
                                         classes->count, err);
    if (status == GACLIP_OK && arguments->open_options.count > 0)
        status = gaclip_request_set_list(out, "open_options",
                                         (const char *const *)arguments->open_options.items,
                                         arguments->open_options.count, err);
    if (status == GACLIP_OK) status = view_arguments_set(out, "model", arguments->model, err);
    if (status == GACLIP_OK) status = view_arguments_set(out, "scale", arguments->scale, err);
    if (status == GACLIP_OK) status = view_arguments_set(out, "dense", arguments->how.dense, err);
    if (status == GACLIP_OK)
        status = view_arguments_set(out, "precision", arguments->how.precision, err);
    if (status == GACLIP_OK && arguments->independent)
        status = gaclip_request_set(out, "independent", "yes", err);
    if (status == GACLIP_OK) status = set_bands(out, &arguments->bands, err);
    if (status == GACLIP_OK) status = view_arguments_set_number(out, "gsd", arguments->gsd, err);
    if (status == GACLIP_OK)
        status = view_arguments_set_number(out, "threads", arguments->threads, err);
    return status;
}
