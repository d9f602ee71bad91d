/* Recipes: what is read, what is refused, and the samples that come out. */
#include "dataset_fixtures.h"
#include "expand_variables.h"
#include "gaclip/recipe.h"

static const char PATH[] = "/vsimem/recipe/r.json";

static const char WHOLE[] =
    "{\"format\": \"gaclip-recipe\", \"version\": 1, \"seed\": 5,\n"
    "\"model\": {\"architecture\": {\"embed_dim\": 32, \"activation\": \"quick_gelu\", "
    "\"vision\": {\"image_size\": 32, \"patch_size\": 8, \"width\": 16, \"layers\": 1, \"heads\": "
    "2, \"stem\": [4, 8]}, \"text\": {\"context_length\": 16, \"vocab_size\": 600, \"width\": 16, "
    "\"layers\": 1, \"heads\": 2}}, \"gsd\": [0.5, 2], \"templates\": [\"a {}\"], "
    "\"background\": [\"nothing\"]},\n"
    "\"stages\": [{\"name\": \"one\", \"epochs\": 2, \"batch\": 4, \"learning_rate\": 0.01, "
    "\"betas\": [0.8, 0.7], \"scale\": [0.5, 2], \"freeze\": [\"transformer.\"], \"precision\": "
    "\"bf16\", \"mask_identical\": false, \"weights\": {\"global\": 1, \"text\": 0.5},\n"
    "\"sources\": [{\"type\": \"captions\", \"path\": \"set.json\", \"split\": \"train\", "
    "\"weight\": 2, \"zoom\": 1.5},\n"
    "{\"type\": \"scene\", \"raster\": \"scene.tif\", \"annotations\": \"scene.gpkg\", "
    "\"class_field\": \"class\", \"object_share\": 0.25},\n"
    "{\"type\": \"mosaic\", \"cells\": [2, 2], \"mixed\": 0, \"source\": {\"type\": "
    "\"captions\", \"path\": \"set.json\"}}],\n"
    "\"validate\": {\"every\": 10, \"sources\": [{\"type\": \"captions\", \"path\": "
    "\"${GACLIP_TEST_FOLDER}/set.json\", \"split\": \"val\"}]}}]}";

static int start(void **state)
{
    static const char *const WKTS[] = {"POLYGON ((440010 4649990, 440030 4649990, 440030 4649970, "
                                       "440010 4649970, 440010 4649990))"};
    static const char *const CLASSES[] = {"tank"};
    start_gdal(state);
    put_image("/vsimem/recipe/a.tif", 20, 20, 1);
    put_image("/vsimem/recipe/b.tif", 20, 20, 2);
    put_file("/vsimem/recipe/set.json",
             "{\"images\": [{\"filename\": \"a.tif\", \"split\": \"train\", \"sentences\": "
             "[{\"raw\": \"a farm\"}, {\"raw\": \"a farm\"}]}, {\"filename\": \"b.tif\", "
             "\"split\": \"val\", \"sentences\": [{\"raw\": \"a port\"}]}]}");
    GDALClose(new_raster("/vsimem/recipe/scene.tif", 100, 100, 3, GDT_Byte, NORTH_UP, UTM15));
    new_layer("/vsimem/recipe/scene.gpkg", "GPKG", UTM15, WKTS, CLASSES, 1);
    return setenv("GACLIP_TEST_FOLDER", "/vsimem/recipe", 1);
}

static GaclipRecipe *open_recipe(const char *path)
{
    GaclipRecipe *recipe;
    GaclipError err = {0};
    expect_ok(gaclip_recipe_open(&recipe, path, &err), &err);
    return recipe;
}

