/* Detection over scenes: the same boxes however it is tiled, whole files or none, what they hold.
 *
 * The model is small and random; every box that it proposes is kept, so that boxes lie on every
 * border. */
#include <cpl_minixml.h>
#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

#include "gaclip/scene_detect.h"
#include "geo_fixtures.h"

enum { WIDTH = 230, HEIGHT = 170, WINDOW = 32 };

static const char SCENE[] = "/vsimem/scene.tif";
static const char *const CLASSES[] = {"tank", "fishing boat & <net>"};
enum { CLASS_COUNT = 2 };

static struct {
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipDetector *detector;
    char folder[64];
} shared;

static void make_model(void)
{
    const char *const texts[] = {"an aerial image of a tank", "an aerial image of a boat"};
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    GaclipDetectOptions options;
    expect_ok(gaclip_tokenizer_learn(&tokenizer, texts, 2, 20, 1, &err), &err);
    GaclipModelConfig config = {
        .embed_dim = 12,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_VALUE,
        .vision = {.image_size = WINDOW, .patch_size = 8, .width = 16, .layers = 2, .heads = 2},
        .text = {.context_length = 24,
                 .vocab_size = gaclip_tokenizer_vocab_size(tokenizer),
                 .width = 16,
                 .layers = 1,
                 .heads = 2},
        .proposal = {.width = 16, .layers = 1, .upsample = 2},
        .image_mean = {0.4f, 0.4f, 0.4f},
        .image_std = {0.2f, 0.2f, 0.2f}};
    expect_ok(gaclip_compute_new(&shared.compute, 1, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_new(&shared.model, &config, tokenizer, 11, shared.compute, &err), &err);
    gaclip_detect_options_init(&options);
    options.min_score = 0;
    expect_ok(
        gaclip_detector_new(&shared.detector, shared.model, CLASSES, CLASS_COUNT, &options, &err),
        &err);
}

/* Ground with a bright square every 13 pixels or so, and noise. */
static float *ground(int width, int height)
{
    float *values = malloc((size_t)(width * height) * sizeof *values);
    srand(5);
    for (int i = 0; i < width * height; i++) {
        int x = i % width, y = i / width;
        values[i] = (float)(50 + rand() % 60 + (x % 13 < 6 && y % 17 < 7 ? 120 : 0));
    }
    return values;
}

static void draw_scene(const char *path, const double geotransform[6], const char *crs)
{
    GDALDatasetH dataset = new_raster(path, WIDTH, HEIGHT, 3, GDT_Byte, geotransform, crs);
    float *values = ground(WIDTH, HEIGHT);
    for (int band = 1; band <= 3; band++) write_band(dataset, band, values);
    free(values);
    GDALClose(dataset);
}

static int set_up(void **state)
{
    start_gdal(state);
    make_model();
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    snprintf(shared.folder, sizeof shared.folder, "/tmp/gaclip-test-XXXXXX");
    return mkdtemp(shared.folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    VSIRmdirRecursive(shared.folder);
    gaclip_detector_free(shared.detector);
    gaclip_model_close(shared.model);
    gaclip_compute_free(shared.compute);
    return stop_gdal(state);
}

/* Every test begins with the plain scene and an empty folder. */
static int empty_folder(void **state)
{
    (void)state;
    VSIRmdirRecursive(shared.folder);
    draw_scene(SCENE, NORTH_UP, UTM15);
    return mkdir(shared.folder, 0777);
}

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", shared.folder, name);
    return path;
}

/* "a.dbf a.shp", hidden ones included; lent until the next call. */
static const char *folder_listing(void)
{
    static char text[1024];
    struct dirent **entries;
    int count = scandir(shared.folder, &entries, NULL, alphasort);
    *text = '\0';
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") && strcmp(name, ".."))
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? " " : "",
                     name);
        free(entries[i]);
    }
    free(entries);
    return text;
}

static GaclipSceneDetectOptions to(const char *output)
{
    GaclipSceneDetectOptions options;
    gaclip_scene_detect_options_init(&options);
    options.output = output;
    options.tile_size = 100;
    return options;
}

static int run(const GaclipSceneDetectOptions *options, GaclipSceneDetectSummary *summary,
               GaclipError *err)
{
    return gaclip_scene_detect(summary, SCENE, shared.detector, shared.model, CLASSES, CLASS_COUNT,
                               options, NULL, NULL, err);
}

static int detect(const GaclipSceneDetectOptions *options)
{
    GaclipSceneDetectSummary summary;
    GaclipError err = {0};
    expect_ok(run(options, &summary, &err), &err);
    assert_int_equal(summary.per_class[0] + summary.per_class[1], summary.written);
    free(summary.per_class);
    return summary.written;
}

