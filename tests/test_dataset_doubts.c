/* What generated texts must not say, for it may be otherwise: the rules one by one, and lies of
 * each kind found by the check. */
#include <math.h>

#include "arrangement.h"
#include "class_traits.h"
#include "gaclip/dataset_describe.h"
#include "lie_fixtures.h"
#include "region_claims.h"

enum { SIDE = 400, BOXES = 9, GREY = 1, WHITE = 2, BLUE = 10 };

static const char PATH[] = "/vsimem/doubts/set.json";

/* x1, y1, x2, y2 in pixels of one metre, the colour, and what an honest text says. */
static const struct {
    const char *class_name;
    int place[4];
    uint8_t rgb[3];
    const char *description, *negatives;
} OBJECTS[BOXES] = {
    {"windmill",
     {60, 60, 80, 120},
     {240, 240, 240},
     "a windmill next to a ship",
     "a chimney next to a ship"},
    {"ship", {0, 60, 60, 75}, {90, 130, 200}, "a blue ship", "a green ship"},
    {"car", {300, 40, 340, 70}, {170, 20, 60}, "a medium-sized red car", "a medium-sized blue car"},
    {"pool", {300, 300, 330, 330}, {40, 140, 145}, "a turquoise pool", "a red pool"},
    {"hut",
     {200, 330, 240, 360},
     {235, 235, 235},
     "a white hut at the bottom of the image",
     "a white hut at the top of the image"},
    {"other", {100, 300, 130, 330}, {60, 150, 50}, NULL, NULL},
    {"other", {100, 250, 130, 280}, {60, 150, 50}, NULL, NULL},
    {"pier",
     {60, 200, 140, 220},
     {230, 230, 230},
     "an elongated white pier of even tone",
     "a square white pier of even tone"},
    {"slab",
     {30, 350, 60, 380},
     {20, 70, 30},
     "a green slab in the lower left of the image",
     "a green slab in the upper left of the image"},
};

static void add(char *text, const char *part)
{
    snprintf(text + strlen(text), 2 * LONGEST - strlen(text), "%s", part);
}

/* The dataset of these objects, with the honest texts or without any. */
static void write_text(char text[2 * LONGEST], int with_texts, double gsd)
{
    char part[LONGEST];
    snprintf(text, 2 * LONGEST,
             "{\"format\": \"gaclip-dataset\", \"version\": 1, \"classes\": [{\"name\": "
             "\"windmill\"}, {\"name\": \"ship\"}, {\"name\": \"car\"}, {\"name\": \"pool\"}, "
             "{\"name\": \"hut\"}, {\"name\": \"other\"}, {\"name\": \"pier\"}, {\"name\": "
             "\"slab\"}], \"images\": [{\"path\": \"a.tif\", \"width\": %d, \"height\": %d, %s"
             "\"annotated\": true, %s\"regions\": [",
             SIDE, SIDE, gsd > 0 ? "\"gsd\": 1, " : "",
             with_texts ? "\"detailed_caption\": \"The image shows a windmill and a ship.\", "
                        : "");
    for (int i = 0; i < BOXES; i++) {
        const int *p = OBJECTS[i].place;
        snprintf(part, sizeof part, "%s{\"box\": [%g, %g, %g, %g], \"class\": \"%s\"",
                 i ? ", " : "", p[0] / 400.0, p[1] / 400.0, p[2] / 400.0, p[3] / 400.0,
                 OBJECTS[i].class_name);
        add(text, part);
        snprintf(part, sizeof part, ", \"description\": \"%s\", \"hard_negatives\": [\"%s\"]",
                 OBJECTS[i].description, OBJECTS[i].negatives);
        if (with_texts && OBJECTS[i].description) add(text, part);
        add(text, "}");
    }
    add(text, "]}]}");
}

static GaclipDataset *dataset_of(const char *text)
{
    put_file(PATH, text);
    return read_dataset(PATH, NULL);
}

static int start(void **state)
{
    static float band[SIDE * SIDE];
    start_gdal(state);
    GDALDatasetH image = new_raster("/vsimem/doubts/a.tif", SIDE, SIDE, 3, GDT_Byte, NULL, NULL);
    for (int b = 0; b < 3; b++) {
        for (int i = 0; i < SIDE * SIDE; i++) band[i] = 90;
        for (int i = 0; i < BOXES; i++)
            for (int y = OBJECTS[i].place[1]; y < OBJECTS[i].place[3]; y++)
                for (int x = OBJECTS[i].place[0]; x < OBJECTS[i].place[2]; x++)
                    band[y * SIDE + x] = OBJECTS[i].rgb[b];
        write_band(image, b + 1, band);
    }
    GDALClose(image);
    return 0;
}

