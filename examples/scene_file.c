#include "scene_file.h"

#include <cpl_error.h>
#include <cpl_string.h>
#include <errno.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* UTM zone 33 north, metres. Scenes of different seeds lie side by side. */
enum { CRS = 32633, WEST = 380000, NORTH = 5650000, SEED_STEP = 10000, SEED_COLUMNS = 20 };

static void set_geotransform(double geotransform[6], const SceneRequest *r)
{
    geotransform[0] = WEST + r->seed % SEED_COLUMNS * SEED_STEP;
    geotransform[1] = r->gsd;
    geotransform[2] = 0;
    geotransform[3] = NORTH + r->seed / SEED_COLUMNS % SEED_COLUMNS * SEED_STEP;
    geotransform[4] = 0;
    geotransform[5] = -r->gsd;
}

/* The first failure that GDAL reports. Not every one reaches a return value: a GeoPackage on a full
 * disk fails while it is closed. */
typedef struct Complaint {
    char text[512];
} Complaint;

static void CPL_STDCALL note_first(CPLErr severity, CPLErrorNum number, const char *message)
{
    (void)number;
    Complaint *complaint = CPLGetErrorHandlerUserData();
    if (severity >= CE_Failure && complaint->text[0] == '\0')
        snprintf(complaint->text, sizeof complaint->text, "%s", message);
}

static GDALDatasetH create(const char *driver, const char *path, int width, int height, int bands,
                           char **options)
{
    GDALDriverH handle = GDALGetDriverByName(driver);
    if (handle == NULL) {
        CPLError(CE_Failure, CPLE_AppDefined, "this GDAL has no driver %s", driver);
        return NULL;
    }
    return GDALCreate(handle, path, width, height, bands, GDT_Byte, options);
}

static void write_raster(const Scene *scene, const char *path, uint8_t *rgb,
                         OGRSpatialReferenceH crs)
{
    static const char *const OPTIONS[] = {"TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2", NULL};
    const SceneRequest *r = &scene->request;
    double geotransform[6];
    GDALDatasetH dataset = create("GTiff", path, r->width, r->height, 3, (char **)OPTIONS);
    if (dataset == NULL) return;
    set_geotransform(geotransform, r);
    GDALSetSpatialRef(dataset, crs);
    GDALSetGeoTransform(dataset, geotransform);
    CPLErr failed = GDALDatasetRasterIO(dataset, GF_Write, 0, 0, r->width, r->height, rgb, r->width,
                                        r->height, GDT_Byte, 3, NULL, 3, 3 * r->width, 1);
    if (failed) CPLError(CE_Failure, CPLE_FileIO, "GDAL refuses the pixels");
    GDALClose(dataset);
}

/* The box of an item as a polygon on the ground. */
static OGRGeometryH make_polygon(const Bounds *b, const double geotransform[6])
{
    OGRGeometryH ring = OGR_G_CreateGeometry(wkbLinearRing);
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    const double x[5] = {b->x1, b->x2, b->x2, b->x1, b->x1};
    const double y[5] = {b->y1, b->y1, b->y2, b->y2, b->y1};
    for (int i = 0; i < 5; i++)
        OGR_G_AddPoint_2D(ring, geotransform[0] + x[i], geotransform[3] - y[i]);
    OGR_G_AddGeometryDirectly(polygon, ring);
    return polygon;
}

static OGRErr add_feature(OGRLayerH layer, const Item *item, const Scene *scene)
{
    double geotransform[6];
    Bounds bounds = item_bounds(item, &scene->view);
    set_geotransform(geotransform, &scene->request);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGR_F_SetFieldString(feature, 0, item_class(item->kind));
    OGR_F_SetGeometryDirectly(feature, make_polygon(&bounds, geotransform));
    OGRErr failed = OGR_L_CreateFeature(layer, feature);
    OGR_F_Destroy(feature);
    return failed;
}

static OGRErr fill_layer(OGRLayerH layer, const Scene *scene)
{
    OGRFieldDefnH field = OGR_Fld_Create("class", OFTString);
    OGRErr failed = OGR_L_CreateField(layer, field, 1);
    OGR_Fld_Destroy(field);
    for (int i = 0; i < scene->item_count && !failed; i++)
        if (item_class(scene->items[i].kind) != NULL)
            failed = add_feature(layer, &scene->items[i], scene);
    return failed;
}

static void write_annotations(const Scene *scene, const char *path, OGRSpatialReferenceH crs)
{
    GDALDatasetH dataset = create("GPKG", path, 0, 0, 0, NULL);
    if (dataset == NULL) return;
    OGRErr failed = GDALDatasetStartTransaction(dataset, 0);
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "objects", crs, wkbPolygon, NULL);
    if (!failed && layer != NULL) failed = fill_layer(layer, scene);
    if (!failed) failed = GDALDatasetCommitTransaction(dataset);
    if (failed || layer == NULL) CPLError(CE_Failure, CPLE_FileIO, "GDAL refuses the features");
    GDALClose(dataset);
}

static int fail(const char *path, const char *reason, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be written (%s)", path, reason);
}

/* A file under its temporary name and the name that it gets in the end. */
typedef struct Output {
    const char *path;
    char *part;
} Output;

/* Drivers look at the extension. */
static Output output_init(const char *path, const char *extension)
{
    Output output = {path, CPLStrdup(CPLSPrintf("%s.part%s", path, extension))};
    remove(output.part); /* the driver would add to what an earlier run left behind */
    return output;
}

static int output_commit(const Output *output, GaclipError *err)
{
    if (rename(output->part, output->path) == 0) return GACLIP_OK;
    return fail(output->path, strerror(errno), err);
}

static void output_clear(Output *output)
{
    remove(output->part); /* not there any more unless something failed */
    CPLFree(output->part);
}

static int write_both(const Scene *scene, const Output *raster, const Output *annotations,
                      uint8_t *rgb, GaclipError *err)
{
    Complaint complaint = {""};
    const Output *current = raster;
    CPLPushErrorHandlerEx(note_first, &complaint);
    OGRSpatialReferenceH crs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(crs, CRS);
    write_raster(scene, raster->part, rgb, crs);
    if (complaint.text[0] == '\0') {
        current = annotations;
        write_annotations(scene, annotations->part, crs);
    }
    OSRDestroySpatialReference(crs);
    CPLPopErrorHandler();
    return complaint.text[0] ? fail(current->path, complaint.text, err) : GACLIP_OK;
}

int scene_write(const Scene *scene, const char *raster, const char *annotations, GaclipError *err)
{
    uint8_t *rgb = malloc(3 * (size_t)scene->request.width * (size_t)scene->request.height);
    if (rgb == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    Output outputs[2] = {output_init(raster, ".tif"), output_init(annotations, ".gpkg")};
    int status = scene_paint(scene, rgb, err);
    if (!status) status = write_both(scene, &outputs[0], &outputs[1], rgb, err);
    for (int i = 0; i < 2 && !status; i++) status = output_commit(&outputs[i], err);
    for (int i = 0; i < 2; i++) output_clear(&outputs[i]);
    free(rgb);
    return status;
}
