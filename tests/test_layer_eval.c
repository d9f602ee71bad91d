/* Layers of detections against layers of references, with figures worked out by hand. */
#include <math.h>

#include "gaclip/layer_eval.h"
#include "geo_fixtures.h"

static const char FOUND[] = "/vsimem/found.gpkg", TRUTH[] = "/vsimem/truth.gpkg";

/* A square of 10 m, its lower left corner so many metres from 440000, 4650000. */
typedef struct Square {
    double x, y;
    const char *label;
    double score;
} Square;

static OGRFeatureH feature_of(OGRLayerH layer, const Square *s,
                              OGRCoordinateTransformationH transform)
{
    static const int CORNERS[5][2] = {{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}};
    OGRGeometryH ring = OGR_G_CreateGeometry(wkbLinearRing);
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    for (int i = 0; i < 5; i++)
        OGR_G_AddPoint_2D(ring, 440000 + s->x + CORNERS[i][0], 4650000 + s->y + CORNERS[i][1]);
    OGR_G_AddGeometryDirectly(polygon, ring);
    if (transform) assert_int_equal(OGR_G_Transform(polygon, transform), OGRERR_NONE);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    OGR_F_SetGeometryDirectly(feature, polygon);
    OGR_F_SetFieldString(feature, 0, s->label);
    OGR_F_SetFieldDouble(feature, 1, s->score);
    return feature;
}

static void add_field(OGRLayerH layer, const char *name, OGRFieldType type)
{
    OGRFieldDefnH field = OGR_Fld_Create(name, type);
    assert_int_equal(OGR_L_CreateField(layer, field, 1), OGRERR_NONE);
    OGR_Fld_Destroy(field);
}

/* Fields "class" and "score". crs_name NULL: UTM zone 15, in which the squares are given. */
static void write_squares(const char *path, const char *crs_name, const Square *squares, int count)
{
    VSIUnlink(path);
    GDALDatasetH dataset =
        GDALCreate(GDALGetDriverByName("GPKG"), path, 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH utm = crs_of(UTM15), crs = crs_of(crs_name ? crs_name : UTM15);
    OGRCoordinateTransformationH transform =
        crs_name ? OCTNewCoordinateTransformation(utm, crs) : NULL;
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "squares", crs, wkbPolygon, NULL);
    add_field(layer, "class", OFTString);
    add_field(layer, "score", OFTReal);
    for (int i = 0; i < count; i++) {
        OGRFeatureH feature = feature_of(layer, &squares[i], transform);
        assert_int_equal(OGR_L_CreateFeature(layer, feature), OGRERR_NONE);
        OGR_F_Destroy(feature);
    }
    if (transform) OCTDestroyCoordinateTransformation(transform);
    OSRDestroySpatialReference(crs);
    OSRDestroySpatialReference(utm);
    GDALClose(dataset);
}

static GaclipLayerEvalOptions defaults(void)
{
    GaclipLayerEvalOptions options;
    gaclip_layer_eval_options_init(&options);
    return options;
}

static GaclipLayerEval evaluate(const GaclipLayerEvalOptions *options)
{
    GaclipLayerEval result;
    GaclipError err = {0};
    expect_ok(gaclip_layer_eval(&result, FOUND, TRUTH, options, &err), &err);
    return result;
}

static const GaclipLayerEvalRow *row_of(const GaclipLayerEval *result, const char *label)
{
    for (int i = 0; i < result->row_count; i++)
        if (!strcmp(result->rows[i].label, label)) return &result->rows[i];
    fail_msg("no row for %s", label);
    return NULL;
}

static void expect_number(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-9)) fail_msg("%.12g in place of %.12g", got, expected);
}

static const Square TANKS[] = {
    {0, 0, "tank", 0}, {50, 0, "tank", 0}, {100, 0, "tank", 0}, {150, 0, "tank", 0}};

/* True, false, true, true by score; one of four is missed.
 * Precision at recall 1/4, 2/4, 3/4: 1, 2/3, 3/4; made monotone: 1, 3/4, 3/4. */
static const Square RANKED[] = {
    {0, 0, "tank", 0.9}, {300, 0, "tank", 0.8}, {50, 2, "tank", 0.7}, {101, -1, "tank", 0.6}};

