/* Neighbours, bearings, shadows, numbers and density in generated texts: true, and lies found. */
#include "gaclip/dataset_describe.h"
#include "lie_fixtures.h"
#include "region_relations.h"

enum { WIDTH = 300, HEIGHT = 200, BOXES = 10 };

static const char PATH[] = "/vsimem/near/set.json";

/* Two huts above each other, the upper one with a shadow to its right; pools side by side; ships
 * all over. x1, y1, x2, y2 in pixels. */
static const int PLACES[BOXES][4] = {
    {40, 40, 70, 70},     {40, 80, 70, 110},   {200, 40, 210, 50}, {212, 40, 222, 50},
    {200, 52, 210, 62},   {212, 52, 222, 62},  {150, 20, 162, 26}, {150, 180, 162, 186},
    {280, 110, 292, 116}, {100, 180, 112, 186}};

static const char *class_of(int box)
{
    return box < 2 ? "hut" : box < 6 ? "pool" : "ship";
}

#define UPPER "a hut with a shadow on its right north of another hut, one of two in the image"
#define LOWER "a hut next to another hut"

/* What is said in honest words; the tests put lies into it. */
static const char TEXTS[] =
    "\"detailed_caption\": \"The image shows four pools, four ships and two huts. The pools stand "
    "close together. The ships stand far apart.\", "
    "\"description\": \"" UPPER "\", \"hard_negatives\": ["
    "\"a hut with a shadow on its left north of another hut, one of two in the image\", "
    "\"a hut with a shadow on its right south of another hut, one of two in the image\", "
    "\"a hut with a shadow on its right north of another hut, one of four in the image\"]"
    "|\"description\": \"" LOWER "\", \"hard_negatives\": [\"a hut far from another hut\", "
    "\"a hut next to a ship\"]";

/* texts: as above, or NULL for boxes alone. */
static GaclipDataset *dataset_of(const char *texts, int is_annotated, int with_north)
{
    char text[2 * LONGEST], regions[LONGEST] = "", caption[512] = "";
    const char *first = texts ? strstr(texts, "\"description\"") : NULL;
    const char *second = texts ? strchr(texts, '|') : NULL;
    if (texts) snprintf(caption, sizeof caption, "%.*s", (int)(first - texts), texts);
    for (int i = 0; i < BOXES; i++) {
        const int *p = PLACES[i];
        size_t used = strlen(regions);
        snprintf(regions + used, sizeof regions - used,
                 "%s{\"box\": [%.8f, %.8f, %.8f, %.8f], \"class\": \"%s\"%s%.*s}", i ? ", " : "",
                 (double)p[0] / WIDTH, (double)p[1] / HEIGHT, (double)p[2] / WIDTH,
                 (double)p[3] / HEIGHT, class_of(i), texts && i < 2 ? ", " : "",
                 !texts || i > 1 ? 0
                 : i             ? (int)strlen(second + 1)
                                 : (int)(second - first),
                 !texts ? ""
                 : i    ? second + 1
                        : first);
    }
    snprintf(text, sizeof text,
             "{\"format\": \"gaclip-dataset\", \"version\": 1, \"classes\": [{\"name\": \"hut\"}, "
             "{\"name\": \"pool\"}, {\"name\": \"ship\"}], \"images\": [{\"path\": \"a.tif\", "
             "\"width\": %d, \"height\": %d, \"annotated\": %s, %s%s\"regions\": [%s]}]}",
             WIDTH, HEIGHT, is_annotated ? "true" : "false",
             with_north ? "\"crs\": \"EPSG:26915\", \"geotransform\": [440000, 1, 0, 4650000, 0, "
                          "-1], "
                        : "",
             caption, regions);
    put_file(PATH, text);
    return read_dataset(PATH, NULL);
}

static int start(void **state)
{
    static float band[WIDTH * HEIGHT];
    start_gdal(state);
    for (int i = 0; i < WIDTH * HEIGHT; i++) band[i] = 150;
    for (int i = 0; i < BOXES; i++)
        for (int y = PLACES[i][1]; y < PLACES[i][3]; y++)
            for (int x = PLACES[i][0]; x < PLACES[i][2] + (i ? 0 : 10); x++)
                band[y * WIDTH + x] = x < PLACES[i][2] ? 220 : 20;
    GDALDatasetH image = new_raster("/vsimem/near/a.tif", WIDTH, HEIGHT, 3, GDT_Byte, NULL, NULL);
    for (int b = 1; b <= 3; b++) write_band(image, b, band);
    GDALClose(image);
    return 0;
}

static GaclipDataset *annotated(const char *texts)
{
    return dataset_of(texts, 1, 1);
}

static void test_honest(void **state)
{
    (void)state;
    expect_honest(annotated(TEXTS));
}

static void expect_lie_found(const char *part, const char *lie, const char *finding)
{
    expect_lie(TEXTS, annotated, part, lie, finding);
}

