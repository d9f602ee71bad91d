/* Detections are written as a whole or not at all, and nothing else is lost. */
#include "scene_detect_fixtures.h"

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_text(const char *path, const char *expected)
{
    char *text = read_file(path, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void test_existing(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    (void)state;
    put(options.output, "something dear");
    expect_refused(&options, GACLIP_ERROR_EXISTS, "found.gpkg: exists already");
    expect_text(options.output, "something dear");
    assert_string_equal(folder_listing(), "found.gpkg");
    options.overwrite = 1;
    assert_true(detect(&options) > 0);
    assert_string_equal(folder_listing(), "found.gpkg");
    options.output = shared.folder;
    options.format = "GPKG";
    expect_refused(&options, GACLIP_ERROR_EXISTS, "is a folder");
}

/* A table of the same name that belongs to something else is not lost either; nor is the work, once
 * the table is out of the way. */
static void test_existing_side_file(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.shp"));
    (void)state;
    put(in_folder("found.dbf"), "something dear");
    expect_refused(&options, GACLIP_ERROR_EXISTS, "found.dbf");
    expect_text(in_folder("found.dbf"), "something dear");
    assert_string_equal(folder_listing(), "found.dbf found.shp.unfinished");
    assert_int_equal(remove(in_folder("found.dbf")), 0);
    options.resume = 1;
    assert_true(detect(&options) > 0);
    assert_string_equal(folder_listing(), "found.cpg found.dbf found.prj found.shp found.shx");
}

/* An index of the old file must not be taken for one of the new. */
static void test_overwrite_side_files(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.shp"));
    (void)state;
    detect(&options);
    GDALDatasetH dataset =
        GDALOpenEx(options.output, GDAL_OF_VECTOR | GDAL_OF_UPDATE, NULL, NULL, NULL);
    GDALDatasetExecuteSQL(dataset, "CREATE SPATIAL INDEX ON found", NULL, NULL);
    GDALClose(dataset);
    put(in_folder("found.txt"), "notes");
    assert_non_null(strstr(folder_listing(), "found.qix"));
    options.overwrite = 1;
    detect(&options);
    assert_string_equal(folder_listing(),
                        "found.cpg found.dbf found.prj found.shp found.shx found.txt");
}

static int stop_at_third(int done, int total, void *payload)
{
    *(int *)payload = total;
    return done == 3;
}

/* What was found is kept beside the output, until a run that goes on from there has made it. */
static void test_interrupted(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    GaclipSceneDetectSummary summary;
    GaclipError err = {0};
    int total = 0;
    (void)state;
    expect_error(gaclip_scene_detect(&summary, SCENE, shared.detector, shared.model, CLASSES,
                                     CLASS_COUNT, &options, stop_at_third, &total, &err),
                 GACLIP_ERROR_INTERRUPTED, &err, "interrupted after 3 of");
    assert_true(total > 3);
    assert_string_equal(folder_listing(), "found.gpkg.unfinished");
    options.resume = 1;
    expect_ok(gaclip_scene_detect(&summary, SCENE, shared.detector, shared.model, CLASSES,
                                  CLASS_COUNT, &options, NULL, NULL, &err),
              &err);
    assert_int_equal(summary.tiles, total);
    assert_int_equal(summary.tiles_resumed, 3);
    free(summary.per_class);
    assert_string_equal(folder_listing(), "found.gpkg");
}

/* A scene whose last rows are missing: the overwritten file stays as it was. */
static void test_damaged_scene(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    (void)state;
    put(options.output, "something dear");
    options.overwrite = 1;
    cut_file(SCENE, WIDTH * HEIGHT);
    expect_refused(&options, GACLIP_ERROR_IO, "cannot read pixels");
    expect_text(options.output, "something dear");
    assert_string_equal(folder_listing(), "found.gpkg");
}

static void test_refusals(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    const double outside[4] = {0, 0, 1, 1};
    (void)state;
    options.dst_crs = "EPSG:nonsense";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "--dst-crs EPSG:nonsense: not a known CRS");
    options.dst_crs = NULL;
    options.bbox = outside;
    expect_refused(&options, GACLIP_ERROR_EMPTY, "lies outside the raster");
    options = to(in_folder("found.nonsense"));
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "no vector format has this extension");
    options.format = "Nonsense";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "no such driver");
    options.format = "GTiff";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "cannot create vector files");
    put(in_folder("file"), "");
    options = to(in_folder("file/found.gpkg"));
    expect_refused(&options, GACLIP_ERROR_IO, "file/found.gpkg: cannot be written");
    options = to(in_folder("none/found.gpkg"));
    expect_refused(&options, GACLIP_ERROR_IO, "none/found.gpkg: cannot be written");
    assert_string_equal(folder_listing(), "file");
}

static void test_unwritable_folder(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: root may write anywhere\n");
        skip();
    }
    chmod(shared.folder, 0555);
    expect_refused(&options, GACLIP_ERROR_IO, "cannot be written");
    chmod(shared.folder, 0755);
    assert_string_equal(folder_listing(), "");
}

static void test_no_crs(void **state)
{
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("found.geojson"));
    (void)state;
    draw_scene(SCENE, NULL, NULL);
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "--gsd METRES");
    options.raster.gsd = 1;
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "GeoJSON is in WGS 84");
    options.output = in_folder("found.kml");
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "KML is in WGS 84");
    options.output = in_folder("found.gpkg");
    options.dst_crs = "EPSG:4326";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "nothing can be transformed to EPSG:4326");
    assert_string_equal(folder_listing(), "");
    options.dst_crs = NULL;
    assert_true(detect(&options) > 0);
    GDALDatasetH dataset = open_output(options.output, &layer);
    OGRFeatureH feature = OGR_L_GetNextFeature(layer);
    OGREnvelope at;
    OGR_G_GetEnvelope(OGR_F_GetGeometryRef(feature), &at);
    assert_true(fabs(at.MinX - field(feature, "px_x1")) < 1e-3);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
}

/* Nothing found is a layer without features, not an error. */
static void test_nothing_found(void **state)
{
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    GaclipSceneDetectSummary summary;
    GaclipError err = {0};
    GDALDatasetH dataset = new_raster(SCENE, WIDTH, HEIGHT, 3, GDT_Byte, NORTH_UP, UTM15);
    (void)state;
    for (int band = 1; band <= 3; band++)
        GDALSetRasterNoDataValue(GDALGetRasterBand(dataset, band), 0);
    GDALClose(dataset);
    expect_ok(run(&options, &summary, &err), &err);
    free(summary.per_class);
    assert_int_equal(summary.written, 0);
    assert_int_equal(summary.windows, 0);
    assert_int_equal(summary.tiles_empty, summary.tiles);
    dataset = open_output(options.output, &layer);
    assert_int_equal(OGR_L_GetFeatureCount(layer, 1), 0);
    expect_crs(layer, UTM15);
    GDALClose(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_existing),
        TEST(test_existing_side_file),
        TEST(test_overwrite_side_files),
        TEST(test_interrupted),
        TEST(test_damaged_scene),
        TEST(test_refusals),
        TEST(test_unwritable_folder),
        TEST(test_no_crs),
        TEST(test_nothing_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
