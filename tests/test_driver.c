/* The driver in many threads, each with a dataset of its own on one file, through GDAL alone. */
#include <pthread.h>

#include "view_fixtures.h"

enum { THREADS = 8 };

static char folder[] = "/tmp/gaclip-driver-XXXXXX";
static char file[128]; /* scene.gaclip there */

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_request(void)
{
    static const char TEXT[] = "{\"gaclip\": 1, \"scene\": \"scene.tif\", \"classes\": [\"tank\", "
                               "\"boat\"], \"model\": \"model.safetensors\", \"min_score\": 0, "
                               "\"tile_size\": 48, \"threads\": 1}";
    snprintf(file, sizeof file, "%s", in_folder("scene.gaclip"));
    FILE *out = fopen(file, "w");
    if (!out || fputs(TEXT, out) < 0 || fclose(out)) fail_msg("%s: cannot be written", file);
}

static int set_up(void **state)
{
    CPLSetConfigOption("GDAL_DRIVER_PATH", GACLIP_TEST_PLUGINS);
    start_gdal(state);
    if (!mkdtemp(folder)) return -1;
    make_model(in_folder("model.safetensors"));
    draw_scene(in_folder("scene.tif"));
    write_request();
    return 0;
}

static int tear_down(void **state)
{
    VSIRmdirRecursive(folder);
    return stop_gdal(state);
}

/* What one thread sees. */
typedef struct Seen {
    int near, count;
    GIntBig first;
    double mean;
    char error[256];
    unsigned char band[WIDTH * HEIGHT];
} Seen;

static int count_features(GIntBig *first, OGRLayerH layer)
{
    int count = 0;
    OGRFeatureH feature;
    OGR_L_ResetReading(layer);
    while ((feature = OGR_L_GetNextFeature(layer))) {
        if (count++ == 0) *first = OGR_F_GetFID(feature);
        OGR_F_Destroy(feature);
    }
    return count;
}

static void read_layer(Seen *seen, GDALDatasetH dataset)
{
    OGRLayerH layer = GDALDatasetGetLayer(dataset, 0);
    OGR_L_SetSpatialFilterRect(layer, 440010, 4649920, 440060, 4649980);
    seen->near = count_features(&seen->first, layer);
    OGR_L_SetSpatialFilter(layer, NULL);
    seen->count = count_features(&seen->first, layer);
    OGRFeatureH feature = OGR_L_GetFeature(layer, seen->first);
    if (!feature || OGR_L_GetFeatureCount(layer, TRUE) != seen->count) seen->count = -1;
    OGR_F_Destroy(feature);
}

static int read_whole(unsigned char *out, GDALRasterBandH band)
{
    int width = GDALGetRasterBandXSize(band), height = GDALGetRasterBandYSize(band);
    return GDALRasterIO(band, GF_Read, 0, 0, width, height, out, width, height, GDT_Byte, 0, 0) ==
           CE_None;
}

static void read_band(Seen *seen, GDALDatasetH dataset)
{
    GDALRasterBandH band = GDALGetRasterBand(dataset, 2);
    if (!read_whole(seen->band, band) ||
        GDALComputeRasterStatistics(band, FALSE, NULL, NULL, &seen->mean, NULL, NULL, NULL))
        seen->count = -1;
    if (GDALGetMetadata(dataset, "GACLIP") == NULL) seen->count = -1;
}

static void *look(void *payload)
{
    Seen *seen = payload;
    GDALDatasetH dataset =
        GDALOpenEx(file, GDAL_OF_RASTER | GDAL_OF_VECTOR | GDAL_OF_INTERNAL, NULL, NULL, NULL);
    if (!dataset) {
        snprintf(seen->error, sizeof seen->error, "%s", CPLGetLastErrorMsg());
        return NULL;
    }
    read_layer(seen, dataset);
    read_band(seen, dataset);
    GDALClose(dataset);
    return NULL;
}

static void test_eight_threads_on_one_file(void **state)
{
    pthread_t threads[THREADS];
    Seen *seen = calloc(THREADS, sizeof *seen);
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, &seen[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_string_equal(seen[0].error, "");
    assert_true(seen[0].near > 0 && seen[0].count > seen[0].near);
    for (int i = 1; i < THREADS; i++) assert_memory_equal(&seen[i], &seen[0], sizeof *seen);
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_eight_threads_on_one_file)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
