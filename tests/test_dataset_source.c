/* Samples of a dataset. */
#include "dataset_fixtures.h"
#include "gaclip/dataset_source.h"

static const char BOXES[] = "/vsimem/set/train.json", CAPTIONS[] = "/vsimem/set/captions.json";

static int start(void **state)
{
    start_gdal(state);
    put_image("/vsimem/set/a.tif", 200, 100, 1);
    put_image("/vsimem/set/b.tif", 60, 60, 2);
    put_file(BOXES, "{\"images\": [{\"id\": 1, \"file_name\": \"a.tif\", \"width\": 200, "
                    "\"height\": 100}],\n"
                    "\"annotations\": [{\"image_id\": 1, \"category_id\": 1, \"bbox\": [20, 30, "
                    "10, 20]}, {\"image_id\": 1, \"category_id\": 2, \"bbox\": [150, 60, 30, "
                    "30]}],\n"
                    "\"categories\": [{\"id\": 1, \"name\": \"windmill\", \"synonyms\": [\"wind "
                    "turbine\"]}, {\"id\": 2, \"name\": \"tank\"}]}");
    put_file(CAPTIONS,
             "{\"images\": [{\"filename\": \"b.tif\", \"split\": \"train\", \"class\": \"Farm\", "
             "\"sentences\": [{\"raw\": \"a farm .\"}, {\"raw\": \"a farm .\"}, {\"raw\": \"two "
             "fields.\"}]}, {\"filename\": \"a.tif\", \"split\": \"val\", \"sentences\": []}]}");
    return 0;
}

typedef struct Opened {
    GaclipDataset *dataset;
    GaclipDatasetSource *source;
    GaclipSampleSource view;
} Opened;

static Opened open_source(const char *path, const char *split, double object_share,
                          GaclipImageCache *cache)
{
    Opened opened = {.dataset = read_dataset(path, NULL)};
    GaclipDatasetSourceOptions options;
    GaclipError err = {0};
    gaclip_dataset_source_options_init(&options);
    options.split = split;
    options.object_share = object_share;
    options.cache = cache;
    expect_ok(gaclip_dataset_source_new(&opened.source, opened.dataset, &options, &err), &err);
    opened.view = gaclip_dataset_source_view(opened.source);
    return opened;
}

static void close_source(Opened *opened)
{
    gaclip_dataset_source_free(opened->source);
    gaclip_dataset_free(opened->dataset);
}

static GaclipSample take(const Opened *opened, uint64_t random, int width, int height)
{
    GaclipSample sample;
    GaclipError err = {0};
    expect_ok(opened->view.next(&sample, opened->view.payload, random, width, height, &err), &err);
    return sample;
}

/* Red and green tell where a pixel comes from: boxes must cover the same ground as before. */
static void check_boxes(const GaclipSample *s)
{
    int x = s->image.rgb[0], y = s->image.rgb[1];
    for (int i = 0; i < s->region_count; i++) {
        const GaclipBox *b = &s->regions[i].box;
        int is_tank = !strcmp(s->regions[i].concept, "tank");
        const float truth[4] = {is_tank ? 150 : 20, is_tank ? 60 : 30, is_tank ? 180 : 30,
                                is_tank ? 90 : 50};
        assert_true((float)x + b->x1 == fmaxf(truth[0], (float)x));
        assert_true((float)y + b->y1 == fmaxf(truth[1], (float)y));
        assert_true((float)x + b->x2 == fminf(truth[2], (float)(x + s->image.width)));
        assert_true((float)y + b->y2 == fminf(truth[3], (float)(y + s->image.height)));
    }
}

static void test_windows(void **state)
{
    (void)state;
    Opened opened = open_source(BOXES, "train", 0.8, NULL);
    int with_object = 0, synonyms = 0, names = 0, cut = 0;
    for (uint64_t i = 0; i < 400; i++) {
        GaclipSample s = take(&opened, i, 40, 30);
        assert_true(s.image.width == 40 && s.image.height == 30 && s.is_annotated);
        assert_true(s.image.rgb[0] + 40 <= 200 && s.image.rgb[1] + 30 <= 100);
        check_boxes(&s);
        with_object += s.region_count > 0;
        for (int k = 0; k < s.region_count; k++) {
            synonyms += !strcmp(s.regions[k].phrase, "wind turbine");
            names += !strcmp(s.regions[k].phrase, "windmill");
            float area = (s.regions[k].box.x2 - s.regions[k].box.x1) *
                         (s.regions[k].box.y2 - s.regions[k].box.y1);
            cut += area < 200;
            assert_true(area >= 0.35f * 200);
        }
        gaclip_sample_clear(&s);
    }
    assert_in_range(with_object, 300, 395);
    assert_true(synonyms > 50 && names > 50 && cut > 0);
    close_source(&opened);
}

