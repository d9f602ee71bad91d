/* The protocols over a source in memory, each against the same thing done by hand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "eval/embeddings.h"
#include "gaclip/protocols.h"
#include "oracle_model.h"

enum { IMAGES = 11, SIDE = 32, E = 12 }; /* more than one batch of either kind */

static const char *const CAPTIONS[][2] = {{"a storage tank", "a wind turbine"},
                                          {"bare ground", "a storage tank"},
                                          {"the storage", "an aerial image"}};
static const char *const NEGATIVES[] = {"a wind turbine", "bare ground"};
static const char *const SAME[] = {"a storage tank"};
static const char *const CLASSES[] = {"wind turbine", "storage tank", "bare ground"};

/* What a source in memory holds; pixels come from the index. */
typedef struct Memory {
    GaclipSample samples[IMAGES];
    GaclipSampleRegion regions[IMAGES][3];
    int given[IMAGES], calls;
} Memory;

static void draw(GaclipImage *out, int width, int height, int seed)
{
    GaclipRandom random;
    GaclipError err = {0};
    gaclip__random_seed(&random, (uint64_t)seed);
    expect_ok(gaclip_image_init(out, width, height, 0, &err), &err);
    for (int i = 0; i < width * height * 3; i++)
        out->rgb[i] = (uint8_t)gaclip__random_below(&random, 256);
}

static int at(GaclipSample *out, void *payload, int index, GaclipError *err)
{
    Memory *memory = payload;
    memory->given[memory->calls++ % IMAGES] = index;
    *out = memory->samples[index];
    out->regions = malloc(sizeof memory->regions[index]);
    if (!out->regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memcpy(out->regions, memory->regions[index], sizeof memory->regions[index]);
    draw(&out->image, index % 2 ? SIDE : 48, SIDE + index, 100 + index);
    return GACLIP_OK;
}

static GaclipSampleSource fill(Memory *memory)
{
    memset(memory, 0, sizeof *memory);
    for (int i = 0; i < IMAGES; i++) {
        GaclipSampleRegion *r = memory->regions[i];
        r[0] = (GaclipSampleRegion){.box = {2, 3, 20, 25},
                                    .phrase = i % 2 ? "tank" : "Storage-Tank",
                                    .concept = "storage tank",
                                    .description = "a storage tank",
                                    .negatives = NEGATIVES,
                                    .negative_count = 2,
                                    .is_object = 1};
        r[1] = (GaclipSampleRegion){
            .box = {-9, 10.5f, 12.5f, 30}, .phrase = "wind_turbine", .is_object = 1};
        r[2] = (GaclipSampleRegion){.box = {200, 10, 300, 30}, .phrase = "bare ground"};
        memory->samples[i] = (GaclipSample){.regions = r,
                                            .region_count = 3,
                                            .captions = CAPTIONS[i % 3],
                                            .caption_count = i == 4 ? 0 : 2,
                                            .scene = i == 3 ? NULL : CLASSES[i % 2],
                                            .is_annotated = i != 5,
                                            .name = "image"};
    }
    return (GaclipSampleSource){.payload = memory, .at = at, .count = IMAGES};
}

static int make_model(void **state)
{
    *state = random_model(5);
    return 0;
}

static int close_model(void **state)
{
    oracle_model_close(*state);
    return 0;
}

static GaclipEvalOptions options_of(int limit)
{
    GaclipEvalOptions options;
    gaclip_eval_options_init(&options);
    options.limit = limit;
    options.resamples = 100;
    return options;
}

static void embed_square(float out[E], GaclipModel *model, const GaclipImage *square)
{
    float *planes = malloc(3 * SIDE * SIDE * sizeof *planes);
    GaclipError err = {0};
    gaclip_image_normalise(planes, square, model->config.image_mean, model->config.image_std);
    expect_ok(gaclip_model_embed_images(model, out, planes, 1, SIDE, SIDE, &err), &err);
    free(planes);
}

static void embed_sample(float out[E], GaclipModel *model, const GaclipSampleSource *source, int i)
{
    GaclipSample sample;
    GaclipImage square;
    GaclipError err = {0};
    expect_ok(source->at(&sample, source->payload, i, &err), &err);
    expect_ok(gaclip_image_resize_crop(&square, &sample.image, SIDE, &err), &err);
    embed_square(out, model, &square);
    gaclip_image_clear(&square);
    gaclip_sample_clear(&sample);
}

static void embed_text(float out[E], GaclipModel *model, const char *text)
{
    int32_t row[16];
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_encode_row(row, NULL, 16, model->tokenizer, text, &err), &err);
    expect_ok(gaclip_model_embed_tokens(model, out, row, 1, 16, &err), &err);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int k = 0; k < E; k++) sum += (double)a[k] * b[k];
    return sum;
}

