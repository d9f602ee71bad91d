/* Vector features as boxes of a raster. */
#include <math.h>

#include "gaclip/annotations.h"
#include "geo_fixtures.h"

static const char SCENE[] = "/vsimem/annotated.tif";
static const char LAYER[] = "/vsimem/things.gpkg";

enum { SIDE = 100 };

static GaclipRaster *scene(const double geotransform[6])
{
    GDALClose(new_raster(SCENE, SIDE, SIDE, 3, GDT_Byte, geotransform, UTM15));
    return open_raster(SCENE, NULL);
}

static GaclipAnnotationOptions by_class(void)
{
    GaclipAnnotationOptions options;
    gaclip_annotation_options_init(&options);
    options.class_field = "class";
    return options;
}

static GaclipAnnotations *read_layer(const char *path, const GaclipRaster *raster,
                                     const GaclipAnnotationOptions *options)
{
    GaclipAnnotations *annotations = NULL;
    GaclipError err = {0};
    expect_ok(gaclip_annotations_open(&annotations, path, raster, options, &err), &err);
    return annotations;
}

static void write_layer(const char *const *wkts, const char *const *classes, int count)
{
    VSIUnlink(LAYER);
    new_layer(LAYER, "GPKG", UTM15, wkts, classes, count);
}

static void expect_exact(const GaclipAnnotation *a, double x1, double y1, double x2, double y2,
                         double tolerance)
{
    const double expected[4] = {x1, y1, x2, y2};
    for (int i = 0; i < 4; i++)
        if (!(fabs(a->exact[i] - expected[i]) <= tolerance))
            fail_msg("feature %lld, corner number %d: %.6f in place of %.6f", a->fid, i,
                     a->exact[i], expected[i]);
}

static void expect_counts(const GaclipAnnotations *a, int read, int kept, int outside,
                          int without_geometry, int without_class)
{
    GaclipAnnotationCounts c = gaclip_annotations_counts(a);
    assert_int_equal(c.read, read);
    assert_int_equal(c.kept, kept);
    assert_int_equal(c.outside, outside);
    assert_int_equal(c.without_geometry, without_geometry);
    assert_int_equal(c.without_class, without_class);
    assert_int_equal(gaclip_annotations_count(a), kept);
}

/* Pixel (10, 20) is at 440010, 4649980. */
static const char *const SHAPES[] = {
    "POLYGON ((440010 4649980, 440030 4649980, 440030 4649970, 440010 4649970, 440010 4649980))",
    ("MULTIPOLYGON (((440010 4649980, 440012 4649980, 440012 4649978, 440010 4649980)), "
     "((440040 4649950, 440042 4649950, 440042 4649945, 440040 4649950)))"),
    "LINESTRING (440010 4649980, 440050 4649960)",
    "MULTILINESTRING ((440010 4649980, 440020 4649970), (440030 4649960, 440035 4649955))",
    "POINT (440050 4649950)",
    "MULTIPOINT ((440010 4649980), (440020 4649975))",
    "CIRCULARSTRING (440010 4649980, 440020 4649990, 440030 4649980)",
    "CURVEPOLYGON (CIRCULARSTRING (440010 4649980, 440030 4649980, 440010 4649980))",
    "GEOMETRYCOLLECTION (POINT (440010 4649980), LINESTRING (440020 4649970, 440025 4649965))",
    "POLYGON Z ((440010 4649980 5, 440030 4649980 6, 440030 4649970 7, 440010 4649980 5))",
    "LINESTRING (440010 4649980, 440050 4649980)",
};
static const double SHAPE_BOXES[][4] = {
    {10, 20, 30, 30}, {10, 20, 42, 55}, {10, 20, 50, 40}, {10, 20, 35, 45},
    {47, 47, 53, 53}, {10, 20, 20, 25}, {10, 10, 30, 20}, {10, 10, 30, 30},
    {10, 20, 25, 35}, {10, 20, 30, 30}, {10, 17, 50, 23},
};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof SHAPES[0] };

/* OGR makes chords of 4 degrees of an arc: 10 (1 - cos 2 degrees) is missing of a radius of 10. */
static const double ARC_ERROR = 0.0062;

static int is_curve(const char *wkt)
{
    return strstr(wkt, "CIRCULAR") != NULL;
}

