/* Rasters pulled by window: bands, masks, depths, resolutions, and what is refused. */
#include <math.h>

#include "geo_fixtures.h"

enum { W = 40, H = 30 };

static const char SCENE[] = "/vsimem/scene.tif";

static GaclipImage read_window(GaclipRaster *raster, double x, double y, double width,
                               double height, int out_width, int out_height)
{
    GaclipImage image;
    GaclipError err = {0};
    expect_ok(gaclip_raster_read(&image, raster, x, y, width, height, out_width, out_height, &err),
              &err);
    return image;
}

static void expect_pixel(const GaclipImage *image, int x, int y, int r, int g, int b)
{
    const uint8_t *p = image->rgb + 3 * (y * image->width + x);
    if (p[0] != r || p[1] != g || p[2] != b)
        fail_msg("pixel %d, %d is %d %d %d in place of %d %d %d", x, y, p[0], p[1], p[2], r, g, b);
}

static int is_valid(const GaclipImage *image, int x, int y)
{
    return image->mask[y * image->width + x] != 0;
}

/* Opens with options, reads all of it at its own size, checks one colour and clears. */
static void expect_colour(const char *path, const GaclipRasterOptions *options, int r, int g, int b)
{
    GaclipRaster *raster = open_raster(path, options);
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    expect_pixel(&image, W / 2, H / 2, r, g, b);
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
}

static void expect_refused(const char *path, const GaclipRasterOptions *options, int status,
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

/* Bands of constant values 10, 20, 30, ... with these colour interpretations. */
static void draw_bands(const GDALColorInterp *colours, int count, GDALDataType type)
{
    GDALDatasetH dataset = new_raster(SCENE, W, H, count, type, NORTH_UP, UTM15);
    for (int i = 1; i <= count; i++) {
        if (colours)
            GDALSetRasterColorInterpretation(GDALGetRasterBand(dataset, i), colours[i - 1]);
        fill_band(dataset, i, 10 * i);
    }
    GDALClose(dataset);
}

/* ---- bands ---- */

static void test_default_bands(void **state)
{
    static const GDALColorInterp BGRN[] = {GCI_BlueBand, GCI_GreenBand, GCI_RedBand, GCI_Undefined};
    static const GDALColorInterp PLAIN[] = {GCI_GrayIndex, GCI_Undefined, GCI_Undefined,
                                            GCI_Undefined, GCI_Undefined};
    static const GDALColorInterp GRAY_ALPHA[] = {GCI_GrayIndex, GCI_AlphaBand};
    static const GDALColorInterp ALPHA_FIRST[] = {GCI_AlphaBand, GCI_Undefined, GCI_Undefined,
                                                  GCI_Undefined};
    (void)state;
    draw_bands(BGRN, 4, GDT_Byte);
    expect_colour(SCENE, NULL, 30, 20, 10);
    draw_bands(PLAIN, 5, GDT_Byte);
    expect_colour(SCENE, NULL, 10, 20, 30);
    draw_bands(PLAIN, 1, GDT_Byte);
    expect_colour(SCENE, NULL, 10, 10, 10);
    draw_bands(PLAIN, 2, GDT_Byte);
    expect_colour(SCENE, NULL, 10, 10, 10);
    draw_bands(GRAY_ALPHA, 2, GDT_Byte);
    expect_colour(SCENE, NULL, 10, 10, 10);
    draw_bands(ALPHA_FIRST, 4, GDT_Byte);
    expect_colour(SCENE, NULL, 20, 30, 40);
}

static void test_chosen_bands(void **state)
{
    static const int THREE[] = {5, 1, 3}, ONE[] = {4}, NONE[] = {1, 2, 6}, ZERO[] = {0};
    GaclipRasterOptions options;
    (void)state;
    gaclip_raster_options_init(&options);
    draw_bands(NULL, 5, GDT_Byte);
    options.bands = THREE;
    options.band_count = 3;
    expect_colour(SCENE, &options, 50, 10, 30);
    options.bands = ONE;
    options.band_count = 1;
    expect_colour(SCENE, &options, 40, 40, 40);
    options.band_count = 2;
    options.bands = THREE;
    expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "give one or three");
    options.bands = NONE;
    options.band_count = 3;
    expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "has no band 6, only 1 to 5");
    options.bands = ZERO;
    options.band_count = 1;
    expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "has no band 0");
}

