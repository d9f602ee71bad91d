#include "gaclip/image_encode.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <stdint.h>

#include "gdal_error.h"
#include "temporary_file.h"

typedef struct Coding {
    const char *driver, *media_type, *option, *value;
} Coding;

static const Coding CODINGS[] = {
    [GACLIP_IMAGE_PNG] = {"PNG", "image/png", "ZLEVEL", "6"},
    [GACLIP_IMAGE_JPEG] = {"JPEG", "image/jpeg", "QUALITY", "90"},
};

const char *gaclip_image_media_type(GaclipImageCoding coding)
{
    return CODINGS[coding].media_type;
}

/* A dataset of GDAL's over the image's own pixels. */
static GDALDatasetH wrap(const GaclipImage *image)
{
    char **options = NULL;
    GDALDatasetH memory =
        GDALCreate(GDALGetDriverByName("MEM"), "", image->width, image->height, 0, GDT_Byte, NULL);
    for (int band = 0; memory != NULL && band < 3; band++) {
        char address[64] = "";
        CPLPrintPointer(address, image->rgb + band, sizeof address - 1);
        options = CSLSetNameValue(options, "DATAPOINTER", address);
        options = CSLSetNameValue(options, "PIXELOFFSET", "3");
        options = CSLSetNameValue(options, "LINEOFFSET", CPLSPrintf("%d", 3 * image->width));
        if (GDALAddBand(memory, GDT_Byte, options) != CE_None) {
            GDALClose(memory);
            memory = NULL;
        }
    }
    CSLDestroy(options);
    return memory;
}

/* Writes the file; 0 where GDAL cannot. */
static int write_file(const char *name, const GaclipImage *image, const Coding *coding)
{
    GDALDriverH driver = GDALGetDriverByName(coding->driver);
    GDALDatasetH memory = driver == NULL ? NULL : wrap(image), file = NULL;
    if (memory != NULL) {
        char **options = CSLSetNameValue(NULL, coding->option, coding->value);
        file = GDALCreateCopy(driver, name, memory, FALSE, options, NULL, NULL);
        CSLDestroy(options);
        GDALClose(memory);
    }
    if (file != NULL) GDALClose(file);
    return file != NULL;
}

int gaclip_image_encode(char **base64, const GaclipImage *image, GaclipImageCoding coding,
                        GaclipError *err)
{
    char *name = CPLStrdup(CPLSPrintf("/vsimem/gaclip_picture_%p", (const void *)image));
    vsi_l_offset size = 0;
    int status = GACLIP_OK;
    *base64 = NULL;
    gaclip__gdal_quiet_begin();
    GByte *bytes =
        write_file(name, image, &CODINGS[coding]) ? VSIGetMemFileBuffer(name, &size, FALSE) : NULL;
    if (bytes != NULL) *base64 = CPLBase64Encode((int)size, bytes);
    if (*base64 == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                  "a picture cannot be made%s; GDAL needs its %s driver",
                                  gaclip__gdal_reason(), CODINGS[coding].driver);
    gaclip__gdal_quiet_end();
    VSIUnlink(CPLSPrintf("%s.aux.xml", name));
    VSIUnlink(name);
    CPLFree(name);
    return status;
}

int gaclip_image_write(const char *path, const GaclipImage *image, GaclipImageCoding coding,
                       GaclipError *err)
{
    char *unfinished = gaclip__temporary_name(path);
    int status = GACLIP_OK;
    gaclip__gdal_quiet_begin();
    if (!write_file(unfinished, image, &CODINGS[coding]) || VSIRename(unfinished, path)) {
        status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be written%s", path,
                                  gaclip__gdal_reason());
        VSIUnlink(unfinished);
    }
    gaclip__gdal_quiet_end();
    VSIUnlink(CPLSPrintf("%s.aux.xml", unfinished));
    CPLFree(unfinished);
    return status;
}
