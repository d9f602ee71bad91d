/* Samples for reviewers, and the files that they save. */
#include "dataset_fixtures.h"
#include "gaclip/review.h"

static const char SET[] = "/vsimem/review/set.json", SAVED[] = "/vsimem/review/saved.json";

/* Source a: nine ships and a tank; source b: two ships; an image with a caption alone. */
static GaclipDataset *uneven_dataset(void)
{
    char text[4096] = "{\"format\": \"gaclip-dataset\", \"version\": 1, \"classes\": "
                      "[{\"name\": \"ship\"}, {\"name\": \"tank\"}], \"images\": [";
    for (int i = 0; i < 12; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "{\"path\": \"a.tif\", \"width\": 8, \"height\": 8, \"source\": \"%s\", "
                 "\"split\": \"%s\", \"regions\": [{\"box\": [0, 0, 0.5, 0.5], \"class\": "
                 "\"%s\"}]}, ",
                 i < 10 ? "a" : "b", i % 2 ? "val" : "train", i == 4 ? "tank" : "ship");
    strcat(text, "{\"path\": \"a.tif\", \"width\": 8, \"height\": 8, \"source\": \"c\", "
                 "\"captions\": [\"a harbour\"]}]}");
    put_image("/vsimem/review/a.tif", 8, 8, 7);
    put_file(SET, text);
    return read_dataset(SET, NULL);
}

static GaclipReviewItem *sample(int *count, const GaclipDataset *dataset,
                                GaclipReviewSampleOptions options)
{
    GaclipReviewItem *items;
    GaclipError err = {0};
    expect_ok(gaclip_review_sample(&items, count, dataset, &options, &err), &err);
    return items;
}

static int count_of(const GaclipReviewItem *items, int count, const char *source, const char *name)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        found += !strcmp(items[i].source, source) && !strcmp(items[i].class_name, name);
    return found;
}

static void test_strata(void **state)
{
    (void)state;
    GaclipDataset *dataset = uneven_dataset();
    int count;
    for (unsigned seed = 0; seed < 20; seed++) {
        GaclipReviewItem *items =
            sample(&count, dataset, (GaclipReviewSampleOptions){.count = 7, .seed = seed});
        assert_int_equal(count, 7);
        /* c has one, b two; a gives the rest, one of them the tank. */
        assert_int_equal(count_of(items, count, "c", "-"), 1);
        assert_int_equal(count_of(items, count, "b", "ship"), 2);
        assert_int_equal(count_of(items, count, "a", "tank"), 1);
        assert_int_equal(count_of(items, count, "a", "ship"), 3);
        free(items);
    }
    GaclipReviewItem *all = sample(&count, dataset, (GaclipReviewSampleOptions){.count = 50});
    assert_int_equal(count, 13);
    free(all);
    gaclip_dataset_free(dataset);
}

static void test_wanted(void **state)
{
    (void)state;
    GaclipDataset *dataset = uneven_dataset();
    GaclipReviewItem *items;
    GaclipError err = {0};
    int count;
    items = sample(&count, dataset,
                   (GaclipReviewSampleOptions){.count = 50, .split = "val", .regions_alone = 1});
    assert_int_equal(count, 6);
    for (int i = 0; i < count; i++) {
        assert_int_equal(items[i].image % 2, 1);
        assert_int_equal(items[i].parts, 1u << GACLIP_REVIEW_BOX | 1u << GACLIP_REVIEW_DESCRIPTION);
    }
    free(items);
    GaclipReviewSampleOptions none = {.count = 5, .split = "test"};
    expect_error(gaclip_review_sample(&items, &count, dataset, &none, &err), GACLIP_ERROR_EMPTY,
                 &err, "in the split \"test\"");
    gaclip_dataset_free(dataset);
}

static void test_identity(void **state)
{
    (void)state;
    GaclipDataset *dataset = uneven_dataset();
    GaclipReviewItem region = {.image = 3, .region = 0}, image = {.image = 12, .region = -1};
    GaclipReviewItem tank = {.image = 4, .region = 0}, same = {.image = 5, .region = 0};
    GaclipReviewIdentity a, b;
    gaclip_review_identify(&a, dataset, &image);
    assert_string_equal(a.place, "images[12]");
    gaclip_review_identify(&a, dataset, &region);
    assert_string_equal(a.place, "images[3].regions[0]");
    gaclip_review_identify(&b, dataset, &same);
    assert_string_equal(a.digest, b.digest);
    gaclip_review_identify(&b, dataset, &tank);
    assert_string_not_equal(a.digest, b.digest);
    gaclip_dataset_free(dataset);
}

#define ITEM(place, rest)                                                                          \
    "{\"place\": \"" place "\", \"digest\": \"0\", \"image\": \"a.tif\", \"source\": \"a\", "      \
    "\"class\": \"ship\", \"parts\": [\"box\", \"captions\"], " rest "}"
#define REVIEW(items)                                                                              \
    "{\"format\": \"gaclip-review\", \"version\": 1, \"dataset\": \"set.json\", \"reviewer\": "    \
    "\"Ann\", \"items\": [" items "]}"

static void test_read(void **state)
{
    (void)state;
    GaclipReview *review;
    GaclipError err = {0};
    put_file(SAVED, REVIEW(ITEM("images[1]", "\"verdict\": \"pass\", \"errors\": []") "," ITEM(
                        "images[0]", "\"verdict\": \"fail\", \"errors\": [\"geometric_offset\", "
                                     "\"other\"], \"note\": \"too small\"")));
    expect_ok(gaclip_review_read(&review, SAVED, &err), &err);
    assert_string_equal(review->reviewer, "Ann");
    assert_int_equal(review->count, 2);
    const GaclipReviewAnswer *first = &review->answers[0]; /* by place */
    assert_string_equal(first->place, "images[0]");
    assert_int_equal(first->verdict, GACLIP_VERDICT_FAIL);
    assert_int_equal(first->errors, 1u << 6 | 1u << 8);
    assert_int_equal(first->parts, 1u << GACLIP_REVIEW_BOX | 1u << GACLIP_REVIEW_CAPTIONS);
    assert_string_equal(first->note, "too small");
    assert_int_equal(review->answers[1].verdict, GACLIP_VERDICT_PASS);
    gaclip_review_free(review);
    gaclip_review_free(NULL);
}

static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } CASES[] = {
        {"{", "saved.json"},
        {"[]", "is no object"},
        {REVIEW("7"), "$.items[0]"},
        {REVIEW(ITEM("images[0]", "\"errors\": 3")), "$.items[0].errors"},
        {REVIEW(ITEM("images[0]", "\"errors\": []") "," ITEM("images[0]", "\"errors\": []")),
         "images[0] is there twice"},
        {REVIEW(ITEM("images[0]", "\"errors\": [\"metric_ambiguity\"], \"verdict\": \"fail\"")),
         "without having the part description"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        GaclipReview *review;
        GaclipError err = {0};
        put_file(SAVED, CASES[i].text);
        expect_error(gaclip_review_read(&review, SAVED, &err), GACLIP_ERROR_FORMAT, &err,
                     CASES[i].message);
        assert_null(review);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strata),   cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_identity), cmocka_unit_test(test_read),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, start_gdal, NULL);
}
