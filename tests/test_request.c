/* The three spellings of a GACLIP request: what they say, and what they refuse. */
#include "gaclip/request.h"

#include <cpl_minixml.h>

#include "geo_fixtures.h"

static GaclipRequest parsed(const char *text)
{
    GaclipRequest request;
    GaclipError err = {0};
    expect_ok(gaclip_request_parse(&request, text, &err), &err);
    return request;
}

static void refused(const char *text, const char *fact)
{
    GaclipRequest request;
    GaclipError err = {0};
    int status = gaclip_request_parse(&request, text, &err);
    expect_error(status, err.status, &err, fact);
    assert_true(status < 0);
    assert_null(request.scene);
}

static void put_file(const char *path, const char *text)
{
    VSILFILE *file = VSIFOpenL(path, "wb");
    assert_non_null(file);
    assert_int_equal(VSIFWriteL(text, 1, strlen(text), file), strlen(text));
    VSIFCloseL(file);
}

static void test_string(void **state)
{
    (void)state;
    GaclipRequest r =
        parsed("gaclip:dir/a%3Fb.tif?CLASSES=storage tank,x%2Cy&min_score=0.5"
               "&independent=on&bands=4,3,2&measure=Similarity&model=a,b+c.safetensors");
    assert_string_equal(r.scene, "dir/a?b.tif");
    assert_int_equal(r.classes.count, 2);
    assert_string_equal(r.classes.items[0], "storage tank");
    assert_string_equal(r.classes.items[1], "x,y");
    assert_string_equal(r.model, "a,b+c.safetensors");
    assert_true(r.min_score == 0.5 && r.independent && r.measure == GACLIP_REQUEST_SIMILARITY);
    assert_true(r.bands.count == 3 && r.bands.items[0] == 4 && r.bands.items[2] == 2);
    assert_null(r.file);
    gaclip_request_clear(&r);
}

static void test_defaults(void **state)
{
    (void)state;
    GaclipRequest r = parsed("GACLIP:scene.tif");
    GaclipError err = {0};
    assert_true(r.min_score == -1 && r.nms_iou == (double)0.3f && r.overlap == -1 && !r.threads);
    assert_int_equal(r.type, GACLIP_REQUEST_BYTE);
    expect_error(gaclip_request_check(&r, &err), GACLIP_ERROR_EMPTY, &err, "classes=windmill");
    gaclip_request_clear(&r);
}

static void test_hostile_strings(void **state)
{
    (void)state;
    refused("GACLIP:", "names a raster");
    refused("GACLIP:?classes=a", "names a raster");
    refused("GACLIP:a.tif?", "no key=value");
    refused("GACLIP:a.tif?classes", "no key=value");
    refused("GACLIP:a.tif?class=a", "no key=value");
    refused("GACLIP:a.tif?classes=a&&show=a", "no key=value");
    refused("GACLIP:a.tif?classes=a&classes=b", "given twice");
    refused("GACLIP:a.tif?classes=", "empty value");
    refused("GACLIP:a.tif?classes=a,,b", "empty value");
    refused("GACLIP:a.tif?classes=%00", "escapes no byte");
    refused("GACLIP:a.tif?classes=a%4", "escapes no byte");
    refused("GACLIP:a.tif?classes=%0A", "control character");
    refused("GACLIP:a.tif?classes=a|layername=b", "%7C");
    refused("GACLIP:a\".tif?classes=a", "'\"'");
    refused("GACLIP:a.tif?classes=\xff", "UTF-8");
    refused("GACLIP:a.tif?min_score=2", "outside 0 to 1");
    refused("GACLIP:a.tif?min_score=nan", "not a number");
    refused("GACLIP:a.tif?min_score=0x", "not a number");
    refused("GACLIP:a.tif?tile_size=64.5", "whole number");
    refused("GACLIP:a.tif?independent=maybe", "neither yes nor no");
    refused("GACLIP:a.tif?type=Int16", "is none of Byte, Float32");
    refused("GACLIP:a.tif?bbox=1,2,3,4,5", "too many");
    refused("GACLIP:missing.gaclip", "cannot be read");
}

static void check_fails(const char *text, const char *fact)
{
    GaclipRequest r = parsed(text);
    GaclipError err = {0};
    int status = gaclip_request_check(&r, &err);
    expect_error(status, err.status, &err, fact);
    assert_true(status < 0);
    gaclip_request_clear(&r);
}

static void test_check(void **state)
{
    (void)state;
    check_fails("GACLIP:a.tif?classes=a,b,a", "named twice");
    check_fails("GACLIP:a.tif?show=b&classes=a", "show");
    check_fails("GACLIP:a.tif?classes=a&bands=1,2", "one band or three");
    check_fails("GACLIP:a.tif?classes=a&bbox=1,2,3", "xmin");
    check_fails("GACLIP:a.tif?regions=r.gpkg", "no classes");
    GaclipRequest r = parsed("GACLIP:a.tif?regions=r.gpkg&phrase_field=p");
    GaclipError err = {0};
    expect_ok(gaclip_request_check(&r, &err), &err);
    gaclip_request_clear(&r);
}

/* What is written is read as the same. */
static void test_round_trip(void **state)
{
    static const char TEXT[] = "GACLIP:a%25%7C.tif?classes=x%2Cy,%26b%3F&min_score=0.1&bbox=1.5,-2,"
                               "3000000,4&overlap=0&type=Float32";
    (void)state;
    GaclipRequest r = parsed(TEXT), again;
    GaclipError err = {0};
    char *text = gaclip_request_string(&r, NULL, NULL);
    assert_string_equal(text, TEXT);
    free(text);
    text = gaclip_request_json(&r, "{\"by\": \"a test\"}");
    expect_ok(gaclip_request_from_json(&again, text, strlen(text), "x.gaclip", &err), &err);
    free(text);
    free(again.file);
    again.file = NULL;
    text = gaclip_request_string(&again, NULL, NULL);
    assert_string_equal(text, TEXT);
    free(text);
    gaclip_request_clear(&again);
    gaclip_request_clear(&r);
}