static void test_palette(void **state)
{
    GDALDatasetH dataset = new_raster(SCENE, W, H, 1, GDT_Byte, NORTH_UP, UTM15);
    GDALColorTableH table = GDALCreateColorTable(GPI_RGB);
    const GDALColorEntry water = {10, 60, 200, 255}, roof = {220, 90, 40, 255};
    float values[W * H];
    (void)state;
    for (int i = 0; i < W * H; i++) values[i] = i % W < W / 2 ? 3 : 7;
    GDALSetColorEntry(table, 3, &water);
    GDALSetColorEntry(table, 7, &roof);
    GDALSetRasterColorTable(GDALGetRasterBand(dataset, 1), table);
    GDALDestroyColorTable(table);
    write_band(dataset, 1, values);
    GDALClose(dataset);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    assert_string_equal(gaclip_raster_info(raster)->scale_rule, "palette");
    /* colours, not indices, whatever the zoom: no mixture of two entries */
    for (int zoom = 1; zoom <= 3; zoom++) {
        GaclipImage image = read_window(raster, 0, 0, W, H, W / zoom, H / zoom);
        expect_pixel(&image, 1, 1, 10, 60, 200);
        expect_pixel(&image, image.width - 2, 1, 220, 90, 40);
        gaclip_image_clear(&image);
    }
    gaclip_raster_close(raster);
}

/* ---- valid ground ---- */

/* Left half valid, right half not. */
static void expect_left_half(const GaclipRasterOptions *options)
{
    GaclipRaster *raster = open_raster(SCENE, options);
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) assert_int_equal(is_valid(&image, x, y), x < W / 2);
    gaclip_image_clear(&image);
    assert_true(gaclip_raster_has_data(raster, 0, 0, W, H));
    assert_true(gaclip_raster_has_data(raster, W / 2.0 - 1, 0, 5, 5));
    assert_true(gaclip_raster_has_data(raster, -5, -5, 5.1, 5.1));
    assert_false(gaclip_raster_has_data(raster, -5, -5, 5, 5));
    gaclip_raster_close(raster);
}

static void expect_right_empty(void)
{
    GaclipRaster *raster = open_raster(SCENE, NULL);
    assert_false(gaclip_raster_has_data(raster, W / 2.0, 0, W / 2.0, H));
    gaclip_raster_close(raster);
}

static void half_and_half(float values[W * H], float left, float right)
{
    for (int i = 0; i < W * H; i++) values[i] = i % W < W / 2 ? left : right;
}

static void test_alpha(void **state)
{
    static const GDALColorInterp RGBA[] = {GCI_RedBand, GCI_GreenBand, GCI_BlueBand, GCI_AlphaBand};
    float values[W * H];
    (void)state;
    half_and_half(values, 255, 0);
    GDALDatasetH dataset = new_raster(SCENE, W, H, 4, GDT_Byte, NORTH_UP, UTM15);
    for (int i = 0; i < 4; i++)
        GDALSetRasterColorInterpretation(GDALGetRasterBand(dataset, i + 1), RGBA[i]);
    for (int i = 1; i <= 3; i++) fill_band(dataset, i, 100);
    write_band(dataset, 4, values);
    GDALClose(dataset);
    expect_left_half(NULL);
    expect_right_empty();
}

static void test_mask_band(void **state)
{
    float values[W * H];
    (void)state;
    half_and_half(values, 255, 0);
    GDALDatasetH dataset = new_raster(SCENE, W, H, 3, GDT_Byte, NORTH_UP, UTM15);
    for (int i = 1; i <= 3; i++) fill_band(dataset, i, 100);
    assert_int_equal(GDALCreateDatasetMaskBand(dataset, GMF_PER_DATASET), CE_None);
    assert_int_equal(GDALRasterIO(GDALGetMaskBand(GDALGetRasterBand(dataset, 1)), GF_Write, 0, 0, W,
                                  H, values, W, H, GDT_Float32, 0, 0),
                     CE_None);
    GDALClose(dataset);
    expect_left_half(NULL);
    expect_right_empty();
    VSIUnlink("/vsimem/scene.tif.msk");
}