static void test_shape_is_kept(void **state)
{
    (void)state;
    Opened opened = open_source(BOXES, NULL, 0, NULL);
    GaclipSample s = take(&opened, 1, 300, 300);
    assert_true(s.image.width == 100 && s.image.height == 100);
    gaclip_sample_clear(&s);
    s = take(&opened, 1, 400, 100);
    assert_true(s.image.width == 200 && s.image.height == 50);
    gaclip_sample_clear(&s);
    close_source(&opened);
}

static void test_captions(void **state)
{
    (void)state;
    Opened opened = open_source(CAPTIONS, "train", 0.5, NULL);
    for (uint64_t i = 0; i < 50; i++) {
        GaclipSample s = take(&opened, i, 20, 20);
        assert_true(s.image.width >= 51 && s.image.width == s.image.height);
        assert_int_equal(s.caption_count, 3);
        assert_string_equal(s.captions[0], "a farm .");
        assert_string_equal(s.detailed, "a farm. two fields.");
        assert_string_equal(s.scene, "farm");
        gaclip_sample_clear(&s);
    }
    close_source(&opened);
}

static void test_same_number(void **state)
{
    (void)state;
    GaclipImageCache *cache;
    GaclipError err = {0};
    expect_ok(gaclip_image_cache_new(&cache, 1, &err), &err); /* windows are read from the files */
    Opened one = open_source(BOXES, NULL, 0.5, NULL), two = open_source(BOXES, NULL, 0.5, cache);
    for (uint64_t i = 0; i < 30; i++) {
        GaclipSample a = take(&one, i, 30, 40), b = take(&two, i, 30, 40);
        assert_int_equal(a.region_count, b.region_count);
        assert_memory_equal(a.image.rgb, b.image.rgb, 3 * 30 * 40);
        for (int k = 0; k < a.region_count; k++) {
            assert_memory_equal(&a.regions[k].box, &b.regions[k].box, sizeof a.regions[k].box);
            assert_string_equal(a.regions[k].phrase, b.regions[k].phrase);
        }
        gaclip_sample_clear(&a);
        gaclip_sample_clear(&b);
    }
    close_source(&one);
    gaclip_image_cache_free(cache);
    close_source(&two);
}

static void test_whole_images(void **state)
{
    (void)state;
    Opened opened = open_source(CAPTIONS, "val", 0.5, NULL);
    GaclipSample s;
    GaclipError err = {0};
    assert_int_equal(opened.view.count, 1);
    assert_int_equal(gaclip_dataset_source_image(opened.source, 0), 1);
    expect_ok(opened.view.at(&s, opened.view.payload, 0, &err), &err);
    assert_true(s.image.width == 200 && s.image.height == 100 && !s.detailed);
    gaclip_sample_clear(&s);
    expect_error(opened.view.at(&s, opened.view.payload, 1, &err), GACLIP_ERROR_ARGUMENT, &err,
                 "sample 1");
    close_source(&opened);
    opened = open_source(BOXES, "train", 0.5, NULL);
    expect_ok(opened.view.at(&s, opened.view.payload, 0, &err), &err);
    assert_int_equal(s.region_count, 2);
    assert_string_equal(s.regions[0].phrase, "windmill");
    assert_true(s.regions[1].box.x1 == 150 && s.regions[1].box.y2 == 90);
    gaclip_sample_clear(&s);
    close_source(&opened);
}

/* "other" is no word to learn; what it stands for is an object all the same. */
static void test_empty_names(void **state)
{
    static const char OTHERS[] = "/vsimem/set/others.json";
    (void)state;
    put_file(OTHERS, "{\"images\": [{\"id\": 1, \"file_name\": \"b.tif\", \"width\": 60, "
                     "\"height\": 60}],\n\"annotations\": [{\"image_id\": 1, \"category_id\": 1, "
                     "\"bbox\": [20, 30, 10, 20]}], \"categories\": [{\"id\": 1, \"name\": "
                     "\"other\"}]}");
    Opened opened = open_source(OTHERS, NULL, 1, NULL);
    GaclipSample s = take(&opened, 3, 60, 60);
    GaclipError err = {0};
    assert_int_equal(s.region_count, 1);
    assert_true(s.regions[0].is_object && !s.regions[0].phrase && !s.regions[0].concept);
    gaclip_sample_clear(&s);
    expect_ok(opened.view.at(&s, opened.view.payload, 0, &err), &err);
    assert_string_equal(s.regions[0].phrase, "other");
    gaclip_sample_clear(&s);
    close_source(&opened);
}

static void test_missing_split(void **state)
{
    (void)state;
    GaclipDataset *dataset = read_dataset(CAPTIONS, NULL);
    GaclipDatasetSource *source;
    GaclipDatasetSourceOptions options;
    GaclipError err = {0};
    gaclip_dataset_source_options_init(&options);
    options.split = "test";
    expect_error(gaclip_dataset_source_new(&source, dataset, &options, &err), GACLIP_ERROR_EMPTY,
                 &err, "no images in the split \"test\"; its splits: train, val");
    options.split = "train";
    options.exclude = "b.*";
    expect_error(gaclip_dataset_source_new(&source, dataset, &options, &err), GACLIP_ERROR_EMPTY,
                 &err, "\"b.*\" leaves out every image of the split train");
    assert_null(source);
    options.split = NULL;
    expect_ok(gaclip_dataset_source_new(&source, dataset, &options, &err), &err);
    assert_int_equal(gaclip_dataset_source_view(source).count, 1);
    assert_int_equal(gaclip_dataset_source_image(source, 0), 1);
    gaclip_dataset_source_free(source);
    gaclip_dataset_free(dataset);
}

