/* gaclip's own dataset format: what is written is read again, what is wrong is refused. */
#include "dataset_fixtures.h"
#include "relative_path.h"

static const char PATH[] = "/vsimem/own/set.json";

static const char WHOLE[] =
    "{\"format\": \"gaclip-dataset\", \"version\": 1, \"name\": \"all\",\n"
    "\"classes\": [{\"name\": \"ship\", \"synonyms\": [\"vessel\"]}, {\"name\": \"pier\"}],\n"
    "\"images\": [{\"path\": \"a.tif\", \"width\": 40, \"height\": 20, \"split\": \"train\", "
    "\"scene\": \"harbour\", \"captions\": [\"two ships\", \"a harbour\"], \"detailed_caption\": "
    "\"two ships at a pier\", \"annotated\": true, \"source\": \"s\", \"licence\": \"CC0\", "
    "\"gsd\": 0.5,\n"
    "\"regions\": [{\"box\": [0.1, 0.2, 0.3, 0.4], \"class\": \"ship\", \"description\": \"a "
    "white ship\", \"hard_negatives\": [\"a red ship\", \"a white car\"]},\n"
    "{\"box\": [0, 0, 0.5, 1], \"phrase\": \"water\", \"object\": false, \"difficult\": true}]},\n"
    "{\"path\": \"a.tif\", \"window\": [30, 5], \"width\": 10, \"height\": 10, \"crs\": "
    "\"EPSG:26915\", \"geotransform\": [440030, 1, 0, 4650000, 0, -1]}]}";

static int start(void **state)
{
    start_gdal(state);
    put_image("/vsimem/own/a.tif", 40, 20, 1);
    put_image("/vsimem/own/b.tif", 8, 6, 1);
    return 0;
}

static void check_whole(const GaclipDataset *dataset)
{
    const GaclipDatasetImage *a = gaclip_dataset_image_at(dataset, 0);
    const GaclipDatasetImage *b = gaclip_dataset_image_at(dataset, 1);
    assert_int_equal(gaclip_dataset_class_count(dataset), 2);
    assert_string_equal(gaclip_dataset_class_at(dataset, 0)->synonyms[0], "vessel");
    assert_string_equal(a->path, "/vsimem/own/a.tif");
    assert_string_equal(a->scene, "harbour");
    assert_string_equal(a->captions[1], "a harbour");
    assert_string_equal(a->detailed, "two ships at a pier");
    assert_string_equal(a->source, "s");
    assert_string_equal(a->licence, "CC0");
    assert_true(a->is_annotated && a->gsd == 0.5 && a->region_count == 2);
    expect_box(a->regions[0].box, 0.1, 0.2, 0.3, 0.4);
    assert_int_equal(a->regions[0].negative_count, 2);
    assert_string_equal(a->regions[0].negatives[1], "a white car");
    assert_string_equal(a->regions[0].description, "a white ship");
    assert_true(a->regions[0].is_object && !a->regions[0].is_difficult);
    assert_true(a->regions[1].class_index == -1 && !a->regions[1].is_object);
    assert_true(a->regions[1].is_difficult && !strcmp(a->regions[1].phrase, "water"));
    assert_true(b->is_window && b->x == 30 && b->y == 5 && b->width == 10 && !b->split);
    assert_true(b->has_geotransform && b->geotransform[0] == 440030 && !b->is_annotated);
    assert_string_equal(b->crs, "EPSG:26915");
}

static void test_read_and_write(void **state)
{
    (void)state;
    GaclipDatasetWriteOptions options = {.name = "all", .command = "gaclip-dataset build"};
    GaclipError err = {0};
    put_file(PATH, WHOLE);
    GaclipDataset *dataset = read_dataset(PATH, NULL);
    check_whole(dataset);
    expect_ok(gaclip_dataset_write(dataset, PATH, &options, &err), &err);
    gaclip_dataset_free(dataset);
    dataset = read_dataset(PATH, NULL);
    check_whole(dataset);
    gaclip_dataset_free(dataset);
    expect_error(gaclip_dataset_write(dataset = new_dataset(), "/none/here.json", &options, &err),
                 GACLIP_ERROR_IO, &err, "/none/here.json: cannot be written");
    gaclip_dataset_free(dataset);
}

/* Sizes that a format does not state are those of the files when written. */
static void test_sizes(void **state)
{
    (void)state;
    GaclipDatasetWriteOptions options = {0};
    GaclipError err = {0};
    put_file("/vsimem/own/c.json", "{\"images\": [{\"filename\": \"b.tif\", \"sentences\": []}]}");
    GaclipDatasetReadOptions reading;
    gaclip_dataset_read_options_init(&reading);
    reading.format = GACLIP_DATASET_KARPATHY;
    GaclipDataset *dataset = read_dataset("/vsimem/own/c.json", &reading);
    assert_int_equal(gaclip_dataset_image_at(dataset, 0)->width, 0);
    expect_ok(gaclip_dataset_write(dataset, PATH, &options, &err), &err);
    gaclip_dataset_free(dataset);
    dataset = read_dataset(PATH, NULL);
    assert_int_equal(gaclip_dataset_image_at(dataset, 0)->width, 8);
    assert_int_equal(gaclip_dataset_image_at(dataset, 0)->height, 6);
    gaclip_dataset_free(dataset);
}

