/* Datasets from COCO's and Karpathy's JSON. */
#include "dataset_fixtures.h"
#include "readable_name.h"

static const char COCO[] = "/vsimem/coco/train.json", CAPTIONS[] = "/vsimem/captions/set.json";

static int start(void **state)
{
    start_gdal(state);
    VSIMkdirRecursive("/vsimem/coco/images", 0755);
    put_image("/vsimem/coco/images/a.tif", 40, 20, 1);
    put_image("/vsimem/coco/images/b.tif", 10, 10, 2);
    put_image("/vsimem/captions/1.tif", 16, 16, 3);
    return 0;
}

static void test_coco(void **state)
{
    (void)state;
    put_file(COCO,
             "{\"info\": {\"description\": \"harbour\"}, \"licenses\": [{\"id\": 3, \"name\": "
             "\"CC BY 4.0\"}],\n"
             "\"images\": [{\"id\": 7, \"file_name\": \"a.tif\", \"width\": 40, \"height\": 20, "
             "\"license\": 3}, {\"id\": 5, \"file_name\": \"b.tif\"}],\n"
             "\"annotations\": [{\"id\": 1, \"image_id\": 5, \"category_id\": 2, \"bbox\": [-2, 5, "
             "4, 10]},\n"
             "{\"id\": 2, \"image_id\": 7, \"category_id\": 9, \"bbox\": [10, 5, 20, 10.5], "
             "\"iscrowd\": 0},\n"
             "{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"bbox\": [41, 5, 3, 3]}],\n"
             "\"categories\": [{\"id\": 2, \"name\": \"small-vehicle\", \"synonyms\": [\"car\", "
             "\"car\", \"small vehicle\"]}, {\"id\": 9, \"name\": \"ship\"}]}");
    GaclipDataset *dataset = read_dataset(COCO, NULL);
    assert_int_equal(gaclip_dataset_image_count(dataset), 2);
    assert_int_equal(gaclip_dataset_class_count(dataset), 2);
    assert_int_equal(gaclip_dataset_dropped_count(dataset), 1);
    const GaclipDatasetClass *vehicle = gaclip_dataset_class_at(dataset, 0);
    assert_string_equal(vehicle->name, "small vehicle");
    assert_int_equal(vehicle->synonym_count, 1);
    assert_string_equal(vehicle->synonyms[0], "car");
    const GaclipDatasetImage *a = gaclip_dataset_image_at(dataset, 0);
    const GaclipDatasetImage *b = gaclip_dataset_image_at(dataset, 1);
    assert_string_equal(a->path, "/vsimem/coco/images/a.tif");
    assert_string_equal(a->licence, "CC BY 4.0");
    assert_string_equal(a->source, "harbour");
    assert_string_equal(a->split, "train");
    assert_true(a->is_annotated && a->region_count == 1 && a->regions[0].class_index == 1);
    assert_true(a->regions[0].is_object && !a->regions[0].phrase);
    expect_box(a->regions[0].box, 0.25, 0.25, 0.75, 0.775);
    assert_true(b->width == 10 && b->height == 10 && !b->licence);
    expect_box(b->regions[0].box, 0, 0.5, 0.2, 1);
    gaclip_dataset_free(dataset);
}

static void test_coco_captions_and_crowds(void **state)
{
    (void)state;
    put_file("/vsimem/coco/x.json",
             "{\"images\": [{\"id\": 1, \"file_name\": \"a.tif\"}], \"annotations\": "
             "[{\"image_id\": 1, \"caption\": \" two ships .\\n\"}]}");
    GaclipDataset *captions = read_dataset("/vsimem/coco/x.json", NULL);
    const GaclipDatasetImage *image = gaclip_dataset_image_at(captions, 0);
    assert_int_equal(image->caption_count, 1);
    assert_string_equal(image->captions[0], "two ships .");
    assert_string_equal(image->source, "x");
    assert_true(!image->is_annotated && !image->split);
    gaclip_dataset_free(captions);
    put_file("/vsimem/coco/x.json",
             "{\"images\": [{\"id\": 1, \"file_name\": \"a.tif\"}], \"categories\": [{\"id\": 1, "
             "\"name\": \"ship\"}], \"annotations\": [{\"image_id\": 1, \"category_id\": 1, "
             "\"iscrowd\": 1, \"bbox\": [0, 0, 9, 9]}]}");
    GaclipDataset *crowd = read_dataset("/vsimem/coco/x.json", NULL);
    image = gaclip_dataset_image_at(crowd, 0);
    assert_true(image->region_count == 0 && !image->is_annotated);
    gaclip_dataset_free(crowd);
}

