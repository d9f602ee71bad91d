/* Copies of images and texts that say the same: what is found, how it is described, what is not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "gaclip/leakage.h"
#include "oracle.h"

enum { SIDE = 120, IMAGES = 12 };

/* Discs and rectangles of all sizes and greys, another picture for every seed. */
static GaclipImage draw(uint64_t seed, int width, int height)
{
    GaclipImage image;
    GaclipError err = {0};
    GaclipRandom random;
    gaclip__random_seed(&random, seed);
    expect_ok(gaclip_image_init(&image, width, height, 0, &err), &err);
    memset(image.rgb, 90, 3 * (size_t)width * (size_t)height);
    for (int i = 0; i < 60; i++) {
        int x = gaclip__random_below(&random, width), y = gaclip__random_below(&random, height);
        int reach = 2 + gaclip__random_below(&random, 3 + 600 / (i + 20));
        int is_disc = gaclip__random_below(&random, 2), value = gaclip__random_below(&random, 256);
        for (int v = y - reach; v <= y + reach; v++)
            for (int u = x - 2 * reach; u <= x + 2 * reach; u++) {
                int is_far = is_disc && (u - x) * (u - x) + (v - y) * (v - y) > reach * reach;
                if (is_far || u < 0 || v < 0 || u >= width || v >= height) continue;
                memset(image.rgb + 3 * ((size_t)v * (size_t)width + (size_t)u), value, 3);
            }
    }
    return image;
}

static GaclipFingerprint *print_of(const GaclipImage *image)
{
    GaclipFingerprint *out;
    GaclipError err = {0};
    expect_ok(gaclip_fingerprint_new(&out, image, &err), &err);
    return out;
}

/* The training images of all tests, and their fingerprints. */
typedef struct Training {
    GaclipCompute *compute;
    GaclipImage images[IMAGES];
    GaclipFingerprint *prints[IMAGES];
} Training;

static int start(void **state)
{
    static Training t;
    GaclipError err = {0};
    expect_ok(gaclip_compute_new(&t.compute, 2, GACLIP_BACKEND_OPENBLAS, &err), &err);
    for (int i = 0; i < IMAGES; i++) {
        t.images[i] = draw(100 + (uint64_t)i, SIDE, i % 3 == 2 ? SIDE * 2 / 3 : SIDE);
        t.prints[i] = print_of(&t.images[i]);
    }
    *state = &t;
    return 0;
}

static int stop(void **state)
{
    Training *t = *state;
    for (int i = 0; i < IMAGES; i++) {
        gaclip_image_clear(&t->images[i]);
        gaclip_fingerprint_free(t->prints[i]);
    }
    gaclip_compute_free(t->compute);
    return 0;
}

/* The only pair that is listed for a test image, which is cleared; train -1: there is none. */
static GaclipImageMatch match(const Training *t, GaclipImage *test)
{
    GaclipImageMatchOptions options;
    GaclipImageMatch best, *pairs, only = {.train = -1};
    GaclipError err = {0};
    size_t count;
    gaclip_image_match_options_init(&options);
    GaclipFingerprint *print = print_of(test);
    expect_ok(gaclip_match_images(&best, &pairs, &count, (const GaclipFingerprint *const *)&print,
                                  1, (const GaclipFingerprint *const *)t->prints, IMAGES, &options,
                                  t->compute, &err),
              &err);
    assert_true(count <= 1);
    if (count) {
        only = pairs[0];
        assert_true(only.test == 0 && only.train == best.train);
    }
    free(pairs);
    gaclip_fingerprint_free(print);
    gaclip_image_clear(test);
    return only;
}

/* Mirrored (left and right) or not, then turned clockwise by quarters. */
static GaclipImage lay(const GaclipImage *in, int is_flipped, int turns)
{
    GaclipImage out;
    GaclipError err = {0};
    int w = in->width, h = in->height;
    expect_ok(gaclip_image_init(&out, turns % 2 ? h : w, turns % 2 ? w : h, 0, &err), &err);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int u = is_flipped ? w - 1 - x : x;
            const int columns[] = {u, h - 1 - y, w - 1 - u, y};
            const int rows[] = {y, u, h - 1 - y, w - 1 - u};
            size_t to = (size_t)rows[turns] * (size_t)out.width + (size_t)columns[turns];
            memcpy(out.rgb + 3 * to, in->rgb + 3 * ((size_t)y * (size_t)w + (size_t)x), 3);
        }
    return out;
}

static void test_all_ways_to_lay(void **state)
{
    const Training *t = *state;
    for (int i = 0; i < IMAGES; i++)
        for (int way = 0; way < 8; way++) {
            GaclipImage copy = lay(&t->images[i], way / 4, way % 4);
            GaclipImageMatch m = match(t, &copy);
            assert_int_equal(m.train, i);
            assert_true(m.is_flipped == way / 4 && m.quarter_turns == way % 4);
            assert_true(m.score > 0.98 && m.test_share > 0.98 && m.train_share > 0.98);
        }
}

static void test_resized(void **state)
{
    const Training *t = *state;
    static const double SCALES[] = {0.5, 0.8, 1.7, 3};
    for (int i = 0; i < IMAGES; i++)
        for (int s = 0; s < 4; s++) {
            GaclipImage copy;
            GaclipError err = {0};
            int width = (int)(t->images[i].width * SCALES[s]);
            int height = (int)(t->images[i].height * SCALES[s]);
            expect_ok(gaclip_image_resize(&copy, &t->images[i], width, height, &err), &err);
            GaclipImageMatch m = match(t, &copy);
            assert_true(m.train == i && m.score > 0.9);
        }
}