static void test_values(void **state)
{
    (void)state;
    put_file(PATH, WHOLE);
    GaclipRecipe *recipe = open_recipe(PATH);
    const GaclipRecipeModel *model = gaclip_recipe_model(recipe);
    assert_true(gaclip_recipe_seed(recipe) == 5 && !model->init && model->gsd_max == 2);
    assert_true(model->config.embed_dim == 32 && model->config.activation == GACLIP_QUICK_GELU);
    assert_true(model->config.vision.stem_layers == 2 && model->config.vision.stem_widths[1] == 8);
    assert_true(model->config.text.vocab_size == 600 && model->config.proposal.width == 0);
    assert_true(model->template_count == 1 && !strcmp(model->background[0], "nothing"));
    assert_int_equal(gaclip_recipe_stage_count(recipe), 1);
    const GaclipRecipeStage *stage = gaclip_recipe_stage_at(recipe, 0);
    const GaclipTrainOptions *o = &stage->options;
    GaclipTrainOptions defaults;
    gaclip_train_options_init(&defaults);
    assert_string_equal(stage->name, "one");
    assert_true(stage->epochs == 2 && o->steps == 0 && o->batch_size == 4 && o->seed == 5);
    assert_true(o->learning_rate == 0.01 && o->beta1 == 0.8 && o->beta2 == 0.7);
    assert_true(o->scale_min == 0.5 && o->scale_max == 2 && !o->mask_identical);
    assert_true(o->weight_decay == defaults.weight_decay && o->epsilon == defaults.epsilon);
    assert_true(o->weights.global == 1 && o->weights.text == 0.5 && o->weights.region == 0);
    assert_true(o->frozen_count == 1 && !strcmp(o->frozen[0], "transformer."));
    assert_true(stage->precision == GACLIP_PRECISION_BF16 && o->validate_every == 10);
    assert_true(stage->source_count == 3 && stage->validation_count == 1);
    assert_string_equal(stage->sources[0].path, "/vsimem/recipe/set.json");
    assert_true(stage->sources[1].type == GACLIP_RECIPE_SCENE &&
                stage->sources[1].object_share == 0.25);
    assert_true(stage->sources[0].zoom == 1.5 && stage->sources[0].object_below == 0);
    assert_true(stage->sources[2].mosaic.largest_grid == 2 &&
                stage->sources[2].cells->format == GACLIP_DATASET_KARPATHY);
    assert_string_equal(stage->validation[0].path, "/vsimem/recipe/set.json");
    gaclip_recipe_close(recipe);
}

static int has_text(const char *const *texts, int count, const char *text)
{
    int found = 0;
    for (int i = 0; i < count; i++) found += !strcmp(texts[i], text);
    return found;
}

static void test_sources(void **state)
{
    (void)state;
    put_file(PATH, WHOLE);
    GaclipRecipe *recipe = open_recipe(PATH);
    const GaclipRecipeStage *stage = gaclip_recipe_stage_at(recipe, 0);
    GaclipRecipeSources *sources;
    GaclipSample s;
    GaclipError err = {0};
    int kinds[3] = {0}, steps, count;
    const char *const *texts;
    expect_ok(gaclip_recipe_sources_open(&sources, stage->sources, stage->source_count, 2, 2, &err),
              &err);
    GaclipSampleSource view = gaclip_recipe_sources_view(sources);
    for (uint64_t i = 0; i < 400; i++) {
        expect_ok(view.next(&s, view.payload, i, 16, 16, &err), &err);
        kinds[s.is_annotated ? 1 : s.caption_count ? 0 : 2]++;
        if (s.is_annotated && s.region_count) /* 20 m in pixels of 2 m */
            assert_true(s.regions[0].box.x2 - s.regions[0].box.x1 <= 10.01f);
        gaclip_sample_clear(&s);
    }
    assert_in_range(kinds[0], 160, 240);
    assert_in_range(kinds[1], 70, 130);
    assert_in_range(kinds[2], 70, 130);
    assert_int_equal(view.count, 1);
    expect_ok(gaclip_recipe_stage_steps(&steps, stage, sources, &err), &err);
    assert_int_equal(steps, 1); /* 2 epochs of 1 image in batches of 4 */
    expect_ok(gaclip_recipe_sources_texts(&texts, &count, sources, &err), &err);
    assert_true(count == 3 && has_text(texts, count, "a farm") && has_text(texts, count, "tank"));
    assert_true(has_text(texts, count, "a port")); /* the mosaic takes all splits */
    expect_ok(gaclip_recipe_sources_classes(&texts, &count, sources, &err), &err);
    assert_true(count == 1 && !strcmp(texts[0], "tank"));
    assert_non_null(gaclip_recipe_sources_dataset(sources, 0));
    assert_null(gaclip_recipe_sources_dataset(sources, 1));
    assert_true(gaclip_recipe_sources_count(sources) == 3 &&
                gaclip_recipe_sources_at(sources, 0).count == 1);
    gaclip_recipe_sources_close(sources);
    GaclipRecipeStage scenes = *stage;
    scenes.sources++;
    expect_ok(gaclip_recipe_sources_open(&sources, scenes.sources, 1, 0, 0, &err), &err);
    expect_error(gaclip_recipe_stage_steps(&steps, &scenes, sources, &err), GACLIP_ERROR_ARGUMENT,
                 &err, "give \"steps\"");
    gaclip_recipe_sources_close(sources);
    GaclipRecipeSource missing = stage->sources[0];
    missing.split = "test";
    expect_error(gaclip_recipe_sources_open(&sources, &missing, 1, 0, 0, &err), GACLIP_ERROR_EMPTY,
                 &err, "/vsimem/recipe/set.json: the dataset has no images in the split \"test\"");
    gaclip_recipe_close(recipe);
}

