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
#include <time.h>

#include "gdal_error.h"
#include "provenance.h"
#include "raster.h"

/* What is open while a layer is written. */
typedef struct Writing {
    GaclipVectorTarget *target;
    const GaclipLayerContent *from;
    OGRSpatialReferenceH crs;               /* of the output, or NULL */
    OGRCoordinateTransformationH transform; /* from the raster's CRS, or NULL */
    OGRLayerH layer;
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

int gaclip__check_layer(const GaclipVectorTarget *target, const GaclipRaster *raster,
                        const GaclipLayerOptions *options, GaclipError *err)
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
    return status ? status : check_layer_options(target, options->layer_options, err);
}

static int find_transform(Writing *w, GaclipError *err)
{
    const GaclipRaster *raster = w->from->raster;
    int status = find_crs(&w->crs, raster, w->from->options.dst_crs, err);
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

static void set_fields(OGRFeatureH feature, const Writing *w, const GaclipFeature *from)
{
    for (int i = 0; i < w->from->field_count; i++) {
        const GaclipValue *value = &from->values[i];
        if (!value->is_set)
            OGR_F_SetFieldNull(feature, i);
        else if (w->from->fields[i].type == GACLIP_FIELD_TEXT)
            OGR_F_SetFieldString(feature, i, value->text);
        else if (w->from->fields[i].type == GACLIP_FIELD_REAL)
            OGR_F_SetFieldDouble(feature, i, value->number);
        else
            OGR_F_SetFieldInteger64(feature, i, (GIntBig)value->number);
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
    OGR_F_SetGeometryDirectly(feature, geometry);
    return GACLIP_OK;
}

static int write_feature(Writing *w, const GaclipFeature *from, GaclipError *err)
{
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(w->layer));
    set_fields(feature, w, from);
    int status = set_geometry(feature, w, from, err);
    if (!status && OGR_L_CreateFeature(w->layer, feature) != OGRERR_NONE)
        status = fail(w->target, "a feature cannot be written (is the disk full?)", err);
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

/* As metadata items, which the driver keeps in gpkg_metadata and ogrinfo shows. */
static void write_provenance(const Writing *w)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, w->from->provenance)
    {
        char *printed = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
        char *key = CPLStrdup(CPLSPrintf("GACLIP_%s", item->string));
        for (char *c = key; *c; c++)
            if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
        GDALSetMetadataItem(w->layer, key, printed ? printed : item->valuestring, NULL);
        CPLFree(key);
        cJSON_free(printed);
    }
}

static OGRLayerH create_style_table(Writing *w)
{
    static const struct {
        const char *name;
        OGRFieldType type;
        OGRFieldSubType subtype;
    } COLUMNS[] = {{"f_table_catalog", OFTString, OFSTNone},
                   {"f_table_schema", OFTString, OFSTNone},
                   {"f_table_name", OFTString, OFSTNone},
                   {"f_geometry_column", OFTString, OFSTNone},
                   {"styleName", OFTString, OFSTNone},
                   {"styleQML", OFTString, OFSTNone},
                   {"styleSLD", OFTString, OFSTNone},
                   {"useAsDefault", OFTInteger, OFSTBoolean},
                   {"description", OFTString, OFSTNone},
                   {"owner", OFTString, OFSTNone},
                   {"ui", OFTString, OFSTNone},
                   {"update_time", OFTDateTime, OFSTNone}};
    char **options = CSLSetNameValue(NULL, "FID", "id");
    OGRLayerH table =
        GDALDatasetCreateLayer(w->target->dataset, "layer_styles", NULL, wkbNone, options);
    CSLDestroy(options);
    for (size_t i = 0; table && i < sizeof COLUMNS / sizeof COLUMNS[0]; i++) {
        OGRFieldDefnH field = OGR_Fld_Create(COLUMNS[i].name, COLUMNS[i].type);
        OGR_Fld_SetSubType(field, COLUMNS[i].subtype);
        if (OGR_L_CreateField(table, field, 1) != OGRERR_NONE) table = NULL;
        OGR_Fld_Destroy(field);
    }
    return table;
}

static void set_text(OGRFeatureH feature, const char *field, const char *value)
{
    OGR_F_SetFieldString(feature, OGR_F_GetFieldIndex(feature, field), value);
}

/* The table that QGIS reads a GeoPackage's default styles from. */
static int write_style(Writing *w, GaclipError *err)
{
    if (!w->from->style || !is_driver(w->target, "GPKG")) return GACLIP_OK;
    OGRLayerH table = create_style_table(w);
    OGRErr failed = OGRERR_FAILURE;
    if (table) {
        OGRFeatureH row = OGR_F_Create(OGR_L_GetLayerDefn(table));
        time_t seconds = (time_t)gaclip__timestamp();
        struct tm t;
        /* QGIS looks for empty texts there, which nulls are not. */
        set_text(row, "f_table_catalog", "");
        set_text(row, "f_table_schema", "");
        set_text(row, "f_table_name", OGR_L_GetName(w->layer));
        set_text(row, "f_geometry_column", OGR_L_GetGeometryColumn(w->layer));
        set_text(row, "styleName", OGR_L_GetName(w->layer));
        set_text(row, "styleQML", w->from->style);
        set_text(row, "description", "boxes coloured by class");
        OGR_F_SetFieldInteger(row, OGR_F_GetFieldIndex(row, "useAsDefault"), 1);
        if (gmtime_r(&seconds, &t))
            OGR_F_SetFieldDateTime(row, OGR_F_GetFieldIndex(row, "update_time"), t.tm_year + 1900,
                                   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, 100);
        failed = OGR_L_CreateFeature(table, row);
        OGR_F_Destroy(row);
    }
    return failed ? fail(w->target, "the style cannot be written", err) : GACLIP_OK;
}

static int write_all(Writing *w, GaclipError *err)
{
    int has_transaction = GDALDatasetTestCapability(w->target->dataset, ODsCTransactions) &&
                          GDALDatasetStartTransaction(w->target->dataset, 0) == OGRERR_NONE;
    int status = create_layer(w, err);
    if (!status) status = write_features(w, err);
    if (!status) write_provenance(w);
    if (!status) status = write_style(w, err);
    if (has_transaction && !status &&
        GDALDatasetCommitTransaction(w->target->dataset) != OGRERR_NONE)
        status = fail(w->target, "cannot be written (is the disk full?)", err);
    return status;
}

int gaclip__write_layer(GaclipVectorTarget *target, const GaclipLayerContent *content,
                        GaclipError *err)
{
    Writing w = {.target = target, .from = content};
    int status = gaclip__target_create(target, err);
    if (!status) status = find_transform(&w, err);
    if (!status) status = write_all(&w, err);
    if (w.transform) OCTDestroyCoordinateTransformation(w.transform);
    if (w.crs) OSRDestroySpatialReference(w.crs);
    return status;
}
