#include "gaclip/heatmap.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"
#include "provenance.h"
#include "temporary_file.h"
#include "view.h"

/* Everything that a run holds. */
typedef struct Run {
    GaclipView *view;
    const GaclipHeatmapOptions *options;
    GaclipViewProgress *progress;
    void *payload;
    int is_cog;
    char *unfinished;     /* the GeoTIFF while it is written, beside the output */
    GDALDatasetH dataset; /* of it */
    GaclipArea part;      /* pixels of the raster that it shows */
    GaclipHeatmapSummary summary;
    void *block; /* (GACLIP_BAND_BLOCK, GACLIP_BAND_BLOCK) of the bands' type */
} Run;

static int fail(const Run *run, const char *what, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: %s%s", run->options->output, what,
                            gaclip__gdal_reason());
}

/* GDAL itself would say of what it does not know no more than a warning. */
static int check_creation_options(const Run *run, GaclipError *err)
{
    CPLErrorReset();
    GDALDriverH driver = GDALGetDriverByName(run->is_cog ? "COG" : "GTiff");
    if (!driver ||
        GDALValidateCreationOptions(driver, (char **)(uintptr_t)run->options->creation_options))
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--co: %s", CPLGetLastErrorMsg());
}

static int check_output(Run *run, GaclipError *err)
{
    const GaclipHeatmapOptions *o = run->options;
    run->is_cog = o->format && EQUAL(o->format, "COG");
    if (o->format && !run->is_cog && !EQUAL(o->format, "GTiff"))
        return gaclip_error_set(
            err, GACLIP_ERROR_UNSUPPORTED,
            "--of %s: heatmaps are written as GTiff or COG; make others of them "
            "with gdal_translate",
            o->format);
    const char *extension = CPLGetExtension(o->output);
    if (*extension && !EQUAL(extension, "tif") && !EQUAL(extension, "tiff"))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: heatmaps are written as GTiff or COG, which end in .tif; make "
                                "others of them with gdal_translate",
                                o->output);
    int status = gaclip__check_output(o->output, o->overwrite, err);
    return status ? status : check_creation_options(run, err);
}

/* The pixels that the bbox covers, wholly or in part. */
static int choose_part(Run *run, GaclipError *err)
{
    const GaclipViewInfo *info = gaclip_view_info(run->view);
    GaclipArea area;
    run->part = (GaclipArea){0, 0, info->width, info->height};
    if (!run->options->bbox) return GACLIP_OK;
    int status = gaclip__view_ground(run->view, err);
    if (!status) status = gaclip__area_of(&area, run->view->ground, run->options->bbox, err);
    if (status) return status;
    const GaclipRasterInfo *ground = gaclip_raster_info(run->view->ground);
    int x = (int)floor(area.x / ground->zoom_x), y = (int)floor(area.y / ground->zoom_y);
    int right = (int)ceil((area.x + area.width) / ground->zoom_x);
    int bottom = (int)ceil((area.y + area.height) / ground->zoom_y);
    if (right > info->width) right = info->width;
    if (bottom > info->height) bottom = info->height;
    run->part = (GaclipArea){x, y, right - x, bottom - y};
    return GACLIP_OK;
}

static GDALDataType data_type(const Run *run)
{
    return gaclip_view_request(run->view)->type == GACLIP_REQUEST_BYTE ? GDT_Byte : GDT_Float32;
}

static int create(Run *run, GaclipError *err)
{
    const GaclipViewInfo *info = gaclip_view_info(run->view);
    char **options = CSLSetNameValue(NULL, "TILED", "YES");
    options = CSLSetNameValue(options, "COMPRESS", "DEFLATE");
    options = CSLSetNameValue(options, "BIGTIFF", "IF_SAFER");
    for (const char *const *o = run->options->creation_options; o && *o && !run->is_cog; o++) {
        char *name = NULL;
        const char *value = CPLParseNameValue(*o, &name);
        if (name && value) options = CSLSetNameValue(options, name, value);
        CPLFree(name);
    }
    run->unfinished = gaclip__temporary_name(run->options->output);
    run->dataset = GDALCreate(GDALGetDriverByName("GTiff"), run->unfinished, run->part.width,
                              run->part.height, info->band_count, data_type(run), options);
    CSLDestroy(options);
    return run->dataset ? GACLIP_OK : fail(run, "cannot be created", err);
}

