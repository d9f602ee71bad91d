/* Pixels of rasters: bands, masks and depths. */
#include <math.h>

#include "raster_fixtures.h"

/* Opens with options, reads all of it at its own size, checks one colour and clears. */
static void expect_colour(const char *path, const GaclipRasterOptions *options, int r, int g, int b)
{
    GaclipRaster *raster = open_raster(path, options);
    GaclipImage image = read_window(raster, 0, 0, W, H, W, H);
    expect_pixel(&image, W / 2, H / 2, r, g, b);
    gaclip_image_clear(&image);
    gaclip_raster_close(raster);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_bands), cmocka_unit_test(test_chosen_bands),
        cmocka_unit_test(test_palette),       cmocka_unit_test(test_alpha),
        cmocka_unit_test(test_mask_band),     cmocka_unit_test(test_nodata),
        cmocka_unit_test(test_float_nodata),  cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_scale_rules),   cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_band_rules),    cmocka_unit_test(test_flat_rules),
        cmocka_unit_test(test_bad_scales),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
