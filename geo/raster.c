/* Opening a raster: bands, georeference, resolution. */
#include "raster.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"

void gaclip_raster_options_init(GaclipRasterOptions *options)
{
    *options = (GaclipRasterOptions){0};
}

static int open_dataset(GaclipRaster *raster, const char *name, const GaclipRasterOptions *options,
                        GaclipError *err)
{
    raster->dataset = GDALOpenEx(name, GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                                 NULL, options->open_options, NULL);
    if (!raster->dataset)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be opened as a raster%s; check the name with gdalinfo",
                                name, gaclip__gdal_reason());
    raster->info.width = GDALGetRasterXSize(raster->dataset);
    raster->info.height = GDALGetRasterYSize(raster->dataset);
    if (GDALGetRasterCount(raster->dataset) < 1)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "%s: has no bands; name one of its subdatasets (gdalinfo lists "
                                "them)",
                                name);
    return GACLIP_OK;
}

static int band_of_colour(GDALDatasetH dataset, GDALColorInterp colour)
{
    for (int i = 1; i <= GDALGetRasterCount(dataset); i++)
        if (GDALGetRasterColorInterpretation(GDALGetRasterBand(dataset, i)) == colour) return i;
    return 0;
}

/* Bands that carry pictures: not the alpha band. */
static void default_bands(int bands[3], GDALDatasetH dataset)
{
    static const GDALColorInterp RGB[3] = {GCI_RedBand, GCI_GreenBand, GCI_BlueBand};
    int found = 0, first[3] = {1, 1, 1};
    for (int i = 0; i < 3; i++) bands[i] = band_of_colour(dataset, RGB[i]);
    if (bands[0] && bands[1] && bands[2]) return;
    for (int i = 1; i <= GDALGetRasterCount(dataset) && found < 3; i++)
        if (GDALGetRasterColorInterpretation(GDALGetRasterBand(dataset, i)) != GCI_AlphaBand)
            first[found++] = i;
    for (int i = 0; i < 3; i++) bands[i] = found >= 3 ? first[i] : first[0];
}

static int choose_bands(GaclipRaster *raster, const GaclipRasterOptions *options, GaclipError *err)
{
    int count = GDALGetRasterCount(raster->dataset), *bands = raster->info.bands;
    if (options->bands && options->band_count != 1 && options->band_count != 3)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%d bands given: give one or three",
                                options->band_count);
    default_bands(bands, raster->dataset);
    for (int i = 0; i < 3 && options->bands; i++) {
        bands[i] = options->bands[options->band_count == 3 ? i : 0];
        if (bands[i] < 1 || bands[i] > count)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: has no band %d, only 1 to %d",
                                    raster->name, bands[i], count);
    }
    for (int i = 0; i < 3; i++)
        if (GDALDataTypeIsComplex(
                GDALGetRasterDataType(GDALGetRasterBand(raster->dataset, bands[i]))))
            return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                    "%s: band %d holds complex numbers; take their magnitude first",
                                    raster->name, bands[i]);
    if (bands[0] == bands[1] && bands[1] == bands[2])
        raster->palette = GDALGetRasterColorTable(GDALGetRasterBand(raster->dataset, bands[0]));
    return GACLIP_OK;
}

static const char *code_or_name(GaclipRaster *raster)
{
    const char *authority = OSRGetAuthorityName(raster->crs, NULL);
    const char *code = OSRGetAuthorityCode(raster->crs, NULL), *name = OSRGetName(raster->crs);
    raster->crs_name = authority && code ? CPLStrdup(CPLSPrintf("%s:%s", authority, code))
                                         : CPLStrdup(name ? name : "");
    return raster->crs_name;
}

static void read_crs(GaclipRaster *raster)
{
    OGRSpatialReferenceH crs = GDALGetSpatialRef(raster->dataset);
    raster->info.crs_wkt = raster->info.crs_name = "";
    if (!crs || !(OSRIsGeographic(crs) || OSRIsProjected(crs) || OSRIsGeocentric(crs))) return;
    raster->crs = OSRClone(crs);
    OSRSetAxisMappingStrategy(raster->crs, OAMS_TRADITIONAL_GIS_ORDER);
    const char *const wkt2[] = {"FORMAT=WKT2_2019", NULL};
    if (OSRExportToWktEx(raster->crs, &raster->crs_wkt, wkt2) == OGRERR_NONE)
        raster->info.crs_wkt = raster->crs_wkt;
    raster->info.crs_name = code_or_name(raster);
    raster->info.has_crs = 1;
}

static int missing(const GaclipRaster *raster, const char *what, const char *remedy,
                   GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "%s: has no %s; assign one with %s, or give its ground sampling "
                            "distance with --gsd METRES",
                            raster->name, what, remedy);
}

