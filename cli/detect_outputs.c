#include "detect_outputs.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* The driver's own extension, or the last of several; NULL = it has none. */
static const char *extension_of(GDALDriverH driver)
{
    const char *extension = GDALGetMetadataItem(driver, GDAL_DMD_EXTENSION, NULL);
    if (extension != NULL && *extension != '\0') return extension;
    const char *all = GDALGetMetadataItem(driver, GDAL_DMD_EXTENSIONS, NULL);
    if (all == NULL || *all == '\0') return NULL;
    const char *space = strrchr(all, ' ');
    return space != NULL ? space + 1 : all;
}

static int find_extension(const char **out, const char *format, GaclipError *err)
{
    *out = format == NULL ? "gpkg" : "gaclip"; /* which needs no driver to be written */
    if (format == NULL || EQUAL(format, "GACLIP")) return GACLIP_OK;
    GDALDriverH driver = GDALGetDriverByName(format);
    if (driver == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--of %s: GDAL has no such driver; see --formats", format);
    *out = extension_of(driver);
    if (*out != NULL) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "--of %s has no file extension of its own; name the output with -o",
                            format);
}

/* Index of a text in the list, or -1. */
static int find_text(const TextList *list, const char *text)
{
    for (int i = 0; i < list->count; i++)
        if (!strcmp(list->items[i], text)) return i;
    return -1;
}

int detect_name_outputs(TextList *outputs, const char **scenes, int count, const char *format,
                        GaclipError *err)
{
    const char *extension;
    int status = find_extension(&extension, format, err);
    for (int i = 0; i < count && status == GACLIP_OK; i++) {
        char *name = NULL;
        status =
            file_default_output(&name, scenes[i], CPLSPrintf("_detections.%s", extension), err);
        int same = status == GACLIP_OK ? find_text(outputs, name) : -1;
        if (same >= 0)
            status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                      "%s and %s would both be written to %s; run them one by one "
                                      "with -o",
                                      scenes[same], scenes[i], name);
        if (status == GACLIP_OK) status = text_list_add(outputs, name, strlen(name), err);
        free(name);
    }
    return status;
}

int detect_share_output(TextList *outputs, const char *output, int append, int count,
                        GaclipError *err)
{
    if (count > 1 && !append)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "-o %s: one output for %d scenes; leave -o out to write one a "
                                "scene, or let them follow each other in it with --append",
                                output, count);
    int status = GACLIP_OK;
    for (int i = 0; i < count && status == GACLIP_OK; i++)
        status = text_list_add(outputs, output, strlen(output), err);
    return status;
}