/* A COCO file of one image, one category and the given annotation, which is wrong. */
static void expect_bad_annotation(const char *annotation, const char *message)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"images\": [{\"id\": 1, \"file_name\": \"a.tif\"}], \"categories\": [{\"id\": 1, "
             "\"name\": \"ship\"}], \"annotations\": [{\"image_id\": 1, \"category_id\": 1, "
             "\"bbox\": [0, 0, 9, 9]}, %s]}",
             annotation);
    put_file("/vsimem/coco/bad.json", text);
    expect_unreadable("/vsimem/coco/bad.json", NULL, GACLIP_ERROR_FORMAT, message);
}

static void test_bad_coco(void **state)
{
    (void)state;
    const char *path = "/vsimem/coco/bad.json";
    expect_bad_annotation("7", "$.annotations[1]: is no object");
    expect_bad_annotation("{\"image_id\": 1, \"category_id\": 1}",
                          "$.annotations[1]: has no \"bbox\"");
    expect_bad_annotation("{\"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 9]}",
                          "$.annotations[1].bbox: has 3 numbers in place of 4");
    expect_bad_annotation("{\"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 9, \"9\"]}",
                          "$.annotations[1].bbox[3]: is no number");
    expect_bad_annotation("{\"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, -9, 9]}",
                          "negative width");
    expect_bad_annotation("{\"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 1e999, 9]}",
                          "bbox[2]");
    expect_bad_annotation("{\"image_id\": 1, \"category_id\": 2, \"bbox\": [0, 0, 9, 9]}",
                          "category_id 2 is not");
    expect_bad_annotation("{\"image_id\": 2, \"category_id\": 1, \"bbox\": [0, 0, 9, 9]}",
                          "image_id 2 is not");
    expect_bad_annotation("{\"image_id\": 1.5, \"category_id\": 1, \"bbox\": [0, 0, 9, 9]}",
                          "$.annotations[1].image_id: 1.5 is no whole number");
    expect_bad_annotation("{\"image_id\": 1, \"caption\": \" \"}",
                          "$.annotations[1].caption: is empty");
    put_file(path, "{\"images\": [\n{\"id\": 1,, }]}");
    expect_unreadable(path, NULL, GACLIP_ERROR_FORMAT, "line 2, column");
    put_file(path, "{\"images\": [{\"id\": 1, \"file_name\": \"c.tif\"}], \"annotations\": []}");
    expect_unreadable(path, NULL, GACLIP_ERROR_IO, "images/c.tif is not there");
    put_file(path, "{\"images\": [{\"id\": 1, \"file_name\": \"a.tif\"}, {\"id\": 1, "
                   "\"file_name\": \"b.tif\"}], \"annotations\": []}");
    expect_unreadable(path, NULL, GACLIP_ERROR_FORMAT, "$.images: the id 1 is there twice");
    put_file(path, "[]");
    expect_unreadable(path, NULL, GACLIP_ERROR_FORMAT, "$: is no object");
    expect_unreadable("/vsimem/coco/none.json", NULL, GACLIP_ERROR_IO, "cannot be read");
}

static void test_karpathy(void **state)
{
    (void)state;
    GaclipDatasetReadOptions options;
    gaclip_dataset_read_options_init(&options);
    put_file(CAPTIONS,
             "{\"dataset\": \"rsicd\", \"images\": [{\"filename\": \"1.tif\", \"split\": "
             "\"restval\", \"class\": \"BareLand\", \"imgid\": 0, \"sentences\": [{\"raw\": \"a "
             "field .\"}, {\"raw\": \"a green field .\", \"tokens\": []}]}]}");
    options.licence = "research";
    GaclipDataset *dataset = read_dataset(CAPTIONS, &options);
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
    assert_string_equal(image->path, "/vsimem/captions/1.tif");
    assert_string_equal(image->source, "rsicd");
    assert_string_equal(image->split, "train");
    assert_string_equal(image->scene, "bare land");
    assert_string_equal(image->licence, "research");
    assert_int_equal(image->caption_count, 2);
    assert_string_equal(image->captions[1], "a green field .");
    assert_false(image->is_annotated);
    gaclip_dataset_free(dataset);
    put_file(CAPTIONS, "{\"images\": [{\"filename\": \"1.tif\", \"sentences\": [{\"raw\": 3}]}]}");
    expect_unreadable(CAPTIONS, NULL, GACLIP_ERROR_FORMAT,
                      "$.images[0].sentences[0].raw: is no text");
    put_file(CAPTIONS, "{\"images\": [{\"filename\": \"1.tif\", \"sentences\": [{\"raw\": "
                       "\"\xFF\"}]}]}");
    expect_unreadable(CAPTIONS, NULL, GACLIP_ERROR_FORMAT, "not valid UTF-8");
}

