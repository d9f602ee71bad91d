#include "layer_writer.h"

#include <cpl_conv.h>
#include <cpl_minixml.h>
#include <cpl_string.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "antimeridian.h"
#include "gdal_error.h"
#include "layer_fit.h"
#include "layer_runs.h"
#include "raster.h"
#include "style_table.h"

/* What is open while a layer is written. */
typedef struct Writing {
    GaclipVectorTarget *target;
    const GaclipLayerContent *from;
    OGRSpatialReferenceH crs;               /* of the output, or NULL */
    OGRCoordinateTransformationH transform; /* from the raster's CRS, or NULL */
    OGRLayerH layer;
    int is_extended; /* the layer was there */
    int *columns;    /* (field_count) places of the fields in it */
} Writing;

static int is_driver(const GaclipVectorTarget *target, const char *name)
{
    return EQUAL(GDALGetDriverShortName(target->driver), name);
}

static int fail(const GaclipVectorTarget *target, const char *what, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: %s%s", target->path, what,
                            gaclip__gdal_reason());
}

/* *out is NULL where neither the user nor the raster names a CRS. */
static int find_crs(OGRSpatialReferenceH *out, const GaclipRaster *raster, const char *dst_crs,
                    GaclipError *err)
{
    *out = NULL;
    if (!dst_crs) {
        if (raster->crs) *out = OSRClone(raster->crs);
        return GACLIP_OK;
    }
    if (!raster->crs)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s: has no CRS, so nothing can be transformed to %s; assign one "
                                "with gdal_edit.py -a_srs",
                                raster->name, dst_crs);
    OGRSpatialReferenceH crs = OSRNewSpatialReference(NULL);
    if (OSRSetFromUserInput(crs, dst_crs) != OGRERR_NONE) {
        OSRDestroySpatialReference(crs);
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--dst-crs %s: not a known CRS; give an EPSG code or WKT", dst_crs);
    }
    OSRSetAxisMappingStrategy(crs, OAMS_TRADITIONAL_GIS_ORDER);
    *out = crs;
    return GACLIP_OK;
}

/* Formats that are in WGS 84 whatever they are given. */
static int is_in_degrees(const GaclipVectorTarget *target)
{
    static const char *const DRIVERS[] = {"GeoJSON", "GeoJSONSeq", "KML", "LIBKML", "GPX"};
    for (size_t i = 0; i < sizeof DRIVERS / sizeof *DRIVERS; i++)
        if (is_driver(target, DRIVERS[i])) return 1;
    return 0;
}

/* Whether the driver's list has the option; the names that it has, "A, B", go into names. */
static int is_listed(const CPLXMLNode *list, const char *name, char names[1024])
{
    size_t used = 0;
    *names = '\0';
    for (const CPLXMLNode *o = list ? list->psChild : NULL; o; o = o->psNext) {
        const char *known = CPLGetXMLValue(o, "name", NULL);
        if (o->eType != CXT_Element || !known) continue;
        if (EQUAL(known, name)) return 1;
        int added = snprintf(names + used, 1024 - used, "%s%s", used ? ", " : "", known);
        if (added > 0 && used + (size_t)added < 1024) used += (size_t)added;
    }
    return 0;
}

/* GDAL itself would say of an option that it does not know no more than a warning. Drivers without
 * a list may take any. */
static int check_layer_options(const GaclipVectorTarget *target, const char *const *options,
                               GaclipError *err)
{
    const char *text = GDALGetMetadataItem(target->driver, GDAL_DS_LAYER_CREATIONOPTIONLIST, NULL);
    CPLXMLNode *list = text && options ? CPLParseXMLString(text) : NULL;
    int status = GACLIP_OK;
    for (const char *const *o = options; list && *o && !status; o++) {
        char names[1024], *name = NULL;
        CPLParseNameValue(*o, &name);
        if (name && !is_listed(list, name, names))
            status = gaclip_error_set(
                err, GACLIP_ERROR_ARGUMENT, "--lco %s: %s has no layer creation option %s%s%s", *o,
                GDALGetDriverShortName(target->driver), name, *names ? "; it has " : "", names);
        CPLFree(name);
    }
    CPLDestroyXMLNode(list);
    return status;
}

