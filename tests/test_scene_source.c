/* Training windows cut from a scene. */
#include <math.h>

#include "base/random.h"
#include "gaclip/scene_source.h"
#include "geo_fixtures.h"

enum { SIDE = 300, SQUARES = 12, SQUARE = 14 };

static const char SCENE[] = "/vsimem/source.tif", LAYER[] = "/vsimem/squares.gpkg";

/* A raster with bright squares on it, their annotations, and a source of both. */
typedef struct Town {
    GaclipRaster *raster;
    GaclipAnnotations *annotations;
    GaclipSceneSource *source;
    GaclipSampleSource view;
} Town;

static int column_of(int square)
{
    return 20 + square % 4 * 70;
}

static int row_of(int square)
{
    return 25 + square / 4 * 90;
}

static int square_at(int x, int y)
{
    for (int s = 0; s < SQUARES; s++)
        if (x >= column_of(s) && x < column_of(s) + SQUARE && y >= row_of(s) &&
            y < row_of(s) + SQUARE)
            return s;
    return -1;
}

/* Red is 50 on the ground and 200 on squares, where green says which it is, in steps of 10. The
 * right third is missing where has_gap. */
static void draw_scene(int has_gap)
{
    GDALDatasetH dataset = new_raster(SCENE, SIDE, SIDE, 3, GDT_Byte, NORTH_UP, UTM15);
    float *red = malloc(SIDE * SIDE * sizeof *red), *green = malloc(SIDE * SIDE * sizeof *green);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int square = square_at(i % SIDE, i / SIDE), is_gap = has_gap && i % SIDE >= 2 * SIDE / 3;
        red[i] = square >= 0 ? 200 : is_gap ? 0 : 50;
        green[i] = (float)(10 * (square + 1));
    }
    write_band(dataset, 1, red);
    write_band(dataset, 2, green);
    for (int band = 1; has_gap && band <= 3; band++)
        GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, band), 0);
    free(red);
    free(green);
    GDALClose(dataset);
}

static void write_annotations(void)
{
    char wkts[SQUARES][256];
    const char *list[SQUARES], *classes[SQUARES];
    for (int s = 0; s < SQUARES; s++) {
        int x1 = 440000 + column_of(s), y1 = 4650000 - row_of(s);
        int x2 = x1 + SQUARE, y2 = y1 - SQUARE;
        snprintf(wkts[s], sizeof wkts[s], "POLYGON ((%d %d, %d %d, %d %d, %d %d, %d %d))", x1, y1,
                 x2, y1, x2, y2, x1, y2, x1, y1);
        list[s] = wkts[s];
        classes[s] = s ? "tank" : "rare tank";
    }
    VSIUnlink(LAYER);
    new_layer(LAYER, "GPKG", UTM15, list, classes, SQUARES);
}

static Town open_town(double model_gsd, double object_share)
{
    Town town;
    GaclipRasterOptions raster;
    GaclipAnnotationOptions annotations;
    GaclipError err = {0};
    gaclip_raster_options_init(&raster);
    gaclip_annotation_options_init(&annotations);
    raster.model_gsd_min = raster.model_gsd_max = model_gsd;
    annotations.class_field = "class";
    write_annotations();
    town.raster = open_raster(SCENE, &raster);
    expect_ok(gaclip_annotations_open(&town.annotations, LAYER, town.raster, &annotations, &err),
              &err);
    expect_ok(
        gaclip_scene_source_new(&town.source, town.raster, town.annotations, object_share, &err),
        &err);
    town.view = gaclip_scene_source_view(town.source);
    return town;
}

static void close_town(Town *town)
{
    gaclip_scene_source_free(town->source);
    gaclip_annotations_free(town->annotations);
    gaclip_raster_close(town->raster);
}

static GaclipSample take(const Town *town, uint64_t random, int width, int height)
{
    GaclipSample sample;
    GaclipError err = {0};
    expect_ok(town->view.next(&sample, town->view.payload, random, width, height, &err), &err);
    assert_int_equal(sample.image.width, width);
    assert_int_equal(sample.image.height, height);
    return sample;
}

static void test_same_number(void **state)
{
    (void)state;
    draw_scene(0);
    Town one = open_town(1, 0.7), two = open_town(1, 0.7);
    int differing = 0;
    for (uint64_t i = 0; i < 50; i++) {
        GaclipSample before = take(&one, 1000 + i, 20, 20); /* which does not matter */
        gaclip_sample_clear(&before);
        GaclipSample a = take(&one, i, 64, 48), b = take(&two, i, 64, 48);
        GaclipSample other = take(&two, i + 1, 64, 48);
        assert_memory_equal(a.image.rgb, b.image.rgb, 3 * 64 * 48);
        assert_memory_equal(a.image.mask, b.image.mask, 64 * 48);
        assert_int_equal(a.region_count, b.region_count);
        for (int k = 0; k < a.region_count; k++) {
            assert_memory_equal(&a.regions[k].box, &b.regions[k].box, sizeof(GaclipBox));
            assert_string_equal(a.regions[k].phrase, b.regions[k].phrase);
        }
        differing += memcmp(a.image.rgb, other.image.rgb, 3 * 64 * 48) != 0;
        gaclip_sample_clear(&a);
        gaclip_sample_clear(&b);
        gaclip_sample_clear(&other);
    }
    assert_true(differing > 25);
    close_town(&one);
    close_town(&two);
}

static double inside(const GaclipBox *b)
{
    return ((double)b->x2 - (double)b->x1) * ((double)b->y2 - (double)b->y1);
}