static void test_file(void **state)
{
    (void)state;
    put_file("/vsimem/d/scene.tif", "");
    put_file("/vsimem/d/r.gaclip",
             "\xEF\xBB\xBF{\"gaclip\": 1, \"scene\": \"scene.tif\", \"classes\": [\"a\", \"b\"],"
             "\"model\": \"elsewhere.safetensors\", \"bands\": [1, 2, 3],"
             "\"independent\": true, \"min_score\": 0.25, \"provenance\": {}}");
    GaclipRequest r = parsed("/vsimem/d/r.gaclip");
    assert_string_equal(r.scene, "/vsimem/d/scene.tif");
    assert_string_equal(r.model, "/vsimem/d/elsewhere.safetensors"); /* named where it should be */
    assert_string_equal(r.file, "/vsimem/d/r.gaclip");
    assert_true(r.independent && r.min_score == 0.25 && r.bands.count == 3);
    gaclip_request_clear(&r);
    r = parsed("GACLIP:/vsimem/d/r.gaclip?classes=b&min_score=0.5");
    assert_int_equal(r.classes.count, 2);
    assert_int_equal(r.show.count, 1);
    assert_true(!r.is_altered && r.min_score == 0.5);
    gaclip_request_clear(&r);
    r = parsed("GACLIP:/vsimem/d/r.gaclip?classes=c");
    assert_true(r.classes.count == 1 && r.show.count == 0 && r.is_altered);
    char *text = gaclip_request_string(&r, "show", "c");
    assert_string_equal(text, "GACLIP:/vsimem/d/r.gaclip?classes=c&show=c");
    free(text);
    gaclip_request_clear(&r);
}

static void test_damaged_files(void **state)
{
    static const struct {
        const char *text, *fact;
    } CASES[] = {{"", "no whole JSON"},
                 {"{\"gaclip\": 1, \"scene\": \"a", "no whole JSON"},
                 {"[]", "no .gaclip file"},
                 {"{\"scene\": \"a.tif\", \"gaclip\": 1}", "no .gaclip file"},
                 {"{\"gaclip\": 2, \"scene\": \"a.tif\"}", "another version"},
                 {"{\"gaclip\": 1}", "names no \"scene\""},
                 {"{\"gaclip\": 1, \"scene\": 5}", "name a raster"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"scene\": \"b\"}", "given twice"},
                 {"{\"gaclip\": 1, \"scene\": \"GACLIP:b.tif\"}", "names a GACLIP dataset"},
                 {"{\"gaclip\": 1, \"scene\": \"b.gaclip\"}", "names a GACLIP dataset"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"clases\": [\"b\"]}", "no key"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"classes\": [5]}", "array of texts"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"classes\": []}", "empty value"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"gsd\": \"1\"}", "a number"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"gsd\": 1e999}", "number"},
                 {"{\"gaclip\": 1, \"scene\": \"a\", \"provenance\": 1}", "an object"}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        GaclipRequest r;
        GaclipError err = {0};
        int status =
            gaclip_request_from_json(&r, CASES[i].text, strlen(CASES[i].text), "x.gaclip", &err);
        expect_error(status, err.status, &err, CASES[i].fact);
        assert_true(status < 0);
        assert_non_null(strstr(err.message, "x.gaclip"));
    }
}

static void test_identify(void **state)
{
    static const char FILE_TEXT[] = " {\n\"gaclip\" : 1";
    const unsigned char *header = (const unsigned char *)FILE_TEXT;
    (void)state;
    assert_true(gaclip_request_identify("GACLIP:a", NULL, 0));
    assert_false(gaclip_request_identify("GACLIP:", NULL, 0));
    assert_false(gaclip_request_identify("GACLIP", NULL, 0));
    assert_true(gaclip_request_identify("a.GaClip", header, sizeof FILE_TEXT - 1));
    assert_false(gaclip_request_identify("a.json", header, sizeof FILE_TEXT - 1));
    for (size_t size = 0; size < 11; size++)
        assert_false(gaclip_request_identify("a.gaclip", header, size));
    assert_false(gaclip_request_identify("a.gaclip", (const unsigned char *)"\0\0\0\0", 4));
}

static void test_options(void **state)
{
    static const char *const PAIRS[] = {"MIN_SCORE=0.75", "LIST_ALL_TABLES=YES", "CLASSES=b", NULL};
    (void)state;
    GaclipRequest r = parsed("GACLIP:a.tif?classes=a,b");
    GaclipError err = {0};
    expect_ok(gaclip_request_set_all(&r, PAIRS, &err), &err);
    assert_true(r.min_score == 0.75 && r.classes.count == 2 && r.show.count == 1);
    expect_error(gaclip_request_set(&r, "nothing", "1", &err), GACLIP_ERROR_ARGUMENT, &err,
                 "nothing");
    gaclip_request_clear(&r);
    char *list = gaclip_request_option_list();
    CPLXMLNode *root = CPLParseXMLString(list);
    assert_non_null(root);
    assert_non_null(strstr(list, "name='MIN_SCORE' type='float'"));
    assert_non_null(strstr(list, "<Value>Float32</Value>"));
    CPLDestroyXMLNode(root);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_string),          cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_hostile_strings), cmocka_unit_test(test_check),
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_file),
        cmocka_unit_test(test_damaged_files),   cmocka_unit_test(test_identify),
        cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
