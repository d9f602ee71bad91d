// What GDAL asks of every file that anyone opens: is it ours? Cheap and silent, and all that is
// known without opening anything.
#include <cpl_conv.h>
#include <gdal_priv.h>

#include <cstdlib>

#include "gaclip/request.h"
#include "gaclip_dataset.h"

static int Identify(GDALOpenInfo *info)
{
    return gaclip_request_identify(info->pszFilename, info->pabyHeader,
                                   static_cast<size_t>(info->nHeaderBytes));
}

static GDALDataset *Open(GDALOpenInfo *info)
{
    return Identify(info) ? GaclipDataset::Open(info) : nullptr;
}

static void SetMetadata(GDALDriver *driver)
{
    driver->SetDescription("GACLIP");
    driver->SetMetadataItem(GDAL_DCAP_RASTER, "YES");
    driver->SetMetadataItem(GDAL_DCAP_VECTOR, "YES");
    driver->SetMetadataItem(GDAL_DCAP_MULTIPLE_VECTOR_LAYERS, "YES");
    driver->SetMetadataItem(GDAL_DCAP_FEATURE_STYLES, "YES");
#ifdef GDAL_DCAP_FEATURE_STYLES_READ
    driver->SetMetadataItem(GDAL_DCAP_FEATURE_STYLES_READ, "YES");
#endif
    driver->SetMetadataItem(GDAL_DCAP_VIRTUALIO, "YES");
    driver->SetMetadataItem(GDAL_DMD_LONGNAME, "gaclip: objects found by name");
    driver->SetMetadataItem(GDAL_DMD_EXTENSION, "gaclip");
    driver->SetMetadataItem(GDAL_DMD_EXTENSIONS, "gaclip");
    driver->SetMetadataItem(GDAL_DMD_CONNECTION_PREFIX, "GACLIP:");
    driver->SetMetadataItem(GDAL_DMD_SUBDATASETS, "YES");
    driver->SetMetadataItem(GDAL_DMD_SUPPORTED_SQL_DIALECTS, "OGRSQL SQLITE");
    char *options = gaclip_request_option_list();
    if (options != nullptr) driver->SetMetadataItem(GDAL_DMD_OPENOPTIONLIST, options);
    std::free(options);
}

extern "C" GACLIP_API void GDALRegister_GACLIP()
{
    if (!GDAL_CHECK_VERSION("GACLIP driver") || GDALGetDriverByName("GACLIP") != nullptr) return;
    auto *driver = new GDALDriver();
    SetMetadata(driver);
    driver->pfnIdentify = Identify;
    driver->pfnOpen = Open;
    GetGDALDriverManager()->RegisterDriver(driver);
}