static void test_honest(void **state)
{
    char text[2 * LONGEST];
    (void)state;
    write_text(text, 1, 1);
    expect_honest(dataset_of(text));
}

static void test_lies(void **state)
{
    /* In the text of part, lie in its place: the check says finding. */
    static const struct {
        const char *part, *lie, *finding;
    } LIES[] = {
        /* What is thin has shadow and ground in its box. */
        {"a windmill next", "an elongated windmill next", "is not \"elongated\""},
        {"a windmill next", "a white windmill next", "is not \"white\""},
        {"a windmill next", "a windmill of even tone next", "is not \"of even tone\""},
        {"a windmill next", "a windmill about 60 m long next", "is not \"so long\""},
        {"a windmill next", "a windmill lying from top to bottom next", "is not \"lying from top"},
        {"a windmill next", "a large windmill next", "is not \"large\""},
        {"a windmill next", "a windmill with a shadow below it next", "is not \"with a shadow"},
        /* What the image's edge cuts may go on. */
        {"a blue ship", "an elongated blue ship", "is not \"elongated\""},
        {"a blue ship", "a medium-sized blue ship", "is not \"medium-sized\""},
        {"a blue ship", "a blue ship about 60 m long", "is not \"so long\""},
        {"a blue ship", "a blue ship lying from left to right", "is not \"lying from left"},
        {"shows a windmill and a ship",
         "shows a windmill and a ship. The largest ship is about 60 "
         "m long",
         "\"The largest ship is about 60 m long\""},
        /* Neighbours among colours. */
        {"a green ship", "a purple ship", "a hard negative may be true"},
        {"a green ship", "a turquoise ship", "a hard negative may be true"},
        {"medium-sized blue car", "medium-sized purple car", "a hard negative may be true"},
        {"medium-sized blue car", "medium-sized brown car", "a hard negative may be true"},
        {"medium-sized red car", "medium-sized purple car", "is not \"purple\""},
        {"a red pool", "a blue pool", "a hard negative may be true"},
        {"a red pool", "a green pool", "a hard negative may be true"},
        {"a white hut at the top", "a grey hut at the bottom", "a hard negative may be true"},
        {"a white hut at the top", "a beige hut at the bottom", "a hard negative may be true"},
        {"a green slab in the upper", "a black slab in the lower", "a hard negative may be true"},
        /* Names that say nothing. */
        {"a windmill and a ship", "two others and a ship", "\"The image shows two others"},
        {"a white hut at", "an other at", "uses a name that says nothing"},
        {"a windmill next to a ship\"", "a windmill next to an other\"", "that says nothing"},
        {"a chimney", "an unknown", "a hard negative uses a name that says nothing"},
        /* Places that hold one another, sizes, tones and shares. */
        {"slab in the upper left", "slab at the bottom", "a hard negative may be true"},
        {"slab in the upper left", "slab on the left", "a hard negative may be true"},
        {"a medium-sized blue car", "a large blue car", "changes more than one attribute"},
        {"medium-sized red car\"", "large red car\"", "is not \"large\""},
        {"a turquoise pool", "a turquoise pool of uneven tone", "is not \"of uneven tone\""},
        {"a turquoise pool", "a turquoise pool taking up much of the scene", "is not \"taking up"},
    };
    char text[2 * LONGEST];
    (void)state;
    write_text(text, 1, 1);
    for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++)
        expect_lie(text, dataset_of, LIES[i].part, LIES[i].lie, LIES[i].finding);
}

/* Without metres nobody knows what is small. */
static void test_size_without_metres(void **state)
{
    char text[2 * LONGEST], findings[LONGEST];
    (void)state;
    write_text(text, 1, 0);
    GaclipDataset *dataset = dataset_of(text);
    assert_int_equal(check(findings, dataset), 1);
    assert_non_null(strstr(findings, "is not \"medium-sized\": a medium-sized red car"));
    gaclip_dataset_free(dataset);
}

