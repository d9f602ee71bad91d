/* Detection over one small scene, into an empty folder.
 *
 * The model is small and random; every box that it proposes is kept, so that boxes lie on every
 * border. */
#ifndef GACLIP_TESTS_SCENE_DETECT_FIXTURES_H
#define GACLIP_TESTS_SCENE_DETECT_FIXTURES_H

#include <dirent.h>
#include <sys/stat.h>

#include "gaclip/scene_detect.h"
#include "scene_fixtures.h"

enum { WIDTH = 230, HEIGHT = 170, WINDOW = 32 };

static const char SCENE[] = "/vsimem/scene.tif";
static const char *const CLASSES[] = {"tank", "fishing boat & <net>"};
enum { CLASS_COUNT = 2 };

static struct {
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipDetector *detector;
    char folder[64];
} shared;

static inline void make_model(void)
{
    GaclipError err = {0};
    GaclipDetectOptions options;
    shared.model = small_model(&shared.compute, WINDOW);
    gaclip_detect_options_init(&options);
    options.min_score = 0;
    expect_ok(
        gaclip_detector_new(&shared.detector, shared.model, CLASSES, CLASS_COUNT, &options, &err),
        &err);
}

static inline void draw_scene(const char *path, const double geotransform[6], const char *crs)
{
    draw_ground(path, WIDTH, HEIGHT, geotransform, crs);
}

static inline int set_up(void **state)
{
    start_gdal(state);
    make_model();
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    snprintf(shared.folder, sizeof shared.folder, "/tmp/gaclip-test-XXXXXX");
    return mkdtemp(shared.folder) ? 0 : -1;
}

static inline int tear_down(void **state)
{
    VSIRmdirRecursive(shared.folder);
    gaclip_detector_free(shared.detector);
    gaclip_model_close(shared.model);
    gaclip_compute_free(shared.compute);
    return stop_gdal(state);
}

/* Every test begins with the plain scene and an empty folder. */
static inline int empty_folder(void **state)
{
    (void)state;
    VSIRmdirRecursive(shared.folder);
    draw_scene(SCENE, NORTH_UP, UTM15);
    return mkdir(shared.folder, 0777);
}

static inline const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", shared.folder, name);
    return path;
}

/* "a.dbf a.shp", hidden ones included; lent until the next call. */
static inline const char *folder_listing(void)
{
    static char text[1024];
    struct dirent **entries;
    int count = scandir(shared.folder, &entries, NULL, alphasort);
    *text = '\0';
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") && strcmp(name, ".."))
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? " " : "",
                     name);
        free(entries[i]);
    }
    free(entries);
    return text;
}

static inline GaclipSceneDetectOptions to(const char *output)
{
    GaclipSceneDetectOptions options;
    gaclip_scene_detect_options_init(&options);
    options.output = output;
    options.tile_size = 100;
    return options;
}

static inline int run(const GaclipSceneDetectOptions *options, GaclipSceneDetectSummary *summary,
                      GaclipError *err)
{
    return gaclip_scene_detect(summary, SCENE, shared.detector, shared.model, CLASSES, CLASS_COUNT,
                               options, NULL, NULL, err);
}

static inline int detect(const GaclipSceneDetectOptions *options)
{
    GaclipSceneDetectSummary summary;
    GaclipError err = {0};
    expect_ok(run(options, &summary, &err), &err);
    assert_int_equal(summary.per_class[0] + summary.per_class[1], summary.written);
    free(summary.per_class);
    return summary.written;
}

static inline void expect_refused(const GaclipSceneDetectOptions *options, int status,
                                  const char *text)
{
    GaclipSceneDetectSummary summary;
    GaclipError err = {0};
    expect_error(run(options, &summary, &err), status, &err, text);
}

static inline double field(OGRFeatureH feature, const char *name)
{
    int index = OGR_F_GetFieldIndex(feature, name);
    assert_true(index >= 0);
    return OGR_F_GetFieldAsDouble(feature, index);
}

static inline GDALDatasetH open_output(const char *path, OGRLayerH *layer)
{
    GDALDatasetH dataset = GDALOpenEx(path, GDAL_OF_VECTOR, NULL, NULL, NULL);
    assert_non_null(dataset);
    *layer = GDALDatasetGetLayer(dataset, 0);
    assert_non_null(*layer);
    return dataset;
}

static inline void expect_crs(OGRLayerH layer, const char *name)
{
    OGRSpatialReferenceH expected = crs_of(name), got = OGR_L_GetSpatialRef(layer);
    assert_non_null(got);
    got = OSRClone(got);
    OSRSetAxisMappingStrategy(got, OAMS_TRADITIONAL_GIS_ORDER);
    assert_true(OSRIsSame(got, expected));
    OSRDestroySpatialReference(got);
    OSRDestroySpatialReference(expected);
}

#define TEST(name) cmocka_unit_test_setup(name, empty_folder)

#endif
