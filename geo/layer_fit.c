#include "layer_fit.h"

#include <cpl_port.h>
#include <ogr_srs_api.h>

#include "raster.h"

static int is_fit(OGRFieldType type, GaclipFieldType wanted)
{
    if (wanted == GACLIP_FIELD_TEXT) return type == OFTString;
    if (wanted == GACLIP_FIELD_REAL) return type == OFTReal;
    return type == OFTInteger64 || type == OFTInteger;
}

static int is_misfit(OGRLayerH layer, const GaclipVectorTarget *target, const char *what,
                     const char *name, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "%s: its layer %s has no %s%s, so it is not one of detections; choose "
                            "another name with --output-layer",
                            target->path, OGR_L_GetName(layer), what, name);
}

static int check_fields(OGRLayerH layer, const GaclipVectorTarget *target,
                        const GaclipField *fields, int field_count, GaclipError *err)
{
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
    OGRwkbGeometryType geometry = wkbFlatten(OGR_L_GetGeomType(layer));
    if (geometry != wkbPolygon && geometry != wkbUnknown)
        return is_misfit(layer, target, "polygons", "", err);
    for (int i = 0; i < field_count; i++) {
        int at = OGR_FD_GetFieldIndex(definition, fields[i].name);
        if (at < 0) return is_misfit(layer, target, "field ", fields[i].name, err);
        if (!is_fit(OGR_Fld_GetType(OGR_FD_GetFieldDefn(definition, at)), fields[i].type))
            return is_misfit(layer, target, "field of the right type ", fields[i].name, err);
    }
    return GACLIP_OK;
}

static int is_same(OGRSpatialReferenceH crs, const char *name)
{
    OGRSpatialReferenceH other = OSRNewSpatialReference(NULL);
    OSRSetAxisMappingStrategy(other, OAMS_TRADITIONAL_GIS_ORDER);
    int same = OSRSetFromUserInput(other, name) == OGRERR_NONE && OSRIsSame(crs, other);
    OSRDestroySpatialReference(other);
    return same;
}

/* A GeoPackage says of a layer without a CRS that it is in an "Undefined geographic SRS", or an
 * "Undefined Cartesian" one. */
static OGRSpatialReferenceH crs_of(OGRLayerH layer)
{
    OGRSpatialReferenceH crs = OGR_L_GetSpatialRef(layer);
    const char *name = crs ? OSRGetName(crs) : NULL;
    return name && STARTS_WITH_CI(name, "Undefined ") ? NULL : crs;
}

static int check_crs(OGRSpatialReferenceH crs, OGRLayerH layer, const GaclipVectorTarget *target,
                     const GaclipRaster *raster, const char *dst_crs, GaclipError *err)
{
    const char *name = OGR_L_GetName(layer);
    if (!crs != !raster->crs)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s: its layer %s has %s CRS, but %s has %s; choose another name "
                                "with --output-layer",
                                target->path, name, crs ? "a" : "no", raster->name,
                                raster->crs ? "one" : "none");
    if (crs && dst_crs && !is_same(crs, dst_crs))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--dst-crs %s: the layer %s of %s is in another CRS; leave the "
                                "option out",
                                dst_crs, name, target->path);
    return GACLIP_OK;
}

int gaclip__layer_fit(OGRLayerH *out, OGRSpatialReferenceH *crs, GDALDatasetH dataset,
                      const GaclipVectorTarget *target, const GaclipRaster *raster,
                      const GaclipLayerOptions *options, const GaclipField *fields, int field_count,
                      GaclipError *err)
{
    *crs = NULL;
    *out = GDALDatasetGetLayerByName(dataset, options->name);
    if (!*out) return GACLIP_OK;
    *crs = crs_of(*out);
    int status = check_fields(*out, target, fields, field_count, err);
    return status ? status : check_crs(*crs, *out, target, raster, options->dst_crs, err);
}