static void test_lies(void **state)
{
    (void)state;
    expect_lie_found("a shadow on its right", "a shadow on its left",
                     "regions[0] is not \"with a shadow on its left\"");
    expect_lie_found("a shadow on its right", "a shadow above it",
                     "regions[0] is not \"with a shadow above it\"");
    expect_lie_found("north of another", "south of another", "regions[0] is not \"south of\"");
    expect_lie_found("north of another", "east of another", "regions[0] is not \"east of\"");
    expect_lie_found("north of another", "below another", "regions[0] is not \"below\"");
    expect_lie_found("north of another hut", "north of a ship", "regions[0] is not \"north of\"");
    expect_lie_found("one of two", "one of three", "regions[0] is not \"one of so many\"");
    expect_lie_found("a hut next to another hut", "a hut far from another hut",
                     "regions[1] is not \"far from\"");
    expect_lie_found("a hut next to another hut", "a hut next to a pool",
                     "regions[1] is not \"next to\"");
    expect_lie_found("stand close together", "stand far apart", "\"The pools stand far apart\"");
    expect_lie_found("ships stand far apart", "ships stand close together",
                     "\"The ships stand close together\"");
    expect_lie_found("ships stand far apart", "huts stand far apart",
                     "\"The huts stand far apart\"");
    /* Hard negatives that are true, the same, or change too much. */
    expect_lie_found("its right south of", "its right above", "a hard negative may be true");
    expect_lie_found("its left north", "its right north",
                     "a hard negative says what the description says");
    expect_lie_found("one of four", "one of two", "a hard negative says what the description says");
    expect_lie_found("north of another hut, one of four", "south of another hut, one of four",
                     "a hard negative changes more than one attribute");
    expect_lie_found("north of another hut, one of four in the image\"", "north of another hut\"",
                     "a hard negative leaves an attribute out");
    expect_lie_found("a hut next to a ship", "a hut north of a ship",
                     "a hard negative changes more than one attribute");
}

static int has(const char *const *texts, int count, const char *part)
{
    for (int i = 0; i < count; i++)
        if (strstr(texts[i], part)) return 1;
    return 0;
}

/* For many seeds all is true, each kind comes up, and none without views. */
static void test_generated(void **state)
{
    (void)state;
    static const char *const SAID[] = {"with a shadow on its right", "north of another hut",
                                       "next to another hut", "one of two in the image"};
    static const char *const NEGATED[] = {"with a shadow on its left", "south of another hut",
                                          "far from another hut", "one of four in the image"};
    int said[4] = {0}, negated[4] = {0}, plain = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        char findings[LONGEST];
        GaclipDescribeOptions options;
        GaclipError err = {0};
        int count;
        GaclipDataset *dataset = dataset_of(NULL, 1, 1);
        gaclip_describe_options_init(&options);
        options.seed = seed;
        options.with_views = seed % 2 == 1;
        options.hard_negatives = 64;
        expect_ok(gaclip_dataset_describe(&count, dataset, &options, NULL, &err), &err);
        if (check(findings, dataset)) fail_msg("seed %d: %s", (int)seed, findings);
        const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
        assert_non_null(strstr(image->detailed, "The pools stand close together."));
        assert_non_null(strstr(image->detailed, "The ships stand far apart."));
        for (int i = 0; i < BOXES; i++) {
            const GaclipDatasetRegion *r = &image->regions[i];
            if (!r->description) continue;
            for (int k = 0; k < 4; k++) {
                int is_said = strstr(r->description, SAID[k]) != NULL;
                said[k] += is_said;
                negated[k] += is_said && has(r->negatives, r->negative_count, NEGATED[k]);
                assert_true(seed % 2 == 1 || !is_said);
            }
            plain += seed % 2 == 0;
        }
        gaclip_dataset_free(dataset);
    }
    for (int k = 0; k < 4; k++) assert_true(said[k] > 0 && negated[k] == said[k]);
    assert_true(plain > 0);
}

static void measure(GaclipRegionFacts *out, const GaclipDataset *dataset, int region)
{
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
    GaclipImage pixels;
    GaclipError err = {0};
    expect_ok(gaclip_dataset_read_image(&pixels, image, &err), &err);
    gaclip__region_facts(out, dataset, image, region, &pixels);
    gaclip_image_clear(&pixels);
}

/* Where objects may be missing nothing is counted or denied; without a map there is no north; a
 * place without a dark side has no shadow. */
static void test_doubts(void **state)
{
    (void)state;
    GaclipRegionFacts f;
    GaclipDataset *dataset = dataset_of(NULL, 0, 0);
    measure(&f, dataset, 0);
    assert_true(f.count == 0 && f.neighbour == 0);
    assert_true(f.near[0] == 1 && f.near[1] == 0);
    assert_true(f.bearing[0] == -1 && f.bearing[1] == -1);
    assert_true(f.bearing[4] == 1 && f.bearing[5] == -1);
    assert_true(f.shadow[3] == 1 && f.shadow[2] == 0);
    for (int region = 1; region < BOXES; region++) {
        measure(&f, dataset, region);
        for (int i = 0; i < 4; i++) assert_int_equal(f.shadow[i], -1);
    }
    gaclip_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_doubts),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
