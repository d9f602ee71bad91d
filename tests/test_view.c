/* Views: what is inferred when, what other views of the same request find, and many threads. */
#include "gaclip/view.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "request_keys.h"
#include "view.h"
#include "view_fixtures.h"

enum { THREADS = 8 };

static char folder[] = "/tmp/gaclip-view-XXXXXX";

static const char *in_folder(const char *name)
{
    static _Thread_local char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    start_gdal(state);
    if (!mkdtemp(folder)) return -1;
    make_model(in_folder("model.safetensors"));
    draw_scene(in_folder("scene.tif"));
    return 0;
}

static int tear_down(void **state)
{
    VSIRmdirRecursive(folder);
    return stop_gdal(state);
}

static GaclipView *open_view(const char *options)
{
    char text[512];
    GaclipRequest request;
    GaclipView *view;
    GaclipError err = {0};
    snprintf(text, sizeof text,
             "GACLIP:%s/scene.tif?model=%s/model.safetensors&classes=tank,boat&threads=1%s", folder,
             folder, options);
    expect_ok(gaclip_request_parse(&request, text, &err), &err);
    expect_ok(gaclip_view_open(&view, &request, &err), &err);
    return view;
}

static GaclipFeatures *ask(GaclipView *view, const double *bbox)
{
    GaclipFeatures *features;
    GaclipError err = {0};
    GaclipViewFilter filter = {.bbox = bbox};
    expect_ok(gaclip_view_query(&features, view, GACLIP_VIEW_DETECTIONS, &filter, &err), &err);
    return features;
}

static void test_nothing_before_it_is_read(void **state)
{
    GaclipView *view = open_view("&min_score=0&tile_size=40");
    double bounds[4];
    (void)state;
    assert_int_equal(gaclip_view_info(view)->width, WIDTH);
    assert_int_equal(gaclip_view_info(view)->band_count, 2);
    gaclip_view_bounds(bounds, view);
    assert_true(bounds[0] == NORTH_UP[0] && bounds[3] == NORTH_UP[3]);
    assert_int_equal(gaclip_view_counts(view).tiles, 0);
    assert_false(gaclip_view_is_complete(view, GACLIP_VIEW_DETECTIONS));
    gaclip_features_free(ask(view, NULL));
    GaclipViewCounts counts = gaclip_view_counts(view);
    assert_true(counts.tiles > 1 && counts.tiles_run == counts.tiles);
    assert_true(gaclip_view_is_complete(view, GACLIP_VIEW_DETECTIONS));
    gaclip_view_close(view);
}

static void test_another_view_finds_it(void **state)
{
    GaclipView *first = open_view("&min_score=0.01&overlap=8"), *second;
    (void)state;
    GaclipFeatures *found = ask(first, NULL);
    int count = gaclip_features_count(found);
    gaclip_features_free(found);
    gaclip_view_close(first);
    second = open_view("&min_score=0.01&overlap=8");
    found = ask(second, NULL);
    assert_int_equal(gaclip_features_count(found), count);
    assert_int_equal(gaclip_view_counts(second).tiles_run, 0);
    gaclip_features_free(found);
    gaclip_view_close(second);
}

static void test_a_feature_alone(void **state)
{
    GaclipView *view = open_view("&min_score=0&overlap=4");
    GaclipFeatures *all = ask(view, NULL), *one;
    GaclipError err = {0};
    (void)state;
    for (int i = 0; i < gaclip_features_count(all); i += 7) {
        GaclipFeature expected, found;
        gaclip_features_at(&expected, all, i);
        expect_ok(gaclip_view_find(&one, view, GACLIP_VIEW_DETECTIONS, expected.fid, &err), &err);
        assert_int_equal(gaclip_features_count(one), 1);
        gaclip_features_at(&found, one, 0);
        assert_true(found.fid == expected.fid && found.wkb_size == expected.wkb_size);
        assert_memory_equal(found.wkb, expected.wkb, found.wkb_size);
        gaclip_features_free(one);
    }
    const long long none[] = {-1, 0, 1LL << 40, (1LL << 62) + 3, 1 << 20};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        expect_ok(gaclip_view_find(&one, view, GACLIP_VIEW_DETECTIONS, none[i], &err), &err);
        assert_int_equal(gaclip_features_count(one), 0);
        gaclip_features_free(one);
    }
    gaclip_features_free(all);
    gaclip_view_close(view);
}

