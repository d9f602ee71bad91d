/* Boxes by tile: a part of the scene answers as the whole does, and the cache gives back what it
 * was given or nothing. */
#include <cpl_vsi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "base/random.h"
#include "geo_fixtures.h"
#include "result_cache.h"
#include "tile_store.h"

enum { SIDE = 320, WINDOW = 32, STEP = 16, TILE = 64, CLASSES = 2, FEW = 6 };

static const char CACHE[] = "/vsimem/cache.boxes";
static const char KEY[] = "{\"a key\": [1, 2]}";

static GaclipTileStore new_store(void)
{
    GaclipTileStore store;
    GaclipTilePlan plan;
    GaclipError err = {0};
    expect_ok(gaclip__tile_plan(&plan, &(GaclipArea){0, 0, SIDE, SIDE}, WINDOW, WINDOW - STEP, TILE,
                                &err),
              &err);
    expect_ok(gaclip__store_init(&store, &plan, 0.1, &err), &err);
    return store;
}

/* What a detector might have seen in the tile: always the same; some near its edge are cut. */
static GaclipTileBoxes boxes_of(const GaclipTilePlan *plan, int tile)
{
    GaclipTile t = gaclip__tile_at(plan, tile);
    GaclipTileBoxes boxes = {.count = tile % FEW, .windows = 9, .is_empty = tile % 7 == 3};
    GaclipRandom random;
    gaclip__random_seed(&random, (uint64_t)tile);
    boxes.items = calloc((size_t)boxes.count + 1, sizeof *boxes.items);
    for (int i = 0; i < boxes.count; i++) {
        double w = 3 + 20 * gaclip__random_uniform(&random);
        double h = 3 + 20 * gaclip__random_uniform(&random);
        GaclipFound *f = &boxes.items[i];
        *f = (GaclipFound){.x1 = t.x + (t.width - w) * gaclip__random_uniform(&random),
                           .y1 = t.y + (t.height - h) * gaclip__random_uniform(&random),
                           .class_index = gaclip__random_below(&random, CLASSES),
                           .score = 0.1f + 0.9f * (float)gaclip__random_uniform(&random),
                           .column = t.column,
                           .row = t.row,
                           .index = i,
                           .is_cut = gaclip__random_below(&random, 3) == 0};
        f->x2 = f->x1 + w;
        f->y2 = f->y1 + h;
    }
    return boxes;
}

static void put(GaclipTileStore *store, int tile)
{
    GaclipTileBoxes boxes = boxes_of(&store->plan, tile);
    gaclip__store_put(store, tile, &boxes);
    free(boxes.items);
}

/* Puts what is missing until nothing is. */
static GaclipFoundList answer(GaclipTileStore *store, const GaclipStoreQuery *query)
{
    GaclipFoundList found = {0};
    GaclipError err = {0};
    int *tiles, count;
    do {
        expect_ok(gaclip__store_missing(&tiles, &count, store, query, &err), &err);
        for (int i = 0; i < count; i++) {
            assert_false(store->tiles[tiles[i]].is_known);
            put(store, tiles[i]);
        }
        free(tiles);
    } while (count);
    expect_ok(gaclip__store_answer(&found, store, query, &err), &err);
    return found;
}

static int meets(const GaclipFound *f, const double a[4])
{
    return f->x1 <= a[2] && f->x2 >= a[0] && f->y1 <= a[3] && f->y2 >= a[1];
}

static void expect_part_of(const GaclipFoundList *part, const GaclipFoundList *whole,
                           const double area[4])
{
    int at = 0;
    for (int i = 0; i < whole->count; i++) {
        if (!meets(&whole->items[i], area)) continue;
        assert_true(at < part->count);
        assert_memory_equal(&part->items[at++], &whole->items[i], sizeof *part->items);
    }
    assert_int_equal(at, part->count);
}

static void test_parts_answer_as_the_whole(void **state)
{
    GaclipTileStore full = new_store();
    GaclipRandom random;
    int saved = 0;
    (void)state;
    gaclip__random_seed(&random, 8);
    for (int i = 0; i < 300; i++) {
        GaclipTileStore store = new_store();
        double x = SIDE * gaclip__random_uniform(&random),
               y = SIDE * gaclip__random_uniform(&random);
        double size = 40 * gaclip__random_uniform(&random);
        const double area[4] = {x, y, x + size, y + size};
        GaclipStoreQuery query = {.floor = i % 2 ? 0.5 : 0.1, .nms_iou = 0.4};
        GaclipFoundList whole = answer(&full, &query);
        query.area = area;
        GaclipFoundList part = answer(&store, &query);
        expect_part_of(&part, &whole, area);
        saved += store.tile_count - store.known;
        free(part.items);
        free(whole.items);
        gaclip__store_clear(&store);
    }
    assert_true(saved > 300 * full.tile_count / 2);
    gaclip__store_clear(&full);
}