/* A damaged image is an error that names it, not a crash or a black picture. */
static void test_damaged_image(void **state)
{
    (void)state;
    put_image("/vsimem/bad/a.tif", 200, 100, 1);
    put_file("/vsimem/bad/set.json",
             "{\"images\": [{\"filename\": \"a.tif\", \"sentences\": [{\"raw\": \"a\"}]}]}");
    cut_file("/vsimem/bad/a.tif", 600);
    Opened opened = open_source("/vsimem/bad/set.json", NULL, 0, NULL);
    GaclipSample s;
    GaclipError err = {0};
    expect_error(opened.view.next(&s, opened.view.payload, 1, 10, 10, &err), GACLIP_ERROR_IO, &err,
                 "/vsimem/bad/a.tif");
    close_source(&opened);
}

/* A windmill of 14 pixels and a tank of 30: below 20 only windows on the windmill are drawn first,
 * and twice as close they are half as wide. Images with captions are shown as ever. */
static void test_small_objects(void **state)
{
    (void)state;
    GaclipDataset *dataset = read_dataset(BOXES, NULL), *captions = read_dataset(CAPTIONS, NULL);
    GaclipDatasetSource *source;
    GaclipDatasetSourceOptions options;
    GaclipSample s;
    GaclipError err = {0};
    gaclip_dataset_source_options_init(&options);
    options.object_share = 1;
    options.object_below = 20;
    options.zoom = 2;
    expect_ok(gaclip_dataset_source_new(&source, dataset, &options, &err), &err);
    GaclipSampleSource view = gaclip_dataset_source_view(source);
    for (uint64_t i = 0; i < 100; i++) {
        expect_ok(view.next(&s, view.payload, i, 80, 60, &err), &err);
        assert_true(s.image.width == 40 && s.image.height == 30);
        assert_true(s.region_count == 1 && !strcmp(s.regions[0].concept, "windmill"));
        gaclip_sample_clear(&s);
    }
    gaclip_dataset_source_free(source);
    options.object_below = 14; /* its area is 200 */
    expect_error(gaclip_dataset_source_new(&source, dataset, &options, &err), GACLIP_ERROR_EMPTY,
                 &err, "no image has an object below 14 pixels");
    options.object_below = 0;
    options.zoom = 0;
    expect_error(gaclip_dataset_source_new(&source, dataset, &options, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "a zoom of 0");
    options.zoom = 2;
    options.split = "train";
    expect_ok(gaclip_dataset_source_new(&source, captions, &options, &err), &err);
    view = gaclip_dataset_source_view(source);
    expect_ok(view.next(&s, view.payload, 1, 60, 60, &err), &err);
    assert_true(s.image.width >= 51 && s.caption_count == 3);
    gaclip_sample_clear(&s);
    gaclip_dataset_source_free(source);
    gaclip_dataset_free(captions);
    gaclip_dataset_free(dataset);
}

/* YOLO's boxes are shares of an image whose size no file tells. */
static void test_unknown_sizes(void **state)
{
    (void)state;
    make_folder("/vsimem/yolo/images");
    make_folder("/vsimem/yolo/labels");
    put_image("/vsimem/yolo/images/a.tif", 60, 60, 1);
    put_file("/vsimem/yolo/labels/a.txt", "0 0.5 0.5 0.1 0.1\n");
    put_file("/vsimem/yolo/classes.txt", "tank\n");
    GaclipDatasetReadOptions reading;
    gaclip_dataset_read_options_init(&reading);
    reading.format = GACLIP_DATASET_YOLO;
    reading.classes = "/vsimem/yolo/classes.txt";
    GaclipDataset *dataset = read_dataset("/vsimem/yolo", &reading);
    GaclipDatasetSource *source;
    GaclipDatasetSourceOptions options;
    GaclipError err = {0};
    gaclip_dataset_source_options_init(&options);
    options.object_below = 20;
    expect_error(gaclip_dataset_source_new(&source, dataset, &options, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "does not say how large /vsimem/yolo/images/a.tif is");
    gaclip_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),       cmocka_unit_test(test_shape_is_kept),
        cmocka_unit_test(test_captions),      cmocka_unit_test(test_same_number),
        cmocka_unit_test(test_whole_images),  cmocka_unit_test(test_missing_split),
        cmocka_unit_test(test_empty_names),   cmocka_unit_test(test_damaged_image),
        cmocka_unit_test(test_small_objects), cmocka_unit_test(test_unknown_sizes),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
