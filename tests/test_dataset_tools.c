/* Splitting, checking and filtering of datasets. */
#include "dataset_fixtures.h"
#include "gaclip/dataset_tools.h"
#include "pixel_facts.h"

enum { LONGEST = 16384 };

static const char PATH[] = "/vsimem/tools/set.json";

/* Writes a dataset of the given images. */
static GaclipDataset *dataset_of(const char *classes, const char *images)
{
    char text[LONGEST];
    snprintf(
        text, sizeof text,
        "{\"format\": \"gaclip-dataset\", \"version\": 1, \"classes\": [%s], \"images\": [%s]}",
        classes, images);
    put_file(PATH, text);
    return read_dataset(PATH, NULL);
}

/* Keeps what was found as "place what" lines. */
static void keep_finding(const char *place, const char *path, const char *what, void *payload)
{
    char *text = payload;
    (void)path;
    snprintf(text + strlen(text), LONGEST - strlen(text), "%s %s\n", place, what);
}

static void expect_found(const char *findings, const char *text)
{
    if (!strstr(findings, text)) fail_msg("\"%s\" is not in:\n%s", text, findings);
}

/* count images of one file, as windows of a pixel of that side in units of the CRS, in a row. */
static GaclipDataset *row_of_windows_in(int count, double pixel, const char *crs)
{
    char images[LONGEST] = "";
    for (int i = 0; i < count; i++)
        snprintf(images + strlen(images), sizeof images - strlen(images),
                 "%s{\"path\": \"a.tif\", \"window\": [%d, 0], \"width\": 1, \"height\": 1, %s"
                 "\"geotransform\": [%g, %g, 0, 0, 0, %g]}",
                 i ? ", " : "", i, crs, pixel * i, pixel, -pixel);
    return dataset_of("", images);
}

static GaclipDataset *row_of_windows(int count)
{
    return row_of_windows_in(count, 10, "");
}

static void test_split_by_image(void **state)
{
    (void)state;
    GaclipDataset *dataset = row_of_windows(60);
    GaclipDatasetSplitOptions options = {.train = 6, .val = 4, .seed = 3};
    GaclipError err = {0};
    const char *before[60];
    int train = 0, val = 0, moved = 0;
    expect_ok(gaclip_dataset_split(dataset, &options, &err), &err);
    for (int i = 0; i < 60; i++) {
        before[i] = gaclip_dataset_image_at(dataset, i)->split;
        train += !strcmp(before[i], "train");
        val += !strcmp(before[i], "val");
    }
    assert_true(train + val == 60 && train > 24 && val > 12);
    options.seed = 4;
    expect_ok(gaclip_dataset_split(dataset, &options, &err), &err);
    for (int i = 0; i < 60; i++)
        moved += strcmp(before[i], gaclip_dataset_image_at(dataset, i)->split) != 0;
    assert_true(moved > 5);
    options.train = -1;
    expect_error(gaclip_dataset_split(dataset, &options, &err), GACLIP_ERROR_ARGUMENT, &err,
                 "shares -1, 4, 0");
    gaclip_dataset_free(dataset);
}

/* Ten windows of 10 m within a block of 100 m share a split, and not all blocks are alike. */
static void check_blocks(double pixel, const char *crs)
{
    GaclipDataset *dataset = row_of_windows_in(60, pixel, crs);
    GaclipDatasetSplitOptions options = {.train = 1, .val = 1, .block = 100, .seed = 2};
    GaclipError err = {0};
    int differing = 0;
    expect_ok(gaclip_dataset_split(dataset, &options, &err), &err);
    for (int i = 0; i < 60; i++) {
        const char *split = gaclip_dataset_image_at(dataset, i)->split;
        assert_string_equal(split, gaclip_dataset_image_at(dataset, i / 10 * 10)->split);
        differing += strcmp(split, gaclip_dataset_image_at(dataset, 0)->split) != 0;
    }
    assert_true(differing > 0);
    gaclip_dataset_free(dataset);
}

/* In degrees, and in US feet, a block is measured in metres all the same. */
static void test_split_by_location(void **state)
{
    (void)state;
    check_blocks(10, "");
    check_blocks(10 / 111194.9266, "\"crs\": \"EPSG:4326\", ");
    check_blocks(10 / (1200.0 / 3937), "\"crs\": \"EPSG:2277\", ");
}

