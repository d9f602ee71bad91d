/* Datasets from folders of files: VOC, YOLO, DOTA, classes; and from a raster with a layer. */
#include "dataset_fixtures.h"

static void put_voc(const char *object)
{
    char text[2048];
    snprintf(text, sizeof text,
             "<annotation><folder>x</folder><filename>7.jpg</filename>\n"
             "<size><width>40</width><height>20</height><depth>3</depth></size>\n"
             "<object><name>Expressway-Service-area</name><difficult>1</difficult><bndbox>"
             "<xmin>1</xmin><ymin>1</ymin><xmax>40</xmax><ymax>20</ymax></bndbox></object>\n"
             "%s</annotation>\n",
             object);
    put_file("/vsimem/voc/Annotations/7.xml", text);
}

static void make_voc(void)
{
    make_folder("/vsimem/voc/Annotations");
    make_folder("/vsimem/voc/JPEGImages");
    make_folder("/vsimem/voc/ImageSets/Main");
    put_image("/vsimem/voc/JPEGImages/7.tif", 40, 20, 1);
    put_file("/vsimem/voc/ImageSets/Main/val.txt", "8\n7\n");
    put_file("/vsimem/voc/ImageSets/Main/train.txt", "6 -1\n");
}

static void test_voc(void **state)
{
    (void)state;
    make_voc();
    put_voc("<object><name>ship</name><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>20</xmax>"
            "<ymax>10.0</ymax></bndbox></object>");
    GaclipDataset *dataset = read_dataset("/vsimem/voc", NULL);
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
    assert_int_equal(gaclip_dataset_image_count(dataset), 1);
    assert_string_equal(image->path, "/vsimem/voc/JPEGImages/7.tif");
    assert_string_equal(image->split, "val");
    assert_string_equal(image->source, "voc");
    assert_true(image->region_count == 2 && image->is_annotated);
    assert_string_equal(gaclip_dataset_class_at(dataset, 0)->name, "expressway service area");
    expect_box(image->regions[0].box, 0, 0, 1, 1);
    expect_box(image->regions[1].box, 0.25, 0.25, 0.5, 0.5);
    assert_true(image->regions[0].is_difficult && !image->regions[1].is_difficult);
    gaclip_dataset_free(dataset);
}

static void expect_bad_voc(const char *object, const char *message)
{
    GaclipDatasetReadOptions options;
    gaclip_dataset_read_options_init(&options);
    options.images = "/vsimem/voc/JPEGImages";
    put_voc(object);
    expect_unreadable("/vsimem/voc/Annotations/7.xml", &options, GACLIP_ERROR_FORMAT, message);
}

static void test_bad_voc(void **state)
{
    (void)state;
    make_voc();
    expect_bad_voc("<object><name> </name></object>", "object 2: has no name");
    expect_bad_voc("<object><name>ship</name></object>", "object 2: bndbox.xmin is no number");
    expect_bad_voc("<object><name>ship</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>x</xmax>"
                   "<ymax>2</ymax></bndbox></object>",
                   "object 2: bndbox.xmax is no number");
    expect_bad_voc("<object><name>ship</name><bndbox><xmin>9</xmin><ymin>1</ymin><xmax>3</xmax>"
                   "<ymax>2</ymax></bndbox></object>",
                   "bndbox ends before it begins");
    expect_bad_voc("<object>", "is no XML");
    put_file("/vsimem/voc/Annotations/7.xml", "<note/>");
    expect_unreadable("/vsimem/voc/Annotations/7.xml", NULL, GACLIP_ERROR_FORMAT,
                      "has no <annotation>");
    put_file("/vsimem/voc/Annotations/7.xml",
             "<annotation><filename>9.jpg</filename></annotation>");
    VSIUnlink("/vsimem/voc/JPEGImages/7.tif");
    expect_unreadable("/vsimem/voc/Annotations/7.xml", NULL, GACLIP_ERROR_IO, "9.jpg is not there");
}

static void make_yolo(void)
{
    make_folder("/vsimem/yolo/images/train");
    make_folder("/vsimem/yolo/images/val");
    make_folder("/vsimem/yolo/labels/train");
    make_folder("/vsimem/yolo/labels/val");
    put_image("/vsimem/yolo/images/train/a.tif", 10, 10, 1);
    put_image("/vsimem/yolo/images/val/b.tif", 10, 10, 1);
    put_file("/vsimem/yolo/data.yaml", "path: .\ntrain: images/train\nnames:\n  0: 'ship'\n  1: "
                                       "storage-tank\n\nnc: 2\n");
    put_file("/vsimem/yolo/labels/train/a.txt", "1 0.5 0.5 0.2 0.4\n\n"
                                                "0 0.1 0.1 0.3 0.1 0.2 0.5\n");
}