static void expect_ranked(const GaclipLayerEval *result)
{
    const GaclipLayerEvalRow *row = row_of(result, "tank");
    assert_int_equal(row->ap.positives, 4);
    assert_int_equal(row->ap.found, 4);
    expect_number(row->ap.all_point, (1 + 0.75 + 0.75) / 4);
    /* recall 0, .1, .2 at precision 1; .3 to .7 at 3/4; .8 to 1 at 0 */
    expect_number(row->ap.voc11, (3 + 5 * 0.75) / 11);
    /* 0 to .25 are 26 levels, .26 to .75 are 50 */
    expect_number(row->ap.coco101, (26 + 50 * 0.75) / 101);
    expect_number(result->mean_all_point, row->ap.all_point);
    assert_string_equal(result->crs, UTM15);
}

static void test_known(void **state)
{
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    write_squares(FOUND, NULL, RANKED, 4);
    options.min_score = 0.65;
    GaclipLayerEval result = evaluate(&options);
    assert_int_equal(result.row_count, 1);
    expect_ranked(&result);
    const GaclipCounts *counts = &result.rows[0].counts;
    assert_int_equal(counts->true_positives, 2);
    assert_int_equal(counts->false_positives, 1);
    assert_int_equal(counts->false_negatives, 2);
    expect_number(counts->precision, 2.0 / 3);
    expect_number(counts->recall, 0.5);
    gaclip_layer_eval_clear(&result);
}

/* Envelopes are taken in the references' CRS, so that squares of a grid turned against it stay as
 * they were. */
static void test_other_crs(void **state)
{
    static const char *const OTHERS[] = {"EPSG:4326", "EPSG:3857", "EPSG:32616"};
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    for (int i = 0; i < 3; i++) {
        write_squares(FOUND, OTHERS[i], RANKED, 4);
        GaclipLayerEval result = evaluate(&options);
        expect_ranked(&result);
        gaclip_layer_eval_clear(&result);
    }
}

/* A shift of 2 of 10 m is an IoU of 2/3: false where more is asked. */
static void test_iou(void **state)
{
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    write_squares(FOUND, NULL, RANKED, 4);
    options.iou = 0.7;
    GaclipLayerEval result = evaluate(&options);
    assert_int_equal(result.rows[0].counts.true_positives, 1);
    expect_number(result.rows[0].ap.all_point, 0.25);
    gaclip_layer_eval_clear(&result);
}

static void test_classes(void **state)
{
    static const Square truth[] = {{0, 0, "tank", 0}, {50, 0, "ship", 0}};
    static const Square found[] = {
        {0, 0, "tank", 0.9}, {50, 0, "tank", 0.95}, {50, 0, "ship", 0.5}, {0, 50, "car", 0.5}};
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, truth, 2);
    write_squares(FOUND, NULL, found, 4);
    GaclipLayerEval result = evaluate(&options);
    assert_int_equal(result.row_count, 3);
    expect_number(row_of(&result, "tank")->ap.all_point, 0.5);
    expect_number(row_of(&result, "ship")->ap.all_point, 1);
    assert_int_equal(row_of(&result, "car")->ap.positives, 0);
    assert_int_equal(row_of(&result, "car")->counts.false_positives, 1);
    expect_number(result.mean_all_point, 0.75); /* cars have no references */
    gaclip_layer_eval_clear(&result);
}

static void test_nothing_found(void **state)
{
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    write_squares(FOUND, NULL, NULL, 0);
    GaclipLayerEval result = evaluate(&options);
    const GaclipLayerEvalRow *row = row_of(&result, "tank");
    expect_number(row->ap.all_point, 0);
    expect_number(row->ap.voc11, 0);
    expect_number(row->ap.coco101, 0);
    expect_number(row->coco, 0);
    expect_number(result.mean_coco, 0);
    assert_int_equal(row->counts.false_negatives, 4);
    gaclip_layer_eval_clear(&result);
}

/* References without a class field take a name. */
static void test_reference_name(void **state)
{
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    write_squares(FOUND, NULL, RANKED, 4);
    options.reference_field = "kind";
    options.reference_name = "tank";
    GaclipLayerEval result = evaluate(&options);
    expect_ranked(&result);
    gaclip_layer_eval_clear(&result);
}