static void test_check(void **state)
{
    (void)state;
    char findings[LONGEST] = "";
    GaclipDatasetEvents events = {.found = keep_finding, .payload = findings};
    GaclipError err = {0};
    int problems;
    put_image("/vsimem/tools/b.tif", 12, 12, 7);
    put_image("/vsimem/tools/c.tif", 12, 12, 7);
    put_image("/vsimem/tools/d.tif", 12, 12, 8);
    GaclipDataset *dataset = dataset_of(
        "{\"name\": \"ship\"}, {\"name\": \"tug\", \"synonyms\": [\"ship\"]}",
        "{\"path\": \"b.tif\", \"width\": 12, \"height\": 12, \"split\": \"train\", \"regions\": "
        "[{\"box\": [0, 0, 0.5, 0.5], \"class\": \"ship\", \"description\": \"red\", "
        "\"hard_negatives\": [\"blue\", \"Red\", \"blue\"]}, {\"box\": [0, 0, 0.5, 0.5], "
        "\"class\": \"ship\"}]}, {\"path\": \"c.tif\", \"width\": 12, \"height\": 12, \"split\": "
        "\"val\"}, {\"path\": \"d.tif\", \"width\": 13, \"height\": 12}");
    expect_ok(gaclip_dataset_check(&problems, dataset, &events, &err), &err);
    expect_found(findings, "class \"ship\" is also a synonym of \"tug\"");
    expect_found(findings, "images[0].regions[0] hard_negatives[1] is its description: Red");
    expect_found(findings, "images[0].regions[0] hard_negatives[2] is there twice: blue");
    expect_found(findings, "images[0].regions[1] has the box of regions[0]");
    expect_found(findings, "images[1] has the same pixels as images[0], /vsimem/tools/b.tif "
                           "(splits val and train)");
    expect_found(findings, "images[2] /vsimem/tools/d.tif: has 12 x 12 pixels");
    assert_int_equal(problems, 6);
    gaclip_dataset_free(dataset);
}

static void test_unite_classes(void **state)
{
    (void)state;
    char findings[LONGEST] = "";
    GaclipDatasetEvents events = {.found = keep_finding, .payload = findings};
    GaclipError err = {0};
    int united;
    GaclipDataset *dataset = dataset_of(
        "{\"name\": \"boat\", \"synonyms\": [\"dinghy\"]}, {\"name\": \"car\"}, "
        "{\"name\": \"ship\", \"synonyms\": [\"vessel\", \"boat\"]}",
        "{\"path\": \"a.tif\", \"width\": 60, \"height\": 2, \"regions\": [{\"box\": [0, 0, 1, 1], "
        "\"class\": \"boat\"}, {\"box\": [0, 0, 1, 1], \"class\": \"ship\"}, {\"box\": [0, 0, "
        "1, 1], \"class\": \"car\"}, {\"box\": [0, 0, 1, 1], \"phrase\": \"x\"}]}");
    expect_ok(gaclip_dataset_unite_classes(&united, dataset, &events, &err), &err);
    assert_int_equal(united, 1);
    expect_found(findings, "\"boat\" is a synonym of \"ship\": one class");
    assert_int_equal(gaclip_dataset_class_count(dataset), 2);
    const GaclipDatasetClass *ship = gaclip_dataset_class_at(dataset, 1);
    assert_string_equal(gaclip_dataset_class_at(dataset, 0)->name, "car");
    assert_true(!strcmp(ship->name, "ship") && ship->synonym_count == 3);
    assert_string_equal(ship->synonyms[2], "dinghy");
    const GaclipDatasetRegion *r = gaclip_dataset_image_at(dataset, 0)->regions;
    assert_true(r[0].class_index == 1 && r[1].class_index == 1 && r[2].class_index == 0);
    assert_int_equal(r[3].class_index, -1);
    gaclip_dataset_free(dataset);
}