static void expect_refused(const GaclipSceneDetectOptions *options, int status, const char *text)
{
    GaclipSceneDetectSummary summary;
    GaclipError err = {0};
    expect_error(run(options, &summary, &err), status, &err, text);
}

/* ---- the same boxes ---- */

typedef struct Box {
    double corners[4], score;
    char label[32];
} Box;

typedef struct Boxes {
    Box *items;
    int count;
} Boxes;

static double field(OGRFeatureH feature, const char *name)
{
    int index = OGR_F_GetFieldIndex(feature, name);
    assert_true(index >= 0);
    return OGR_F_GetFieldAsDouble(feature, index);
}

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

/* ---- what the files hold ---- */

static GDALDatasetH open_output(const char *path, OGRLayerH *layer)
{
    GDALDatasetH dataset = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
    assert_non_null(dataset);
    *layer = GDALDatasetGetLayer(dataset, 0);
    assert_non_null(*layer);
    return dataset;
}

static void expect_crs(OGRLayerH layer, const char *name)
{
    OGRSpatialReferenceH expected = crs_of(name), got = OGR_L_GetSpatialRef(layer);
    assert_non_null(got);
    got = OSRClone(got);
    OSRSetAxisMappingStrategy(got, OAMS_TRADITIONAL_GIS_ORDER);
    assert_true(OSRIsSame(got, expected));
    OSRDestroySpatialReference(got);
    OSRDestroySpatialReference(expected);
}

static double sql_number(GDALDatasetH dataset, const char *sql)
{
    OGRLayerH result = GDALDatasetExecuteSQL(dataset, sql, NULL, NULL);
    if (!result) fail_msg("%s: %s", sql, CPLGetLastErrorMsg());
    OGRFeatureH feature = OGR_L_GetNextFeature(result);
    assert_non_null(feature);
    double value = OGR_F_GetFieldAsDouble(feature, 0);
    OGR_F_Destroy(feature);
    GDALDatasetReleaseResultSet(dataset, result);
    return value;
}

/* The polygon is the pixel box on the ground, counter-clockwise. */
static void expect_polygon(OGRFeatureH feature, double tolerance)
{
    OGRGeometryH polygon = OGR_F_GetGeometryRef(feature);
    OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0);
    OGREnvelope at;
    double sum = 0;
    OGR_G_GetEnvelope(polygon, &at);
    assert_true(fabs(at.MinX - NORTH_UP[0] - field(feature, "px_x1")) < tolerance);
    assert_true(fabs(at.MaxX - NORTH_UP[0] - field(feature, "px_x2")) < tolerance);
    assert_true(fabs(NORTH_UP[3] - at.MaxY - field(feature, "px_y1")) < tolerance);
    assert_true(fabs(NORTH_UP[3] - at.MinY - field(feature, "px_y2")) < tolerance);
    assert_int_equal(OGR_G_GetPointCount(ring), 5);
    for (int i = 0; i < 4; i++)
        sum += (OGR_G_GetX(ring, i) - at.MinX) * (OGR_G_GetY(ring, i + 1) - at.MinY) -
               (OGR_G_GetX(ring, i + 1) - at.MinX) * (OGR_G_GetY(ring, i) - at.MinY);
    assert_true(sum > 0);
}

static void test_gpkg_layer(void **state)
{
    static const char *const FIELDS[] = {"class",  "score", "similarity", "objectness",
                                         "prompt", "tile",  "source",     "px_x1",
                                         "px_y1",  "px_x2", "px_y2"};
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    (void)state;
    int written = detect(&options);
    assert_string_equal(folder_listing(), "found.gpkg");
    GDALDatasetH dataset = open_output(options.output, &layer);
    OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
    assert_string_equal(OGR_L_GetName(layer), "detections");
    assert_int_equal(OGR_L_GetGeomType(layer), wkbPolygon);
    assert_int_equal(OGR_FD_GetFieldCount(definition), 11);
    for (int i = 0; i < 11; i++)
        assert_string_equal(OGR_Fld_GetNameRef(OGR_FD_GetFieldDefn(definition, i)), FIELDS[i]);
    expect_crs(layer, UTM15);
    OGRFeatureH feature;
    int count = 0;
    double last = 1;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        expect_polygon(feature, 1e-3);
        assert_true(field(feature, "score") <= last);
        last = field(feature, "score");
        assert_string_equal(OGR_F_GetFieldAsString(feature, 6), SCENE);
        OGR_F_Destroy(feature);
        count++;
    }
    assert_int_equal(count, written);
    GDALClose(dataset);
}

