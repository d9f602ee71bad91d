/* Mosaics of captioned images, and several sources as one. */
#include "dataset_fixtures.h"
#include "gaclip/dataset_source.h"
#include "gaclip/mixed_source.h"
#include "gaclip/mosaic_source.h"

enum { IMAGES = 5 };

static GaclipDataset *captions;
static GaclipDatasetSource *caption_source;

/* Image i is all blue 40 i, and its caption says so. */
static int start(void **state)
{
    char text[2048] = "{\"images\": [", path[64];
    GaclipDatasetSourceOptions options;
    GaclipError err = {0};
    start_gdal(state);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(path, sizeof path, "/vsimem/cells/%d.tif", i);
        GDALDatasetH image = new_raster(path, 30, 30, 3, GDT_Byte, NULL, NULL);
        fill_band(image, 3, 40 * i);
        GDALClose(image);
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "%s{\"filename\": \"%d.tif\", \"sentences\": [{\"raw\": \"blue %d\"}]}",
                 i ? ", " : "", i, 40 * i);
    }
    strcat(text, "]}");
    put_file("/vsimem/cells/set.json", text);
    captions = read_dataset("/vsimem/cells/set.json", NULL);
    gaclip_dataset_source_options_init(&options);
    return gaclip_dataset_source_new(&caption_source, captions, &options, &err);
}

static int stop(void **state)
{
    gaclip_dataset_source_free(caption_source);
    gaclip_dataset_free(captions);
    return stop_gdal(state);
}

static GaclipSample take(const GaclipSampleSource *source, uint64_t random, int width, int height)
{
    GaclipSample sample;
    GaclipError err = {0};
    expect_ok(source->next(&sample, source->payload, random, width, height, &err), &err);
    return sample;
}

/* Cells cover the mosaic without overlap, and each shows what its description says. */
static void check_mosaic(const GaclipSample *s)
{
    int covered = 0;
    for (int i = 0; i < s->region_count; i++) {
        const GaclipSampleRegion *r = &s->regions[i];
        int x1 = (int)r->box.x1, y1 = (int)r->box.y1, x2 = (int)r->box.x2, y2 = (int)r->box.y2;
        char text[16];
        assert_true(x1 >= 0 && y1 >= 0 && x2 <= s->image.width && y2 <= s->image.height);
        assert_true(!r->is_object && !r->phrase && r->description);
        for (int y = y1; y < y2; y++)
            for (int x = x1; x < x2; x++) {
                snprintf(text, sizeof text, "blue %d",
                         s->image.rgb[3 * (y * s->image.width + x) + 2]);
                assert_string_equal(text, r->description);
            }
        covered += (x2 - x1) * (y2 - y1);
    }
    assert_int_equal(covered, s->image.width * s->image.height);
}