/* Whatever the seed: nothing of all that, and all of it true. */
static void test_generated(void **state)
{
    static const char *const NEVER[] = {"other", "elongated windmill", "elongated blue ship",
                                        "elongated ship", "white windmill"};
    char text[2 * LONGEST], findings[LONGEST];
    (void)state;
    write_text(text, 0, 1);
    for (uint64_t seed = 0; seed < 30; seed++) {
        GaclipDataset *dataset = dataset_of(text);
        GaclipDescribeOptions options;
        GaclipError err = {0};
        int count;
        gaclip_describe_options_init(&options);
        options.seed = seed;
        options.with_views = seed % 2 == 1;
        expect_ok(gaclip_dataset_describe(&count, dataset, &options, NULL, &err), &err);
        assert_int_equal(count, BOXES - 2);
        if (check(findings, dataset)) fail_msg("seed %d: %s", (int)seed, findings);
        const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
        for (int i = 0; i < image->region_count; i++)
            for (size_t n = 0; n < sizeof NEVER / sizeof *NEVER; n++) {
                const char *said = image->regions[i].description;
                assert_true(!said || !strstr(said, NEVER[n]) || strstr(said, "another"));
            }
        assert_null(strstr(image->detailed, "other"));
        assert_null(image->regions[5].description);
        gaclip_dataset_free(dataset);
    }
}

/* Neither a colour that may be the ground's, nor one that borders on the region's own. */
static void test_colours(void **state)
{
    static const uint8_t WHITE_RGB[] = {240, 240, 240}, SLATE[] = {75, 85, 100},
                         NAVY[] = {28, 38, 48};
    GaclipRegionFacts f = {.width = 20, .height = 20, .pixels = 300, .around_pixels = 200};
    double lab[3];
    (void)state;
    f.colours[WHITE] = 0.9;
    f.colours[GREY] = 0.1;
    f.around[WHITE] = 0.8;
    f.colour = WHITE;
    gaclip__colour_lab(f.lab, WHITE_RGB);
    assert_int_equal(gaclip__claim_holds(GACLIP__COLOUR, WHITE, &f), -1);
    assert_int_equal(gaclip__claim_holds(GACLIP__COLOUR, GREY, &f), -1);
    assert_int_equal(gaclip__claim_holds(GACLIP__COLOUR, BLUE, &f), 0);
    f.around[WHITE] = 0.1;
    assert_int_equal(gaclip__claim_holds(GACLIP__COLOUR, WHITE, &f), 1);
    f.colours[GREY] = 0;
    assert_int_equal(gaclip__claim_holds(GACLIP__COLOUR, GREY, &f), -1);
    gaclip__colour_lab(lab, SLATE); /* grey or blue? */
    assert_true(!gaclip__colour_is_clear(GREY, lab) && !gaclip__colour_is_far(BLUE, lab));
    gaclip__colour_lab(lab, NAVY);
    assert_true(!gaclip__colour_is_clear(GREY, lab) && !gaclip__colour_is_far(BLUE, lab));
    assert_true(gaclip__colour_called("teal") == gaclip__colour_called("turquoise") &&
                gaclip__colour_called("maroon") == gaclip__colour_called("red") &&
                gaclip__colour_called("silver") == GREY && gaclip__colour_called("big") < 0);
}

static void test_names(void **state)
{
    static const char *const EMPTY[] = {
        "other",   "others", "misc",           "unknown",       "ignore", "12",
        "class 3", "object", "ignored region", "other vehicle", "void",   "none"};
    static const char *const SPOKEN[] = {"car", "storage tank", "boeing 737", "a220",
                                         "small vehicle"};
    const char *synonyms[] = {"wind turbine"};
    GaclipDatasetClass mill = {"mill", synonyms, 1}, car = {.name = "car"};
    (void)state;
    for (size_t i = 0; i < sizeof EMPTY / sizeof *EMPTY; i++)
        if (gaclip__is_spoken(EMPTY[i])) fail_msg("%s", EMPTY[i]);
    for (size_t i = 0; i < sizeof SPOKEN / sizeof *SPOKEN; i++)
        if (!gaclip__is_spoken(SPOKEN[i])) fail_msg("%s", SPOKEN[i]);
    assert_true(gaclip__is_thin(&mill) && !gaclip__is_thin(&car));
}

enum { MOST = 40 };

typedef struct Points {
    double at[MOST][2]; /* pixels of an image of 1000 x 1000 */
    int count;
    double side; /* of each box */
} Points;