static void test_gpkg_extras(void **state)
{
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("found.gpkg"));
    (void)state;
    options.command = "gaclip-detect scene.tif";
    options.layer_name = "boats";
    detect(&options);
    GDALDatasetH dataset = open_output(options.output, &layer);
    assert_true(sql_number(dataset, "SELECT HasSpatialIndex('boats', 'geom')") > 0);
    OGRLayerH styles = GDALDatasetGetLayerByName(dataset, "layer_styles");
    assert_non_null(styles);
    assert_int_equal(OGR_L_GetFeatureCount(styles, 1), 1);
    OGRFeatureH style = OGR_L_GetNextFeature(styles);
    const char *qml = OGR_F_GetFieldAsString(style, OGR_F_GetFieldIndex(style, "styleQML"));
    assert_non_null(strstr(qml, "attr=\"class\""));
    assert_non_null(strstr(qml, "value=\"fishing boat &amp; &lt;net&gt;\""));
    assert_true(field(style, "useAsDefault") > 0);
    assert_string_equal(OGR_F_GetFieldAsString(style, OGR_F_GetFieldIndex(style, "f_table_name")),
                        "boats");
    assert_string_equal(
        OGR_F_GetFieldAsString(style, OGR_F_GetFieldIndex(style, "f_geometry_column")), "geom");
    OGR_F_Destroy(style);
    CPLXMLNode *tree = CPLParseXMLString(qml);
    assert_non_null(tree);
    CPLDestroyXMLNode(tree);
    assert_string_equal(GDALGetMetadataItem(layer, "GACLIP_COMMAND", NULL), options.command);
    assert_string_equal(GDALGetMetadataItem(layer, "GACLIP_CREATED", NULL), "2023-11-14T22:13:20Z");
    assert_string_equal(GDALGetMetadataItem(layer, "GACLIP_SCALE_RULE", NULL), "bytes");
    assert_string_equal(GDALGetMetadataItem(layer, "GACLIP_SCENE_CRS", NULL), UTM15);
    assert_non_null(GDALGetMetadataItem(layer, "GACLIP_GDAL", NULL));
    assert_non_null(GDALGetMetadataItem(layer, "GACLIP_OPTIONS", NULL));
    assert_true(sql_number(dataset, "SELECT COUNT(*) FROM gpkg_metadata") > 0);
    GDALClose(dataset);
}

static cJSON *read_json(const char *path)
{
    char *text = read_file(path, NULL);
    assert_non_null(text);
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    free(text);
    return json;
}

/* RFC 7946: longitude and latitude, right-handed, no "crs"; provenance is a foreign member. */
static void test_geojson(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.geojson"));
    (void)state;
    int written = detect(&options);
    assert_string_equal(folder_listing(), "found.geojson");
    cJSON *json = read_json(options.output), *feature;
    const cJSON *features = cJSON_GetObjectItem(json, "features");
    const cJSON *ours = cJSON_GetObjectItem(json, "gaclip");
    assert_null(cJSON_GetObjectItem(json, "crs"));
    assert_int_equal(cJSON_GetArraySize(features), written);
    assert_string_equal(cJSON_GetObjectItem(ours, "created")->valuestring, "2023-11-14T22:13:20Z");
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(ours, "counts"), "written")->valueint,
                     written);
    assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(ours, "prompts"), CLASSES[1]));
    cJSON_ArrayForEach(feature, features)
    {
        const cJSON *ring = cJSON_GetArrayItem(
            cJSON_GetObjectItem(cJSON_GetObjectItem(feature, "geometry"), "coordinates"), 0);
        double sum = 0;
        assert_int_equal(cJSON_GetArraySize(ring), 5);
        for (int i = 0; i < 4; i++) {
            const cJSON *a = cJSON_GetArrayItem(ring, i), *b = cJSON_GetArrayItem(ring, i + 1);
            double ax = a->child->valuedouble, ay = a->child->next->valuedouble;
            double bx = b->child->valuedouble, by = b->child->next->valuedouble;
            assert_true(fabs(ax + 93.72) < 0.01 && fabs(ay - 42.0) < 0.01);
            sum += (ax + 93.72) * (by - 42) - (bx + 93.72) * (ay - 42);
        }
        assert_true(sum > 0);
    }
    cJSON_Delete(json);
}