static int stop_at_two(int done, int total, void *payload)
{
    (void)total;
    *(int *)payload = done;
    return done == 2;
}

static void test_interruption_keeps_what_was_found(void **state)
{
    GaclipView *view = open_view("&min_score=0.02&tile_size=32&overlap=2");
    GaclipFeatures *features;
    GaclipError err = {0};
    int seen = 0;
    (void)state;
    gaclip_view_set_progress(stop_at_two, &seen);
    expect_error(
        gaclip_view_query(&features, view, GACLIP_VIEW_DETECTIONS, &(GaclipViewFilter){0}, &err),
        GACLIP_ERROR_INTERRUPTED, &err, "2 of");
    gaclip_view_set_progress(NULL, NULL);
    assert_null(features);
    assert_int_equal(gaclip_view_counts(view).tiles_run, 2);
    gaclip_view_close(view);
    view = open_view("&min_score=0.02&tile_size=32&overlap=2");
    gaclip_features_free(ask(view, NULL));
    assert_int_equal(gaclip_view_counts(view).tiles_run, gaclip_view_counts(view).tiles - 2);
    gaclip_view_close(view);
}

static void read_band(unsigned char *out, GaclipView *view, int band)
{
    GaclipError err = {0};
    expect_ok(gaclip_view_read_band(out, view, band, 0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT, &err),
              &err);
}

/* What one thread sees. */
typedef struct Seen {
    GaclipView *view; /* NULL: one of its own */
    int count;
    long long first;
    unsigned char *band; /* (HEIGHT, WIDTH) */
} Seen;

static void *look(void *payload)
{
    Seen *seen = payload;
    GaclipView *view = seen->view ? seen->view : open_view("&min_score=0&tile_size=48");
    const double bbox[4] = {440010, 4649920, 440060, 4649980};
    gaclip_features_free(ask(view, bbox));
    read_band(seen->band, view, 1);
    GaclipFeatures *all = ask(view, NULL);
    GaclipFeature feature;
    seen->count = gaclip_features_count(all);
    gaclip_features_at(&feature, all, 0);
    seen->first = feature.fid;
    gaclip_view_is_complete(view, GACLIP_VIEW_DETECTIONS);
    gaclip_view_counts(view);
    gaclip_features_free(all);
    if (!seen->view) gaclip_view_close(view);
    return NULL;
}