static void test_retrieval(void **state)
{
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(0);
    GaclipRetrieval result;
    GaclipError err = {0};
    float image[E], text[E];
    expect_ok(gaclip_eval_retrieval(&result, model, &source, &options, &err), &err);
    assert_int_equal(result.images, IMAGES - 1);
    assert_int_equal(result.captions, 2 * (IMAGES - 1));
    double *similarity = malloc((size_t)(result.images * result.captions) * sizeof *similarity);
    int *image_rank = malloc((size_t)result.images * sizeof(int));
    int *caption_rank = malloc((size_t)result.captions * sizeof(int));
    for (int i = 0; i < result.images; i++) {
        assert_int_equal(result.samples[i], i < 4 ? i : i + 1); /* image 4 has no captions */
        embed_sample(image, model, &source, result.samples[i]);
        for (int j = 0; j < result.captions; j++) {
            embed_text(text, model, result.texts[j]);
            assert_string_equal(result.texts[j],
                                CAPTIONS[result.samples[result.caption_image[j]] % 3][j % 2]);
            /* What the batches' rounding could decide is a tie. */
            similarity[i * result.captions + j] = round(dot(image, text) * 1e5);
        }
    }
    expect_ok(gaclip_retrieval_ranks(image_rank, caption_rank, similarity, result.images,
                                     result.captions, result.caption_image, &err),
              &err);
    assert_memory_equal(result.image_rank, image_rank, (size_t)result.images * sizeof(int));
    assert_memory_equal(result.caption_rank, caption_rank, (size_t)result.captions * sizeof(int));
    for (int j = 0; j < result.captions; j++) {
        int best = result.caption_best[j];
        for (int i = 0; i < result.images; i++)
            assert_true(similarity[best * result.captions + j] >=
                        similarity[i * result.captions + j]);
    }
    assert_int_equal(result.recall.images, IMAGES - 1);
    free(similarity);
    free(image_rank);
    free(caption_rank);
    gaclip_retrieval_clear(&result);
}

static void test_classify(void **state)
{
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(0);
    GaclipAccuracy result;
    GaclipError err = {0};
    float image[E], phrases[3][E];
    options.classes = CLASSES;
    options.class_count = 3;
    expect_ok(gaclip_eval_classify(&result, model, &source, &options, &err), &err);
    assert_int_equal(result.answer_count, IMAGES - 1);
    assert_int_equal(result.images, IMAGES - 1);
    assert_int_equal(result.skipped, 1);
    assert_int_equal(result.class_count, 3);
    assert_string_equal(result.classes[0], "bare ground"); /* sorted */
    for (int c = 0; c < 3; c++)
        expect_ok(gaclip_model_embed_phrase(model, phrases[c], result.classes[c], &err), &err);
    int right = 0;
    for (int i = 0; i < result.answer_count; i++) {
        const GaclipAnswer *answer = &result.answers[i];
        assert_string_equal(result.classes[answer->truth], CLASSES[answer->sample % 2]);
        assert_int_equal(answer->region, -1);
        embed_sample(image, model, &source, answer->sample);
        int rank = 0;
        for (int c = 0; c < 3; c++) {
            double cosine = dot(image, phrases[answer->top[c]]);
            assert_true(fabs(cosine - (double)answer->cosine[c]) < 1e-5);
            if (c > 0) assert_true(answer->cosine[c] <= answer->cosine[c - 1]);
            rank += answer->cosine[c] > answer->truth_cosine;
        }
        assert_int_equal(answer->top[3], -1);
        assert_int_equal(answer->rank, rank);
        assert_int_equal(answer->top[answer->rank], answer->truth);
        right += rank == 0;
    }
    assert_true(fabs(result.top1.value - 100.0 * right / result.answer_count) < 1e-9);
    assert_true(result.top5.value == 100);
    assert_true(fabs(result.chance1 - 100.0 / 3) < 1e-9 && fabs(result.chance5 - 100) < 1e-9);
    gaclip_accuracy_clear(&result);
}