/* Lines along an axis have no width of their own and are as wide as points. */
static void test_shapes(void **state)
{
    const char *classes[SHAPE_COUNT];
    GaclipRaster *raster = scene(NORTH_UP);
    GaclipAnnotationOptions options = by_class();
    (void)state;
    for (int i = 0; i < SHAPE_COUNT; i++) classes[i] = "thing";
    write_layer(SHAPES, classes, SHAPE_COUNT);
    options.point_size = 6;
    GaclipAnnotations *a = read_layer(LAYER, raster, &options);
    expect_counts(a, SHAPE_COUNT, SHAPE_COUNT, 0, 0, 0);
    for (int i = 0; i < SHAPE_COUNT; i++) {
        const double *b = SHAPE_BOXES[i];
        const GaclipAnnotation *item = gaclip_annotations_at(a, i);
        expect_exact(item, b[0], b[1], b[2], b[3], is_curve(SHAPES[i]) ? ARC_ERROR : 1e-6);
        assert_true(item->box.x1 == (float)item->exact[0]);
        assert_true(item->box.y2 == (float)item->exact[3]);
        assert_int_equal(item->fid, i + 1);
        assert_string_equal(item->label, "thing");
    }
    gaclip_annotations_free(a);
    gaclip_raster_close(raster);
}

/* A point's size is in metres on both axes, whatever a pixel measures. */
static void test_point_size(void **state)
{
    static const double WIDE[6] = {440000, 2, 0, 4650000, 0, -0.5};
    const char *const point = "POINT (440100 4649980)", *const label = "palm";
    GaclipRaster *raster = scene(WIDE);
    GaclipAnnotationOptions options = by_class();
    (void)state;
    write_layer(&point, &label, 1);
    options.point_size = 8;
    GaclipAnnotations *a = read_layer(LAYER, raster, &options);
    expect_exact(gaclip_annotations_at(a, 0), 48, 32, 52, 48, 1e-6);
    gaclip_annotations_free(a);
    gaclip_raster_close(raster);
}

/* South-up, turned (a column goes (0.4, 0.3), a row (0.3, -0.4)) and mirrored rasters. */
static void test_geotransforms(void **state)
{
    static const double SOUTH_UP[6] = {440000, 1, 0, 4649900, 0, 1};
    static const double TURNED[6] = {440000, 0.4, 0.3, 4650000, 0.3, -0.4};
    static const double WESTWARD[6] = {440100, -1, 0, 4650000, 0, -1};
    static const struct {
        const double *geotransform;
        double box[4];
    } CASES[] = {{SOUTH_UP, {10, 70, 30, 80}},
                 {WESTWARD, {70, 20, 90, 30}},
                 /* the corners come to (10, 20), (18, 26), (12, 34) and (4, 28) */
                 {TURNED, {4, 20, 18, 34}}};
    const char *const label = "thing";
    GaclipAnnotationOptions options = by_class();
    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *shape = i < 2 ? SHAPES[0]
                                  : "POLYGON ((440010 4649995, 440015 4649995, 440015 4649990, "
                                    "440010 4649990, 440010 4649995))";
        const double *b = CASES[i].box;
        GaclipRaster *raster = scene(CASES[i].geotransform);
        write_layer(&shape, &label, 1);
        GaclipAnnotations *a = read_layer(LAYER, raster, &options);
        expect_exact(gaclip_annotations_at(a, 0), b[0], b[1], b[2], b[3], 1e-6);
        gaclip_annotations_free(a);
        gaclip_raster_close(raster);
    }
}

