/* Detection over scenes: the same boxes however it is tiled. */
#include <math.h>

#include "scene_detect_fixtures.h"

typedef struct Box {
    double corners[4], score;
    char label[32];
} Box;

typedef struct Boxes {
    Box *items;
    int count;
} Boxes;

static Boxes read_boxes(const char *path)
{
    GDALDatasetH dataset = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
    assert_non_null(dataset);
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    Boxes boxes = {malloc(((size_t)OGR_L_GetFeatureCount(layer, 1) + 1) * sizeof(Box)), 0};
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        static const char *const NAMES[] = {"px_x1", "px_y1", "px_x2", "px_y2"};
        Box *box = &boxes.items[boxes.count++];
        for (int i = 0; i < 4; i++) box->corners[i] = field(feature, NAMES[i]);
        box->score = field(feature, "score");
        snprintf(box->label, sizeof box->label, "%s",
                 OGR_F_GetFieldAsString(feature, OGR_F_GetFieldIndex(feature, "class")));
        OGR_F_Destroy(feature);
    }
    GDALClose(dataset);
    return boxes;
}

static int is_among(const Box *box, const Boxes *boxes)
{
    for (int i = 0; i < boxes->count; i++) {
        const Box *other = &boxes->items[i];
        double worst = 0;
        for (int k = 0; k < 4; k++) worst = fmax(worst, fabs(other->corners[k] - box->corners[k]));
        if (worst < 0.005 && fabs(other->score - box->score) < 5e-6 &&
            !strcmp(other->label, box->label))
            return 1;
    }
    return 0;
}

static void expect_same_boxes(const Boxes *expected, const Boxes *got, int tile_size)
{
    for (int i = 0; i < expected->count; i++)
        if (!is_among(&expected->items[i], got))
            fail_msg("tiles of %d: %d boxes in place of %d, and none at %.3f %.3f %.3f %.3f",
                     tile_size, got->count, expected->count, expected->items[i].corners[0],
                     expected->items[i].corners[1], expected->items[i].corners[2],
                     expected->items[i].corners[3]);
    assert_int_equal(got->count, expected->count);
}

static Boxes boxes_with_tiles(int tile_size, double gsd_min, double gsd_max)
{
    GaclipSceneDetectOptions options = to("/vsimem/tiled.gpkg");
    options.overwrite = 1;
    options.tile_size = tile_size;
    options.raster.model_gsd_min = gsd_min;
    options.raster.model_gsd_max = gsd_max;
    detect(&options);
    return read_boxes(options.output);
}

static void check_tile_sizes(double gsd_min, double gsd_max)
{
    static const int SIZES[] = {1, 48, 64, 96, 100, 127, 150, 256, 512};
    Boxes expected = boxes_with_tiles(1000, gsd_min, gsd_max);
    assert_true(expected.count > 20);
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        Boxes got = boxes_with_tiles(SIZES[i], gsd_min, gsd_max);
        expect_same_boxes(&expected, &got, SIZES[i]);
        free(got.items);
    }
    free(expected.items);
}

static void test_tile_sizes(void **state)
{
    (void)state;
    check_tile_sizes(0, 0);
}

static void test_tile_sizes_coarser(void **state)
{
    (void)state;
    check_tile_sizes(1.3, 2);
    check_tile_sizes(2, 2);
}

static void test_tile_sizes_finer(void **state)
{
    (void)state;
    check_tile_sizes(0.3, 0.6);
}

/* Ground that is missing in parts, and a turned raster. */
static void test_tile_sizes_masked(void **state)
{
    static const double TURNED[6] = {440000, 0.8, 0.6, 4650000, 0.6, -0.8};
    GDALDatasetH dataset = new_raster(SCENE, WIDTH, HEIGHT, 3, GDT_Byte, TURNED, UTM15);
    float *values = ground(WIDTH, HEIGHT);
    (void)state;
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        if (i % WIDTH < 70 || (i / WIDTH > 100 && i % WIDTH > 150)) values[i] = 0;
    for (int band = 1; band <= 3; band++) {
        write_band(dataset, band, values);
        GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, band), 0);
    }
    free(values);
    GDALClose(dataset);
    check_tile_sizes(0, 0);
}

/* With tiles of 64 the second begins at 48 and the first ends at 64: boxes lie across both lines,
 * and none is cut off there. */
static void test_borders(void **state)
{
    Boxes boxes = boxes_with_tiles(64, 0, 0);
    (void)state;
    for (int border = 48; border <= 64; border += 16)
        for (int axis = 0; axis < 2; axis++) {
            int across = 0;
            for (int i = 0; i < boxes.count; i++)
                across += boxes.items[i].corners[axis] < border - 2 &&
                          boxes.items[i].corners[axis + 2] > border + 2;
            if (!across) fail_msg("no box lies across %d", border);
        }
    free(boxes.items);
}

static void test_bbox(void **state)
{
    const double bbox[4] = {440060, 4649900, 440150, 4649960};
    GaclipSceneDetectOptions options = to(in_folder("part.gpkg"));
    (void)state;
    options.bbox = bbox;
    assert_true(detect(&options) > 0);
    Boxes boxes = read_boxes(options.output);
    for (int i = 0; i < boxes.count; i++) {
        const double *c = boxes.items[i].corners;
        assert_true(c[0] >= 60 && c[1] >= 40 && c[2] <= 150 && c[3] <= 100);
    }
    free(boxes.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tile_sizes),       TEST(test_tile_sizes_coarser),
        TEST(test_tile_sizes_finer), TEST(test_tile_sizes_masked),
        TEST(test_borders),          TEST(test_bbox),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