/* Of images with the same pixels the held-out one stays, else the first; all others are named. */
static void test_duplicates(void **state)
{
    static const char *const KEPT[] = {"d.tif", "e.tif", "c.tif", "plain.tif"};
    (void)state;
    char findings[LONGEST] = "";
    GaclipDatasetEvents events = {.found = keep_finding, .payload = findings};
    GaclipError err = {0};
    int removed, problems;
    put_image("/vsimem/tools/b.tif", 12, 12, 7);
    put_image("/vsimem/tools/c.tif", 12, 12, 7);
    put_image("/vsimem/tools/d.tif", 12, 12, 8);
    put_image("/vsimem/tools/e.tif", 12, 12, 9);
    put_image("/vsimem/tools/f.tif", 12, 12, 9);
    put_image("/vsimem/tools/plain.tif", 12, 11, 7);
    GaclipDataset *dataset = dataset_of(
        "", "{\"path\": \"b.tif\", \"width\": 12, \"height\": 12, \"split\": \"train\"}, "
            "{\"path\": \"d.tif\", \"width\": 12, \"height\": 12}, "
            "{\"path\": \"e.tif\", \"width\": 12, \"height\": 12, \"split\": \"val\"}, "
            "{\"path\": \"b.tif\", \"width\": 12, \"height\": 12, \"split\": \"val\"}, "
            "{\"path\": \"c.tif\", \"width\": 12, \"height\": 12, \"split\": \"test\"}, "
            "{\"path\": \"d.tif\", \"width\": 12, \"height\": 12, \"split\": \"train\"}, "
            "{\"path\": \"f.tif\", \"width\": 12, \"height\": 12, \"split\": \"val\"}, "
            "{\"path\": \"plain.tif\", \"width\": 12, \"height\": 11}");
    expect_ok(gaclip_dataset_drop_duplicates(&removed, dataset, &events, &err), &err);
    assert_true(removed == 4 && gaclip_dataset_image_count(dataset) == 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(CPLGetFilename(gaclip_dataset_image_at(dataset, i)->path), KEPT[i]);
    expect_found(findings, "images[0] left out: has the same pixels as /vsimem/tools/c.tif "
                           "(splits train and test)");
    expect_found(findings, "images[3] left out: has the same pixels as /vsimem/tools/c.tif "
                           "(splits val and test)");
    expect_found(findings, "images[5] left out: has the same pixels as /vsimem/tools/d.tif "
                           "(splits train and none)");
    expect_found(findings, "images[6] left out: has the same pixels as /vsimem/tools/e.tif "
                           "(splits val and val)");
    expect_ok(gaclip_dataset_check(&problems, dataset, NULL, &err), &err);
    assert_int_equal(problems, 0);
    gaclip_dataset_free(dataset);
}

/* A file that is listed twice in a split is one image of which more is said. */
static void test_same_file_twice(void **state)
{
    (void)state;
    char findings[LONGEST] = "";
    GaclipDatasetEvents events = {.found = keep_finding, .payload = findings};
    GaclipError err = {0};
    int removed;
    put_image("/vsimem/tools/b.tif", 12, 12, 7);
    GaclipDataset *dataset = dataset_of(
        "{\"name\": \"ship\"}",
        "{\"path\": \"b.tif\", \"width\": 12, \"height\": 12, \"captions\": [\"x\"], \"regions\": "
        "[{\"box\": [0, 0, 1, 1], \"class\": \"ship\", \"description\": \"red\"}]}, {\"path\": "
        "\"b.tif\", \"width\": 12, \"height\": 12, \"captions\": [\"y\", \"x\"], \"regions\": "
        "[{\"box\": [0, 0, 1, 1], \"class\": \"ship\", \"description\": \"blue\"}, {\"box\": [0, "
        "0, "
        "1, 1], \"class\": \"ship\", \"description\": \"red\"}]}, {\"path\": \"b.tif\", \"width\": "
        "12, \"height\": 12, \"split\": \"train\", \"captions\": [\"z\"]}");
    expect_ok(gaclip_dataset_drop_duplicates(&removed, dataset, &events, &err), &err);
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
    assert_true(removed == 1 && gaclip_dataset_image_count(dataset) == 1);
    assert_true(image->caption_count == 2 && image->region_count == 2);
    assert_string_equal(image->captions[1], "y");
    assert_string_equal(image->regions[1].description, "blue");
    expect_found(findings, "images[2] left out: has the same pixels");
    assert_null(strstr(findings, "images[1]"));
    expect_ok(gaclip_dataset_check(&removed, dataset, &events, &err), &err);
    assert_int_equal(removed, 0);
    gaclip_dataset_free(dataset);
}

static int stop_at_once(int done, int total, void *payload)
{
    (void)payload;
    return done + 1 == total;
}

static void test_interrupted(void **state)
{
    (void)state;
    GaclipDataset *dataset = dataset_of("", "{\"path\": \"a.tif\", \"width\": 60, \"height\": 2}");
    GaclipDatasetEvents events = {.progress = stop_at_once};
    GaclipError err = {0};
    int problems;
    expect_error(gaclip_dataset_check(&problems, dataset, &events, &err), GACLIP_ERROR_INTERRUPTED,
                 &err, "after 0 of 1");
    gaclip_dataset_free(dataset);
}

/* A grey image with a chess board of the given contrast, whose lower part may be missing. */
static void put_board(const char *path, int low, int high, int valid_rows)
{
    float values[32 * 32];
    GDALDatasetH dataset = new_raster(path, 32, 32, 1, GDT_Byte, NULL, NULL);
    for (int i = 0; i < 32 * 32; i++) {
        values[i] = (float)((i % 32 + i / 32) % 2 ? high : low);
        if (i / 32 >= valid_rows) values[i] = 255;
    }
    write_band(dataset, 1, values);
    if (valid_rows < 32) GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, 1), 255);
    GDALClose(dataset);
}

