#include "antimeridian.h"

#include <math.h>

static void move_west_on(OGRGeometryH geometry, double circle)
{
    int parts = OGR_G_GetGeometryCount(geometry);
    for (int i = 0; i < parts; i++) move_west_on(OGR_G_GetGeometryRef(geometry, i), circle);
    for (int i = 0; parts == 0 && i < OGR_G_GetPointCount(geometry); i++) {
        double x = OGR_G_GetX(geometry, i), y = OGR_G_GetY(geometry, i);
        if (x < 0) OGR_G_SetPoint_2D(geometry, i, x + circle, y);
    }
}

void gaclip__join_at_antimeridian(OGRGeometryH geometry, OGRSpatialReferenceH crs)
{
    OGREnvelope extent;
    if (!OSRIsGeographic(crs)) return;
    double circle = 2 * acos(-1.0) / OSRGetAngularUnits(crs, NULL);
    OGR_G_GetEnvelope(geometry, &extent);
    if (extent.MaxX - extent.MinX > circle / 2) move_west_on(geometry, circle);
}