/* DXF, for one, has none of one's own. */
static int check_fields(const GaclipVectorTarget *target, GaclipError *err)
{
    static const char *const SIGNS[] = {GDAL_DMD_CREATIONFIELDDATATYPES, "DCAP_CREATE_FIELD"};
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
        if (GDALGetMetadataItem(target->driver, SIGNS[i], NULL)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "%s: %s has no fields for class and score; write a GeoPackage, and "
                            "make others of it with ogr2ogr",
                            target->path, GDALGetDriverShortName(target->driver));
}

/* What only an attempt shows: a name that is taken by a raster, a view or the format itself. */
static int try_layer(GDALDatasetH dataset, const GaclipVectorTarget *target,
                     const GaclipLayerOptions *options, GaclipError *err)
{
    CPLErrorReset();
    int failed = GDALDatasetStartTransaction(dataset, 0) != OGRERR_NONE;
    OGRLayerH layer =
        failed ? NULL : GDALDatasetCreateLayer(dataset, options->name, NULL, wkbPolygon, NULL);
    failed = !layer || OGR_L_SyncToDisk(layer) != OGRERR_NONE;
    int status = failed || *gaclip__gdal_reason()
                     ? fail(target,
                            "no such layer can be made there; choose another name with "
                            "--output-layer",
                            err)
                     : GACLIP_OK;
    GDALDatasetRollbackTransaction(dataset);
    return status;
}

static int check_existing(const GaclipVectorTarget *target, const GaclipRaster *raster,
                          const GaclipLayerOptions *options, const GaclipField *fields,
                          int field_count, GaclipError *err)
{
    OGRLayerH layer;
    OGRSpatialReferenceH crs;
    GDALDatasetH dataset = gaclip__target_existing(target);
    if (!dataset) return fail(target, "cannot be read", err);
    int status =
        gaclip__layer_fit(&layer, &crs, dataset, target, raster, options, fields, field_count, err);
    if (!status && !layer) status = try_layer(dataset, target, options, err);
    GDALClose(dataset);
    return status;
}

int gaclip__check_layer(const GaclipVectorTarget *target, const GaclipRaster *raster,
                        const GaclipLayerOptions *options, const GaclipField *fields,
                        int field_count, GaclipError *err)
{
    OGRSpatialReferenceH crs;
    int status = find_crs(&crs, raster, options->dst_crs, err);
    if (status) return status;
    if (!crs && is_in_degrees(target))
        status =
            gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                             "%s: %s is in WGS 84, but %s has no CRS; write a GeoPackage "
                             "or assign a CRS with gdal_edit.py -a_srs",
                             target->path, GDALGetDriverShortName(target->driver), raster->name);
    if (crs) OSRDestroySpatialReference(crs);
    if (!status && is_driver(target, "GPKG") && EQUAL(options->name, "layer_styles"))
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "%s: the layer layer_styles is where QGIS keeps styles; choose "
                                  "another name with --output-layer",
                                  target->path);
    if (!status) status = check_fields(target, err);
    if (!status) status = check_layer_options(target, options->layer_options, err);
    if (!status && target->is_extended)
        status = check_existing(target, raster, options, fields, field_count, err);
    return status;
}

static int find_transform(Writing *w, GaclipError *err)
{
    const GaclipRaster *raster = w->from->raster;
    int status = w->layer ? GACLIP_OK : find_crs(&w->crs, raster, w->from->options.dst_crs, err);
    if (status || !w->crs || OSRIsSame(w->crs, raster->crs)) return status;
    w->transform = OCTNewCoordinateTransformation(raster->crs, w->crs);
    return w->transform ? GACLIP_OK : fail(w->target, "the CRS cannot be transformed to", err);
}

/* RFC 7946 means WGS 84, right-handed rings, and no word about a CRS; a CRS asked for by name needs
 * GDAL's older dialect. The provenance is a foreign member, section 6.1. */
