/* Rasters pulled by window: places, resolutions, and what is refused. */
#include <math.h>

#include "raster_fixtures.h"

/* A raster whose red is the column and whose green is the row. */
static void draw_places(int width, int height)
{
    GDALDatasetH dataset = new_raster(SCENE, width, height, 3, GDT_Byte, NORTH_UP, UTM15);
    float *values = malloc((size_t)(width * height) * sizeof *values);
    for (int i = 0; i < width * height; i++) values[i] = (float)(i % width);
    write_band(dataset, 1, values);
    for (int i = 0; i < width * height; i++) values[i] = (float)(i / width);
    write_band(dataset, 2, values);
    free(values);
    GDALClose(dataset);
}

static void test_outside(void **state)
{
    (void)state;
    draw_places(W, H);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    GaclipImage image = read_window(raster, -10, -5, 60, 40, 60, 40);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 60; x++) {
            int is_inside = x >= 10 && x < 10 + W && y >= 5 && y < 5 + H;
            assert_int_equal(is_valid(&image, x, y), is_inside);
            if (is_inside) expect_pixel(&image, x, y, x - 10, y - 5, 0);
        }
    gaclip_image_clear(&image);
    image = read_window(raster, W, 0, 20, 20, 20, 20);
    for (int i = 0; i < 400; i++) assert_int_equal(image.mask[i], 0);
    gaclip_image_clear(&image);
    image = read_window(raster, 1e12, -1e12, 20, 20, 20, 20);
    assert_false(is_valid(&image, 0, 0));
    gaclip_image_clear(&image);
    assert_false(gaclip_raster_has_data(raster, W, 0, 20, 20));
    assert_false(gaclip_raster_has_data(raster, 1e12, -1e12, 20, 20));
    gaclip_raster_close(raster);
}

static void test_bad_windows(void **state)
{
    static const double BAD[][4] = {
        {0, 0, 0, 10}, {0, 0, 10, -1}, {NAN, 0, 10, 10}, {0, INFINITY, 10, 10}, {0, 0, NAN, 10}};
    GaclipImage image;
    GaclipError err = {0};
    (void)state;
    draw_places(W, H);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    for (int i = 0; i < 5; i++)
        expect_error(gaclip_raster_read(&image, raster, BAD[i][0], BAD[i][1], BAD[i][2], BAD[i][3],
                                        10, 10, &err),
                     GACLIP_ERROR_ARGUMENT, &err, "empty window");
    gaclip_raster_close(raster);
}

/* Every resampled pixel shows the place that it covers, in whatever window it is read: also where
 * the raster ends within a pixel of the output. */
static void test_places(void **state)
{
    static const double PER_PIXEL[] = {0.25, 0.7, 1, 1.3, 1.7, 2, 3.3, 7};
    (void)state;
    draw_places(230, 170);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    for (size_t i = 0; i < sizeof PER_PIXEL / sizeof *PER_PIXEL; i++) {
        double step = PER_PIXEL[i];
        for (int k = 0; k < 40; k++) {
            double left = -20.5 + 6.3 * k, top = -15.25 + 4.7 * k;
            GaclipImage image = read_window(raster, left, top, 24 * step, 24 * step, 24, 24);
            for (int p = 0; p < 24 * 24; p++) {
                double x = left + step * (p % 24), y = top + step * floor(p / 24.0);
                int is_inside =
                    x > -1e-6 && y > -1e-6 && x + step < 230 + 1e-6 && y + step < 170 + 1e-6;
                assert_int_equal(is_valid(&image, p % 24, p / 24), is_inside);
                if (!is_inside || x < 2 || y < 2 || x + step > 228 || y + step > 168) continue;
                assert_true(fabs(image.rgb[3 * p] - (x + step / 2 - 0.5)) < 0.6);
                assert_true(fabs(image.rgb[3 * p + 1] - (y + step / 2 - 0.5)) < 0.6);
            }
            gaclip_image_clear(&image);
        }
    }
    gaclip_raster_close(raster);
}