/* What one region's cosines with the classes are under a mode and a view. */
static void cosines_of(float out[2], GaclipModel *model, const GaclipSampleSource *source,
                       GaclipRegionMode mode, GaclipRegionView view)
{
    GaclipEvalOptions options = options_of(0);
    GaclipAccuracy result;
    GaclipError err = {0};
    options.mode = mode;
    options.view = view;
    expect_ok(gaclip_eval_regions(&result, model, source, &options, &err), &err);
    assert_int_equal(result.class_count, 2);
    for (int c = 0; c < 2; c++) out[result.answers[0].top[c]] = result.answers[0].cosine[c];
    gaclip_accuracy_clear(&result);
}

/* One image of the model's own size whose region is the whole of it: the crop is the image, the
 * window is the image, and both together lie between. */
static int at_whole(GaclipSample *out, void *payload, int index, GaclipError *err)
{
    *out = (GaclipSample){.region_count = 2, .is_annotated = 1};
    out->regions = calloc(2, sizeof *out->regions);
    if (!out->regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    out->regions[0] = (GaclipSampleRegion){.box = {0, 0, SIDE, SIDE}, .phrase = "storage tank"};
    out->regions[1] = (GaclipSampleRegion){.box = {0, 0, 9, 9}, .phrase = "wind turbine"};
    (void)payload;
    draw(&out->image, SIDE, SIDE, index);
    return GACLIP_OK;
}

static void test_region_modes(void **state)
{
    GaclipModel *model = *state;
    GaclipSampleSource source = {.at = at_whole, .count = 1};
    float roi[2], window[2], crop[2], both[2], image[E], phrase[E];
    GaclipImage square;
    GaclipError err = {0};
    cosines_of(roi, model, &source, GACLIP_REGION_ROI, GACLIP_VIEW_IMAGE);
    cosines_of(window, model, &source, GACLIP_REGION_ROI, GACLIP_VIEW_WINDOW);
    cosines_of(crop, model, &source, GACLIP_REGION_CROP, GACLIP_VIEW_IMAGE);
    cosines_of(both, model, &source, GACLIP_REGION_BOTH, GACLIP_VIEW_IMAGE);
    draw(&square, SIDE, SIDE, 0);
    embed_square(image, model, &square);
    gaclip_image_clear(&square);
    for (int c = 0; c < 2; c++) {
        expect_ok(
            gaclip_model_embed_phrase(model, phrase, c ? "wind turbine" : "storage tank", &err),
            &err);
        assert_true(fabs(dot(image, phrase) - (double)crop[c]) < 1e-5);
    }
    assert_true(fabsf(roi[0] - crop[0]) > 1e-4f);
    /* The mean of two unit vectors, made unit: the cosines' sum over its length, for either class.
     */
    assert_true(fabsf((roi[0] + crop[0]) * both[1] - (roi[1] + crop[1]) * both[0]) < 1e-4f);
    /* The region of 32 pixels asks for a window of 33: nearly the same view. */
    assert_true(fabsf(window[0] - roi[0]) < 0.2f);
}

static void test_regions(void **state)
{
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(0);
    GaclipAccuracy all, one;
    GaclipError err = {0};
    expect_ok(gaclip_eval_regions(&all, model, &source, &options, &err), &err);
    assert_int_equal(all.answer_count, 2 * IMAGES);
    assert_int_equal(all.skipped, IMAGES); /* the region outside its image */
    assert_int_equal(all.images, IMAGES);
    assert_int_equal(all.class_count, 2); /* both spellings of one class are one */
    assert_string_equal(all.classes[0], "storage tank");
    assert_int_equal(all.answers[2].sample, 1);
    assert_int_equal(all.answers[3].region, 1);
    GaclipClassCount tanks = gaclip_accuracy_of_class(&all, 0);
    GaclipClassCount turbines = gaclip_accuracy_of_class(&all, 1);
    assert_true(tanks.asked == IMAGES && turbines.asked == IMAGES && tanks.top5 == IMAGES);
    assert_true(fabs(all.top1.value - 50.0 * (tanks.top1 + turbines.top1) / IMAGES) < 1e-9);
    assert_true(fabs(all.class_mean - all.top1.value) < 1e-9); /* classes of one size */
    options.limit = 1;
    expect_ok(gaclip_eval_regions(&one, model, &source, &options, &err), &err);
    assert_int_equal(one.answer_count, 2);
    for (int i = 0; i < 2; i++)
        assert_true(fabsf(one.answers[i].truth_cosine - all.answers[i].truth_cosine) < 1e-5f);
    gaclip_accuracy_clear(&one);
    gaclip_accuracy_clear(&all);
    static const char *const ABSENT[] = {"harbor"};
    options.classes = ABSENT;
    options.class_count = 1;
    assert_int_equal(gaclip_eval_regions(&one, model, &source, &options, &err), GACLIP_ERROR_EMPTY);
    assert_non_null(strstr(err.message, "storage tank"));
}

static void test_fine_grained(void **state)
{
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(0);
    GaclipAccuracy result;
    GaclipError err = {0};
    float texts[3][E];
    embed_text(texts[0], model, "a storage tank");
    embed_text(texts[1], model, NEGATIVES[0]);
    embed_text(texts[2], model, NEGATIVES[1]);
    expect_ok(gaclip_eval_fine_grained(&result, model, &source, &options, &err), &err);
    assert_int_equal(result.answer_count, IMAGES); /* the second region has no description */
    assert_null(result.classes);
    assert_true(result.class_mean == -1);
    assert_true(fabs(result.chance1 - 100.0 / 3) < 1e-9);
    for (int i = 0; i < IMAGES; i++) {
        const GaclipAnswer *answer = &result.answers[i];
        assert_true(answer->truth == 0 && answer->region == 0 && answer->candidates == 3);
        assert_int_equal(answer->top[answer->rank], 0);
    }
    gaclip_accuracy_clear(&result);
    /* A negative that is the description itself: the tie counts against it. */
    for (int i = 0; i < IMAGES; i++) {
        memory.regions[i][0].negatives = SAME;
        memory.regions[i][0].negative_count = 1;
    }
    expect_ok(gaclip_eval_fine_grained(&result, model, &source, &options, &err), &err);
    assert_true(result.top1.value == 0 && result.top5.value == 100);
    assert_true(result.answers[0].top[0] == 1 && result.answers[0].top[1] == 0);
    gaclip_accuracy_clear(&result);
    for (int i = 0; i < IMAGES; i++) memory.regions[i][0].negative_count = 0;
    assert_int_equal(gaclip_eval_fine_grained(&result, model, &source, &options, &err),
                     GACLIP_ERROR_EMPTY);
}

static void test_detect(void **state)
{
    static const char *const NOVEL[] = {"Wind-Turbine"}, *const UNKNOWN[] = {"harbor"};
    static const char *const ASKED[] = {"storage tank", "wind_turbine"};
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(0);
    GaclipDetectionResult result;
    GaclipDetector *detector;
    GaclipError err = {0};
    options.novel = NOVEL;
    options.novel_count = 1;
    options.detect.min_score = 0;
    memory.regions[0][0].is_difficult = 1;
    expect_ok(gaclip_eval_detect(&result, model, &source, &options, &err), &err);
    assert_int_equal(result.image_count, IMAGES - 1);
    assert_int_equal(result.skipped, 1); /* the one that is not annotated */
    assert_int_equal(result.row_count, 2);
    assert_string_equal(result.rows[1].name, "wind_turbine");
    assert_true(!result.rows[0].is_novel && result.rows[1].is_novel);
    assert_int_equal(result.rows[0].ap.positives, IMAGES - 2);
    assert_int_equal(result.rows[1].ap.positives, IMAGES - 1);
    assert_int_equal(result.images[0].truth_count, 2); /* bare ground is no object */
    assert_true(result.base.voc11.value == result.rows[0].ap.voc11);
    assert_true(result.novel.voc11.value == result.rows[1].ap.voc11);
    assert_true(fabs(result.all.voc11.value -
                     (result.base.voc11.value + result.novel.voc11.value) / 2) < 1e-12);
    assert_true(result.all.voc11.low <= result.all.voc11.high);
    expect_ok(gaclip_detector_new(&detector, model, ASKED, 2, &options.detect, &err), &err);
    for (int i = 0; i < result.image_count; i++) {
        GaclipSample sample;
        GaclipDetection *found;
        int count;
        expect_ok(source.at(&sample, &memory, result.samples[i], &err), &err);
        expect_ok(gaclip_detect_image(&found, &count, NULL, detector, &sample.image, &err), &err);
        assert_int_equal(count, result.images[i].found_count);
        for (int k = 0; k < count; k++) {
            assert_true(found[k].score == result.images[i].found_scores[k]);
            assert_int_equal(found[k].class_index, result.images[i].found_labels[k]);
            assert_memory_equal(&found[k].box, &result.images[i].found_boxes[k], sizeof(GaclipBox));
        }
        free(found);
        gaclip_sample_clear(&sample);
    }
    gaclip_detector_free(detector);
    gaclip_detection_result_clear(&result);
    options.novel = UNKNOWN;
    assert_int_equal(gaclip_eval_detect(&result, model, &source, &options, &err),
                     GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "harbor"));
}

