/* Pixels, ground and metres, by the table tests/georeference.txt. */
#include <math.h>

#include "geo_fixtures.h"

static const char TABLE[] = "tests/georeference.txt";
static const char SCENE[] = "/vsimem/georeference.vrt";

typedef struct Reading {
    int line, is_inverse, checks;
    double tolerance;
    int is_relative; /* the tolerance is a share of the expected value */
    double in[2];
    GaclipRaster *raster; /* NULL where it was refused */
    GaclipError refusal;
} Reading;

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static double number(const char **text, const Reading *r)
{
    char *end;
    double value = strtod(*text, &end);
    if (end == *text) fail_msg("%s:%d: a number is missing", TABLE, r->line);
    *text = end;
    return value;
}

static void pair(double out[2], const char *text, const Reading *r)
{
    out[0] = number(&text, r);
    out[1] = number(&text, r);
    if (*skip_blanks(text)) fail_msg("%s:%d: more than two numbers", TABLE, r->line);
}

/* A virtual raster holds any geotransform, degenerate ones too. */
static void write_scene(const char *text, const Reading *r)
{
    double size[2] = {number(&text, r), number(&text, r)}, t[6];
    for (int i = 0; i < 6; i++) t[i] = number(&text, r);
    const char *xml =
        CPLSPrintf("<VRTDataset rasterXSize=\"%.0f\" rasterYSize=\"%.0f\"><SRS>%s</SRS>"
                   "<GeoTransform>%.17g,%.17g,%.17g,%.17g,%.17g,%.17g</GeoTransform>"
                   "<VRTRasterBand dataType=\"Byte\" band=\"1\"/></VRTDataset>",
                   size[0], size[1], skip_blanks(text), t[0], t[1], t[2], t[3], t[4], t[5]);
    VSILFILE *file = VSIFOpenL(SCENE, "wb");
    VSIFWriteL(xml, 1, strlen(xml), file);
    VSIFCloseL(file);
}

static void open_scene(Reading *r, const char *text)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    gaclip_raster_close(r->raster);
    write_scene(text, r);
    gaclip_error_clear(&r->refusal);
    if (gaclip_raster_open(&r->raster, SCENE, &options, &r->refusal)) assert_null(r->raster);
    r->is_inverse = 0;
}

static const GaclipRaster *raster_of(const Reading *r)
{
    if (!r->raster) fail_msg("%s:%d: no raster: %s", TABLE, r->line, r->refusal.message);
    return r->raster;
}

static void compare(Reading *r, const double got[2], const char *text)
{
    double expected[2];
    pair(expected, text, r);
    for (int i = 0; i < 2; i++) {
        double allowed = r->is_relative ? r->tolerance * fabs(expected[i]) : r->tolerance;
        if (!(fabs(got[i] - expected[i]) <= allowed))
            fail_msg("%s:%d: %.12g in place of %.12g, off by %g, allowed %g", TABLE, r->line,
                     got[i], expected[i], fabs(got[i] - expected[i]), allowed);
    }
    r->checks++;
}

static void expect_point(Reading *r, const char *text)
{
    double got[2];
    if (!r->is_inverse)
        gaclip_raster_to_ground(raster_of(r), r->in[0], r->in[1], &got[0], &got[1]);
    else if (gaclip_raster_from_ground(raster_of(r), r->in[0], r->in[1], &got[0], &got[1]))
        fail_msg("%s:%d: no way back from the ground", TABLE, r->line);
    compare(r, got, text);
}

static void expect_gsd(Reading *r, const char *text)
{
    const GaclipRasterInfo *info = gaclip_raster_info(raster_of(r));
    double got[2] = {info->gsd_x, info->gsd_y};
    compare(r, got, text);
}

static void expect_failure(Reading *r, const char *text)
{
    if (r->raster) fail_msg("%s:%d: the raster was opened", TABLE, r->line);
    if (r->refusal.status != GACLIP_ERROR_FORMAT || !strstr(r->refusal.message, text))
        fail_msg("%s:%d: refused otherwise: %s", TABLE, r->line, r->refusal.message);
    r->checks++;
}

static void set_tolerance(Reading *r, const char *text)
{
    r->tolerance = number(&text, r);
    r->is_relative = *skip_blanks(text) == '%';
    if (r->is_relative) r->tolerance /= 100;
}

static void run_line(Reading *r, char *line)
{
    char word[32];
    int used = 0;
    line[strcspn(line, "#\r\n")] = '\0';
    for (size_t n = strlen(line); n && line[n - 1] == ' '; n--) line[n - 1] = '\0';
    if (sscanf(line, "%31s%n", word, &used) != 1) return;
    const char *rest = skip_blanks(line + used);
    if (!strcmp(word, "raster"))
        open_scene(r, rest);
    else if (!strcmp(word, "tolerance"))
        set_tolerance(r, rest);
    else if (!strcmp(word, "direction"))
        r->is_inverse = !strcmp(rest, "inverse");
    else if (!strcmp(word, "accept"))
        pair(r->in, rest, r);
    else if (!strcmp(word, "expect"))
        expect_point(r, rest);
    else if (!strcmp(word, "gsd"))
        expect_gsd(r, rest);
    else if (!strcmp(word, "failure"))
        expect_failure(r, rest);
    else
        fail_msg("%s:%d: %s is no keyword", TABLE, r->line, word);
}

static void test_table(void **state)
{
    char line[512];
    Reading r = {0};
    FILE *file = fopen(TABLE, "r");
    (void)state;
    if (!file) fail_msg("%s cannot be read", TABLE);
    while (fgets(line, sizeof line, file)) {
        r.line++;
        run_line(&r, line);
    }
    fclose(file);
    gaclip_raster_close(r.raster);
    print_message("%d expectations of %s\n", r.checks, TABLE);
    assert_true(r.checks > 50);
}

/* There and back for random pixels of a sheared, turned, non-square grid. */
static void test_roundtrip(void **state)
{
    Reading r = {0};
    (void)state;
    open_scene(&r, "1000 1000 440000 0.31 -0.17 4650000 0.11 -0.83 EPSG:26915");
    srand(3);
    for (int i = 0; i < 1000; i++) {
        double column = rand() % 100000 / 100.0, row = rand() % 100000 / 100.0, x, y, back[2];
        gaclip_raster_to_ground(raster_of(&r), column, row, &x, &y);
        assert_int_equal(gaclip_raster_from_ground(r.raster, x, y, &back[0], &back[1]), GACLIP_OK);
        assert_true(fabs(back[0] - column) < 1e-6 && fabs(back[1] - row) < 1e-6);
    }
    gaclip_raster_close(r.raster);
}

static void test_not_finite(void **state)
{
    static const double BAD[] = {NAN, INFINITY, -INFINITY};
    Reading r = {0};
    (void)state;
    open_scene(&r, "100 100 440000 1 0 4650000 0 -1 EPSG:26915");
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        double column, row;
        assert_int_not_equal(gaclip_raster_from_ground(raster_of(&r), BAD[i], 0, &column, &row),
                             GACLIP_OK);
    }
    gaclip_raster_close(r.raster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_roundtrip),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, start_gdal, stop_gdal);
}