static void test_yolo(void **state)
{
    (void)state;
    make_yolo();
    GaclipDataset *dataset = read_dataset("/vsimem/yolo", NULL);
    assert_int_equal(gaclip_dataset_image_count(dataset), 2);
    const GaclipDatasetImage *a = gaclip_dataset_image_at(dataset, 0);
    const GaclipDatasetImage *b = gaclip_dataset_image_at(dataset, 1);
    assert_string_equal(a->split, "train");
    assert_string_equal(b->split, "val");
    assert_true(a->region_count == 2 && b->region_count == 0 && b->is_annotated);
    assert_string_equal(gaclip_dataset_class_at(dataset, a->regions[0].class_index)->name,
                        "storage tank");
    expect_box(a->regions[0].box, 0.4, 0.3, 0.6, 0.7);
    expect_box(a->regions[1].box, 0.1, 0.1, 0.3, 0.5);
    gaclip_dataset_free(dataset);
}

static void expect_bad_yolo(const char *line, const char *message)
{
    GaclipDataset *dataset = new_dataset();
    GaclipDatasetReadOptions options;
    GaclipError err = {0};
    gaclip_dataset_read_options_init(&options);
    put_file("/vsimem/yolo/labels/train/a.txt", line);
    expect_error(gaclip_dataset_read(dataset, "/vsimem/yolo", &options, &err), GACLIP_ERROR_FORMAT,
                 &err, message);
    gaclip_dataset_free(dataset);
}

static void test_bad_yolo(void **state)
{
    (void)state;
    make_yolo();
    expect_bad_yolo("0 0.5 0.5 0.2 0.2\n2 0.5 0.5 0.2 0.2\n",
                    "labels/train/a.txt: line 2: 2 is no class; there are 2 names");
    expect_bad_yolo("-1 0.5 0.5 0.2 0.2\n", "is no class");
    expect_bad_yolo("0 0.5 0.5 0.2\n", "neither a class and a box");
    expect_bad_yolo("0 0.5 0.5 0.2 -0.2\n", "neither a class and a box");
    expect_bad_yolo("0 50 50 20 20\n", "are not shares of the image");
    expect_bad_yolo("0 0.5 0.5 0.2 ship\n", "something that is no number");
    expect_bad_yolo("nan 0.5 0.5 0.2 0.2\n", "something that is no number");
    VSIUnlink("/vsimem/yolo/labels/train/a.txt");
    expect_unreadable("/vsimem/yolo", NULL, GACLIP_ERROR_EMPTY, "no image has a text file");
    put_file("/vsimem/yolo/data.yaml", "train: x\n");
    expect_unreadable("/vsimem/yolo", NULL, GACLIP_ERROR_FORMAT, "names no classes");
    VSIUnlink("/vsimem/yolo/data.yaml");
    expect_unreadable("/vsimem/yolo", NULL, GACLIP_ERROR_IO, "neither data.yaml nor classes.txt");
}

static void test_yolo_names(void **state)
{
    static const char *const FILES[][2] = {
        {"/vsimem/yolo/classes.txt", "ship\nstorage tank\n"},
        {"/vsimem/yolo/data.yaml", "names: ['ship', \"storage tank\"]\n"},
        {"/vsimem/yolo/data.yaml", "nc: 2\nnames:\n- ship\n- storage tank\ntrain: x\n"},
    };
    (void)state;
    make_yolo();
    VSIUnlink("/vsimem/yolo/data.yaml");
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        put_file(FILES[i][0], FILES[i][1]);
        GaclipDataset *dataset = read_dataset("/vsimem/yolo", NULL);
        assert_int_equal(gaclip_dataset_class_count(dataset), 2);
        assert_string_equal(gaclip_dataset_class_at(dataset, 0)->name, "storage tank");
        gaclip_dataset_free(dataset);
        VSIUnlink(FILES[i][0]);
    }
}

static void test_dota(void **state)
{
    (void)state;
    make_folder("/vsimem/dota/labelTxt");
    make_folder("/vsimem/dota/images");
    put_image("/vsimem/dota/images/P1.tif", 100, 50, 1);
    put_file("/vsimem/dota/labelTxt/P1.txt",
             "imagesource:GoogleEarth\ngsd:0.25\n10 5 20 10 15 20 5 15 small-vehicle 1\n"
             "50.0 10.0 60.0 10.0 60.0 30.0 50.0 30.0 ship 0\n");
    GaclipDataset *dataset = read_dataset("/vsimem/dota", NULL);
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
    assert_true(image->gsd == 0.25 && image->region_count == 2);
    expect_box(image->regions[0].box, 0.05, 0.1, 0.2, 0.4);
    expect_box(image->regions[1].box, 0.5, 0.2, 0.6, 0.6);
    assert_true(image->regions[0].is_difficult && !image->regions[1].is_difficult);
    assert_string_equal(gaclip_dataset_class_at(dataset, 0)->name, "small vehicle");
    gaclip_dataset_free(dataset);
    const char *file = "/vsimem/dota/labelTxt/P1.txt";
    put_file(file, "gsd:null\n10 5 20 10 15 20 5 small-vehicle 1\n");
    expect_unreadable(file, NULL, GACLIP_ERROR_IO, "P1.png is not there");
    GaclipDatasetReadOptions options;
    gaclip_dataset_read_options_init(&options);
    options.images = "/vsimem/dota/images";
    expect_unreadable(file, &options, GACLIP_ERROR_FORMAT, "line 2: does not begin with the 8");
    put_file(file, "10 5 20 10 15 20 5 15\n");
    expect_unreadable(file, &options, GACLIP_ERROR_FORMAT, "line 1: has no class");
    put_file(file, "10 5 20 10 15 20 5 15 ship no\n");
    expect_unreadable(file, &options, GACLIP_ERROR_FORMAT, "no number for the difficulty");
    put_file(file, "gsd:null\n");
    dataset = read_dataset(file, &options);
    assert_true(gaclip_dataset_image_at(dataset, 0)->gsd == 0);
    gaclip_dataset_free(dataset);
}

