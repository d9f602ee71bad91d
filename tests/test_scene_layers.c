/* What the layers of detections hold, in each format. */
#include <cjson/cJSON.h>
#include <cpl_minixml.h>
#include <math.h>

#include "scene_detect_fixtures.h"

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
    CPLXMLNode *tree = CPLParseXMLString(qml);
    assert_non_null(tree);
    CPLDestroyXMLNode(tree);
    OGR_F_Destroy(style);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gpkg_layer),      TEST(test_gpkg_extras),   TEST(test_geojson),
        TEST(test_geojson_twice),   TEST(test_shapefile),     TEST(test_dst_crs),
        TEST(test_geojson_dst_crs), TEST(test_layer_options),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