static char **geojson_options(const Writing *w)
{
    char **options = NULL;
    cJSON *native = cJSON_CreateObject();
    cJSON_AddItemReferenceToObject(native, "gaclip", (cJSON *)(uintptr_t)w->from->provenance);
    char *text = cJSON_PrintUnformatted(native);
    cJSON_Delete(native);
    if (!w->from->options.dst_crs) options = CSLSetNameValue(options, "RFC7946", "YES");
    if (text) {
        options = CSLSetNameValue(options, "NATIVE_DATA", text);
        options = CSLSetNameValue(options, "NATIVE_MEDIA_TYPE", "application/vnd.geo+json");
    }
    cJSON_free(text);
    return options;
}

static char **layer_options(const Writing *w)
{
    char **options = NULL;
    if (is_driver(w->target, "GeoJSON")) options = geojson_options(w);
    if (is_driver(w->target, "GPKG")) options = CSLSetNameValue(options, "SPATIAL_INDEX", "YES");
    if (is_driver(w->target, "CSV")) options = CSLSetNameValue(options, "GEOMETRY", "AS_WKT");
    if (is_driver(w->target, "ESRI Shapefile"))
        options = CSLSetNameValue(options, "ENCODING", "UTF-8");
    for (const char *const *o = w->from->options.layer_options; o && *o; o++) {
        char *name = NULL;
        const char *value = CPLParseNameValue(*o, &name);
        if (name && value) options = CSLSetNameValue(options, name, value);
        CPLFree(name);
    }
    return options;
}

static int create_layer(Writing *w, GaclipError *err)
{
    static const OGRFieldType TYPES[] = {OFTString, OFTReal, OFTInteger64};
    char **options = layer_options(w);
    w->layer = GDALDatasetCreateLayer(w->target->dataset, w->from->options.name, w->crs,
                                      w->from->geometry, options);
    CSLDestroy(options);
    if (!w->layer) return fail(w->target, "the layer cannot be created", err);
    for (int i = 0; i < w->from->field_count; i++) {
        const GaclipField *from = &w->from->fields[i];
        OGRFieldDefnH field = OGR_Fld_Create(from->name, TYPES[from->type]);
        OGRErr failed = OGR_L_CreateField(w->layer, field, 1);
        OGR_Fld_Destroy(field);
        if (failed) return fail(w->target, "a field cannot be created", err);
    }
    return GACLIP_OK;
}

/* By name in a layer that was there; a new one has them in order, under names that its format may
 * have shortened. */
static int find_columns(Writing *w, GaclipError *err)
{
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(w->layer);
    w->columns = malloc(((size_t)w->from->field_count + 1) * sizeof *w->columns);
    if (!w->columns) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < w->from->field_count; i++)
        w->columns[i] =
            w->is_extended ? OGR_FD_GetFieldIndex(definition, w->from->fields[i].name) : i;
    return GACLIP_OK;
}

static int find_layer(Writing *w, GaclipError *err)
{
    OGRSpatialReferenceH crs;
    if (!w->target->is_extended) return GACLIP_OK;
    int status = gaclip__layer_fit(&w->layer, &crs, w->target->dataset, w->target, w->from->raster,
                                   &w->from->options, w->from->fields, w->from->field_count, err);
    w->is_extended = w->layer != NULL;
    if (!status && crs) w->crs = OSRClone(crs);
    return status;
}

static void set_fields(OGRFeatureH feature, const Writing *w, const GaclipFeature *from)
{
    for (int i = 0; i < w->from->field_count; i++) {
        const GaclipValue *value = &from->values[i];
        int column = w->columns[i];
        if (!value->is_set)
            OGR_F_SetFieldNull(feature, column);
        else if (w->from->fields[i].type == GACLIP_FIELD_TEXT)
            OGR_F_SetFieldString(feature, column, value->text);
        else if (w->from->fields[i].type == GACLIP_FIELD_REAL)
            OGR_F_SetFieldDouble(feature, column, value->number);
        else
            OGR_F_SetFieldInteger64(feature, column, (GIntBig)value->number);
    }
}

