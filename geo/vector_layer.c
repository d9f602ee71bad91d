#include "vector_layer.h"

#include <cpl_error.h>
#include <stdio.h>
#include <string.h>

#include "gdal_error.h"

enum { LIST_SIZE = 400 };

/* "a, b, c", cut to fit a message. */
static void add_name(char text[LIST_SIZE], const char *name)
{
    size_t used = strlen(text);
    snprintf(text + used, LIST_SIZE - used, "%s%s", used ? ", " : "", name);
}

static OGRLayerH first_with_geometry(GDALDatasetH dataset)
{
    for (int i = 0; i < GDALDatasetGetLayerCount(dataset); i++) {
        OGRLayerH layer = GDALDatasetGetLayer(dataset, i);
        if (OGR_L_GetGeomType(layer) != wkbNone) return layer;
    }
    return NULL;
}

static int no_layer(const GaclipVectorLayer *layer, const char *layer_name, GaclipError *err)
{
    char names[LIST_SIZE] = "";
    if (!layer_name)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: has no layer with geometries",
                                layer->name);
    for (int i = 0; i < GDALDatasetGetLayerCount(layer->dataset); i++)
        add_name(names, OGR_L_GetName(GDALDatasetGetLayer(layer->dataset, i)));
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: has no layer \"%s\"; there are: %s",
                            layer->name, layer_name, names);
}

int gaclip__layer_open(GaclipVectorLayer *layer, const char *name, const char *layer_name,
                       GaclipError *err)
{
    *layer = (GaclipVectorLayer){.name = name};
    layer->dataset = GDALOpenEx(name, GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                                NULL, NULL, NULL);
    if (!layer->dataset)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be opened as a vector source%s; check the name with "
                                "ogrinfo",
                                name, gaclip__gdal_reason());
    layer->layer = layer_name ? GDALDatasetGetLayerByName(layer->dataset, layer_name)
                              : first_with_geometry(layer->dataset);
    if (layer->layer) return GACLIP_OK;
    int status = no_layer(layer, layer_name, err);
    gaclip__layer_close(layer);
    return status;
}

void gaclip__layer_close(GaclipVectorLayer *layer)
{
    if (layer->dataset) GDALClose(layer->dataset);
    layer->dataset = NULL;
    layer->layer = NULL;
}

int gaclip__layer_next(OGRFeatureH *feature, const GaclipVectorLayer *layer, GaclipError *err)
{
    CPLErrorReset();
    *feature = OGR_L_GetNextFeature(layer->layer);
    if (*feature || !*gaclip__gdal_reason()) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: layer \"%s\" cannot be read%s", layer->name,
                            OGR_L_GetName(layer->layer), gaclip__gdal_reason());
}

int gaclip__layer_field(int *index, const GaclipVectorLayer *layer, const char *field,
                        GaclipError *err)
{
    char names[LIST_SIZE] = "";
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer->layer);
    *index = OGR_FD_GetFieldIndex(definition, field);
    if (*index >= 0) return GACLIP_OK;
    for (int i = 0; i < OGR_FD_GetFieldCount(definition); i++)
        add_name(names, OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(definition, i)));
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "%s: layer \"%s\" has no field \"%s\"; its fields are: %s", layer->name,
                            OGR_L_GetName(layer->layer), field, names);
}

int gaclip__layer_transform(OGRCoordinateTransformationH *out, const GaclipVectorLayer *layer,
                            OGRSpatialReferenceH crs, const char *what, GaclipError *err)
{
    OGRSpatialReferenceH source = OGR_L_GetSpatialRef(layer->layer);
    *out = NULL;
    if (!source || !crs) return GACLIP_OK;
    OGRSpatialReferenceH from = OSRClone(source), to = OSRClone(crs);
    OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
    OSRSetAxisMappingStrategy(to, OAMS_TRADITIONAL_GIS_ORDER);
    int is_same = OSRIsSame(from, to);
    if (!is_same) *out = OCTNewCoordinateTransformation(from, to);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
    if (is_same || *out) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "%s: cannot be transformed to the CRS of %s%s", layer->name, what,
                            gaclip__gdal_reason());
}
