/* Generated texts: that they are true, and that the check finds lies. */
#include "gaclip/dataset_describe.h"
#include "lie_fixtures.h"
#include "region_facts.h"
#include "scene_words.h"

enum { WIDTH = 300, HEIGHT = 200 };

static const char PATH[] = "/vsimem/truth/set.json", NO_TEXTS[] = "/vsimem/truth/plain.json";

#define BOXES_OF_POOLS                                                                             \
    "{\"box\": [0.33333333, 0.75, 0.38666667, 0.83], \"class\": \"pool\"}, "                       \
    "{\"box\": [0.5, 0.75, 0.55333333, 0.83], \"class\": \"pool\"}, "                              \
    "{\"box\": [0.66666667, 0.75, 0.72, 0.83], \"class\": \"pool\"}, "                             \
    "{\"box\": [0.83333333, 0.75, 0.88666667, 0.83], \"class\": \"pool\"}"

#define HEADER                                                                                     \
    "{\"format\": \"gaclip-dataset\", \"version\": 1, \"classes\": [{\"name\": \"tank\", "         \
    "\"synonyms\": [\"silo\"]}, {\"name\": \"pool\"}, {\"name\": \"ship\"}], \"images\": "         \
    "[{\"path\": \"a.tif\", \"width\": 300, \"height\": 200, \"gsd\": 0.5, \"annotated\": true, "

/* A red tank of 66 x 20 pixels in the upper left, and four blue pools in a row. */
static const char HONEST[] = HEADER
    "\"captions\": [\"a row of four pools and a tank\", \"somebody's own words\"], "
    "\"detailed_caption\": \"The image shows four pools and a tank. The pools form a row. Most of "
    "the pools are blue. The largest tank is about 33 m long. Boxes around the objects cover about "
    "4 percent of the image.\", \"regions\": [{\"box\": [0.06666667, 0.1, 0.28666667, 0.2], "
    "\"class\": \"tank\", "
    "\"description\": \"a medium-sized elongated red tank about 33 m long of even tone "
    "lying from left to right in the upper left of the image\", \"hard_negatives\": [\"a "
    "medium-sized elongated blue tank about 33 m long of even tone lying from left to "
    "right in the upper left of the image\", \"a medium-sized elongated red ship about 33 m long "
    "of even tone lying from left to right in the upper left of the image\", \"a large "
    "elongated red tank about 33 m long of even tone lying from left to right in the "
    "upper left of the image\"]}, " BOXES_OF_POOLS "]}]}";

static void paint(float *band, float value, int x1, int y1, int x2, int y2)
{
    for (int y = y1; y < y2; y++)
        for (int x = x1; x < x2; x++) band[y * WIDTH + x] = value;
}

static int start(void **state)
{
    static const float GROUND = 120, TANK[] = {200, 30, 30}, POOL[] = {30, 60, 200};
    static float band[WIDTH * HEIGHT];
    start_gdal(state);
    GDALDatasetH image = new_raster("/vsimem/truth/a.tif", WIDTH, HEIGHT, 3, GDT_Byte, NULL, NULL);
    for (int b = 0; b < 3; b++) {
        paint(band, GROUND, 0, 0, WIDTH, HEIGHT);
        paint(band, TANK[b], 20, 20, 86, 40);
        for (int i = 0; i < 4; i++) paint(band, POOL[b], 100 + 50 * i, 150, 116 + 50 * i, 166);
        write_band(image, b + 1, band);
    }
    GDALClose(image);
    put_file(NO_TEXTS, HEADER "\"regions\": [{\"box\": [0.06666667, 0.1, 0.28666667, 0.2], "
                              "\"class\": \"tank\"}, " BOXES_OF_POOLS "]}]}");
    return 0;
}

static GaclipDataset *dataset_of(const char *text)
{
    put_file(PATH, text);
    return read_dataset(PATH, NULL);
}

static void test_honest(void **state)
{
    (void)state;
    expect_honest(dataset_of(HONEST));
}

static void expect_lie_found(const char *part, const char *lie, const char *finding)
{
    expect_lie(HONEST, dataset_of, part, lie, finding);
}

