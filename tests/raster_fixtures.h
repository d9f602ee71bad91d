/* Reading small rasters and looking at single pixels. */
#ifndef GACLIP_TESTS_RASTER_FIXTURES_H
#define GACLIP_TESTS_RASTER_FIXTURES_H

#include "geo_fixtures.h"

enum { W = 40, H = 30 };

static const char SCENE[] = "/vsimem/scene.tif";

static inline GaclipImage read_window(GaclipRaster *raster, double x, double y, double width,
                                      double height, int out_width, int out_height)
{
    GaclipImage image;
    GaclipError err = {0};
    expect_ok(gaclip_raster_read(&image, raster, x, y, width, height, out_width, out_height, &err),
              &err);
    return image;
}

static inline void expect_pixel(const GaclipImage *image, int x, int y, int r, int g, int b)
{
    const uint8_t *p = image->rgb + 3 * (y * image->width + x);
    if (p[0] != r || p[1] != g || p[2] != b)
        fail_msg("pixel %d, %d is %d %d %d in place of %d %d %d", x, y, p[0], p[1], p[2], r, g, b);
}

static inline int is_valid(const GaclipImage *image, int x, int y)
{
    return image->mask[y * image->width + x] != 0;
}

static inline void expect_refused(const char *path, const GaclipRasterOptions *options, int status,
                                  const char *text)
{
    GaclipRasterOptions defaults;
    GaclipRaster *raster;
    GaclipError err = {0};
    gaclip_raster_options_init(&defaults);
    expect_error(gaclip_raster_open(&raster, path, options ? options : &defaults, &err), status,
                 &err, text);
    assert_null(raster);
}

#endif