/* Writes a copy of a layer's geometries in another CRS, x before y. */
static void reproject(const char *to, const char *driver, const char *from, const char *crs_name)
{
    GDALDatasetH in = GDALOpenEx(from, GDAL_OF_VECTOR, NULL, NULL, NULL);
    OGRLayerH layer = GDALDatasetGetLayer(in, 0);
    OGRSpatialReferenceH source = OSRClone(OGR_L_GetSpatialRef(layer)), target = crs_of(crs_name);
    OSRSetAxisMappingStrategy(source, OAMS_TRADITIONAL_GIS_ORDER);
    OGRCoordinateTransformationH transform = OCTNewCoordinateTransformation(source, target);
    int count = (int)OGR_L_GetFeatureCount(layer, 1);
    char **wkts = NULL, **classes = NULL;
    OGRFeatureH feature;
    while ((feature = OGR_L_GetNextFeature(layer)) != NULL) {
        char *wkt;
        OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
        assert_int_equal(OGR_G_Transform(geometry, transform), OGRERR_NONE);
        OGR_G_ExportToIsoWkt(geometry, &wkt);
        wkts = CSLAddString(wkts, wkt);
        classes = CSLAddString(
            classes, OGR_F_GetFieldAsString(feature, OGR_F_GetFieldIndex(feature, "class")));
        CPLFree(wkt);
        OGR_F_Destroy(feature);
    }
    new_layer(to, driver, crs_name, (const char *const *)wkts, (const char *const *)classes, count);
    CSLDestroy(wkts);
    CSLDestroy(classes);
    OCTDestroyCoordinateTransformation(transform);
    OSRDestroySpatialReference(source);
    OSRDestroySpatialReference(target);
    GDALClose(in);
}

static void expect_same(const GaclipAnnotations *a, const GaclipAnnotations *b, double tolerance)
{
    int count = gaclip_annotations_count(a);
    assert_int_equal(gaclip_annotations_count(b), count);
    for (int i = 0; i < count; i++) {
        const GaclipAnnotation *p = gaclip_annotations_at(a, i), *q = gaclip_annotations_at(b, i);
        expect_exact(q, p->exact[0], p->exact[1], p->exact[2], p->exact[3], tolerance);
        assert_string_equal(p->label, q->label);
    }
}

/* The same boxes to 0.01 pixels from layers in other CRSs. */
static void check_other_crs(const GaclipRaster *raster, const char *layer, const char *class_field)
{
    static const struct {
        const char *path, *driver, *crs;
    } COPIES[] = {{"/vsimem/degrees.gpkg", "GPKG", "EPSG:4326"},
                  {"/vsimem/degrees.geojson", "GeoJSON", "EPSG:4326"},
                  {"/vsimem/degrees.shp", "ESRI Shapefile", "EPSG:4326"},
                  {"/vsimem/mercator.gpkg", "GPKG", "EPSG:3857"},
                  {"/vsimem/zone16.fgb", "FlatGeobuf", "EPSG:32616"}};
    GaclipAnnotationOptions options = by_class();
    options.class_field = class_field;
    GaclipAnnotations *expected = read_layer(layer, raster, &options);
    for (size_t i = 0; i < sizeof COPIES / sizeof *COPIES; i++) {
        GDALDriverH driver = GDALGetDriverByName(COPIES[i].driver);
        GDALDeleteDataset(driver, COPIES[i].path);
        reproject(COPIES[i].path, COPIES[i].driver, layer, COPIES[i].crs);
        GaclipAnnotations *got = read_layer(COPIES[i].path, raster, &options);
        if (strcmp(COPIES[i].driver, "FlatGeobuf")) /* which sorts its features */
            expect_same(expected, got, 0.01);
        else
            assert_int_equal(gaclip_annotations_count(got), gaclip_annotations_count(expected));
        gaclip_annotations_free(got);
        GDALDeleteDataset(driver, COPIES[i].path);
    }
    gaclip_annotations_free(expected);
}

static void test_other_crs(void **state)
{
    static const char *const WKTS[] = {
        ("POLYGON ((440010 4649980, 440030 4649980, 440030 4649970, 440010 4649970, 440010 "
         "4649980))"),
        "POLYGON ((440050 4649940, 440061.5 4649939, 440060 4649925.25, 440050 4649940))"};
    static const char *const CLASSES[] = {"roof", "pond"};
    GaclipRaster *raster = scene(NORTH_UP);
    (void)state;
    VSIUnlink("/vsimem/native.shp");
    new_layer("/vsimem/native.shp", "ESRI Shapefile", UTM15, WKTS, CLASSES, 2);
    check_other_crs(raster, "/vsimem/native.shp", "class");
    gaclip_raster_close(raster);
}

