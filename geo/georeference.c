/* Pixels, ground and metres. */
#include <math.h>

#include "raster.h"

/* Of a projection's scale; maps of zones stay below it, the radius above costs half of it. */
static const double MOST_DISTORTION = 0.01;

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

static void scale_steps(double *gsd_x, double *gsd_y, const double *t, double unit_x, double unit_y)
{
    *gsd_x = hypot(t[1] * unit_x, t[4] * unit_y);
    *gsd_y = hypot(t[2] * unit_x, t[5] * unit_y);
}

/* Metres on the ground of the steps from the point (x, y)[0] to the two others, angles of so many
 * radians. */
static void measure_steps(double *gsd_x, double *gsd_y, const double x[3], const double y[3],
                          double radians)
{
    double unit = GACLIP__EARTH_RADIUS * radians, turn = 8 * atan(1) / radians;
    double along = cos(y[0] * radians);
    *gsd_x = unit * hypot(remainder(x[1] - x[0], turn) * along, y[1] - y[0]);
    *gsd_y = unit * hypot(remainder(x[2] - x[0], turn) * along, y[2] - y[0]);
}

/* Some projections are not true to scale far from where they touch: a metre of Web Mercator is half
 * a metre of ground at 60 degrees. What cannot be transformed is left as the map has it. */
static void undo_distortion(double *gsd_x, double *gsd_y, const double *t, double column,
                            double row, OGRSpatialReferenceH crs)
{
    OGRSpatialReferenceH angles = OSRCloneGeogCS(crs);
    if (!angles) return;
    OSRSetAxisMappingStrategy(angles, OAMS_TRADITIONAL_GIS_ORDER);
    OGRCoordinateTransformationH transform = OCTNewCoordinateTransformation(crs, angles);
    double x0 = t[0] + column * t[1] + row * t[2], y0 = t[3] + column * t[4] + row * t[5];
    double x[3] = {x0, x0 + t[1], x0 + t[2]}, y[3] = {y0, y0 + t[4], y0 + t[5]};
    double true_x, true_y;
    if (transform && OCTTransform(transform, 3, x, y, NULL)) {
        measure_steps(&true_x, &true_y, x, y, OSRGetAngularUnits(angles, NULL));
        if (fabs(true_x / *gsd_x - 1) > MOST_DISTORTION ||
            fabs(true_y / *gsd_y - 1) > MOST_DISTORTION) {
            *gsd_x = true_x;
            *gsd_y = true_y;
        }
    }
    OCTDestroyCoordinateTransformation(transform);
    OSRDestroySpatialReference(angles);
}

int gaclip__ground_sampling(double *gsd_x, double *gsd_y, const double geotransform[6], int width,
                            int height, OGRSpatialReferenceH crs)
{
    const double *t = geotransform;
    if (OSRIsGeographic(crs)) {
        double radians = OSRGetAngularUnits(crs, NULL);
        double latitude = (t[3] + width / 2.0 * t[4] + height / 2.0 * t[5]) * radians;
        double unit_y = radians * GACLIP__EARTH_RADIUS;
        scale_steps(gsd_x, gsd_y, t, unit_y * cos(latitude), unit_y);
    } else {
        double unit = OSRGetLinearUnits(crs, NULL);
        scale_steps(gsd_x, gsd_y, t, unit, unit);
        if (OSRIsProjected(crs)) undo_distortion(gsd_x, gsd_y, t, width / 2.0, height / 2.0, crs);
    }
    return *gsd_x > 0 && *gsd_y > 0 && isfinite(*gsd_x) && isfinite(*gsd_y) ? GACLIP_OK
                                                                            : GACLIP_ERROR_FORMAT;
}