static void test_geojson_twice(void **state)
{
    GaclipSceneDetectOptions first = to(in_folder("one.geojson"));
    GaclipSceneDetectOptions second = to(in_folder("two.geojson"));
    size_t sizes[2];
    (void)state;
    detect(&first);
    detect(&second);
    char *one = read_file(first.output, &sizes[0]), *two = read_file(second.output, &sizes[1]);
    assert_non_null(one);
    /* the driver names the layer after the option, not the file, so nothing may differ */
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(one, two, sizes[0]);
    free(one);
    free(two);
}

static void test_shapefile(void **state)
{
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("found.shp"));
    (void)state;
    int written = detect(&options);
    assert_string_equal(folder_listing(), "found.cpg found.dbf found.prj found.shp found.shx");
    GDALDatasetH dataset = open_output(options.output, &layer);
    assert_int_equal(OGR_L_GetFeatureCount(layer, 1), written);
    expect_crs(layer, UTM15);
    assert_true(OGR_L_FindFieldIndex(layer, "objectness", 1) >= 0);
    GDALClose(dataset);
}

/* In another CRS the polygons are the same ones, moved. */
static void test_dst_crs(void **state)
{
    OGRLayerH native, degrees;
    GaclipSceneDetectOptions first = to(in_folder("native.gpkg"));
    GaclipSceneDetectOptions second = to(in_folder("degrees.gpkg"));
    (void)state;
    second.dst_crs = "EPSG:4326";
    detect(&first);
    detect(&second);
    GDALDatasetH a = open_output(first.output, &native), b = open_output(second.output, &degrees);
    expect_crs(degrees, "EPSG:4326");
    OGRSpatialReferenceH from = crs_of("EPSG:4326"), into = crs_of(UTM15);
    OGRCoordinateTransformationH back = OCTNewCoordinateTransformation(from, into);
    OGRFeatureH p, q;
    while ((p = OGR_L_GetNextFeature(native)) && (q = OGR_L_GetNextFeature(degrees))) {
        OGREnvelope x, y;
        assert_int_equal(OGR_G_Transform(OGR_F_GetGeometryRef(q), back), OGRERR_NONE);
        OGR_G_GetEnvelope(OGR_F_GetGeometryRef(p), &x);
        OGR_G_GetEnvelope(OGR_F_GetGeometryRef(q), &y);
        assert_true(fabs(x.MinX - y.MinX) < 1e-4 && fabs(x.MaxY - y.MaxY) < 1e-4);
        OGR_F_Destroy(p);
        OGR_F_Destroy(q);
    }
    assert_null(p);
    OCTDestroyCoordinateTransformation(back);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(into);
    GDALClose(a);
    GDALClose(b);
}

static void test_geojson_dst_crs(void **state)
{
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("found.geojson"));
    (void)state;
    options.dst_crs = "EPSG:3857";
    detect(&options);
    GDALDatasetH dataset = open_output(options.output, &layer);
    expect_crs(layer, "EPSG:3857");
    GDALClose(dataset);
}

static void test_layer_options(void **state)
{
    static const char *const OPTIONS[] = {"GEOMETRY_NAME=shape", "SPATIAL_INDEX=NO", NULL};
    OGRLayerH layer;
    GaclipSceneDetectOptions options = to(in_folder("noextension"));
    (void)state;
    options.format = "GPKG";
    options.layer_options = OPTIONS;
    detect(&options);
    GDALDatasetH dataset = open_output(options.output, &layer);
    assert_string_equal(OGR_L_GetGeometryColumn(layer), "shape");
    assert_true(sql_number(dataset, "SELECT HasSpatialIndex('detections', 'shape')") < 0.5);
    GDALClose(dataset);
}

/* ---- whole files or none ---- */

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

/* A table of the same name that belongs to something else is not lost either. */
static void test_existing_side_file(void **state)
{
    GaclipSceneDetectOptions options = to(in_folder("found.shp"));
    (void)state;
    put(in_folder("found.dbf"), "something dear");
    expect_refused(&options, GACLIP_ERROR_EXISTS, "found.dbf");
    expect_text(in_folder("found.dbf"), "something dear");
    assert_string_equal(folder_listing(), "found.dbf");
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
    assert_string_equal(folder_listing(), "");
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

#define TEST(name) cmocka_unit_test_setup(name, empty_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tile_sizes),
        TEST(test_tile_sizes_coarser),
        TEST(test_tile_sizes_finer),
        TEST(test_tile_sizes_masked),
        TEST(test_borders),
        TEST(test_bbox),
        TEST(test_gpkg_layer),
        TEST(test_gpkg_extras),
        TEST(test_geojson),
        TEST(test_geojson_twice),
        TEST(test_shapefile),
        TEST(test_dst_crs),
        TEST(test_geojson_dst_crs),
        TEST(test_layer_options),
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