/* A pixel is missing where every band holds nodata: black water has ones of a single band. */
static void test_nodata(void **state)
{
    float values[W * H];
    (void)state;
    GDALDatasetH dataset = new_raster(SCENE, W, H, 3, GDT_Byte, NORTH_UP, UTM15);
    half_and_half(values, 0, 0);
    write_band(dataset, 1, values);
    half_and_half(values, 40, 0);
    write_band(dataset, 2, values);
    write_band(dataset, 3, values);
    for (int i = 1; i <= 3; i++) GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, i), 0);
    GDALClose(dataset);
    expect_left_half(NULL);
    expect_right_empty();
}

static void test_float_nodata(void **state)
{
    GaclipRasterOptions options;
    float values[W * H];
    (void)state;
    gaclip_raster_options_init(&options);
    options.scale = "0,255";
    GDALDatasetH dataset = new_raster(SCENE, W, H, 1, GDT_Float32, NORTH_UP, UTM15);
    half_and_half(values, 100, -9999);
    write_band(dataset, 1, values);
    GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, 1), -9999);
    GDALClose(dataset);
    expect_left_half(&options);
    /* nodata does not bleed into its neighbours when the raster is resampled */
    GaclipRaster *raster = open_raster(SCENE, &options);
    GaclipImage image = read_window(raster, 0, 0, W, H, W / 4, H / 4);
    expect_pixel(&image, W / 8 - 1, 3, 100, 100, 100);
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
}

static void test_not_finite(void **state)
{
    static const float BAD[] = {NAN, INFINITY, -INFINITY};
    float values[W * H];
    (void)state;
    for (int i = 0; i < 3; i++) {
        GDALDatasetH dataset = new_raster(SCENE, W, H, 1, GDT_Float32, NORTH_UP, UTM15);
        half_and_half(values, 0.5f, BAD[i]);
        values[0] = 0.25f;
        write_band(dataset, 1, values);
        GDALClose(dataset);
        expect_left_half(NULL);
    }
}

/* ---- depth ---- */

/* One band with the values 0, step, 2 step, ... */
static void draw_ramp(GDALDataType type, double step)
{
    GDALDatasetH dataset = new_raster(SCENE, W, H, 1, type, NORTH_UP, UTM15);
    float values[W * H];
    for (int i = 0; i < W * H; i++) values[i] = (float)(i * step);
    write_band(dataset, 1, values);
    GDALClose(dataset);
}

static void expect_rule(const char *scale, const char *text, double low, double high, double step)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    options.scale = scale;
    GaclipRaster *raster = open_raster(SCENE, &options);
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    assert_string_equal(gaclip_raster_info(raster)->scale_rule, text);
    for (int i = 0; i < W * H; i++) {
        double value = fmin(fmax((i * step - low) * 255 / (high - low), 0), 255);
        assert_true(fabs(image.rgb[3 * i] - value) <= 0.51);
        assert_true(image.rgb[3 * i + 2] == image.rgb[3 * i]);
    }
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
}