static int stop_at_three(int done, int total, void *payload)
{
    *(int *)payload = total;
    return done == 3;
}

static void test_walk(void **state)
{
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(4);
    GaclipAccuracy result;
    GaclipError err = {0};
    int total = 0;
    options.progress = stop_at_three;
    options.payload = &total;
    assert_int_equal(gaclip_eval_classify(&result, model, &source, &options, &err),
                     GACLIP_ERROR_INTERRUPTED);
    assert_int_equal(total, 4);
    assert_int_equal(memory.calls, 3);
    assert_memory_equal(memory.given, ((const int[]){0, 2, 5}), sizeof(int[3])); /* spread */
    options.progress = NULL;
    for (int i = 0; i < IMAGES; i++) memory.samples[i].scene = NULL;
    assert_int_equal(gaclip_eval_classify(&result, model, &source, &options, &err),
                     GACLIP_ERROR_EMPTY);
    source.count = 0;
    assert_int_equal(gaclip_eval_classify(&result, model, &source, &options, &err),
                     GACLIP_ERROR_EMPTY);
    source.at = NULL;
    assert_int_equal(gaclip_eval_classify(&result, model, &source, &options, &err),
                     GACLIP_ERROR_UNSUPPORTED);
}

/* A model that gives all the same must not pass for one that is always right. */
static void test_no_weights(void **state)
{
    GaclipModel *model = *state;
    Memory memory;
    GaclipSampleSource source = fill(&memory);
    GaclipEvalOptions options = options_of(0);
    GaclipAccuracy accuracy;
    GaclipRetrieval retrieval;
    GaclipError err = {0};
    for (size_t i = 0; i < model->parameters.floats; i++) model->parameters.values[i] = 0;
    assert_int_equal(gaclip_eval_classify(&accuracy, model, &source, &options, &err),
                     GACLIP_ERROR_FORMAT);
    assert_int_equal(gaclip_eval_fine_grained(&accuracy, model, &source, &options, &err),
                     GACLIP_ERROR_FORMAT);
    assert_int_equal(gaclip_eval_retrieval(&retrieval, model, &source, &options, &err),
                     GACLIP_ERROR_FORMAT);
}