static void describe_georeference(const Run *run)
{
    const GaclipViewInfo *info = gaclip_view_info(run->view);
    double geotransform[6];
    memcpy(geotransform, info->geotransform, sizeof geotransform);
    GDALApplyGeoTransform(geotransform, run->part.x, run->part.y, &geotransform[0],
                          &geotransform[3]);
    if (info->has_geotransform) GDALSetGeoTransform(run->dataset, geotransform);
    if (!*info->crs_wkt) return;
    OGRSpatialReferenceH crs = OSRNewSpatialReference(info->crs_wkt);
    OSRSetAxisMappingStrategy(crs, OAMS_TRADITIONAL_GIS_ORDER);
    GDALSetSpatialRef(run->dataset, crs);
    OSRDestroySpatialReference(crs);
}

static void describe_colours(GDALRasterBandH band)
{
    GDALColorTableH table = GDALCreateColorTable(GPI_RGB);
    for (int i = 0; i < 256; i++) {
        unsigned char c[4];
        gaclip_view_band_colour(c, i);
        GDALSetColorEntry(table, i, &(GDALColorEntry){c[0], c[1], c[2], c[3]});
    }
    GDALSetRasterColorTable(band, table);
    GDALDestroyColorTable(table);
}

static void describe_band(const Run *run, int index)
{
    GDALRasterBandH band = GDALGetRasterBand(run->dataset, index + 1);
    double scale, offset;
    GDALSetDescription(band, gaclip_view_band_class(run->view, index));
    if (data_type(run) == GDT_Float32) {
        GDALSetRasterNoDataValue(band, (double)NAN);
        return;
    }
    gaclip_view_band_scaling(&scale, &offset, run->view);
    GDALSetRasterNoDataValue(band, GACLIP_NO_BYTE);
    if (run->summary.bands == 1) {
        describe_colours(band); /* of bytes: QGIS would look scaled values up among them */
        return;
    }
    GDALSetRasterScale(band, scale);
    GDALSetRasterOffset(band, offset);
}

/* What the file was made from and by. */
static void describe_provenance(const Run *run)
{
    static const char *const MEASURES[2][2] = {
        {"probability, 0 to 1 as 0 to 254", "similarity, -1 to 1 as 0 to 254"},
        {"probability", "similarity"}};
    char created[32];
    gaclip__format_timestamp(created, sizeof created);
    const struct {
        const char *name, *value;
    } items[] = {
        {"GACLIP_SOFTWARE", "gaclip " GACLIP_VERSION},
        {"GACLIP_CREATED", created},
        {"GACLIP_COMMAND", run->options->command},
        {"GACLIP_SCENE", run->view->request.scene},
        {"GACLIP_MODEL", gaclip_model_path(run->view->model)},
        {"GACLIP_MODEL_SHA256", gaclip_model_sha256(run->view->model)},
        {"GACLIP_PRECISION", gaclip_precision_name(gaclip_request_precision(&run->view->request))},
        {"GACLIP_MEASURE", MEASURES[data_type(run) == GDT_Float32][run->view->request.measure]}};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        if (items[i].value) GDALSetMetadataItem(run->dataset, items[i].name, items[i].value, NULL);
}

static void note_highest(Run *run, int band, int width, int height)
{
    double scale, offset, *highest = &run->summary.highest[band];
    gaclip_view_band_scaling(&scale, &offset, run->view);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int at = y * GACLIP_BAND_BLOCK + x;
            const unsigned char *bytes = run->block;
            const float *floats = run->block;
            double value = data_type(run) == GDT_Float32 ? (double)floats[at]
                           : bytes[at] == GACLIP_NO_BYTE ? (double)NAN
                                                         : bytes[at] * scale + offset;
            if (!isnan(value) && !(*highest >= value)) *highest = value;
        }
}

/* A block of the output, whose corner is at x, y. */
static int write_block(Run *run, int band, int x, int y, GaclipError *err)
{
    const GaclipArea *part = &run->part;
    int width = part->width - x < GACLIP_BAND_BLOCK ? part->width - x : GACLIP_BAND_BLOCK;
    int height = part->height - y < GACLIP_BAND_BLOCK ? part->height - y : GACLIP_BAND_BLOCK;
    int bytes = GDALGetDataTypeSizeBytes(data_type(run));
    int status = gaclip_view_read_band(run->block, run->view, band, part->x + x, part->y + y,
                                       GACLIP_BAND_BLOCK, GACLIP_BAND_BLOCK, GACLIP_BAND_BLOCK,
                                       GACLIP_BAND_BLOCK, err);
    if (status) return status;
    note_highest(run, band, width, height);
    if (GDALRasterIO(GDALGetRasterBand(run->dataset, band + 1), GF_Write, x, y, width, height,
                     run->block, width, height, data_type(run), bytes, bytes * GACLIP_BAND_BLOCK))
        return fail(run, "cannot be written (is the disk full?)", err);
    return GACLIP_OK;
}