/* A corner of image i, laid in some way, is found where it lies. */
static int part_is_found(const Training *t, int i, int percent)
{
    GaclipImage part, laid;
    GaclipError err = {0};
    const GaclipImage *whole = &t->images[i];
    int width = whole->width * percent / 100, height = whole->height * percent / 100;
    double share = percent / 100.0 * percent / 100.0;
    expect_ok(gaclip_image_crop(&part, whole, i / 2 % 2 * (whole->width - width),
                                i % 2 * (whole->height - height), width, height, &err),
              &err);
    laid = lay(&part, i % 2, i % 4);
    gaclip_image_clear(&part);
    GaclipImageMatch m = match(t, &laid);
    if (m.train < 0) return 0;
    assert_true(m.train == i && m.is_flipped == i % 2 && m.quarter_turns == i % 4);
    assert_true(m.test_share > 0.9 && fabs(m.train_share - share) < 0.1);
    return 1;
}

/* Every part of 70 % of the side or more; of those of half the side five in six. */
static void test_parts(void **state)
{
    int halves = 0;
    for (int i = 0; i < IMAGES; i++) {
        for (int percent = 70; percent <= 90; percent += 5)
            assert_true(part_is_found(*state, i, percent));
        halves += part_is_found(*state, i, 50);
    }
    assert_true(halves >= IMAGES * 5 / 6);
}

/* Other pictures, and those with nothing to see in them. */
static void test_others(void **state)
{
    const Training *t = *state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        GaclipImage other = draw(seed, SIDE, SIDE);
        assert_int_equal(match(t, &other).train, -1);
    }
    GaclipImage plain = draw(1, SIDE, SIDE), dot = draw(1, 1, 1);
    memset(plain.rgb, 77, 3 * SIDE * SIDE);
    assert_int_equal(match(t, &plain).train, -1);
    assert_int_equal(match(t, &dot).train, -1);
}

static int stop_at_once(int done, int total, void *payload)
{
    (void)payload;
    return done == total;
}

static void test_refusals(void **state)
{
    Training *t = *state;
    GaclipImageMatchOptions options;
    GaclipImageMatch best[IMAGES], *pairs;
    GaclipError err = {0};
    size_t count;
    const GaclipFingerprint *const *prints = (const GaclipFingerprint *const *)t->prints;
    gaclip_image_match_options_init(&options);
    options.progress = stop_at_once;
    assert_int_equal(gaclip_match_images(best, &pairs, &count, prints, IMAGES, prints, IMAGES,
                                         &options, t->compute, &err),
                     GACLIP_ERROR_INTERRUPTED);
    assert_null(pairs);
    options.overlap = 0;
    assert_int_equal(gaclip_match_images(best, &pairs, &count, prints, IMAGES, prints, IMAGES,
                                         &options, t->compute, &err),
                     GACLIP_ERROR_ARGUMENT);
}

static void expect_nearest(const GaclipNearest *nearest, int train, double similarity)
{
    assert_int_equal(nearest->train, train);
    assert_true(fabs(nearest->similarity - similarity) < 1e-9);
}

static void test_texts(void **state)
{
    static const char *const TRAIN[] = {"a ship is near the pier", "many green trees",
                                        "A ship is near the harbour .", "trees", ""};
    static const char *const TEST[] = {"a ship is near the PIER!",
                                       "a ship near the harbour",
                                       "Many, many green trees",
                                       "a field",
                                       "Trees.",
                                       ""};
    GaclipNearest out[6];
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_match_texts(out, TEST, 6, TRAIN, 5, 2, &err), &err);
    expect_nearest(&out[0], 0, 1);
    /* a ship, ship near, near the, the harbour; of the other: a ship, ship is, is near, near the,
     * the harbour */
    expect_nearest(&out[1], 2, 3.0 / 6);
    /* many many, many green, green trees; of the other: many green, green trees */
    expect_nearest(&out[2], 1, 2.0 / 3);
    expect_nearest(&out[3], -1, 0);
    expect_nearest(&out[4], 3, 1);
    expect_nearest(&out[5], -1, 0);
    expect_ok(gaclip_match_texts(out, TEST, 6, TRAIN, 5, 1, &err), &err);
    expect_nearest(&out[3], 0, 1.0 / 7);
    assert_int_equal(gaclip_match_texts(out, TEST, 6, TRAIN, 5, 17, &err), GACLIP_ERROR_ARGUMENT);
}

/* More rows than one matrix product takes. */
static void test_embeddings(void **state)
{
    enum { TRAINS = 1500, TESTS = 300 };
    const Training *t = *state;
    static float trains[TRAINS][2], tests[TESTS][2];
    static GaclipNearest out[TESTS];
    GaclipError err = {0};
    for (int i = 0; i < TRAINS; i++) {
        trains[i][0] = cosf(0.004f * (float)i);
        trains[i][1] = sinf(0.004f * (float)i);
    }
    for (int i = 0; i < TESTS; i++) {
        tests[i][0] = cosf(0.004f * (float)(5 * i) + 0.001f);
        tests[i][1] = sinf(0.004f * (float)(5 * i) + 0.001f);
    }
    expect_ok(gaclip_match_embeddings(out, tests[0], TESTS, trains[0], TRAINS, 2, t->compute, &err),
              &err);
    for (int i = 0; i < TESTS; i++) {
        assert_true(fabs(out[i].similarity - cos(0.001)) < 1e-5);
        assert_true(abs(out[i].train - 5 * i) <= 1); /* neighbours are equal in single precision */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_ways_to_lay), cmocka_unit_test(test_resized),
        cmocka_unit_test(test_parts),           cmocka_unit_test(test_others),
        cmocka_unit_test(test_refusals),        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_embeddings),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