static void test_lies(void **state)
{
    (void)state;
    /* Of a region: each of its attributes. */
    expect_lie_found("a medium-sized elongated red tank", "a small elongated red tank",
                     "regions[0] is not \"small\"");
    expect_lie_found("a medium-sized elongated red tank", "a medium-sized square red tank",
                     "is not \"square\"");
    expect_lie_found("a medium-sized elongated red tank", "a medium-sized elongated green tank",
                     "is not \"green\"");
    expect_lie_found("a medium-sized elongated red tank", "a medium-sized elongated red ship",
                     "is no ship but a tank");
    expect_lie_found("tank about 33 m", "tank about 90 m", "is not \"so long\"");
    expect_lie_found("of even", "of uneven", "is not \"of uneven tone\"");
    expect_lie_found("lying from left to right", "lying from top to bottom",
                     "is not \"lying from top to bottom\"");
    expect_lie_found("in the upper left of", "in the lower right of",
                     "is not \"in the lower right of the image\"");
    expect_lie_found("in the upper left of", "in the upper right of",
                     "is not \"in the upper right of the image\"");
    /* Of the image: numbers, classes, arrangement, colours, lengths, cover. */
    expect_lie_found("a row of four pools", "a row of five pools", "images[0] it is not so that");
    expect_lie_found("four pools and a tank\",", "four pools and three tanks\",", "it is not so");
    expect_lie_found("four pools and a tank\",", "four pools and a ship\",", "it is not so");
    expect_lie_found("a row of four", "a ring of four", "it is not so");
    expect_lie_found("shows four pools and a tank", "shows 40 pools and a tank", "it is not so");
    expect_lie_found("shows four pools and a tank", "shows four pools, a ship and a tank",
                     "it is not so");
    expect_lie_found("form a row", "form a cluster", "that \"The pools form a cluster\"");
    expect_lie_found("The pools form a row", "The pools are scattered",
                     "that \"The pools are scattered\"");
    expect_lie_found("pools are blue", "pools are white", "that \"Most of the pools are white\"");
    expect_lie_found("largest tank is about 33", "largest tank is about 50",
                     "is about 50 m long\"");
    expect_lie_found("largest tank", "largest pool",
                     "that \"The largest pool is about 33 m long\"");
    expect_lie_found("about 4 percent", "about 9 percent", "cover about 9 percent of the image\"");
    /* Of hard negatives: true ones, and those that change nothing or too much. */
    expect_lie_found("a medium-sized elongated blue tank", "a medium-sized elongated red tank",
                     "a hard negative says what the description says");
    expect_lie_found("a medium-sized elongated blue tank", "a medium-sized elongated blue ship",
                     "a hard negative changes more than one attribute");
    expect_lie_found("medium-sized elongated blue tank", "medium-sized elongated tank",
                     "a hard negative leaves an attribute out");
    expect_lie_found("elongated blue tank about 33", "elongated red tank about 34",
                     "a hard negative may be true");
    expect_lie_found("elongated red ship", "elongated red silo",
                     "a hard negative names what is there");
}

static GaclipDataset *describe(uint64_t seed, int with_views)
{
    GaclipDataset *dataset = read_dataset(NO_TEXTS, NULL);
    GaclipDescribeOptions options;
    GaclipError err = {0};
    int count;
    gaclip_describe_options_init(&options);
    options.seed = seed;
    options.with_views = with_views;
    options.hard_negatives = 6;
    expect_ok(gaclip_dataset_describe(&count, dataset, &options, NULL, &err), &err);
    assert_int_equal(count, 5);
    return dataset;
}

/* For many seeds: all of it true, hard negatives there, and no word of places unless asked for. */
static void test_generated(void **state)
{
    (void)state;
    int views = 0, lengths = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        char findings[LONGEST];
        GaclipDataset *dataset = describe(seed, seed % 2 == 1);
        const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
        if (check(findings, dataset)) fail_msg("seed %d: %s", (int)seed, findings);
        assert_string_equal(image->captions[0], "a row of four pools and a tank");
        for (int i = 0; i < image->region_count; i++) {
            const char *text = image->regions[i].description;
            int has_view = strstr(text, "image") || strstr(text, "lying");
            assert_true(seed % 2 == 1 || !has_view);
            assert_in_range(image->regions[i].negative_count, 1, 6);
            views += has_view;
            lengths += strstr(text, " m long") != NULL;
        }
        gaclip_dataset_free(dataset);
    }
    assert_true(views > 40 && lengths > 20);
}

