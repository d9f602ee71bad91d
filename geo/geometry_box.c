#include "geometry_box.h"

#include <math.h>

static void extend(double box[4], double column, double row)
{
    box[0] = fmin(box[0], column);
    box[1] = fmin(box[1], row);
    box[2] = fmax(box[2], column);
    box[3] = fmax(box[3], row);
}

/* Every vertex of a simple geometry, or of its parts, goes into box (raster pixels). */
static void extend_by_geometry(double box[4], OGRGeometryH geometry, const GaclipRaster *raster)
{
    int parts = OGR_G_GetGeometryCount(geometry);
    for (int i = 0; i < parts; i++)
        extend_by_geometry(box, OGR_G_GetGeometryRef(geometry, i), raster);
    for (int i = 0; parts == 0 && i < OGR_G_GetPointCount(geometry); i++) {
        double column, row;
        if (gaclip_raster_from_ground(raster, OGR_G_GetX(geometry, i), OGR_G_GetY(geometry, i),
                                      &column, &row) == GACLIP_OK)
            extend(box, column, row);
    }
}

/* Points, and lines along an axis, have no area: an axis without extent becomes length pixels. */
static void grow_axis(double *low, double *high, double length)
{
    if (*high - *low >= 1e-9) return;
    *low -= length / 2;
    *high += length / 2;
}

int gaclip__geometry_box(double box[4], OGRGeometryH geometry, const GaclipRaster *raster,
                         double point_size)
{
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    box[0] = box[1] = INFINITY;
    box[2] = box[3] = -INFINITY;
    OGRGeometryH linear = OGR_G_GetLinearGeometry(geometry, 0, NULL);
    if (linear) extend_by_geometry(box, linear, raster);
    OGR_G_DestroyGeometry(linear);
    if (!(box[2] >= box[0])) return 0;
    grow_axis(&box[0], &box[2], point_size / info->gsd_x);
    grow_axis(&box[1], &box[3], point_size / info->gsd_y);
    return 1;
}

int gaclip__clip_to_raster(GaclipBox *out, const double box[4], const GaclipRaster *raster,
                           double min_fraction)
{
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    double x1 = fmax(box[0], 0), y1 = fmax(box[1], 0);
    double x2 = fmin(box[2], info->width), y2 = fmin(box[3], info->height);
    double area = (box[2] - box[0]) * (box[3] - box[1]);
    *out = (GaclipBox){(float)x1, (float)y1, (float)x2, (float)y2};
    return out->x2 > out->x1 && out->y2 > out->y1 && (x2 - x1) * (y2 - y1) >= min_fraction * area;
}