/* Centimetres count, far from the origin of the CRS. */
static void test_small_boxes(void **state)
{
    const char *const truth = "POLYGON ((440000.00 4650000.00, 440000.02 4650000.00, 440000.02 "
                              "4650000.02, 440000.00 4650000.02, 440000.00 4650000.00))";
    const char *const label = "tank";
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    VSIUnlink(TRUTH);
    VSIUnlink(FOUND);
    new_layer(TRUTH, "GPKG", UTM15, &truth, &label, 1);
    new_layer(FOUND, "GPKG", UTM15, &truth, &label, 1);
    options.score_field = "class";
    options.iou = 0.95;
    GaclipLayerEval result = evaluate(&options);
    expect_number(result.rows[0].ap.all_point, 1);
    gaclip_layer_eval_clear(&result);
}

static void expect_refused(const GaclipLayerEvalOptions *options, int status, const char *text)
{
    GaclipLayerEval result;
    GaclipError err = {0};
    expect_error(gaclip_layer_eval(&result, FOUND, TRUTH, options, &err), status, &err, text);
    assert_null(result.rows);
}

/* One class in two spellings; the first one names the row. */
static void test_spellings(void **state)
{
    static const Square truth = {0, 0, "storage tank", 0}, found = {0, 0, "Storage-Tank", 0.9};
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, &truth, 1);
    write_squares(FOUND, NULL, &found, 1);
    GaclipLayerEval result = evaluate(&options);
    assert_int_equal(result.row_count, 1);
    expect_number(row_of(&result, "storage tank")->ap.all_point, 1);
    gaclip_layer_eval_clear(&result);
}

/* Metres that pass for degrees, as in a layer without a CRS of its own: no box may be lost. */
static void test_wrong_crs(void **state)
{
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    write_squares(FOUND, NULL, RANKED, 4);
    GDALDatasetH dataset = GDALOpenEx(FOUND, GDAL_OF_VECTOR | GDAL_OF_UPDATE, NULL, NULL, NULL);
    assert_non_null(dataset);
    GDALDatasetExecuteSQL(dataset, "UPDATE gpkg_geometry_columns SET srs_id = 4326", NULL, NULL);
    GDALDatasetExecuteSQL(dataset, "UPDATE gpkg_contents SET srs_id = 4326", NULL, NULL);
    GDALClose(dataset);
    expect_refused(&options, GACLIP_ERROR_FORMAT, "found.gpkg: feature 1 has no place in the CRS");
}

static void test_refusals(void **state)
{
    GaclipLayerEvalOptions options = defaults();
    (void)state;
    write_squares(TRUTH, NULL, TANKS, 4);
    write_squares(FOUND, NULL, RANKED, 4);
    options.score_field = "probability";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT,
                   "found.gpkg: layer \"squares\" has no field \"probability\"; its fields are: "
                   "class, score");
    options = defaults();
    options.class_field = "kind";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "found.gpkg: layer \"squares\" has no field");
    options = defaults();
    options.reference_field = "kind";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "truth.gpkg: layer \"squares\" has no field");
    options = defaults();
    options.reference_layer = "circles";
    expect_refused(&options, GACLIP_ERROR_ARGUMENT, "no layer \"circles\"; there are: squares");
    options = defaults();
    write_squares(TRUTH, NULL, NULL, 0);
    expect_refused(&options, GACLIP_ERROR_EMPTY, "truth.gpkg: has no features to compare with");
    VSIUnlink(TRUTH);
    expect_refused(&options, GACLIP_ERROR_IO, "truth.gpkg: cannot be opened");
    VSIUnlink(FOUND);
    expect_refused(&options, GACLIP_ERROR_IO, "found.gpkg: cannot be opened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),         cmocka_unit_test(test_other_crs),
        cmocka_unit_test(test_iou),           cmocka_unit_test(test_classes),
        cmocka_unit_test(test_nothing_found), cmocka_unit_test(test_reference_name),
        cmocka_unit_test(test_small_boxes),   cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_wrong_crs),     cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