/* The file with one part of it replaced is refused so. */
static void expect_refused(const char *part, const char *replacement, const char *message)
{
    const char *at = strstr(WHOLE, part);
    char text[sizeof WHOLE + 256];
    if (!at) fail_msg("no %s", part);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, replacement,
             at + strlen(part));
    put_file(PATH, text);
    GaclipDatasetReadOptions options;
    gaclip_dataset_read_options_init(&options);
    options.format = GACLIP_DATASET_GACLIP;
    expect_unreadable(PATH, &options, GACLIP_ERROR_FORMAT, message);
}

static void test_refused(void **state)
{
    (void)state;
    expect_refused("gaclip-dataset", "other", "$.format: is \"other\" in place of");
    expect_refused("\"version\": 1", "\"version\": 2", "$.version: version 2 is newer than 1");
    expect_refused("\"version\": 1", "\"version\": 1, \"colour\": 3", "$: unknown key \"colour\"");
    expect_refused("\"name\": \"pier\"", "\"name\": \"pier\", \"alias\": 1",
                   "$.classes[1]: unknown key \"alias\"; there may be name, synonyms");
    expect_refused("\"name\": \"pier\"", "\"synonyms\": []", "$.classes[1]: has no \"name\"");
    expect_refused("\"split\"", "\"spilt\"", "$.images[0]: unknown key \"spilt\"");
    expect_refused("\"split\"", "\"width\"", "$.images[0]: has the key \"width\" twice");
    expect_refused("\"width\": 40", "\"width\": 0", "$.images[0].width: 0 is not in 1..");
    expect_refused("\"two ships\",", "\"\",", "$.images[0].captions[0]: is empty");
    expect_refused("\"annotated\": true", "\"annotated\": 1", "is neither true nor false");
    expect_refused("0.3, 0.4]", "0.1, 0.4]", "$.images[0].regions[0].box: 0.1, 0.2, 0.1, 0.4 is");
    expect_refused("0.3, 0.4]", "0.3, 1.4]", "is no box");
    expect_refused("0.3, 0.4]", "0.3]", "has 3 numbers in place of 4");
    expect_refused("\"class\": \"ship\"", "\"class\": \"shop\"",
                   "$.images[0].regions[0].class: \"shop\" is not among the classes");
    expect_refused("\"phrase\": \"water\", ", "",
                   "$.images[0].regions[1]: has neither class nor phrase nor description");
    expect_refused("\"description\": \"a white ship\", ", "",
                   "$.images[0].regions[0].hard_negatives: are there without a description");
    expect_refused("[30, 5]", "[-30, 5]", "$.images[1].window: is no pixel");
    expect_refused("[30, 5]", "[1e300, 5]", "$.images[1].window: is no pixel");
    expect_refused("[30, 5]", "[30, 5.5]", "$.images[1].window: is no pixel");
    expect_refused("0, -1]", "0]", "$.images[1].geotransform: has 5 numbers in place of 6");
}

static void test_relative_path(void **state)
{
    (void)state;
    char folder[] = "/tmp/gaclip-paths-XXXXXX", path[128], inner[128];
    assert_non_null(mkdtemp(folder));
    snprintf(inner, sizeof inner, "%s/sets", folder);
    snprintf(path, sizeof path, "%s/a.tif", folder);
    assert_int_equal(VSIMkdir(inner, 0755), 0);
    put_file(path, "x");
    char *up = gaclip__relative_path(path, inner), *same = gaclip__relative_path(path, folder);
    char *memory = gaclip__relative_path("/vsimem/a.tif", folder);
    char *root = gaclip__relative_path(path, "/");
    assert_string_equal(up, "../a.tif");
    assert_string_equal(same, "a.tif");
    assert_string_equal(memory, "/vsimem/a.tif");
    assert_string_equal(root, path + 1);
    CPLFree(up);
    CPLFree(same);
    CPLFree(memory);
    CPLFree(root);
    VSIRmdirRecursive(folder);
}

/* A file's own world file lies beside the link to it, and folders may be links as well. */
static void test_relative_links(void **state)
{
    (void)state;
    char folder[] = "/tmp/gaclip-links-XXXXXX", cache[128], file[160], link[128], sets[128];
    assert_non_null(mkdtemp(folder));
    snprintf(cache, sizeof cache, "%s/cache", folder);
    snprintf(file, sizeof file, "%s/ab12", cache);
    snprintf(link, sizeof link, "%s/a.tif", folder);
    snprintf(sets, sizeof sets, "%s/sets", folder);
    assert_int_equal(VSIMkdir(cache, 0755), 0);
    put_file(file, "x");
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(symlink(cache, sets), 0);
    char *up = gaclip__relative_path(link, cache), *same = gaclip__relative_path(link, folder);
    char *linked = gaclip__relative_path(file, sets);
    assert_string_equal(up, "../a.tif");
    assert_string_equal(same, "a.tif");
    assert_string_equal(linked, "ab12");
    CPLFree(up);
    CPLFree(same);
    CPLFree(linked);
    assert_int_equal(unlink(link) + unlink(sets), 0);
    VSIRmdirRecursive(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_write), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_relative_path),
        cmocka_unit_test(test_relative_links),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
