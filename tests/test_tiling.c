/* Tiles as groups of the windows of one grid. */
#include <math.h>

#include "detect/windows.h"
#include "geo_fixtures.h"
#include "tiling.h"

static const char SCENE[] = "/vsimem/tiled.tif";

static GaclipTilePlan plan_of(GaclipArea area, int window, int overlap, int tile_size)
{
    GaclipTilePlan plan;
    GaclipError err = {0};
    expect_ok(gaclip__tile_plan(&plan, &area, window, overlap, tile_size, &err), &err);
    return plan;
}

/* Counts, for every window of the area's own grid, how often the tiles' windows are it. */
static void count_windows(int *seen, const GaclipTilePlan *plan)
{
    const GaclipArea *a = &plan->area;
    int columns = gaclip__window_count(a->width, plan->window, plan->overlap);
    for (int i = 0; i < gaclip__tile_count(plan); i++) {
        GaclipTile t = gaclip__tile_at(plan, i);
        int rows_here = gaclip__window_count(t.height, plan->window, plan->overlap);
        int columns_here = gaclip__window_count(t.width, plan->window, plan->overlap);
        for (int k = 0; k < rows_here * columns_here; k++) {
            int x = t.x - a->x +
                    gaclip__window_start(k % columns_here, t.width, plan->window, plan->overlap);
            int y = t.y - a->y +
                    gaclip__window_start(k / columns_here, t.height, plan->window, plan->overlap);
            int c = 0, r = 0;
            while (gaclip__window_start(c, a->width, plan->window, plan->overlap) < x) c++;
            while (gaclip__window_start(r, a->height, plan->window, plan->overlap) < y) r++;
            if (gaclip__window_start(c, a->width, plan->window, plan->overlap) != x ||
                gaclip__window_start(r, a->height, plan->window, plan->overlap) != y)
                fail_msg("a window at %d, %d is none of the area's", x, y);
            seen[r * columns + c]++;
        }
    }
}

static void expect_each_window_once(const GaclipTilePlan *plan)
{
    int columns = gaclip__window_count(plan->area.width, plan->window, plan->overlap);
    int rows = gaclip__window_count(plan->area.height, plan->window, plan->overlap);
    int *seen = calloc((size_t)(rows * columns), sizeof *seen);
    count_windows(seen, plan);
    for (int i = 0; i < rows * columns; i++)
        if (seen[i] != 1)
            fail_msg("window %d, %d of %d x %d pixels is in %d tiles", i % columns, i / columns,
                     plan->area.width, plan->area.height, seen[i]);
    free(seen);
}

static void expect_inside(const GaclipTilePlan *plan, int tile_size)
{
    const GaclipArea *a = &plan->area;
    for (int i = 0; i < gaclip__tile_count(plan); i++) {
        GaclipTile t = gaclip__tile_at(plan, i);
        int largest = tile_size > plan->window ? tile_size : plan->window;
        assert_int_equal(t.column, i % plan->columns);
        assert_int_equal(t.row, i / plan->columns);
        assert_in_range(t.width, 1, largest);
        assert_in_range(t.height, 1, largest);
        assert_true(t.x >= a->x && t.x + t.width <= a->x + a->width);
        assert_true(t.y >= a->y && t.y + t.height <= a->y + a->height);
        assert_int_equal(t.inner_left, t.x > a->x);
        assert_int_equal(t.inner_top, t.y > a->y);
        assert_int_equal(t.inner_right, t.x + t.width < a->x + a->width);
        assert_int_equal(t.inner_bottom, t.y + t.height < a->y + a->height);
    }
}

static void test_windows(void **state)
{
    static const int TILES[] = {1, 192, 193, 256, 320, 384, 500, 512, 1000, 2000};
    static const int LENGTHS[] = {1, 150, 192, 193, 287, 288, 289, 384, 700, 1201, 1999};
    static const int OVERLAPS[] = {0, 1, 60, 96, 150};
    (void)state;
    for (int t = 0; t < 10; t++)
        for (int l = 0; l < 11; l++)
            for (int o = 0; o < 5; o++) {
                GaclipArea area = {17, 230, LENGTHS[l], LENGTHS[(l + 4) % 11]};
                GaclipTilePlan plan = plan_of(area, 192, OVERLAPS[o], TILES[t]);
                expect_each_window_once(&plan);
                expect_inside(&plan, TILES[t]);
            }
}

/* An area smaller than a window is one tile of the area's size without inner edges. */
static void test_small_area(void **state)
{
    GaclipTilePlan plan = plan_of((GaclipArea){5, 6, 40, 20}, 192, 96, 512);
    (void)state;
    assert_int_equal(gaclip__tile_count(&plan), 1);
    GaclipTile t = gaclip__tile_at(&plan, 0);
    assert_int_equal(t.x, 5);
    assert_int_equal(t.y, 6);
    assert_int_equal(t.width, 40);
    assert_int_equal(t.height, 20);
    assert_false(t.inner_left || t.inner_top || t.inner_right || t.inner_bottom);
}