static int write_blocks(Run *run, GaclipError *err)
{
    const GaclipViewInfo *info = gaclip_view_info(run->view);
    int columns = (run->part.width + GACLIP_BAND_BLOCK - 1) / GACLIP_BAND_BLOCK;
    int rows = (run->part.height + GACLIP_BAND_BLOCK - 1) / GACLIP_BAND_BLOCK, status = GACLIP_OK;
    for (int i = 0; i < columns * rows && !status; i++) {
        for (int band = 0; band < info->band_count && !status; band++)
            status = write_block(run, band, i % columns * GACLIP_BAND_BLOCK,
                                 i / columns * GACLIP_BAND_BLOCK, err);
        if (!status && run->progress && run->progress(i + 1, columns * rows, run->payload))
            status = gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                                      "interrupted after %d of %d blocks; %s was not written",
                                      i + 1, columns * rows, run->options->output);
    }
    return status;
}

static int close_dataset(Run *run, GaclipError *err)
{
    CPLErrorReset();
    GDALClose(run->dataset);
    run->dataset = NULL;
    return *gaclip__gdal_reason() ? fail(run, "cannot be completed", err) : GACLIP_OK;
}

/* From the GeoTIFF, which has to be complete for it. */
static int make_cog(Run *run, GaclipError *err)
{
    char *cog = CPLStrdup(CPLSPrintf("%s.cog", run->unfinished));
    GDALDatasetH source = GDALOpen(run->unfinished, GA_ReadOnly);
    char **options = CSLSetNameValue(NULL, "COMPRESS", "DEFLATE");
    for (const char *const *o = run->options->creation_options; o && *o; o++)
        options = CSLAddString(options, *o);
    GDALDatasetH made =
        source ? GDALCreateCopy(GDALGetDriverByName("COG"), cog, source, FALSE, options, NULL, NULL)
               : NULL;
    int status = made ? GACLIP_OK : fail(run, "cannot be made a COG", err);
    if (made) GDALClose(made);
    if (source) GDALClose(source);
    CSLDestroy(options);
    VSIUnlink(run->unfinished);
    CPLFree(run->unfinished);
    run->unfinished = cog;
    return status;
}

static int put_in_place(Run *run, GaclipError *err)
{
    int status = close_dataset(run, err);
    if (!status && run->is_cog) status = make_cog(run, err);
    if (!status && gaclip__put_in_place(run->unfinished, run->options->output))
        status = fail(run, "cannot be put in place", err);
    return status;
}

static int write_all(Run *run, GaclipError *err)
{
    const GaclipViewInfo *info = gaclip_view_info(run->view);
    int status = choose_part(run, err);
    if (status) return status;
    run->summary = (GaclipHeatmapSummary){
        .width = run->part.width, .height = run->part.height, .bands = info->band_count};
    run->summary.highest = malloc(((size_t)info->band_count + 1) * sizeof(double));
    run->block = malloc(GACLIP_BAND_BLOCK * GACLIP_BAND_BLOCK * sizeof(float));
    if (!run->summary.highest || !run->block)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < info->band_count; i++) run->summary.highest[i] = (double)NAN;
    status = gaclip__view_model(run->view, err);
    if (!status) status = create(run, err);
    if (status) return status;
    describe_georeference(run);
    for (int i = 0; i < info->band_count; i++) describe_band(run, i);
    describe_provenance(run);
    status = write_blocks(run, err);
    return status ? status : put_in_place(run, err);
}

static void clean_up(Run *run)
{
    if (run->dataset) GDALClose(run->dataset);
    if (run->unfinished) VSIUnlink(run->unfinished);
    CPLFree(run->unfinished);
    free(run->block);
}

int gaclip_heatmap(GaclipHeatmapSummary *summary, GaclipRequest *request,
                   const GaclipHeatmapOptions *options, GaclipViewProgress *progress, void *payload,
                   GaclipError *err)
{
    Run run = {.options = options, .progress = progress, .payload = payload};
    gaclip__gdal_quiet_begin();
    int status = check_output(&run, err);
    if (status)
        gaclip_request_clear(request);
    else
        status = gaclip_view_open(&run.view, request, err);
    if (!status) status = write_all(&run, err);
    clean_up(&run);
    if (status) {
        free(run.summary.highest);
    } else {
        run.summary.windows = gaclip_view_counts(run.view).band_windows_run;
        *summary = run.summary;
    }
    gaclip_view_close(run.view);
    gaclip__gdal_quiet_end();
    return status;
}