static void test_real_scene(void **state)
{
    (void)state;
    char *layer = CPLStrdup(data_path("scenes/windfarm_iowa_a_windmills.shp"));
    GaclipRaster *raster = open_raster(data_path("scenes/windfarm_iowa_a.tif"), NULL);
    GaclipAnnotationOptions options = by_class();
    GaclipAnnotations *a = read_layer(layer, raster, &options);
    expect_counts(a, 67, 67, 0, 0, 0);
    assert_int_equal(gaclip_annotations_label_count(a), 1);
    gaclip_annotations_free(a);
    check_other_crs(raster, layer, "class");
    gaclip_raster_close(raster);
    CPLFree(layer);
}

/* A layer without a CRS is in the raster's. */
static void test_no_crs(void **state)
{
    const char *const label = "thing";
    GaclipRaster *raster = scene(NORTH_UP);
    GaclipAnnotationOptions options = by_class();
    (void)state;
    new_layer("/vsimem/bare.shp", "ESRI Shapefile", NULL, &SHAPES[0], &label, 1);
    GaclipAnnotations *a = read_layer("/vsimem/bare.shp", raster, &options);
    expect_exact(gaclip_annotations_at(a, 0), 10, 20, 30, 30, 1e-6);
    gaclip_annotations_free(a);
    gaclip_raster_close(raster);
}

static const char *const OVER_EDGES[] = {
    /* 20 x 10 pixels of which all, three quarters, half, a quarter and a twentieth are inside */
    "POLYGON ((440010 4649980, 440030 4649980, 440030 4649970, 440010 4649970, 440010 4649980))",
    "POLYGON ((439995 4649980, 440015 4649980, 440015 4649970, 439995 4649970, 439995 4649980))",
    "POLYGON ((440010 4650005, 440030 4650005, 440030 4649995, 440010 4649995, 440010 4650005))",
    "POLYGON ((440095 4649980, 440115 4649980, 440115 4649970, 440095 4649970, 440095 4649980))",
    ("POLYGON ((440010 4649900.5, 440030 4649900.5, 440030 4649890.5, 440010 4649890.5, 440010 "
     "4649900.5))"),
    /* covers the raster and ten times more */
    "POLYGON ((439900 4650100, 440200 4650100, 440200 4649800, 439900 4649800, 439900 4650100))",
    "POLYGON ((450000 4650000, 450001 4650000, 450001 4649999, 450000 4650000))",
};

static void test_clipping(void **state)
{
    static const struct {
        double min_fraction;
        int kept;
    } CASES[] = {{0, 6}, {0.05, 6}, {0.06, 5}, {0.25, 4}, {0.5, 3}, {0.75, 2}, {0.76, 1}, {1, 1}};
    const char *classes[] = {"a", "b", "c", "d", "e", "f", "g"};
    GaclipRaster *raster = scene(NORTH_UP);
    GaclipAnnotationOptions options = by_class();
    (void)state;
    write_layer(OVER_EDGES, classes, 7);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        options.min_fraction = CASES[i].min_fraction;
        GaclipAnnotations *a = read_layer(LAYER, raster, &options);
        expect_counts(a, 7, CASES[i].kept, 7 - CASES[i].kept, 0, 0);
        gaclip_annotations_free(a);
    }
    options.min_fraction = 0;
    GaclipAnnotations *a = read_layer(LAYER, raster, &options);
    for (int i = 0; i < 6; i++) {
        const GaclipBox *b = &gaclip_annotations_at(a, i)->box;
        assert_true(b->x1 >= 0 && b->y1 >= 0 && b->x2 <= SIDE && b->y2 <= SIDE);
    }
    expect_exact(gaclip_annotations_at(a, 1), -5, 20, 15, 30, 1e-6);
    assert_true(gaclip_annotations_at(a, 1)->box.x1 == 0);
    assert_true(gaclip_annotations_at(a, 5)->box.x2 == SIDE);
    gaclip_annotations_free(a);
    gaclip_raster_close(raster);
}

