/* Rasters and layers in GDAL's memory file system, for the tests of geo. */
#ifndef GACLIP_TESTS_GEO_FIXTURES_H
#define GACLIP_TESTS_GEO_FIXTURES_H

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gaclip/raster.h"
#include "oracle.h"

/* 1 m pixels, north up, in UTM zone 15 north. */
static const double NORTH_UP[6] = {440000, 1, 0, 4650000, 0, -1};
#define UTM15 "EPSG:26915"

/* A group's set-up: GDAL's drivers, and its messages off the terminal. */
static inline int start_gdal(void **state)
{
    (void)state;
    GDALAllRegister();
    CPLSetErrorHandler(CPLQuietErrorHandler);
    return 0;
}

/* And its end: what GDAL and PROJ hold goes, so that only leaks of ours are reported. */
static inline int stop_gdal(void **state)
{
    (void)state;
    VSIRmdirRecursive("/vsimem");
    GDALDestroyDriverManager();
    OSRCleanup();
    return 0;
}

/* Fails unless status is the expected one and the message holds text (NULL: any). */
static inline void expect_error(int status, int expected, const GaclipError *err, const char *text)
{
    if (status != expected)
        fail_msg("status %d in place of %d: %s", status, expected, err->message);
    if (!*err->message || strchr(err->message, '\n'))
        fail_msg("not a message of one line: \"%s\"", err->message);
    if (text && !strstr(err->message, text))
        fail_msg("\"%s\" is not in the message: %s", text, err->message);
}

static inline OGRSpatialReferenceH crs_of(const char *name)
{
    OGRSpatialReferenceH crs = OSRNewSpatialReference(NULL);
    if (OSRSetFromUserInput(crs, name) != OGRERR_NONE) fail_msg("%s: no such CRS", name);
    OSRSetAxisMappingStrategy(crs, OAMS_TRADITIONAL_GIS_ORDER);
    return crs;
}

/* A GeoTIFF without pixels so far; geotransform and crs may be NULL. Close with GDALClose. */
static inline GDALDatasetH new_raster(const char *path, int width, int height, int bands,
                                      GDALDataType type, const double geotransform[6],
                                      const char *crs_name)
{
    char **options = CSLSetNameValue(NULL, "PHOTOMETRIC", bands == 3 ? "RGB" : "MINISBLACK");
    double copy[6];
    GDALDatasetH dataset =
        GDALCreate(GDALGetDriverByName("GTiff"), path, width, height, bands, type, options);
    CSLDestroy(options);
    if (!dataset) fail_msg("%s: %s", path, CPLGetLastErrorMsg());
    if (geotransform) {
        memcpy(copy, geotransform, sizeof copy);
        GDALSetGeoTransform(dataset, copy);
    }
    if (crs_name) {
        OGRSpatialReferenceH crs = crs_of(crs_name);
        GDALSetSpatialRef(dataset, crs);
        OSRDestroySpatialReference(crs);
    }
    return dataset;
}

static inline void fill_band(GDALDatasetH dataset, int band, double value)
{
    assert_int_equal(GDALFillRaster(GDALGetRasterBand(dataset, band), value, 0), CE_None);
}

/* Cuts a file of any of GDAL's file systems off behind size bytes. */
static inline void cut_file(const char *path, vsi_l_offset size)
{
    VSILFILE *file = VSIFOpenL(path, "r+b");
    assert_non_null(file);
    assert_int_equal(VSIFTruncateL(file, size), 0);
    VSIFCloseL(file);
}

/* values (height, width) into a band. */
static inline void write_band(GDALDatasetH dataset, int band, const float *values)
{
    int width = GDALGetRasterXSize(dataset), height = GDALGetRasterYSize(dataset);
    void *data = (void *)(uintptr_t)values;
    assert_int_equal(GDALRasterIO(GDALGetRasterBand(dataset, band), GF_Write, 0, 0, width, height,
                                  data, width, height, GDT_Float32, 0, 0),
                     CE_None);
}

static inline GaclipRaster *open_raster(const char *path, const GaclipRasterOptions *options)
{
    GaclipRasterOptions defaults;
    GaclipRaster *raster = NULL;
    GaclipError err = {0};
    gaclip_raster_options_init(&defaults);
    expect_ok(gaclip_raster_open(&raster, path, options ? options : &defaults, &err), &err);
    return raster;
}

/* Writes a layer of features given as WKT, with a text field "class" (a NULL class stays null, a
 * NULL geometry too). crs may be NULL. */
static inline void new_layer(const char *path, const char *driver, const char *crs_name,
                             const char *const *wkts, const char *const *classes, int count)
{
    GDALDatasetH dataset =
        GDALCreate(GDALGetDriverByName(driver), path, 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH crs = crs_name ? crs_of(crs_name) : NULL;
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "things", crs, wkbUnknown, NULL);
    OGRFieldDefnH field = OGR_Fld_Create("class", OFTString);
    assert_non_null(layer);
    OGR_L_CreateField(layer, field, 1);
    OGR_Fld_Destroy(field);
    for (int i = 0; i < count; i++) {
        OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
        OGRGeometryH geometry = NULL;
        char *text = (char *)(uintptr_t)wkts[i];
        if (text && OGR_G_CreateFromWkt(&text, NULL, &geometry) != OGRERR_NONE)
            fail_msg("not WKT: %s", wkts[i]);
        OGR_F_SetGeometryDirectly(feature, geometry);
        if (classes[i]) OGR_F_SetFieldString(feature, 0, classes[i]);
        if (OGR_L_CreateFeature(layer, feature) != OGRERR_NONE)
            fail_msg("%s: %s", path, CPLGetLastErrorMsg());
        OGR_F_Destroy(feature);
    }
    if (crs) OSRDestroySpatialReference(crs);
    GDALClose(dataset);
}

/* The path of a file of the data pack, below GACLIP_DATA (default ../shared/data). Prints one line
 * and skips the test where the file is missing. Lasts until the next call. */
static inline const char *data_path(const char *name)
{
    static char path[4096];
    const char *folder = getenv("GACLIP_DATA");
    snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : "../shared/data", name);
    if (access(path, R_OK)) {
        print_message("skipped: %s is not there; set GACLIP_DATA to the data's folder\n", path);
        skip();
    }
    return path;
}

#endif
