/* The reading thread: order, empty tiles, being freed early, errors on the way. */
#include "geo_fixtures.h"
#include "tile_reader.h"

enum { SIDE = 256, TILE = 64, TILES = 16 };

static const char SCENE[] = "/vsimem/read.tif";

/* Tile i is of value 10 + i; tiles whose index is in empty are nodata. Rows are stored in order. */
static void draw_scene(const char *empty)
{
    GDALDatasetH dataset = new_raster(SCENE, SIDE, SIDE, 1, GDT_Byte, NORTH_UP, UTM15);
    float *values = malloc(SIDE * SIDE * sizeof *values);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int tile = i / SIDE / TILE * (SIDE / TILE) + i % SIDE / TILE;
        values[i] = strchr(empty, 'a' + tile) ? 0 : (float)(10 + tile);
    }
    write_band(dataset, 1, values);
    GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, 1), 0);
    free(values);
    GDALClose(dataset);
}

/* A raster, its plan of 16 tiles and their reader. */
typedef struct Reading {
    GaclipRaster *raster;
    GaclipTilePlan plan;
    GaclipTileReader *reader;
} Reading;

static void start(Reading *r)
{
    GaclipArea area = {0, 0, SIDE, SIDE};
    GaclipError err = {0};
    r->raster = open_raster(SCENE, NULL);
    expect_ok(gaclip__tile_plan(&r->plan, &area, TILE, 0, TILE, &err), &err);
    assert_int_equal(gaclip__tile_count(&r->plan), TILES);
    expect_ok(gaclip__tile_reader_new(&r->reader, r->raster, &r->plan, NULL, TILES, &err), &err);
}

static void stop(Reading *r)
{
    gaclip__tile_reader_free(r->reader);
    gaclip_raster_close(r->raster);
}

static void expect_tile(Reading *r, int index, int is_empty)
{
    GaclipTile tile;
    GaclipImage image;
    GaclipError err = {0};
    expect_ok(gaclip__tile_reader_next(&tile, &image, r->reader, &err), &err);
    assert_int_equal(tile.column, index % 4);
    assert_int_equal(tile.row, index / 4);
    assert_int_equal(image.rgb == NULL, is_empty);
    for (int i = 0; i < TILE * TILE && !is_empty; i++) {
        assert_int_equal(image.rgb[3 * i], 10 + index);
        assert_int_not_equal(image.mask[i], 0);
    }
    gaclip_image_clear(&image);
}

static void test_order(void **state)
{
    Reading r;
    (void)state;
    draw_scene("");
    start(&r);
    for (int i = 0; i < TILES; i++) expect_tile(&r, i, 0);
    stop(&r);
}

static void test_empty_tiles(void **state)
{
    static const char EMPTY[] = "acdefgp";
    Reading r;
    (void)state;
    draw_scene(EMPTY);
    start(&r);
    for (int i = 0; i < TILES; i++) expect_tile(&r, i, strchr(EMPTY, 'a' + i) != NULL);
    stop(&r);
}

/* At any time: before the first tile, with tiles waiting, behind the last. */
static void test_freed_early(void **state)
{
    (void)state;
    draw_scene("b");
    for (int taken = 0; taken <= TILES; taken++) {
        Reading r;
        start(&r);
        for (int i = 0; i < taken; i++) expect_tile(&r, i, i == 1);
        stop(&r);
    }
    gaclip__tile_reader_free(NULL);
}

/* The tiles before a damaged place come out first, then the message, however often it is asked. */
static void test_damaged(void **state)
{
    Reading r;
    GaclipTile tile;
    GaclipImage image;
    GaclipError err = {0};
    int good = 0, status;
    (void)state;
    draw_scene("");
    cut_file(SCENE, SIDE * SIDE / 2 + 5000);
    start(&r);
    while (!(status = gaclip__tile_reader_next(&tile, &image, r.reader, &err))) {
        assert_int_equal(image.rgb[0], 10 + good);
        gaclip_image_clear(&image);
        good++;
    }
    assert_in_range(good, 4, 12);
    for (int i = 0; i < 3; i++) {
        expect_error(status, GACLIP_ERROR_IO, &err, "cannot read pixels");
        expect_error(status, GACLIP_ERROR_IO, &err, SCENE);
        gaclip_error_clear(&err);
        status = gaclip__tile_reader_next(&tile, &image, r.reader, &err);
    }
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_empty_tiles),
        cmocka_unit_test(test_freed_early),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