static void test_classes_and_scores(void **state)
{
    static const unsigned char SECOND[CLASSES] = {0, 1};
    GaclipTileStore store = new_store();
    GaclipStoreQuery query = {.floor = 0.1, .nms_iou = 0.4};
    (void)state;
    GaclipFoundList all = answer(&store, &query);
    query.classes = SECOND;
    query.min_score = 0.6;
    GaclipFoundList some = answer(&store, &query);
    int at = 0;
    for (int i = 0; i < all.count; i++)
        if (all.items[i].class_index == 1 && all.items[i].score >= 0.6f)
            assert_memory_equal(&some.items[at++], &all.items[i], sizeof *some.items);
    assert_true(at > 0 && at == some.count);
    free(all.items);
    free(some.items);
    gaclip__store_clear(&store);
}

static void test_outside_is_nothing(void **state)
{
    static const double OUTSIDE[4] = {-50, -50, -10, -10};
    GaclipTileStore store = new_store();
    GaclipStoreQuery query = {.area = OUTSIDE, .floor = 0.1, .nms_iou = 0.4};
    (void)state;
    GaclipFoundList found = answer(&store, &query);
    assert_int_equal(found.count, 0);
    assert_int_equal(store.known, 0);
    free(found.items);
    gaclip__store_clear(&store);
}

static GaclipTileStore some_tiles(void)
{
    GaclipTileStore store = new_store();
    for (int i = 0; i < store.tile_count; i += 9) put(&store, i);
    return store;
}

static void test_cache_round_trip(void **state)
{
    GaclipTileStore store = some_tiles(), again = new_store();
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip__cache_write(&store, CACHE, KEY, &err), &err);
    char *key = gaclip__cache_key(CACHE);
    assert_string_equal(key, KEY);
    free(key);
    assert_false(gaclip__cache_read(&again, CACHE, "{}", CLASSES));
    assert_int_equal(again.known, 0);
    assert_true(gaclip__cache_read(&again, CACHE, KEY, CLASSES));
    assert_int_equal(again.known, store.known);
    for (int i = 0; i < store.tile_count; i++) {
        assert_int_equal(again.tiles[i].is_known, store.tiles[i].is_known);
        assert_int_equal(again.tiles[i].count, store.tiles[i].count);
        assert_int_equal(again.tiles[i].is_empty, store.tiles[i].is_empty);
        assert_memory_equal(again.tiles[i].items, store.tiles[i].items,
                            (size_t)store.tiles[i].count * sizeof(GaclipFound));
    }
    gaclip__store_clear(&again);
    gaclip__store_clear(&store);
}

/* No tile of it is taken, and nothing is read outside the file. */
static void expect_refused(const unsigned char *data, size_t size)
{
    GaclipTileStore store = new_store();
    VSILFILE *file = VSIFOpenL("/vsimem/damaged.boxes", "wb");
    if (size) VSIFWriteL(data, 1, size, file);
    VSIFCloseL(file);
    assert_null(gaclip__cache_key("/vsimem/damaged.boxes"));
    assert_false(gaclip__cache_read(&store, "/vsimem/damaged.boxes", KEY, CLASSES));
    assert_int_equal(store.known, 0);
    gaclip__store_clear(&store);
}

static void test_damaged_cache(void **state)
{
    GaclipTileStore store = some_tiles();
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip__cache_write(&store, CACHE, KEY, &err), &err);
    vsi_l_offset size;
    GByte *whole = VSIGetMemFileBuffer(CACHE, &size, FALSE), *copy = malloc((size_t)size);
    for (size_t cut = 0; cut < (size_t)size; cut += 13) expect_refused(whole, cut);
    for (size_t i = 0; i < (size_t)size; i += 3) {
        memcpy(copy, whole, (size_t)size);
        copy[i] ^= 0x41;
        expect_refused(copy, (size_t)size);
    }
    free(copy);
    gaclip__store_clear(&store);
}