static void test_mosaics(void **state)
{
    (void)state;
    GaclipMosaicSource *mosaics;
    GaclipMosaicOptions options;
    GaclipError err = {0};
    GaclipSampleSource cells = gaclip_dataset_source_view(caption_source);
    int seen[32] = {0};
    gaclip_mosaic_options_init(&options);
    expect_ok(gaclip_mosaic_source_new(&mosaics, &cells, &options, &err), &err);
    GaclipSampleSource view = gaclip_mosaic_source_view(mosaics);
    assert_true(!view.at && !view.count);
    for (uint64_t i = 0; i < 200; i++) {
        GaclipSample a = take(&view, i, 50, 41), b = take(&view, i, 50, 41);
        assert_true(a.image.width == 50 && a.image.height == 41 && !a.image.mask);
        assert_true(!a.is_annotated && !a.caption_count && a.name);
        check_mosaic(&a);
        assert_memory_equal(a.image.rgb, b.image.rgb, 3 * 50 * 41);
        assert_in_range(a.region_count, 3, 10);
        seen[a.region_count]++;
        gaclip_sample_clear(&a);
        gaclip_sample_clear(&b);
    }
    assert_true(seen[4] > 40 && seen[9] > 40 && seen[3] > 0 && seen[8] > 0);
    gaclip_mosaic_source_free(mosaics);
    options.largest_grid = 9;
    expect_error(gaclip_mosaic_source_new(&mosaics, &cells, &options, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "2 to 9 cells a side");
}

/* A mosaic smaller than its grid still has a pixel a cell. */
static void test_tiny_mosaic(void **state)
{
    (void)state;
    GaclipMosaicSource *mosaics;
    GaclipMosaicOptions options = {.smallest_grid = 8, .largest_grid = 8, .mixed_share = 0.5};
    GaclipError err = {0};
    GaclipSampleSource cells = gaclip_dataset_source_view(caption_source);
    expect_ok(gaclip_mosaic_source_new(&mosaics, &cells, &options, &err), &err);
    GaclipSampleSource view = gaclip_mosaic_source_view(mosaics);
    for (uint64_t i = 0; i < 20; i++)
        for (int side = 1; side < 12; side += 3) {
            GaclipSample s = take(&view, i, side, 7);
            check_mosaic(&s);
            gaclip_sample_clear(&s);
        }
    gaclip_mosaic_source_free(mosaics);
}

/* A source that says which it is. */
static int next_named(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                      GaclipError *err)
{
    *out = (GaclipSample){.name = payload, .region_count = (int)(random & 1)};
    return gaclip_image_init(&out->image, width, height, 0, err);
}

static int named_at(GaclipSample *out, void *payload, int index, GaclipError *err)
{
    (void)err;
    *out = (GaclipSample){.name = payload, .caption_count = index};
    return GACLIP_OK;
}

static void test_mixture(void **state)
{
    (void)state;
    char names[3][2] = {"a", "b", "c"};
    GaclipSampleSource sources[3] = {{next_named, names[0], named_at, 4},
                                     {next_named, names[1], NULL, 0},
                                     {next_named, names[2], named_at, 2}};
    double weights[3] = {1, 0, 3};
    GaclipMixedSource *mixed;
    GaclipError err = {0};
    GaclipSample s;
    int drawn[3] = {0}, odd = 0;
    expect_ok(gaclip_mixed_source_new(&mixed, sources, weights, 3, &err), &err);
    GaclipSampleSource view = gaclip_mixed_source_view(mixed);
    for (uint64_t i = 0; i < 4000; i++) {
        s = take(&view, i, 2, 2);
        drawn[*s.name - 'a']++;
        odd += s.region_count;
        gaclip_sample_clear(&s);
    }
    assert_int_equal(drawn[1], 0);
    assert_in_range(drawn[0], 900, 1100);
    assert_in_range(odd, 1850, 2150); /* each is given a number of its own */
    assert_int_equal(view.count, 6);
    expect_ok(view.at(&s, view.payload, 3, &err), &err);
    assert_true(*s.name == 'a' && s.caption_count == 3);
    expect_ok(view.at(&s, view.payload, 5, &err), &err);
    assert_true(*s.name == 'c' && s.caption_count == 1);
    expect_error(view.at(&s, view.payload, 6, &err), GACLIP_ERROR_ARGUMENT, &err, "sample 6");
    expect_error(view.at(&s, view.payload, -1, &err), GACLIP_ERROR_ARGUMENT, &err, "sample -1");
    gaclip_mixed_source_free(mixed);
    weights[2] = -1;
    expect_error(gaclip_mixed_source_new(&mixed, sources, weights, 3, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "-1 is no weight");
    weights[0] = weights[2] = 0;
    expect_error(gaclip_mixed_source_new(&mixed, sources, weights, 3, &err), GACLIP_ERROR_EMPTY,
                 &err, "weight above 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mosaics),
        cmocka_unit_test(test_tiny_mosaic),
        cmocka_unit_test(test_mixture),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