static int set_geometry(OGRFeatureH feature, const Writing *w, const GaclipFeature *from,
                        GaclipError *err)
{
    OGRGeometryH geometry = NULL;
    if (!from->wkb) return GACLIP_OK;
    if (OGR_G_CreateFromWkb(from->wkb, NULL, &geometry, (int)from->wkb_size) != OGRERR_NONE)
        return fail(w->target, "a geometry cannot be written", err);
    if (w->transform && OGR_G_Transform(geometry, w->transform) != OGRERR_NONE) {
        OGR_G_DestroyGeometry(geometry);
        return fail(w->target, "a feature cannot be transformed to the output's CRS", err);
    }
    if (w->transform) gaclip__join_at_antimeridian(geometry, w->crs);
    OGR_F_SetGeometryDirectly(feature, geometry);
    return GACLIP_OK;
}

static int write_feature(Writing *w, const GaclipFeature *from, GaclipError *err)
{
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(w->layer));
    set_fields(feature, w, from);
    int status = set_geometry(feature, w, from, err);
    if (!status && OGR_L_CreateFeature(w->layer, feature) != OGRERR_NONE)
        status = fail(
            w->target,
            "a feature cannot be written (is the disk full, or the file in use elsewhere?)", err);
    OGR_F_Destroy(feature);
    return status;
}

static int write_features(Writing *w, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < w->from->count && !status; i++) {
        GaclipFeature feature;
        w->from->feature(&feature, i, w->from->payload);
        status = write_feature(w, &feature, err);
    }
    return status;
}

static int write_style(const Writing *w, GaclipError *err)
{
    if (!w->from->style || !is_driver(w->target, "GPKG")) return GACLIP_OK;
    return gaclip__style_table_write(w->target->dataset, w->layer, w->from->style)
               ? fail(w->target, "the style cannot be written", err)
               : GACLIP_OK;
}

static int write_parts(Writing *w, GaclipError *err)
{
    int status = w->layer ? GACLIP_OK : create_layer(w, err);
    if (!status) status = find_columns(w, err);
    if (!status) status = write_features(w, err);
    if (!status) gaclip__layer_runs_add(w->layer, w->from->provenance);
    return status ? status : write_style(w, err);
}

/* GDAL writes metadata and extent with the commit, and says of their failure a message alone. */
static int commit(const Writing *w, GaclipError *err)
{
    CPLErrorReset();
    if (GDALDatasetCommitTransaction(w->target->dataset) != OGRERR_NONE)
        return fail(w->target,
                    "cannot be written (is the disk full, or the file in use elsewhere?)", err);
    return *gaclip__gdal_reason()
               ? fail(w->target, "has the boxes now, but not their provenance and extent", err)
               : GACLIP_OK;
}

static int write_all(Writing *w, GaclipError *err)
{
    GDALDatasetH dataset = w->target->dataset;
    int has_transaction = GDALDatasetTestCapability(dataset, ODsCTransactions) &&
                          GDALDatasetStartTransaction(dataset, 0) == OGRERR_NONE;
    if (w->target->is_extended && !has_transaction)
        return fail(w->target, "no transaction can be begun", err);
    int status = write_parts(w, err);
    if (!status && has_transaction) status = commit(w, err);
    if (status && w->target->is_extended) GDALDatasetRollbackTransaction(dataset);
    return status;
}

int gaclip__write_layer(GaclipVectorTarget *target, const GaclipLayerContent *content,
                        GaclipError *err)
{
    Writing w = {.target = target, .from = content};
    int status = gaclip__target_create(target, err);
    if (!status) status = find_layer(&w, err);
    if (!status) status = find_transform(&w, err);
    if (!status) status = write_all(&w, err);
    if (w.transform) OCTDestroyCoordinateTransformation(w.transform);
    if (w.crs) OSRDestroySpatialReference(w.crs);
    free(w.columns);
    return status;
}