static void expect_arrangement(const Points *p, GaclipArrangement expected, const char *what)
{
    GaclipDatasetRegion regions[MOST] = {0};
    GaclipDatasetImage image = {.width = 1000, .height = 1000, .regions = regions};
    GaclipArrangement found;
    GaclipError err = {0};
    image.region_count = p->count;
    for (int i = 0; i < p->count; i++) {
        regions[i].is_object = 1;
        for (int k = 0; k < 4; k++)
            regions[i].box[k] = (p->at[i][k % 2] + (k < 2 ? -0.5 : 0.5) * p->side) / 1000;
    }
    expect_ok(gaclip__arrangement(&found, &image, 0, &err), &err);
    if (found != expected) fail_msg("%s: %d in place of %d", what, found, expected);
}

/* columns by rows, turned, each point moved by up to jitter. */
static Points lattice(int columns, int rows, double step, double degrees, double jitter)
{
    Points p = {.side = 20};
    double angle = degrees * acos(-1.0) / 180;
    srand(3);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            double x = (c - (columns - 1) / 2.0) * step, y = (r - (rows - 1) / 2.0) * step;
            x += jitter * (2.0 * rand() / RAND_MAX - 1);
            y += jitter * (2.0 * rand() / RAND_MAX - 1);
            p.at[p.count][0] = 500 + x * cos(angle) - y * sin(angle);
            p.at[p.count++][1] = 500 + x * sin(angle) + y * cos(angle);
        }
    return p;
}

/* count at even steps of a circle up to the share of it, every other one further out. */
static Points circle(int count, double radius, double share, double further)
{
    Points p = {.count = count, .side = 20};
    for (int i = 0; i < count; i++) {
        double angle = 2 * acos(-1.0) * share * i / count;
        double distance = radius * (i % 2 ? 1 + further : 1);
        p.at[i][0] = 500 + distance * cos(angle);
        p.at[i][1] = 500 + distance * sin(angle);
    }
    return p;
}

static void test_arrangements(void **state)
{
    (void)state;
    Points p = lattice(4, 3, 100, 20, 5);
    expect_arrangement(&p, GACLIP__GRID, "a turned grid");
    p = lattice(6, 6, 150, 0, 0);
    expect_arrangement(&p, GACLIP__GRID, "a grid all over");
    p.at[14][0] = p.at[20][0] = p.at[30][0] = 500; /* three of its places are empty */
    p.at[14][1] = p.at[20][1] = p.at[30][1] = 40;
    expect_arrangement(&p, GACLIP__NO_ARRANGEMENT, "a grid with some aside is not scattered");
    p = lattice(6, 6, 150, 0, 60);
    expect_arrangement(&p, GACLIP__SCATTERED, "all over");
    p = lattice(6, 2, 30, 0, 0);
    for (int i = 6; i < 12; i++) p.at[i][1] += 600;
    expect_arrangement(&p, GACLIP__NO_ARRANGEMENT, "two rows far apart are not scattered");
    p = lattice(5, 1, 100, 30, 3);
    expect_arrangement(&p, GACLIP__NO_ARRANGEMENT, "a row of things far apart");
    p = lattice(5, 1, 60, 30, 3);
    expect_arrangement(&p, GACLIP__ROW, "a row");
    p.at[0][0] -= 347;
    p.at[0][1] -= 200;
    expect_arrangement(&p, GACLIP__NO_ARRANGEMENT, "a row with one far off");
    p = circle(8, 200, 1, 0);
    expect_arrangement(&p, GACLIP__RING, "a ring");
    p = circle(8, 200, 1, 0.3);
    expect_arrangement(&p, GACLIP__NO_ARRANGEMENT, "a star");
    p = circle(8, 200, 0.7, 0);
    expect_arrangement(&p, GACLIP__NO_ARRANGEMENT, "two thirds of a ring");
    p = circle(6, 40, 1, 0);
    p.side = 50;
    expect_arrangement(&p, GACLIP__CLUSTER, "a heap");
    p = lattice(3, 1, 20, 0, 0);
    p.at[1][1] += 25;
    expect_arrangement(&p, GACLIP__CLUSTER, "three close together");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest),       cmocka_unit_test(test_lies),
        cmocka_unit_test(test_generated),    cmocka_unit_test(test_size_without_metres),
        cmocka_unit_test(test_colours),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_arrangements),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