/* Several files in one dataset share classes. */
static void test_several_files(void **state)
{
    (void)state;
    GaclipDatasetReadOptions options;
    GaclipDataset *dataset = new_dataset();
    GaclipError err = {0};
    gaclip_dataset_read_options_init(&options);
    for (int i = 0; i < 2; i++) {
        put_file(COCO, i ? "{\"images\": [], \"annotations\": [], \"categories\": [{\"id\": 1, "
                           "\"name\": \"ship\", \"synonyms\": [\"vessel\"]}]}"
                         : "{\"images\": [], \"annotations\": [], \"categories\": [{\"id\": 4, "
                           "\"name\": \"Ship\", \"synonyms\": [\"boat\"]}]}");
        expect_ok(gaclip_dataset_read(dataset, COCO, &options, &err), &err);
    }
    assert_int_equal(gaclip_dataset_class_count(dataset), 1);
    assert_int_equal(gaclip_dataset_class_at(dataset, 0)->synonym_count, 2);
    gaclip_dataset_free(dataset);
}

static void test_pixels(void **state)
{
    (void)state;
    GaclipDatasetImage image = {.path = "/vsimem/coco/images/a.tif"};
    GaclipImage pixels;
    GaclipError err = {0};
    expect_ok(gaclip_dataset_read_image(&pixels, &image, &err), &err);
    assert_true(pixels.width == 40 && pixels.height == 20 && !pixels.mask);
    assert_true(pixels.rgb[3 * 41] == 1 && pixels.rgb[3 * 41 + 1] == 1);
    gaclip_image_clear(&pixels);
    image = (GaclipDatasetImage){
        .path = image.path, .width = 5, .height = 4, .is_window = 1, .x = 30, .y = 16};
    expect_ok(gaclip_dataset_read_image(&pixels, &image, &err), &err);
    assert_true(pixels.width == 5 && pixels.rgb[0] == 30 && pixels.rgb[1] == 16);
    gaclip_image_clear(&pixels);
    image.y = 17;
    expect_error(gaclip_dataset_read_image(&pixels, &image, &err), GACLIP_ERROR_FORMAT, &err,
                 "has 40 x 20 pixels, while its dataset says 5 x 4 for a window in it");
    image = (GaclipDatasetImage){.path = image.path, .width = 20, .height = 40};
    expect_error(gaclip_dataset_read_image(&pixels, &image, &err), GACLIP_ERROR_FORMAT, &err,
                 "while its dataset says 20 x 40");
}

static void test_readable_names(void **state)
{
    static const char *const PAIRS[][2] = {
        {"small-vehicle", "small vehicle"},
        {"Expressway-Service-area", "expressway service area"},
        {"storagetank", "storage tank"},
        {"groundtrackfield", "ground track field"},
        {"DenseResidential", "dense residential"},
        {"  large__vehicle ", "large vehicle"},
        {"ship", "ship"},
        {"", ""},
    };
    char name[64];
    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        gaclip__readable_name(name, sizeof name, PAIRS[i][0]);
        assert_string_equal(name, PAIRS[i][1]);
    }
    gaclip__readable_name(name, 8, "a very long name");
    assert_true(strlen(name) < 8);
}

static void test_data_pack(void **state)
{
    (void)state;
    GaclipDataset *rsicd = read_dataset(data_path("rsicd/dataset_rsicd.json"), NULL);
    assert_int_equal(gaclip_dataset_image_count(rsicd), 8973);
    gaclip_dataset_free(rsicd);
    GaclipDataset *tanks = read_dataset(data_path("detection/storage_tanks/train.json"), NULL);
    int regions = 0;
    for (int i = 0; i < gaclip_dataset_image_count(tanks); i++)
        regions += gaclip_dataset_image_at(tanks, i)->region_count;
    assert_int_equal(regions, 4996);
    gaclip_dataset_free(tanks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coco),           cmocka_unit_test(test_coco_captions_and_crowds),
        cmocka_unit_test(test_bad_coco),       cmocka_unit_test(test_karpathy),
        cmocka_unit_test(test_several_files),  cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_readable_names), cmocka_unit_test(test_data_pack),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