/* Labels are trimmed and sorted; features without one, or without a geometry, are counted. */
static void test_labels_and_nulls(void **state)
{
    const char *const wkts[] = {SHAPES[0], SHAPES[0], NULL,      "POLYGON EMPTY",
                                SHAPES[0], SHAPES[0], SHAPES[0], OVER_EDGES[6]};
    const char *const classes[] = {"ship", " car\t", "ship",         "ship",
                                   NULL,   "  ",     "\xC3\xA9tang", "ship"};
    GaclipRaster *raster = scene(NORTH_UP);
    GaclipAnnotationOptions options = by_class();
    (void)state;
    write_layer(wkts, classes, 8);
    GaclipAnnotations *a = read_layer(LAYER, raster, &options);
    expect_counts(a, 8, 3, 1, 2, 2);
    assert_int_equal(gaclip_annotations_label_count(a), 3);
    assert_string_equal(gaclip_annotations_label_at(a, 0), "car");
    assert_string_equal(gaclip_annotations_label_at(a, 1), "ship");
    assert_string_equal(gaclip_annotations_label_at(a, 2), "\xC3\xA9tang");
    assert_string_equal(gaclip_annotations_at(a, 1)->label, "car");
    gaclip_annotations_free(a);
    options.class_field = NULL;
    options.class_name = "vessel";
    a = read_layer(LAYER, raster, &options);
    expect_counts(a, 8, 5, 1, 2, 0);
    assert_int_equal(gaclip_annotations_label_count(a), 1);
    assert_string_equal(gaclip_annotations_label_at(a, 0), "vessel");
    gaclip_annotations_free(a);
    gaclip_raster_close(raster);
}

static void test_where(void **state)
{
    const char *const wkts[] = {SHAPES[0], SHAPES[2], SHAPES[3]};
    const char *const classes[] = {"ship", "car", "ship"};
    GaclipRaster *raster = scene(NORTH_UP);
    GaclipAnnotationOptions options = by_class();
    GaclipAnnotations *a;
    GaclipError err = {0};
    (void)state;
    write_layer(wkts, classes, 3);
    options.where = "class = 'ship'";
    a = read_layer(LAYER, raster, &options);
    expect_counts(a, 2, 2, 0, 0, 0);
    gaclip_annotations_free(a);
    options.where = "nothing = 1";
    expect_error(gaclip_annotations_open(&a, LAYER, raster, &options, &err), GACLIP_ERROR_IO, &err,
                 "WHERE nothing = 1");
    new_layer("/vsimem/where.shp", "ESRI Shapefile", UTM15, wkts + 1, classes + 1, 2);
    expect_error(gaclip_annotations_open(&a, "/vsimem/where.shp", raster, &options, &err),
                 GACLIP_ERROR_ARGUMENT, &err, "the condition \"nothing = 1\" is not valid");
    assert_null(a);
    gaclip_raster_close(raster);
}

static void test_refusals(void **state)
{
    const char *const wkts[] = {OVER_EDGES[6], NULL}, *const classes[] = {"ship", "ship"};
    GaclipRaster *raster = scene(NORTH_UP);
    GaclipAnnotationOptions options = by_class();
    GaclipAnnotations *a;
    GaclipError err = {0};
    (void)state;
    write_layer(wkts, classes, 2);
    expect_error(gaclip_annotations_open(&a, LAYER, raster, &options, &err), GACLIP_ERROR_EMPTY,
                 &err, "none of its 2 features");
    expect_error(err.status, GACLIP_ERROR_EMPTY, &err, "1 outside, 1 without geometry");
    options.class_field = "kind";
    expect_error(gaclip_annotations_open(&a, LAYER, raster, &options, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "no field \"kind\"; its fields are: class");
    options = by_class();
    options.layer = "roads";
    expect_error(gaclip_annotations_open(&a, LAYER, raster, &options, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "no layer \"roads\"; there are: things");
    expect_error(gaclip_annotations_open(&a, "/vsimem/none.gpkg", raster, &options, &err),
                 GACLIP_ERROR_IO, &err, "/vsimem/none.gpkg: cannot be opened as a vector source");
    expect_error(gaclip_annotations_open(&a, SCENE, raster, &options, &err), GACLIP_ERROR_IO, &err,
                 "cannot be opened as a vector source");
    assert_null(a);
    gaclip_raster_close(raster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),        cmocka_unit_test(test_point_size),
        cmocka_unit_test(test_geotransforms), cmocka_unit_test(test_other_crs),
        cmocka_unit_test(test_real_scene),    cmocka_unit_test(test_no_crs),
        cmocka_unit_test(test_clipping),      cmocka_unit_test(test_labels_and_nulls),
        cmocka_unit_test(test_where),         cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