static void expect_zoom(double gsd_min, double gsd_max, double zoom_x, double zoom_y)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    options.model_gsd_min = gsd_min;
    options.model_gsd_max = gsd_max;
    GaclipRaster *raster = open_raster(SCENE, &options);
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    assert_true(fabs(info->zoom_x - zoom_x) < 1e-12);
    assert_true(fabs(info->zoom_y - zoom_y) < 1e-12);
    assert_int_equal(info->model_width, (int)ceil(info->width * zoom_x - 1e-6));
    assert_int_equal(info->model_height, (int)ceil(info->height * zoom_y - 1e-6));
    gaclip_raster_close(raster);
}

/* The raster's own resolution where the model's range holds it, else the range's nearer end. */
static void test_zoom(void **state)
{
    static const double FLAT[6] = {440000, 0.5, 0, 4650000, 0, -2};
    (void)state;
    draw_places(W, H);
    expect_zoom(0, 0, 1, 1);
    expect_zoom(0.5, 2, 1, 1);
    expect_zoom(2, 4, 0.5, 0.5);
    expect_zoom(0.1, 0.4, 2.5, 2.5);
    GDALClose(new_raster(SCENE, W, H, 3, GDT_Byte, FLAT, UTM15));
    expect_zoom(1, 1, 0.5, 2);
    expect_zoom(0.75, 1.5, 0.5 / 0.75, 2 / 1.5);
}

static void test_said_gsd(void **state)
{
    GaclipRasterOptions options;
    (void)state;
    gaclip_raster_options_init(&options);
    draw_places(W, H);
    options.gsd = 0.25;
    options.model_gsd_min = 1;
    options.model_gsd_max = 1;
    GaclipRaster *raster = open_raster(SCENE, &options);
    assert_true(gaclip_raster_info(raster)->gsd_x == 0.25);
    assert_int_equal(gaclip_raster_info(raster)->model_width, 10);
    gaclip_raster_close(raster);
    options.gsd = -1;
    expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "not a length in metres");
    options.gsd = NAN;
    expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "not a length in metres");
    options.gsd = 1e9;
    expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "give a truer --gsd");
}

/* An overview of another colour shows which level was read. */
static void test_overviews(void **state)
{
    int factors[] = {2, 4};
    GDALDatasetH dataset = new_raster(SCENE, 256, 256, 3, GDT_Byte, NORTH_UP, UTM15);
    (void)state;
    for (int i = 1; i <= 3; i++) fill_band(dataset, i, 10);
    assert_int_equal(GDALBuildOverviews(dataset, "NEAREST", 2, factors, 0, NULL, NULL, NULL),
                     CE_None);
    for (int i = 1; i <= 3; i++)
        for (int level = 0; level < 2; level++)
            GDALFillRaster(GDALGetOverview(GDALGetRasterBand(dataset, i), level), 20 * (level + 1),
                           0);
    GDALClose(dataset);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    for (int zoom = 1; zoom <= 4; zoom *= 2) {
        GaclipImage image = read_window(raster, 0, 0, 256, 256, 256 / zoom, 256 / zoom);
        int value = zoom == 1 ? 10 : 10 * zoom;
        expect_pixel(&image, 20, 20, value, value, value);
        gaclip_image_clear(&image);
    }
    gaclip_raster_close(raster);
}

static void test_info(void **state)
{
    (void)state;
    draw_places(W, H);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    assert_string_equal(info->name, SCENE);
    assert_string_equal(info->crs_name, UTM15);
    assert_non_null(strstr(info->crs_wkt, "PROJCRS["));
    assert_int_equal(info->width, W);
    assert_int_equal(info->height, H);
    assert_true(info->has_crs && info->has_geotransform);
    gaclip_raster_close(raster);
    gaclip_raster_close(NULL);
}

static void test_no_georeference(void **state)
{
    GaclipRasterOptions options;
    (void)state;
    gaclip_raster_options_init(&options);
    options.gsd = 0.5;
    GDALClose(new_raster(SCENE, W, H, 3, GDT_Byte, NORTH_UP, NULL));
    expect_refused(SCENE, NULL, GACLIP_ERROR_ARGUMENT,
                   "/vsimem/scene.tif: has no coordinate reference system; assign one with "
                   "gdal_edit.py -a_srs, or give its ground sampling distance with --gsd METRES");
    GDALClose(new_raster(SCENE, W, H, 3, GDT_Byte, NULL, UTM15));
    expect_refused(SCENE, NULL, GACLIP_ERROR_ARGUMENT, "has no geotransform; assign one with");
    expect_refused(SCENE, NULL, GACLIP_ERROR_ARGUMENT, "--gsd METRES");
    GDALClose(new_raster(SCENE, W, H, 3, GDT_Byte, NULL, NULL));
    GaclipRaster *raster = open_raster(SCENE, &options);
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    assert_false(info->has_crs || info->has_geotransform);
    assert_string_equal(info->crs_name, "");
    assert_true(info->gsd_x == 0.5 && info->geotransform[1] == 1 && info->geotransform[5] == 1);
    gaclip_raster_close(raster);
}