static void test_seeds(void **state)
{
    (void)state;
    GaclipDataset *a = describe(7, 0), *b = describe(7, 0), *c = describe(8, 0);
    int differing = 0;
    for (int i = 0; i < 5; i++) {
        const char *text = gaclip_dataset_image_at(a, 0)->regions[i].description;
        assert_string_equal(text, gaclip_dataset_image_at(b, 0)->regions[i].description);
        differing += strcmp(text, gaclip_dataset_image_at(c, 0)->regions[i].description) != 0;
    }
    assert_true(differing > 0);
    gaclip_dataset_free(a);
    gaclip_dataset_free(b);
    gaclip_dataset_free(c);
}

/* What people wrote stays. */
static void test_texts_are_kept(void **state)
{
    (void)state;
    GaclipDescribeOptions options;
    GaclipError err = {0};
    int count;
    put_file(PATH, HONEST);
    GaclipDataset *dataset = read_dataset(PATH, NULL);
    gaclip_describe_options_init(&options);
    expect_ok(gaclip_dataset_describe(&count, dataset, &options, NULL, &err), &err);
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, 0);
    assert_true(count == 4 && image->caption_count == 2 && image->regions[0].negative_count == 3);
    gaclip_dataset_free(dataset);
}

static void test_colours(void **state)
{
    static const struct {
        uint8_t rgb[3];
        const char *name;
    } COLOURS[] = {
        {{0, 0, 0}, "black"},          {{128, 128, 128}, "grey"},  {{250, 250, 250}, "white"},
        {{200, 20, 20}, "red"},        {{255, 140, 0}, "orange"},  {{110, 70, 40}, "brown"},
        {{220, 200, 165}, "beige"},    {{250, 230, 20}, "yellow"}, {{40, 130, 50}, "green"},
        {{50, 190, 190}, "turquoise"}, {{40, 70, 190}, "blue"},    {{140, 40, 160}, "purple"}};
    (void)state;
    for (size_t i = 0; i < sizeof COLOURS / sizeof *COLOURS; i++) {
        double lab[3];
        gaclip__colour_lab(lab, COLOURS[i].rgb);
        int name = gaclip__colour_name(lab);
        assert_string_equal(gaclip__colour_names[name], COLOURS[i].name);
        assert_true(gaclip__colour_is_clear(name, lab) && !gaclip__colour_is_far(name, lab));
    }
}

static void test_words(void **state)
{
    static const char *const PLURALS[][2] = {
        {"airplane", "airplanes"}, {"bus", "buses"},
        {"ferry", "ferries"},      {"quay", "quays"},
        {"airliner", "airliners"}, {"trainer aircraft", "trainer aircraft"}};
    char word[64];
    (void)state;
    for (size_t i = 0; i < sizeof PLURALS / sizeof *PLURALS; i++) {
        gaclip__plural(word, sizeof word, PLURALS[i][0]);
        assert_string_equal(word, PLURALS[i][1]);
    }
    assert_string_equal(gaclip__article("airplane"), "an");
    assert_string_equal(gaclip__article("utility pole"), "a");
    assert_string_equal(gaclip__article("ship"), "a");
    for (int number = 2; number < 40; number++) {
        gaclip__number_word(word, sizeof word, number);
        assert_int_equal(gaclip__word_number(word, strlen(word)), number);
    }
    assert_int_equal(gaclip__word_number("many", 4), 0);
}

/* Every image of the pack that has boxes: texts are made, and all of them are true. */
static void test_data_pack(void **state)
{
    (void)state;
    GaclipDataset *dataset = read_dataset(data_path("detection/vehicles/train.json"), NULL);
    GaclipDescribeOptions options;
    GaclipError err = {0};
    char findings[LONGEST];
    int count;
    gaclip_describe_options_init(&options);
    options.with_views = 1;
    expect_ok(gaclip_dataset_describe(&count, dataset, &options, NULL, &err), &err);
    assert_true(count > 500);
    if (check(findings, dataset)) fail_msg("%s", findings);
    gaclip_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest),         cmocka_unit_test(test_lies),
        cmocka_unit_test(test_generated),      cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_texts_are_kept), cmocka_unit_test(test_colours),
        cmocka_unit_test(test_words),          cmocka_unit_test(test_data_pack),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
