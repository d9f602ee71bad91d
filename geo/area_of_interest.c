#include "area_of_interest.h"

#include <ogr_api.h>
#include <stdlib.h>

#include "gdal_error.h"
#include "raster.h"
#include "vector_layer.h"

struct GaclipAreaOfInterest {
    const GaclipRaster *raster;
    OGRGeometryH geometry; /* in the raster's CRS: all polygons as one */
    OGRPreparedGeometryH prepared;
};

void gaclip__aoi_free(GaclipAreaOfInterest *aoi)
{
    if (!aoi) return;
    if (aoi->prepared) OGRDestroyPreparedGeometry(aoi->prepared);
    OGR_G_DestroyGeometry(aoi->geometry);
    free(aoi);
}

/* Of a geometry, or of its parts, those that are polygons go into all; geometry is taken over. */
static void add_polygons(OGRGeometryH all, OGRGeometryH geometry)
{
    if (wkbFlatten(OGR_G_GetGeometryType(geometry)) == wkbPolygon) {
        OGR_G_AddGeometryDirectly(all, geometry);
        return;
    }
    for (int i = 0; OGR_G_GetDimension(geometry) == 2 && i < OGR_G_GetGeometryCount(geometry); i++)
        add_polygons(all, OGR_G_Clone(OGR_G_GetGeometryRef(geometry, i)));
    OGR_G_DestroyGeometry(geometry);
}

static int add_feature(OGRGeometryH all, OGRFeatureH feature, const GaclipVectorLayer *layer,
                       OGRCoordinateTransformationH transform, GaclipError *err)
{
    OGRGeometryH own = OGR_F_GetGeometryRef(feature);
    if (!own || OGR_G_GetDimension(own) != 2) return GACLIP_OK;
    OGRGeometryH geometry = OGR_G_GetLinearGeometry(own, 0, NULL);
    if (geometry && transform && OGR_G_Transform(geometry, transform) != OGRERR_NONE) {
        OGR_G_DestroyGeometry(geometry);
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: feature %lld has no place in the raster's CRS%s", layer->name,
                                (long long)OGR_F_GetFID(feature), gaclip__gdal_reason());
    }
    if (geometry && !OGR_G_IsValid(geometry)) {
        OGRGeometryH valid = OGR_G_MakeValid(geometry);
        OGR_G_DestroyGeometry(geometry);
        geometry = valid;
    }
    if (geometry) OGR_G_FlattenTo2D(geometry);
    if (geometry) add_polygons(all, geometry);
    return GACLIP_OK;
}

static int read_polygons(OGRGeometryH all, const GaclipVectorLayer *layer,
                         OGRCoordinateTransformationH transform, GaclipError *err)
{
    OGRFeatureH feature;
    int status = gaclip__layer_next(&feature, layer, err);
    while (!status && feature) {
        status = add_feature(all, feature, layer, transform, err);
        OGR_F_Destroy(feature);
        if (!status) status = gaclip__layer_next(&feature, layer, err);
    }
    if (!status && OGR_G_GetGeometryCount(all) == 0)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                "%s: layer \"%s\" has no polygons to search within", layer->name,
                                OGR_L_GetName(layer->layer));
    return status;
}

static int join(GaclipAreaOfInterest *aoi, OGRGeometryH all, const char *name, GaclipError *err)
{
    aoi->geometry = OGR_G_UnionCascaded(all);
    if (aoi->geometry) aoi->prepared = OGRCreatePreparedGeometry(aoi->geometry);
    if (aoi->prepared) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "%s: its polygons cannot be joined%s; check them with ogrinfo", name,
                            gaclip__gdal_reason());
}

static int read_layer(GaclipAreaOfInterest *aoi, const GaclipVectorLayer *layer, GaclipError *err)
{
    OGRCoordinateTransformationH transform;
    int status =
        gaclip__layer_transform(&transform, layer, aoi->raster->crs, aoi->raster->name, err);
    if (status) return status;
    OGRGeometryH all = OGR_G_CreateGeometry(wkbMultiPolygon);
    status = read_polygons(all, layer, transform, err);
    if (!status) status = join(aoi, all, layer->name, err);
    OGR_G_DestroyGeometry(all);
    if (transform) OCTDestroyCoordinateTransformation(transform);
    return status;
}

int gaclip__aoi_open(GaclipAreaOfInterest **out, const char *name, const char *layer_name,
                     const GaclipRaster *raster, GaclipError *err)
{
    GaclipVectorLayer layer;
    *out = NULL;
    GaclipAreaOfInterest *aoi = calloc(1, sizeof *aoi);
    if (!aoi) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    aoi->raster = raster;
    int status = gaclip__layer_open(&layer, name, layer_name, err);
    if (!status) {
        status = read_layer(aoi, &layer, err);
        gaclip__layer_close(&layer);
    }
    if (status)
        gaclip__aoi_free(aoi);
    else
        *out = aoi;
    return status;
}

static void add_corner(OGRGeometryH ring, const GaclipRaster *raster, double x, double y)
{
    double ground_x, ground_y;
    gaclip_raster_to_ground(raster, x / raster->info.zoom_x, y / raster->info.zoom_y, &ground_x,
                            &ground_y);
    OGR_G_AddPoint_2D(ring, ground_x, ground_y);
}

int gaclip__aoi_meets(const GaclipAreaOfInterest *aoi, const GaclipTile *tile, int margin)
{
    const double x1 = tile->x - margin, y1 = tile->y - margin;
    const double x2 = tile->x + tile->width + margin, y2 = tile->y + tile->height + margin;
    const double corners[5][2] = {{x1, y1}, {x2, y1}, {x2, y2}, {x1, y2}, {x1, y1}};
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    OGRGeometryH ring = OGR_G_CreateGeometry(wkbLinearRing);
    for (int i = 0; i < 5; i++) add_corner(ring, aoi->raster, corners[i][0], corners[i][1]);
    OGR_G_AddGeometryDirectly(polygon, ring);
    int meets = OGRPreparedGeometryIntersects(aoi->prepared, polygon);
    OGR_G_DestroyGeometry(polygon);
    return meets;
}

int gaclip__aoi_holds(const GaclipAreaOfInterest *aoi, double x, double y)
{
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    add_corner(point, aoi->raster, x, y);
    int holds = OGRPreparedGeometryIntersects(aoi->prepared, point);
    OGR_G_DestroyGeometry(point);
    return holds;
}