/* A plan of a building site has a CRS, but none on the Earth. */
static void test_local_crs(void **state)
{
    (void)state;
    GDALClose(
        new_raster(SCENE, W, H, 3, GDT_Byte, NORTH_UP, "LOCAL_CS[\"site\",UNIT[\"metre\",1]]"));
    expect_refused(SCENE, NULL, GACLIP_ERROR_ARGUMENT, "--gsd METRES");
}

static void test_control_points(void **state)
{
    GDALDatasetH dataset = new_raster(SCENE, W, H, 3, GDT_Byte, NULL, NULL);
    OGRSpatialReferenceH crs = crs_of(UTM15);
    GDAL_GCP points[3];
    (void)state;
    GDALInitGCPs(3, points);
    points[1].dfGCPPixel = points[1].dfGCPX = 10;
    points[2].dfGCPLine = points[2].dfGCPY = 10;
    assert_int_equal(GDALSetGCPs2(dataset, 3, points, crs), CE_None);
    GDALDeinitGCPs(3, points);
    OSRDestroySpatialReference(crs);
    GDALClose(dataset);
    expect_refused(SCENE, NULL, GACLIP_ERROR_UNSUPPORTED, "gdalwarp");
}

static void test_truncated(void **state)
{
    GaclipImage image;
    GaclipError err = {0};
    (void)state;
    draw_places(200, 200);
    cut_file(SCENE, 200 * 200);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    expect_error(gaclip_raster_read(&image, raster, 0, 0, 200, 200, 200, 200, &err),
                 GACLIP_ERROR_IO, &err, "/vsimem/scene.tif: cannot read pixels at column 0, row 0");
    gaclip_raster_close(raster);
    /* 16 bits are looked at when the raster is opened, for the stretch */
    GDALDatasetH dataset = new_raster(SCENE, 200, 200, 1, GDT_UInt16, NORTH_UP, UTM15);
    fill_band(dataset, 1, 500);
    GDALClose(dataset);
    cut_file(SCENE, 200 * 200);
    expect_refused(SCENE, NULL, GACLIP_ERROR_IO, "band 1 cannot be read");
    cut_file(SCENE, 7);
    expect_refused(SCENE, NULL, GACLIP_ERROR_IO, "cannot be opened as a raster");
    cut_file(SCENE, 0);
    expect_refused(SCENE, NULL, GACLIP_ERROR_IO, "cannot be opened as a raster");
}

static void test_not_a_raster(void **state)
{
    const char *const wkt = "POINT (0 0)", *const label = "thing";
    (void)state;
    expect_refused("/vsimem/none.tif", NULL, GACLIP_ERROR_IO,
                   "/vsimem/none.tif: cannot be opened as a raster");
    expect_refused("", NULL, GACLIP_ERROR_IO, "cannot be opened as a raster");
    new_layer("/vsimem/layer.shp", "ESRI Shapefile", UTM15, &wkt, &label, 1);
    expect_refused("/vsimem/layer.shp", NULL, GACLIP_ERROR_IO, "check the name with gdalinfo");
    GDALClose(new_raster(SCENE, W, H, 1, GDT_CFloat32, NORTH_UP, UTM15));
    expect_refused(SCENE, NULL, GACLIP_ERROR_UNSUPPORTED, "complex numbers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside),   cmocka_unit_test(test_bad_windows),
        cmocka_unit_test(test_places),    cmocka_unit_test(test_zoom),
        cmocka_unit_test(test_said_gsd),  cmocka_unit_test(test_overviews),
        cmocka_unit_test(test_info),      cmocka_unit_test(test_no_georeference),
        cmocka_unit_test(test_local_crs), cmocka_unit_test(test_control_points),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_not_a_raster),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