/* The recipe with one part of it replaced is refused so. */
static void expect_refused(const char *part, const char *replacement, const char *message)
{
    const char *at = strstr(WHOLE, part);
    char text[sizeof WHOLE + 256];
    GaclipRecipe *recipe;
    GaclipError err = {0};
    if (!at) fail_msg("no %s", part);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, replacement,
             at + strlen(part));
    put_file(PATH, text);
    expect_error(gaclip_recipe_open(&recipe, PATH, &err), GACLIP_ERROR_FORMAT, &err, message);
    assert_null(recipe);
    if (!strstr(err.message, PATH)) fail_msg("no name in: %s", err.message);
}

static void test_refused(void **state)
{
    (void)state;
    expect_refused("gaclip-recipe", "recipe", "$.format: is \"recipe\"");
    expect_refused("\"version\": 1", "\"version\": 3", "version 3 is newer than 1");
    expect_refused("\"seed\"", "\"sead\"", "$: unknown key \"sead\"; there may be format, version");
    expect_refused("\"seed\": 5", "\"seed\": -5", "$.seed: -5 is not in 0..");
    expect_refused("\"model\": {", "\"model\": {\"init\": \"a.tif\", ",
                   "$.model: needs one of \"init\" (a model file) and \"architecture\"");
    expect_refused("\"gsd\"", "\"stretch_context\": 248, \"gsd\"",
                   "\"stretch_context\" is for a model of \"init\"");
    expect_refused("\"embed_dim\"", "\"embed\"", "$.model.architecture: unknown key \"embed\"");
    expect_refused("\"quick_gelu\"", "\"relu\"", "activation: is neither \"quick_gelu\" nor");
    expect_refused("\"patch_size\": 8", "\"patch_size\": 12", "patch_size does not divide");
    expect_refused("\"patch_size\": 8", "\"patch_size\": 8.5", "8.5 is no whole number");
    expect_refused("[4, 8]", "[4, 8, 16, 32]", "vision.stem: has more layers than halve");
    expect_refused("\"layers\": 1, \"heads\": 2, \"stem\"", "\"heads\": 2, \"stem\"",
                   "$.model.architecture.vision: has no \"layers\"");
    expect_refused("\"vocab_size\": 600", "\"vocab_size\": 60", "vocab_size: 60 is not in 514..");
    expect_refused("[0.5, 2], \"templates\"", "[2, 0.5], \"templates\"",
                   "$.model.gsd: 2 to 0.5 is no range");
    expect_refused("a {}", "a", "templates[0] \"a\" has no {}");
    expect_refused("\"learning_rate\"", "\"learnig_rate\"",
                   "$.stages[0]: unknown key \"learnig_rate\"");
    expect_refused("\"learning_rate\": 0.01", "\"learning_rate\": \"0.01\"",
                   "$.stages[0].learning_rate: is no number");
    expect_refused("\"epochs\": 2", "\"epochs\": 2, \"steps\": 2", "one of \"steps\" and");
    expect_refused("\"epochs\": 2, ", "", "$.stages[0]: needs one of \"steps\" and \"epochs\"");
    expect_refused("[0.8, 0.7]", "[0.8, 1]", "$.stages[0].betas: 1 is not in [0, 1)");
    expect_refused("\"bf16\"", "\"f16\"", "\"f16\" is none of auto, f32, bf16");
    expect_refused("\"global\": 1, \"text\": 0.5", "\"global\": 0", "no loss with a weight above");
    expect_refused("\"global\"", "\"globle\"", "$.stages[0].weights: unknown key \"globle\"");
    expect_refused("\"captions\"", "\"caption\"",
                   "$.stages[0].sources[0].type: \"caption\" is none of dataset, captions");
    expect_refused("set.json", "sets.json",
                   "$.stages[0].sources[0].path: /vsimem/recipe/sets.json is not there");
    expect_refused("\"class_field\": \"class\", ", "", "sources[1]: needs one of \"class_field\"");
    expect_refused("\"weight\": 2", "\"weight\": -2", "sources[0].weight: -2 is not in 0..");
    expect_refused("\"zoom\": 1.5", "\"zoom\": 0", "sources[0].zoom: 0 is not in 0.01..");
    expect_refused("\"zoom\": 1.5", "\"object_below\": -1", "sources[0].object_below: -1 is not");
    expect_refused("[2, 2]", "[2, 9]", "sources[2].cells: 2 to 9 is no range within 1 to 8");
    expect_refused("[2, 2]", "[2, 2.5]", "are no whole numbers");
    expect_refused("GACLIP_TEST_FOLDER", "GACLIP_TEST_UNSET",
                   "$.stages[0].validate.sources[0].path: \"${GACLIP_TEST_UNSET}/set.json\" needs "
                   "the environment variable GACLIP_TEST_UNSET");
    expect_refused("\"every\": 10, ", "", "$.stages[0].validate: has no \"every\"");
    expect_refused("\"stages\": [{", "\"stages\": [], \"x\": [{", "unknown key \"x\"");
}