static void run_threads(GaclipView *view)
{
    pthread_t threads[THREADS];
    Seen seen[THREADS];
    for (int i = 0; i < THREADS; i++) {
        seen[i] = (Seen){.view = view, .band = malloc(WIDTH * HEIGHT)};
        assert_int_equal(pthread_create(&threads[i], NULL, look, &seen[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_true(seen[i].count == seen[0].count && seen[i].count > 0);
        assert_true(seen[i].first == seen[0].first);
        assert_memory_equal(seen[i].band, seen[0].band, WIDTH * HEIGHT);
    }
    for (int i = 0; i < THREADS; i++) free(seen[i].band);
}

static void test_threads_with_views_of_their_own(void **state)
{
    (void)state;
    run_threads(NULL);
}

static void test_threads_on_one_view(void **state)
{
    GaclipView *view = open_view("&min_score=0&tile_size=56");
    (void)state;
    run_threads(view);
    gaclip_view_close(view);
}

static void test_scaling_and_colours(void **state)
{
    unsigned char colour[4], before = 0;
    double scale, offset;
    (void)state;
    GaclipView *view = open_view("&measure=similarity");
    gaclip_view_band_scaling(&scale, &offset, view);
    assert_true(offset == -1 && 254 * scale + offset == 1);
    gaclip_view_close(view);
    for (int i = 0; i < GACLIP_NO_BYTE; i++) { /* ever lighter, ever opaque */
        gaclip_view_band_colour(colour, i);
        unsigned char light = (unsigned char)((colour[0] + colour[1]) / 2);
        assert_true(light >= before && colour[3] == 255);
        before = light;
    }
    gaclip_view_band_colour(colour, GACLIP_NO_BYTE);
    assert_int_equal(colour[3], 0);
}

static void test_missing_scene_and_model(void **state)
{
    GaclipRequest request;
    GaclipView *view;
    GaclipError err = {0};
    char text[256];
    (void)state;
    expect_ok(gaclip_request_parse(&request, "GACLIP:/no/scene.tif?classes=a", &err), &err);
    expect_error(gaclip_view_open(&view, &request, &err), GACLIP_ERROR_IO, &err, "/no/scene.tif");
    assert_null(view);
    snprintf(text, sizeof text, "GACLIP:%s?classes=a&model=/no/model", in_folder("scene.tif"));
    expect_ok(gaclip_request_parse(&request, text, &err), &err);
    expect_error(gaclip_view_open(&view, &request, &err), GACLIP_ERROR_IO, &err, "/no/model");
    assert_null(view);
}

/* A value of the key that is not the default's. */
static const char *another_value(const GaclipKey *key)
{
    switch (key->type) {
    case GACLIP_KEY_NAMES:
        return "tank";
    case GACLIP_KEY_FLAG:
        return "yes";
    case GACLIP_KEY_INTEGER:
        return key->maximum < 64 ? "2" : "64";
    case GACLIP_KEY_NUMBER:
        return key->maximum > 1 ? "2" : "0.7";
    case GACLIP_KEY_NUMBERS:
        return "4,3,2";
    case GACLIP_KEY_CHOICE:
        return key->choices[1];
    case GACLIP_KEY_TEXT:
        break;
    }
    return "none";
}

static char *asked_with(const char *key, const char *value)
{
    GaclipView view = {0};
    GaclipError err = {0};
    gaclip_request_init(&view.request);
    expect_ok(gaclip_request_set(&view.request, "classes", "tank,boat", &err), &err);
    if (!strcmp(key, "classes")) gaclip_request_clear(&view.request);
    if (*key) expect_ok(gaclip_request_set(&view.request, key, value, &err), &err);
    cJSON *asked = gaclip__view_asked_key(&view);
    char *text = cJSON_PrintUnformatted(asked);
    cJSON_Delete(asked);
    gaclip_request_clear(&view.request);
    return text;
}

/* A cache goes with every key that says to alter what is inferred, and with no other. The files of
 * models are known by what they hold. */
static void test_cache_goes_with_what_alters(void **state)
{
    char *plain = asked_with("", "");
    (void)state;
    for (int i = 0; i < GACLIP__KEY_COUNT; i++) {
        const GaclipKey *key = &gaclip__keys[i];
        if (!strcmp(key->name, "model") || !strcmp(key->name, "proposals")) continue;
        char *other = asked_with(key->name, another_value(key));
        if ((strcmp(plain, other) != 0) != key->alters)
            fail_msg("%s: %s the key of the cache", key->name,
                     key->alters ? "is not in" : "changes");
        cJSON_free(other);
    }
    cJSON_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_before_it_is_read),
                                       cmocka_unit_test(test_another_view_finds_it),
                                       cmocka_unit_test(test_a_feature_alone),
                                       cmocka_unit_test(test_interruption_keeps_what_was_found),
                                       cmocka_unit_test(test_threads_with_views_of_their_own),
                                       cmocka_unit_test(test_threads_on_one_view),
                                       cmocka_unit_test(test_scaling_and_colours),
                                       cmocka_unit_test(test_missing_scene_and_model),
                                       cmocka_unit_test(test_cache_goes_with_what_alters)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