/* 1200 values; the percentile p is the value number floor(1199 p / 100). */
static void test_scale_rules(void **state)
{
    (void)state;
    draw_ramp(GDT_UInt16, 10);
    expect_rule(NULL, "percentile:2,98 = 230..11750, 230..11750, 230..11750", 230, 11750, 10);
    expect_rule("auto", "percentile:2,98 = 230..11750, 230..11750, 230..11750", 230, 11750, 10);
    expect_rule("percentile:0,100", "percentile:0,100 = 0..11990, 0..11990, 0..11990", 0, 11990,
                10);
    expect_rule("percentile:0.5,50", "percentile:0.5,50 = 50..5990, 50..5990, 50..5990", 50, 5990,
                10);
    expect_rule("1000,3000", "1000,3000", 1000, 3000, 10);
    expect_rule("-100,12000.5", "-100,12000.5", -100, 12000.5, 10);
    expect_rule("none", "bytes", 0, 255, 10);
    draw_ramp(GDT_Int16, -10);
    expect_rule(NULL, "percentile:2,98 = -11760..-240, -11760..-240, -11760..-240", -11760, -240,
                -10);
    draw_ramp(GDT_Float32, 0.001);
    expect_rule(NULL, "percentile:2,98 = 0.023..1.175, 0.023..1.175, 0.023..1.175", 0.023, 1.175,
                0.001);
}

static void test_bytes(void **state)
{
    (void)state;
    draw_ramp(GDT_Byte, 0.2);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    assert_string_equal(gaclip_raster_info(raster)->scale_rule, "bytes");
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    expect_pixel(&image, 25, 10, 85, 85, 85);
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
}

static void test_band_rules(void **state)
{
    GDALDatasetH dataset = new_raster(SCENE, W, H, 3, GDT_UInt16, NORTH_UP, UTM15);
    float values[W * H];
    (void)state;
    for (int band = 1; band <= 3; band++) {
        for (int i = 0; i < W * H; i++) values[i] = (float)(i * band);
        write_band(dataset, band, values);
    }
    GDALClose(dataset);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    assert_string_equal(gaclip_raster_info(raster)->scale_rule,
                        "percentile:2,98 = 23..1175, 46..2350, 69..3525");
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    expect_pixel(&image, W / 2, H / 2, 132, 132, 132);
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
}

/* Constant rasters, and ones without a single valid value, have a rule as well. */
static void test_flat_rules(void **state)
{
    float values[W * H];
    (void)state;
    draw_ramp(GDT_UInt16, 0);
    expect_rule(NULL, "percentile:2,98 = 0..1, 0..1, 0..1", 0, 1, 0);
    GDALDatasetH dataset = new_raster(SCENE, W, H, 1, GDT_Float32, NORTH_UP, UTM15);
    half_and_half(values, NAN, NAN);
    write_band(dataset, 1, values);
    GDALClose(dataset);
    GaclipRaster *raster = open_raster(SCENE, NULL);
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    for (int i = 0; i < W * H; i++) assert_int_equal(image.mask[i], 0);
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
}

static void test_bad_scales(void **state)
{
    static const char *const BAD[] = {"",
                                      "automatic",
                                      "5",
                                      "5,5",
                                      "9,5",
                                      "1,2,3",
                                      "1,2x",
                                      "nan,5",
                                      "0,inf",
                                      "percentile:2",
                                      "percentile:98,2",
                                      "percentile:-1,98",
                                      "percentile:2,101",
                                      "percentile:2,98%",
                                      "percentile:nan,98",
                                      "None"};
    GaclipRasterOptions options;
    (void)state;
    gaclip_raster_options_init(&options);
    draw_ramp(GDT_UInt16, 1);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        options.scale = BAD[i];
        expect_refused(SCENE, &options, GACLIP_ERROR_ARGUMENT, "percentile:LOW,HIGH");
    }
}

/* ---- windows and resolutions ---- */

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

/* ---- what is refused ---- */

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
        cmocka_unit_test(test_default_bands),
        cmocka_unit_test(test_chosen_bands),
        cmocka_unit_test(test_palette),
        cmocka_unit_test(test_alpha),
        cmocka_unit_test(test_mask_band),
        cmocka_unit_test(test_nodata),
        cmocka_unit_test(test_float_nodata),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_scale_rules),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_band_rules),
        cmocka_unit_test(test_flat_rules),
        cmocka_unit_test(test_bad_scales),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_bad_windows),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_zoom),
        cmocka_unit_test(test_said_gsd),
        cmocka_unit_test(test_overviews),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_no_georeference),
        cmocka_unit_test(test_local_crs),
        cmocka_unit_test(test_control_points),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_not_a_raster),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