static void test_variables(void **state)
{
    static const char *const PAIRS[][2] = {
        {"plain", "plain"},
        {"${GACLIP_TEST_FOLDER}/a", "/vsimem/recipe/a"},
        {"x${GACLIP_TEST_UNSET:-y}${GACLIP_TEST_UNSET:-z}", "xyz"},
        {"a$b}", "a$b}"},
    };
    (void)state;
    char *missing = NULL;
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        char *text = gaclip__expand_variables(&missing, PAIRS[i][0]);
        assert_string_equal(text, PAIRS[i][1]);
        CPLFree(text);
    }
    assert_null(gaclip__expand_variables(&missing, "a/${GACLIP_TEST_UNSET}"));
    assert_string_equal(missing, "GACLIP_TEST_UNSET");
    CPLFree(missing);
    assert_null(gaclip__expand_variables(&missing, "${OPEN"));
    assert_string_equal(missing, "OPEN");
    CPLFree(missing);
}

/* Every format that datasets are read from is a type of source. */
static void test_types(void **state)
{
    static const struct {
        const char *name;
        GaclipDatasetFormat format;
    } TYPES[] = {{"dataset", GACLIP_DATASET_GACLIP}, {"captions", GACLIP_DATASET_KARPATHY},
                 {"coco", GACLIP_DATASET_COCO},      {"voc", GACLIP_DATASET_VOC},
                 {"yolo", GACLIP_DATASET_YOLO},      {"dota", GACLIP_DATASET_DOTA},
                 {"nwpu", GACLIP_DATASET_NWPU},      {"rrsisd", GACLIP_DATASET_RRSISD},
                 {"choice", GACLIP_DATASET_CHOICE},  {"folders", GACLIP_DATASET_FOLDERS}};
    const char *at = strstr(WHOLE, "captions"), *behind = at + strlen("captions");
    char text[sizeof WHOLE + 64];
    (void)state;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, TYPES[i].name, behind);
        put_file(PATH, text);
        GaclipRecipe *recipe = open_recipe(PATH);
        const GaclipRecipeSource *source = gaclip_recipe_stage_at(recipe, 0)->sources;
        assert_true(source->type == GACLIP_RECIPE_DATASET && source->format == TYPES[i].format);
        gaclip_recipe_close(recipe);
    }
}

/* The recipes that come with the sources are in order. */
static void test_shipped(void **state)
{
    (void)state;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", data_path("ucm/dataset_ucm.json"));
    *strstr(folder, "/ucm/") = '\0';
    char *absolute = realpath(folder, NULL);
    assert_non_null(absolute);
    put_file("/vsimem/recipe/any.json", "{}");
    setenv("GACLIP_DATA", absolute, 1);
    free(absolute);
    static const char *const NAMES[] = {"CLIP_MODEL", "CAPTION_DATA", "REGION_DATA",
                                        "GACLIP_REGIONS"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        setenv(NAMES[i], "/vsimem/recipe/any.json", 1);
    GaclipRecipe *paper = open_recipe("recipes/paper.json");
    const GaclipTrainOptions *second = &gaclip_recipe_stage_at(paper, 1)->options;
    assert_int_equal(gaclip_recipe_model(paper)->stretch_context, 248);
    assert_true(second->learning_rate == 1e-6 && second->weight_decay == 1e-3);
    gaclip_recipe_close(paper);
    gaclip_recipe_close(open_recipe("recipes/small.json"));
    GaclipRecipe *smoke = open_recipe("recipes/smoke.json");
    GaclipError err = {0};
    for (int i = 0; i < gaclip_recipe_stage_count(smoke); i++) {
        const GaclipRecipeStage *stage = gaclip_recipe_stage_at(smoke, i);
        GaclipRecipeSources *sources;
        GaclipSample s;
        expect_ok(gaclip_recipe_sources_open(&sources, stage->sources, stage->source_count, 0.3,
                                             1.5, &err),
                  &err);
        GaclipSampleSource view = gaclip_recipe_sources_view(sources);
        for (uint64_t k = 0; k < 20; k++) {
            expect_ok(view.next(&s, view.payload, k, 64, 64, &err), &err);
            gaclip_sample_clear(&s);
        }
        gaclip_recipe_sources_close(sources);
    }
    gaclip_recipe_close(smoke);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_sources),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_variables),
        cmocka_unit_test(test_types),   cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, start, stop_gdal);
}