static void test_class_names(void **state)
{
    (void)state;
    assert_true(gaclip_same_class("Basketball court", "basketball-court"));
    assert_true(gaclip_same_class("groundtrackfield", "ground track field"));
    assert_true(gaclip_same_class("Expressway-Service-area", "expressway service area"));
    assert_false(gaclip_same_class("tank", "tanks"));
    assert_false(gaclip_same_class("tanks", "tank"));
    assert_true(gaclip_same_class("", "-"));
}

static void test_splits(void **state)
{
    (void)state;
    const GaclipClassSplit *dior = gaclip_class_split_find("DIOR");
    const GaclipClassSplit *dota = gaclip_class_split_find("dota");
    assert_true(dior->base_count == 16 && dior->novel_count == 4);
    assert_true(dota->base_count == 13 && dota->novel_count == 2);
    assert_null(gaclip_class_split_find("coco"));
    assert_ptr_equal(gaclip_class_split_at(0), dior);
    assert_null(gaclip_class_split_at(2));
    for (int s = 0; s < 2; s++) {
        const GaclipClassSplit *split = gaclip_class_split_at(s);
        for (int n = 0; n < split->novel_count; n++)
            for (int b = 0; b < split->base_count; b++)
                assert_false(gaclip_same_class(split->novel[n], split->base[b]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_retrieval, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_classify, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_region_modes, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_regions, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_fine_grained, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_detect, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_walk, make_model, close_model),
        cmocka_unit_test_setup_teardown(test_no_weights, make_model, close_model),
        cmocka_unit_test(test_class_names),
        cmocka_unit_test(test_splits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