/* GDAL inverts numbers that are not finite without complaint. */
static int invert(GaclipRaster *raster)
{
    double sum = 0;
    if (!GDALInvGeoTransform(raster->info.geotransform, raster->inverse)) return 0;
    for (int i = 0; i < 6; i++) sum += raster->info.geotransform[i] + raster->inverse[i];
    return isfinite(sum);
}

static int read_georeference(GaclipRaster *raster, const GaclipRasterOptions *options,
                             GaclipError *err)
{
    GaclipRasterInfo *info = &raster->info;
    static const double IDENTITY[6] = {0, 1, 0, 0, 0, 1};
    info->has_geotransform = GDALGetGeoTransform(raster->dataset, info->geotransform) == CE_None;
    if (!info->has_geotransform) memcpy(info->geotransform, IDENTITY, sizeof IDENTITY);
    if (!info->has_geotransform && GDALGetGCPCount(raster->dataset) > 0)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: is placed by ground control points only; make it a grid with "
                                "gdalwarp first",
                                raster->name);
    if (!invert(raster))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "%s: has a geotransform that cannot be inverted; assign a right "
                                "one with gdal_edit.py -a_ullr",
                                raster->name);
    read_crs(raster);
    if (options->gsd > 0) return GACLIP_OK;
    if (!info->has_geotransform)
        return missing(raster, "geotransform", "gdal_edit.py -a_ullr", err);
    if (!info->has_crs)
        return missing(raster, "coordinate reference system", "gdal_edit.py -a_srs", err);
    return GACLIP_OK;
}

static double zoom_for(double gsd, const GaclipRasterOptions *options)
{
    double wanted = gsd;
    if (options->model_gsd_min > 0 && wanted < options->model_gsd_min)
        wanted = options->model_gsd_min;
    if (options->model_gsd_max > 0 && wanted > options->model_gsd_max)
        wanted = options->model_gsd_max;
    return gsd / wanted;
}

static int choose_zoom(GaclipRaster *raster, const GaclipRasterOptions *options, GaclipError *err)
{
    GaclipRasterInfo *info = &raster->info;
    info->gsd_x = info->gsd_y = options->gsd;
    if (!(options->gsd > 0) &&
        gaclip__ground_sampling(&info->gsd_x, &info->gsd_y, info->geotransform, info->width,
                                info->height, raster->crs))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "%s: its pixels have no size in metres; give --gsd METRES",
                                raster->name);
    info->zoom_x = zoom_for(info->gsd_x, options);
    info->zoom_y = zoom_for(info->gsd_y, options);
    double width = ceil(info->width * info->zoom_x - 1e-6);
    double height = ceil(info->height * info->zoom_y - 1e-6);
    if (width > 1e9 || height > 1e9)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s: at the model's resolution it would have %.0f x %.0f pixels; "
                                "give a truer --gsd",
                                raster->name, width, height);
    info->model_width = width < 1 ? 1 : (int)width;
    info->model_height = height < 1 ? 1 : (int)height;
    return GACLIP_OK;
}

static int fill_raster(GaclipRaster *raster, const char *name, const GaclipRasterOptions *options,
                       GaclipError *err)
{
    raster->name = CPLStrdup(name);
    raster->info.name = raster->name;
    if (options->gsd < 0 || !isfinite(options->gsd))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--gsd %g is not a length in metres",
                                options->gsd);
    int status = open_dataset(raster, name, options, err);
    if (!status) status = choose_bands(raster, options, err);
    if (!status) status = read_georeference(raster, options, err);
    if (!status) status = choose_zoom(raster, options, err);
    if (!status) status = gaclip__scale_rule(raster, options->scale, err);
    raster->info.scale_rule = raster->scale.text;
    return status;
}

int gaclip_raster_open(GaclipRaster **out, const char *name, const GaclipRasterOptions *options,
                       GaclipError *err)
{
    *out = NULL;
    GaclipRaster *raster = calloc(1, sizeof *raster);
    if (!raster) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    gaclip__gdal_quiet_begin();
    int status = fill_raster(raster, name, options, err);
    gaclip__gdal_quiet_end();
    if (status) {
        gaclip_raster_close(raster);
        return status;
    }
    *out = raster;
    return GACLIP_OK;
}

void gaclip_raster_close(GaclipRaster *raster)
{
    if (!raster) return;
    if (raster->dataset) GDALClose(raster->dataset);
    OSRDestroySpatialReference(raster->crs);
    CPLFree(raster->name);
    CPLFree(raster->crs_wkt);
    CPLFree(raster->crs_name);
    free(raster);
}

const GaclipRasterInfo *gaclip_raster_info(const GaclipRaster *raster)
{
    return &raster->info;
}
