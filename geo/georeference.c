/* Pixels, ground and metres. */
#include <math.h>

#include "raster.h"

/* Mean radius of the Earth (IUGG), metres: good to 0.6 % for the length of a pixel. */
static const double EARTH_RADIUS = 6371008.8;

void gaclip_raster_to_ground(const GaclipRaster *raster, double column, double row, double *x,
                             double *y)
{
    const double *t = raster->info.geotransform;
    *x = t[0] + column * t[1] + row * t[2];
    *y = t[3] + column * t[4] + row * t[5];
}

int gaclip_raster_from_ground(const GaclipRaster *raster, double x, double y, double *column,
                              double *row)
{
    const double *t = raster->inverse;
    *column = t[0] + x * t[1] + y * t[2];
    *row = t[3] + x * t[4] + y * t[5];
    return isfinite(*column) && isfinite(*row) ? GACLIP_OK : GACLIP_ERROR_ARGUMENT;
}

int gaclip__ground_sampling(double *gsd_x, double *gsd_y, const double geotransform[6], int width,
                            int height, OGRSpatialReferenceH crs)
{
    const double *t = geotransform;
    double unit_x, unit_y;
    if (OSRIsGeographic(crs)) {
        double radians = OSRGetAngularUnits(crs, NULL);
        double latitude = (t[3] + width / 2.0 * t[4] + height / 2.0 * t[5]) * radians;
        unit_y = radians * EARTH_RADIUS;
        unit_x = unit_y * cos(latitude);
    } else {
        unit_x = unit_y = OSRGetLinearUnits(crs, NULL);
    }
    *gsd_x = hypot(t[1] * unit_x, t[4] * unit_y);
    *gsd_y = hypot(t[2] * unit_x, t[5] * unit_y);
    return *gsd_x > 0 && *gsd_y > 0 && isfinite(*gsd_x) && isfinite(*gsd_y) ? GACLIP_OK
                                                                            : GACLIP_ERROR_FORMAT;
}