/* The place in rgb and mask of the middle of a box. */
static size_t centre(const GaclipSample *sample, const GaclipBox *b)
{
    size_t x = (size_t)((b->x1 + b->x2) / 2), y = (size_t)((b->y1 + b->y2) / 2);
    return y * (size_t)sample->image.width + x;
}

/* Boxes lie in the image, on the bright squares, and every visible square has one. */
static void check_sample(const GaclipSample *sample, double gsd)
{
    double bright = 0, boxed = 0, side = SQUARE / gsd;
    for (int i = 0; i < sample->region_count; i++) {
        const GaclipBox *b = &sample->regions[i].box;
        assert_true(b->x1 >= 0 && b->y1 >= 0);
        assert_true(b->x2 <= (float)sample->image.width && b->y2 <= (float)sample->image.height);
        assert_true(inside(b) >= 0.35 * side * side - 0.01 && inside(b) <= side * side + 0.01);
        assert_non_null(strstr(sample->regions[i].phrase, "tank"));
        size_t at = centre(sample, b);
        if (sample->image.mask[at]) assert_in_range(sample->image.rgb[3 * at], 190, 210);
        boxed += inside(b);
    }
    for (int i = 0; i < sample->image.width * sample->image.height; i++)
        if (sample->image.mask[i]) bright += (sample->image.rgb[3 * i] - 50) / 150.0;
    /* at most four squares are shown by less than 35 %, one a corner, or more along the edges */
    if (!(bright <= boxed + 6 * 0.35 * side * side))
        fail_msg("%.1f bright pixels, %.1f in boxes", bright, boxed);
}

static void check_samples(double gsd)
{
    Town town = open_town(gsd, 0.7);
    int boxes = 0;
    for (uint64_t i = 0; i < 200; i++) {
        GaclipSample sample = take(&town, i * 0x9E3779B97F4A7C15u, 96, 64);
        check_sample(&sample, gsd);
        boxes += sample.region_count;
        gaclip_sample_clear(&sample);
    }
    assert_true(boxes > 100);
    close_town(&town);
}

static void test_boxes(void **state)
{
    (void)state;
    draw_scene(0);
    check_samples(1);
    check_samples(0.5);
    check_samples(1.7);
    check_samples(2.5);
}

/* With a share of 1 every sample shows a whole object, and classes come up alike, so that in the
 * end no object is left out. */
static void test_no_label_lost(void **state)
{
    int seen[SQUARES] = {0}, rare = 0;
    (void)state;
    draw_scene(0);
    Town town = open_town(1, 1);
    for (uint64_t i = 0; i < 400; i++) {
        GaclipSample sample = take(&town, i * 77777, 40, 40);
        int whole = 0, is_rare = 0;
        for (int k = 0; k < sample.region_count; k++) {
            int is_whole = inside(&sample.regions[k].box) > SQUARE * SQUARE - 0.01;
            int square = sample.image.rgb[3 * centre(&sample, &sample.regions[k].box) + 1] / 10 - 1;
            assert_in_range(square, 0, SQUARES - 1);
            seen[square] += is_whole;
            whole |= is_whole;
            is_rare |= !strcmp(sample.regions[k].phrase, "rare tank");
        }
        assert_true(whole);
        rare += is_rare;
        gaclip_sample_clear(&sample);
    }
    assert_in_range(rare, 150, 250);
    for (int s = 0; s < SQUARES; s++) assert_true(seen[s] > 5);
    close_town(&town);
}

/* With a share of 0 windows lie anywhere, but mostly on valid ground. */
static void test_ground(void **state)
{
    int without_boxes = 0;
    (void)state;
    draw_scene(1);
    Town town = open_town(1, 0);
    for (uint64_t i = 0; i < 200; i++) {
        int valid = 0;
        GaclipSample sample = take(&town, i * 31337, 32, 32);
        for (int k = 0; k < 32 * 32; k++) valid += sample.image.mask[k] != 0;
        assert_true(valid > 0);
        without_boxes += sample.region_count == 0;
        gaclip_sample_clear(&sample);
    }
    assert_in_range(without_boxes, 50, 195);
    close_town(&town);
}

/* Windows larger than the raster are filled up with masked pixels. */
static void test_small_raster(void **state)
{
    (void)state;
    draw_scene(0);
    Town town = open_town(1, 0.5);
    for (uint64_t i = 0; i < 20; i++) {
        GaclipSample sample = take(&town, i, 400, 350);
        check_sample(&sample, 1);
        gaclip_sample_clear(&sample);
    }
    close_town(&town);
}

static void test_refusals(void **state)
{
    GaclipSceneSource *source;
    GaclipError err = {0};
    (void)state;
    draw_scene(0);
    Town town = open_town(1, 0.5);
    expect_error(gaclip_scene_source_new(&source, town.raster, town.annotations, 1.5, &err),
                 GACLIP_ERROR_ARGUMENT, &err, "not in 0..1");
    expect_error(gaclip_scene_source_new(&source, town.raster, town.annotations, NAN, &err),
                 GACLIP_ERROR_ARGUMENT, &err, "not in 0..1");
    assert_null(source);
    GDALDatasetH dataset =
        new_raster("/vsimem/empty.tif", SIDE, SIDE, 1, GDT_Byte, NORTH_UP, UTM15);
    GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, 1), 0);
    GDALClose(dataset);
    GaclipRaster *empty = open_raster("/vsimem/empty.tif", NULL);
    expect_error(gaclip_scene_source_new(&source, empty, town.annotations, 0.5, &err),
                 GACLIP_ERROR_EMPTY, &err, "/vsimem/empty.tif: has no valid pixels");
    gaclip_raster_close(empty);
    close_town(&town);
    gaclip_scene_source_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_number),   cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_no_label_lost), cmocka_unit_test(test_ground),
        cmocka_unit_test(test_small_raster),  cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