static void test_folders(void **state)
{
    (void)state;
    make_folder("/vsimem/aid/train/BareLand");
    make_folder("/vsimem/aid/test/Airport");
    put_image("/vsimem/aid/train/BareLand/1.tif", 8, 8, 1);
    put_file("/vsimem/aid/train/BareLand/notes.txt", "not an image");
    put_image("/vsimem/aid/test/Airport/2.tif", 8, 8, 1);
    GaclipDataset *dataset = read_dataset("/vsimem/aid", NULL);
    assert_int_equal(gaclip_dataset_image_count(dataset), 2);
    const GaclipDatasetImage *first = gaclip_dataset_image_at(dataset, 0);
    const GaclipDatasetImage *second = gaclip_dataset_image_at(dataset, 1);
    assert_string_equal(first->scene, "airport");
    assert_string_equal(first->split, "test");
    assert_string_equal(second->scene, "bare land");
    assert_string_equal(second->split, "train");
    assert_false(first->is_annotated);
    gaclip_dataset_free(dataset);
    dataset = read_dataset("/vsimem/aid/train", NULL);
    first = gaclip_dataset_image_at(dataset, 0);
    assert_string_equal(first->split, "train");
    gaclip_dataset_free(dataset);
    make_folder("/vsimem/aid/none/here");
    expect_unreadable("/vsimem/aid/none", NULL, GACLIP_ERROR_EMPTY, "no folders with images");
}

static void test_scene(void **state)
{
    static const char *const WKTS[] = {"POLYGON ((440010 4649990, 440020 4649990, 440020 4649980, "
                                       "440010 4649980, 440010 4649990))",
                                       "POLYGON ((440057 4649970, 440067 4649970, 440067 4649960, "
                                       "440057 4649960, 440057 4649970))"};
    static const char *const CLASSES[] = {"tank", "ship"};
    GaclipDatasetSceneOptions options;
    GaclipDataset *dataset = new_dataset();
    GaclipError err = {0};
    (void)state;
    gaclip_dataset_scene_options_init(&options);
    options.annotations.class_field = "class";
    options.window = 64;
    options.split = "val";
    GDALDatasetH raster = new_raster("/vsimem/scene.tif", 120, 50, 3, GDT_Byte, NORTH_UP, UTM15);
    GDALClose(raster);
    new_layer("/vsimem/scene.gpkg", "GPKG", UTM15, WKTS, CLASSES, 2);
    expect_ok(gaclip_dataset_read_scene(dataset, "/vsimem/scene.tif", "/vsimem/scene.gpkg",
                                        &options, &err),
              &err);
    assert_int_equal(gaclip_dataset_image_count(dataset), 2);
    const GaclipDatasetImage *left = gaclip_dataset_image_at(dataset, 0);
    const GaclipDatasetImage *right = gaclip_dataset_image_at(dataset, 1);
    assert_true(left->is_window && left->x == 0 && left->width == 60 && left->height == 50);
    assert_true(right->x == 60 && right->width == 60 && right->gsd > 0.99 && right->gsd < 1.01);
    assert_true(right->geotransform[0] == 440060 && right->geotransform[3] == 4650000);
    assert_string_equal(right->crs, "EPSG:26915");
    assert_string_equal(right->split, "val");
    assert_string_equal(right->source, "scene");
    /* 3 of the ship's 10 columns lie in the left window: too little. */
    assert_int_equal(left->region_count, 1);
    expect_box(left->regions[0].box, (float)(10 / 60.0), (float)0.2, (float)(20 / 60.0),
               (float)0.4);
    assert_int_equal(right->region_count, 1);
    expect_box(right->regions[0].box, 0, (float)0.6, (float)(7 / 60.0), (float)0.8);
    gaclip_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_voc),        cmocka_unit_test(test_bad_voc),
        cmocka_unit_test(test_yolo),       cmocka_unit_test(test_bad_yolo),
        cmocka_unit_test(test_yolo_names), cmocka_unit_test(test_dota),
        cmocka_unit_test(test_folders),    cmocka_unit_test(test_scene),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