/* A whole file of boxes that no detector sees: another class, outside the tile, not finite. */
static void test_senseless_cache(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        GaclipTileStore store = some_tiles(), again = new_store();
        GaclipError err = {0};
        GaclipFound *f = &store.tiles[9].items[0];
        if (i == 0) f->class_index = CLASSES;
        if (i == 1) f->x2 = SIDE + 1;
        if (i == 2) f->y1 = (double)NAN;
        if (i == 3) f->x2 = f->x1;
        expect_ok(gaclip__cache_write(&store, CACHE, KEY, &err), &err);
        assert_false(gaclip__cache_read(&again, CACHE, KEY, CLASSES));
        gaclip__store_clear(&again);
        gaclip__store_clear(&store);
    }
}

static void test_cache_that_cannot_be_written(void **state)
{
    GaclipTileStore store = some_tiles();
    GaclipError err = {0};
    (void)state;
    expect_error(gaclip__cache_write(&store, "/no/such/folder/x.boxes", KEY, &err), GACLIP_ERROR_IO,
                 &err, "x.boxes");
    gaclip__store_clear(&store);
}

/* The number of a process that is no more. */
static long gone_process(void)
{
    pid_t child = fork();
    if (child == 0) _exit(0);
    assert_true(child > 0 && waitpid(child, NULL, 0) == child);
    return (long)child;
}

static void leave(const char *path, int is_old)
{
    FILE *file = fopen(path, "w");
    if (!file || fclose(file)) fail_msg("%s: cannot be written", path);
    if (is_old) assert_int_equal(utime(path, &(struct utimbuf){1000000000, 1000000000}), 0);
}

static void test_what_killed_writers_left(void **state)
{
    char folder[] = "/tmp/gaclip-store-XXXXXX", path[64], names[8][96];
    GaclipTileStore store = some_tiles();
    GaclipError err = {0};
    long gone = gone_process(), here = (long)getpid();
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.boxes", folder);
    snprintf(names[0], sizeof names[0], "%s.%ld-0.tmp", path, gone);
    snprintf(names[1], sizeof names[1], "%s.%ld-0x5f.tmp", path, gone);
    snprintf(names[2], sizeof names[2], "%s.%ld-1.tmp", path, gone); /* of late */
    snprintf(names[3], sizeof names[3], "%s.%ld-100.tmp", path, here);
    snprintf(names[4], sizeof names[4], "%s.%ldx-0.tmp", path, gone);
    snprintf(names[5], sizeof names[5], "%s.-%ld-0.tmp", path, gone);
    snprintf(names[6], sizeof names[6], "%s/y.boxes.%ld-0.tmp", folder, gone);
    snprintf(names[7], sizeof names[7], "%s.%ld-0.tmp.tif", path, gone);
    for (int i = 0; i < 8; i++) leave(names[i], i != 2);
    expect_ok(gaclip__cache_write(&store, path, KEY, &err), &err);
    for (int i = 0; i < 8; i++) assert_int_equal(access(names[i], F_OK) == 0, i > 1);
    char **left = VSIReadDir(folder);
    assert_int_equal(CSLCount(left),
                     9); /* the cache, no temporary of its own, "." and ".." apart */
    CSLDestroy(left);
    VSIRmdirRecursive(folder);
    gaclip__store_clear(&store);
}

static void test_no_cache_in_an_archive(void **state)
{
    GaclipTileStore store = some_tiles();
    GaclipError err = {0};
    VSIStatBufL facts;
    (void)state;
    VSILFILE *file = VSIFOpenL("/vsizip//vsimem/a.zip/a.txt", "wb");
    assert_int_equal(VSIFWriteL("a", 1, 1, file), 1);
    VSIFCloseL(file);
    assert_int_equal(VSIStatL("/vsimem/a.zip", &facts), 0);
    vsi_l_offset size = (vsi_l_offset)facts.st_size;
    expect_error(gaclip__cache_write(&store, "/vsizip//vsimem/a.zip/x.boxes", KEY, &err),
                 GACLIP_ERROR_IO, &err, "archive");
    assert_int_equal(VSIStatL("/vsimem/a.zip", &facts), 0);
    assert_true((vsi_l_offset)facts.st_size == size);
    gaclip__store_clear(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts_answer_as_the_whole),
                                       cmocka_unit_test(test_classes_and_scores),
                                       cmocka_unit_test(test_outside_is_nothing),
                                       cmocka_unit_test(test_cache_round_trip),
                                       cmocka_unit_test(test_damaged_cache),
                                       cmocka_unit_test(test_senseless_cache),
                                       cmocka_unit_test(test_cache_that_cannot_be_written),
                                       cmocka_unit_test(test_what_killed_writers_left),
                                       cmocka_unit_test(test_no_cache_in_an_archive)};
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