/* The largest scene in mind: nothing overflows. */
static void test_large_area(void **state)
{
    GaclipTilePlan plan = plan_of((GaclipArea){0, 0, 200000, 200000}, 192, 96, 512);
    (void)state;
    GaclipTile last = gaclip__tile_at(&plan, gaclip__tile_count(&plan) - 1);
    assert_int_equal(last.x + last.width, 200000);
    assert_int_equal(last.y + last.height, 200000);
    assert_true(last.inner_left && !last.inner_right);
}

static void test_bad_plans(void **state)
{
    static const int BAD[][3] = {{0, 0, 512}, {192, 192, 512}, {192, -1, 512}, {192, 96, 0}};
    GaclipArea area = {0, 0, 1000, 1000}, huge = {0, 0, 1000000000, 1000000000};
    GaclipTilePlan plan;
    GaclipError err = {0};
    (void)state;
    for (int i = 0; i < 4; i++)
        expect_error(gaclip__tile_plan(&plan, &area, BAD[i][0], BAD[i][1], BAD[i][2], &err),
                     GACLIP_ERROR_ARGUMENT, &err, "no tiles of");
    expect_error(gaclip__tile_plan(&plan, &huge, 192, 96, 192, &err), GACLIP_ERROR_ARGUMENT, &err,
                 "too many; give a larger tile size");
}

static void expect_area(const double geotransform[6], double model_gsd, const double *bbox,
                        GaclipArea expected)
{
    GaclipRasterOptions options;
    GaclipArea area;
    GaclipError err = {0};
    gaclip_raster_options_init(&options);
    options.model_gsd_min = options.model_gsd_max = model_gsd;
    GDALClose(new_raster(SCENE, 400, 300, 3, GDT_Byte, geotransform, UTM15));
    GaclipRaster *raster = open_raster(SCENE, &options);
    expect_ok(gaclip__area_of(&area, raster, bbox, &err), &err);
    assert_int_equal(area.x, expected.x);
    assert_int_equal(area.y, expected.y);
    assert_int_equal(area.width, expected.width);
    assert_int_equal(area.height, expected.height);
    gaclip_raster_close(raster);
}

static void test_area_of_bbox(void **state)
{
    static const double SOUTH_UP[6] = {440000, 1, 0, 4649700, 0, 1};
    static const double TURNED[6] = {440000, 0, 1, 4650000, -1, 0};
    static const double BBOX[4] = {440100, 4649900, 440150, 4649980};
    static const double WIDER[4] = {430000, 4649950.5, 450000, 4660000};
    (void)state;
    expect_area(NORTH_UP, 0, NULL, (GaclipArea){0, 0, 400, 300});
    expect_area(NORTH_UP, 0, BBOX, (GaclipArea){100, 20, 50, 80});
    expect_area(NORTH_UP, 0, WIDER, (GaclipArea){0, 0, 400, 50});
    expect_area(SOUTH_UP, 0, BBOX, (GaclipArea){100, 200, 50, 80});
    expect_area(TURNED, 0, BBOX, (GaclipArea){20, 100, 80, 50});
    /* in model pixels of 2 m and of half a metre */
    expect_area(NORTH_UP, 2, BBOX, (GaclipArea){50, 10, 25, 40});
    expect_area(NORTH_UP, 0.5, BBOX, (GaclipArea){200, 40, 100, 160});
    expect_area(NORTH_UP, 3, NULL, (GaclipArea){0, 0, 134, 100});
}

static void test_bad_bbox(void **state)
{
    static const double OUTSIDE[4] = {0, 0, 10, 10}, BESIDE[4] = {440400, 4649900, 440500, 4649980};
    static const double EMPTY[4] = {440100, 4649900, 440100, 4649980};
    static const double SWAPPED[4] = {440150, 4649980, 440100, 4649900};
    const double not_a_number[4] = {440100, 4649900, NAN, 4649980};
    GDALClose(new_raster(SCENE, 400, 300, 3, GDT_Byte, NORTH_UP, UTM15));
    GaclipRaster *raster = open_raster(SCENE, NULL);
    GaclipArea area;
    GaclipError err = {0};
    (void)state;
    expect_error(gaclip__area_of(&area, raster, OUTSIDE, &err), GACLIP_ERROR_EMPTY, &err,
                 "give it in the raster's CRS (EPSG:26915)");
    expect_error(gaclip__area_of(&area, raster, BESIDE, &err), GACLIP_ERROR_EMPTY, &err, SCENE);
    expect_error(gaclip__area_of(&area, raster, EMPTY, &err), GACLIP_ERROR_ARGUMENT, &err,
                 "give xmin,ymin,xmax,ymax");
    expect_error(gaclip__area_of(&area, raster, SWAPPED, &err), GACLIP_ERROR_ARGUMENT, &err, NULL);
    expect_error(gaclip__area_of(&area, raster, not_a_number, &err), GACLIP_ERROR_ARGUMENT, &err,
                 NULL);
    gaclip_raster_close(raster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),      cmocka_unit_test(test_small_area),
        cmocka_unit_test(test_large_area),   cmocka_unit_test(test_bad_plans),
        cmocka_unit_test(test_area_of_bbox), cmocka_unit_test(test_bad_bbox),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