static void test_pixel_facts(void **state)
{
    (void)state;
    GaclipDatasetImage image = {.path = "/vsimem/tools/board.tif"};
    GaclipImage pixels;
    GaclipPixelFacts facts;
    GaclipError err = {0};
    put_board(image.path, 100, 120, 24);
    expect_ok(gaclip_dataset_read_image(&pixels, &image, &err), &err);
    gaclip__pixel_facts(&facts, &pixels);
    gaclip_image_clear(&pixels);
    assert_float_equal(facts.content, 0.75, 1e-9);
    assert_float_equal(facts.brightness, 110, 1e-3);
    assert_float_equal(facts.texture, 10, 1e-3);
    assert_float_equal(facts.sharpness, 80 * 80, 1e-1); /* the Laplacian is 80 or -80 */
}

static void test_filter(void **state)
{
    (void)state;
    char findings[LONGEST] = "";
    GaclipDatasetEvents events = {.found = keep_finding, .payload = findings};
    GaclipDatasetFilterOptions options;
    GaclipError err = {0};
    int removed;
    put_board("/vsimem/tools/good.tif", 100, 140, 32);
    put_board("/vsimem/tools/dark.tif", 0, 20, 32);
    put_board("/vsimem/tools/plain.tif", 100, 102, 32);
    put_board("/vsimem/tools/part.tif", 100, 140, 9);
    GaclipDataset *dataset = dataset_of(
        "{\"name\": \"ship\"}",
        "{\"path\": \"dark.tif\", \"width\": 32, \"height\": 32, \"captions\": [\"x\"]}, "
        "{\"path\": \"good.tif\", \"width\": 32, \"height\": 32, \"regions\": [{\"box\": [0, 0, "
        "0.9, 0.8], \"class\": \"ship\"}, {\"box\": [0.1, 0, 0.9, 0.8], \"class\": \"ship\"}]}, "
        "{\"path\": \"good.tif\", \"width\": 32, \"height\": 32, \"regions\": [{\"box\": [0, 0, "
        "0.9, 0.5], \"class\": \"ship\"}, {\"box\": [0.1, 0.4, 1, 0.9], \"class\": \"ship\"}]}, "
        "{\"path\": \"plain.tif\", \"width\": 32, \"height\": 32}, {\"path\": \"part.tif\", "
        "\"width\": 32, \"height\": 32}, {\"path\": \"good.tif\", \"width\": 32, \"height\": 32, "
        "\"regions\": [{\"box\": [0, 0, 1, 1], \"phrase\": \"all\", \"object\": false}]}");
    gaclip_dataset_filter_options_init(&options);
    expect_ok(gaclip_dataset_filter(&removed, dataset, &options, &events, &err), &err);
    assert_true(removed == 4 && gaclip_dataset_image_count(dataset) == 2);
    expect_found(findings, "images[0] left out: brightness 10 is below 15");
    expect_found(findings, "images[3] left out: texture 1 is below 5");
    expect_found(findings, "images[4] left out: content 0.281 is below 0.5");
    /* The first pair covers 0.72; the second 0.45 + 0.45 - 0.08. */
    expect_found(findings, "images[2] left out: coverage 0.8");
    assert_null(strstr(findings, "images[1]"));
    gaclip_dataset_free(dataset);
}

static int start(void **state)
{
    start_gdal(state);
    put_image("/vsimem/tools/a.tif", 60, 2, 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_by_image),  cmocka_unit_test(test_split_by_location),
        cmocka_unit_test(test_check),           cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_same_file_twice), cmocka_unit_test(test_unite_classes),
        cmocka_unit_test(test_interrupted),     cmocka_unit_test(test_pixel_facts),
        cmocka_unit_test(test_filter),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
