/* The training loop on a source that the test draws: what is encoded, validation, best weights,
 * skipped steps, and going on from a checkpoint. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/train.h"
#include "oracle_model.h"
#include "train/batch_fill.h"
#include "train/step.h"

enum { STEPS = 6, BATCH = 4 };

static const char *const CAPTIONS[] = {"a wind turbine", "bare ground"};
static const char *const NEGATIVES[] = {"a black wind turbine", "a wind turbine in the north"};

/* A square on noise, with every text that there can be. */
static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    (void)payload;
    *out = (GaclipSample){.captions = CAPTIONS,
                          .caption_count = 2,
                          .detailed = "a wind turbine on bare ground, and another one",
                          .is_annotated = 1,
                          .name = "drawn.tif"};
    int status = gaclip_image_init(&out->image, width, height, 0, err);
    if (status) return status;
    out->regions = calloc(1, sizeof *out->regions);
    for (size_t i = 0; i < 3 * (size_t)width * (size_t)height; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        out->image.rgb[i] = (uint8_t)(random >> 56);
    }
    float x = (float)width / 4, y = (float)height / 3;
    out->regions[0] = (GaclipSampleRegion){.box = {x, y, x + 12, y + 10},
                                           .phrase = "wind turbine",
                                           .description = "a white wind turbine",
                                           .negatives = NEGATIVES,
                                           .negative_count = 2,
                                           .is_object = 1};
    out->region_count = 1;
    return GACLIP_OK;
}

static const GaclipSampleSource SOURCE = {.next = next_sample};

static GaclipTrainOptions small_options(void)
{
    GaclipTrainOptions o;
    gaclip_train_options_init(&o);
    o.steps = STEPS;
    o.batch_size = BATCH;
    o.warmup_steps = 1;
    o.learning_rate = 1e-3;
    return o;
}

/* The first batch of so many images that options make of source; the caller clears it. */
static void fill_batch(GaclipBatch *batch, GaclipModel *model, const GaclipTrainOptions *options,
                       const GaclipSampleSource *source, int images)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    GaclipBatchMaker maker = {model, options, source, &lock};
    GaclipError err = {0};
    expect_ok(gaclip__batch_init(batch, images, 32, 16, &err), &err);
    expect_ok(gaclip__batch_fill(batch, &maker, 0, &err), &err);
}

static void expect_texts(GaclipLossWeights weights, int crops, int details, int trials)
{
    GaclipModel *model = random_model(1);
    GaclipTrainOptions options = small_options();
    GaclipBatch batch;
    options.weights = weights;
    fill_batch(&batch, model, &options, &SOURCE, BATCH);
    int with_detail = 0;
    for (int n = 0; n < BATCH; n++) with_detail += batch.details[n] != GACLIP__NO_TEXT;
    assert_int_equal(batch.crop_count, crops);
    assert_int_equal(with_detail, details);
    assert_int_equal(batch.trial_count, trials);
    assert_int_equal(batch.trial_text_count, 3 * trials);
    gaclip__batch_clear(&batch);
    oracle_model_close(model);
}

/* A weight of 0 costs nothing: what only that loss needs does not reach the batch. */
static void test_what_is_encoded(void **state)
{
    (void)state;
    expect_texts((GaclipLossWeights){.region = 1, .objectness = 1}, 0, 0, 0);
    expect_texts((GaclipLossWeights){.region = 1, .visual = 1}, BATCH, 0, 0);
    expect_texts((GaclipLossWeights){.text = 1}, 0, BATCH, 0);
    expect_texts((GaclipLossWeights){.hard_negative = 1}, 0, 0, BATCH);
    expect_texts((GaclipLossWeights){1, 1, 1, 1, 1, 1, 1}, BATCH, BATCH, BATCH);
}

/* The texts of a batch whose images have captions and the class "wind farm". */
static int next_scene(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                      GaclipError *err)
{
    int status = next_sample(out, payload, random, width, height, err);
    out->scene = "wind farm";
    return status;
}

static int count_scenes(double share)
{
    enum { IMAGES = 16 };
    static const GaclipSampleSource SCENES = {.next = next_scene};
    GaclipModel *model = random_model(1);
    GaclipTrainOptions options = small_options();
    GaclipBatch batch;
    GaclipError err = {0};
    int scenes = 0, concept;
    options.weights = (GaclipLossWeights){.global = 1};
    options.scene_share = share;
    fill_batch(&batch, model, &options, &SCENES, IMAGES);
    expect_ok(gaclip__batch_concept(&concept, &batch.texts, "wind farm", &err), &err);
    for (int n = 0; n < IMAGES; n++) {
        assert_int_not_equal(batch.briefs[n], GACLIP__NO_TEXT);
        scenes += batch.brief_concepts[n] == concept;
    }
    gaclip__batch_clear(&batch);
    oracle_model_close(model);
    return scenes;
}

/* An image learns its class in place of a caption as often as the option says. */
static void test_scene_share(void **state)
{
    (void)state;
    assert_int_equal(count_scenes(0), 0);
    assert_int_equal(count_scenes(1), 16);
    int some = count_scenes(0.5);
    assert_in_range(some, 3, 13);
}

/* Every second image is one of which nobody said where its objects are. */
static int next_mixed(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                      GaclipError *err)
{
    int status = next_sample(out, payload, random, width, height, err);
    if ((random >> 40) % 2) return status;
    free(out->regions);
    out->regions = NULL;
    out->region_count = out->is_annotated = 0;
    out->name = "captions.tif";
    return status;
}

static const GaclipSampleSource MIXED = {.next = next_mixed};

static void fill_mixed(GaclipBatch *batch, GaclipModel *model, const GaclipTrainOptions *options)
{
    fill_batch(batch, model, options, &MIXED, 8);
    assert_in_range(batch->taught, 1, 7);
}

/* Images that teach the proposal head come first, and everything moves with them. */
static void test_batch_order(void **state)
{
    (void)state;
    GaclipModel *model = random_model(1);
    GaclipTrainOptions options = small_options();
    GaclipBatch batch;
    int captioned[2] = {0};
    fill_mixed(&batch, model, &options);
    for (int n = 0; n < batch.size; n++) {
        int is_taught = n < batch.taught;
        assert_string_equal(batch.names[n], is_taught ? "drawn.tif" : "captions.tif");
        assert_int_equal(batch.targets[n].count, is_taught);
        captioned[is_taught] += batch.briefs[n] != GACLIP__NO_TEXT;
    }
    assert_int_equal(captioned[0] + captioned[1], batch.size);
    for (int k = 0; k < batch.region_count; k++) assert_true(batch.regions[k].image < batch.taught);
    gaclip__batch_clear(&batch);
    oracle_model_close(model);
}

/* Gradients (floats of the arena) of one mixed batch in passes of so many images. */
static float *mixed_gradients(GaclipModel *model, int micro_batch)
{
    GaclipTrainOptions options = small_options();
    GaclipBatch batch;
    GaclipStepResult result;
    GaclipArena rows = {0};
    GaclipError err = {0};
    GaclipParameters *table = &model->parameters;
    options.micro_batch = micro_batch;
    options.weights = (GaclipLossWeights){.global = 1, .region = 1, .objectness = 1, .box = 1};
    fill_mixed(&batch, model, &options);
    expect_ok(gaclip__parameters_own(table, &err), &err);
    expect_ok(gaclip__parameters_start_gradients(table, &err), &err);
    expect_ok(gaclip__train_step(&result, model, &batch, &options, &rows, &err), &err);
    assert_true(result.losses.objectness > 0 && result.losses.box > 0);
    float *gradients = malloc(table->floats * sizeof *gradients);
    memcpy(gradients, table->gradients, table->floats * sizeof *gradients);
    gaclip__parameters_stop_gradients(table);
    gaclip__arena_free(&rows);
    gaclip__batch_clear(&batch);
    return gradients;
}

/* The head runs on the first images of a pass, or on all, or on none: the gradients are the same.
 */
static void test_taught_images(void **state)
{
    (void)state;
    GaclipModel *model = random_model(1);
    float *whole = mixed_gradients(model, 0);
    for (int micro_batch = 1; micro_batch < 8; micro_batch += 2) {
        float *parts = mixed_gradients(model, micro_batch);
        for (int i = 0; i < model->parameters.count; i++) {
            const GaclipParameter *p = &model->parameters.entries[i];
            for (size_t k = p->offset; k < p->offset + p->count; k++)
                if (!(fabsf(whole[k] - parts[k]) <= 1e-5f + 1e-4f * fabsf(whole[k])))
                    fail_msg("passes of %d: %s is %g, not %g", micro_batch, p->name,
                             (double)parts[k], (double)whole[k]);
        }
        free(parts);
    }
    free(whole);
    oracle_model_close(model);
}

/* What the events of a run noted. */
typedef struct Notes {
    GaclipTrainStep steps[STEPS];
    int count, stop_after;
    int validations, improvements, best_step;
    const double *scores;
    float *weights; /* (floats) at the best */
    const GaclipModel *model;
} Notes;

static int note_step(const GaclipTrainStep *step, void *payload)
{
    Notes *notes = payload;
    notes->steps[step->step - 1] = *step;
    notes->count++;
    return step->step == notes->stop_after;
}

static int validate(double *score, GaclipModel *model, int step, void *payload, GaclipError *err)
{
    Notes *notes = payload;
    (void)err;
    notes->model = model;
    *score = notes->scores[step - 1];
    notes->validations++;
    return GACLIP_OK;
}

static int improved(double score, GaclipModel *model, int step, void *payload, GaclipError *err)
{
    Notes *notes = payload;
    (void)err;
    assert_true(score == notes->scores[step - 1] && model == notes->model);
    notes->improvements++;
    notes->best_step = step;
    return GACLIP_OK;
}

static void test_validation(void **state)
{
    static const double SCORES[STEPS] = {0, 0.2, 0, 0.5, 0, 0.4};
    (void)state;
    GaclipModel *model = random_model(1);
    GaclipTrainOptions options = small_options();
    Notes notes = {.scores = SCORES};
    GaclipTrainEvents events = {note_step, validate, improved, &notes};
    GaclipError err = {0};
    options.validate_every = 2;
    expect_ok(gaclip_train(model, &SOURCE, &options, &events, &err), &err);
    assert_int_equal(notes.count, STEPS);
    assert_int_equal(notes.validations, 3);
    assert_int_equal(notes.improvements, 2);
    assert_int_equal(notes.best_step, 4);
    for (int i = 0; i < STEPS; i++) {
        assert_true(notes.steps[i].loss > 0 && notes.steps[i].gradient_norm > 0);
        assert_int_equal(notes.steps[i].images_encoded, BATCH);
        assert_int_equal(notes.steps[i].skipped, 0);
    }
    oracle_model_close(model);
}

/* A weight that is not finite makes every loss so: steps are counted, not taken, and soon the
 * training ends and names its images. */
static void test_loss_not_finite(void **state)
{
    (void)state;
    GaclipModel *model = random_model(1);
    GaclipTrainOptions options = small_options();
    Notes notes = {0};
    GaclipTrainEvents events = {.step = note_step, .payload = &notes};
    GaclipError err = {0};
    GaclipParameter *positions =
        gaclip__parameters_find(&model->parameters, "visual.positional_embedding");
    expect_ok(gaclip__parameters_own(&model->parameters, &err), &err);
    float *values = model->parameters.values, *before;
    values[positions->offset] = NAN;
    before = malloc(model->parameters.floats * sizeof *before);
    memcpy(before, values, model->parameters.floats * sizeof *before);
    assert_int_equal(gaclip_train(model, &SOURCE, &options, &events, &err), GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "drawn.tif"));
    assert_int_equal(notes.count, 4); /* the fifth ends it */
    for (int i = 0; i < notes.count; i++) {
        assert_true(notes.steps[i].is_skipped);
        assert_int_equal(notes.steps[i].skipped, i + 1);
    }
    assert_memory_equal(before, model->parameters.values,
                        model->parameters.floats * sizeof *before);
    free(before);
    oracle_model_close(model);
}

static void run(GaclipModel *model, const GaclipTrainOptions *options, Notes *notes, int expected)
{
    GaclipTrainEvents events = {.step = note_step, .payload = notes};
    GaclipError err = {0};
    assert_int_equal(gaclip_train(model, &SOURCE, options, &events, &err), expected);
}

/* Stopped after every possible step, it goes on to the same losses and weights. */
static void check_resume(GaclipOptimizer optimizer)
{
    GaclipTrainOptions options = small_options();
    options.optimizer = optimizer;
    options.weights = (GaclipLossWeights){0.3, 0.5, 0.6, 0.25, 0.4, 1, 2};
    options.checkpoint = scratch_path("checkpoint.safetensors");
    GaclipModel *whole = random_model(1);
    Notes all = {0};
    run(whole, &options, &all, GACLIP_OK);
    for (int stop = 1; stop < STEPS; stop++) {
        GaclipModel *first = random_model(1), *second = random_model(7);
        Notes part = {.stop_after = stop};
        options.resume = 0;
        run(first, &options, &part, GACLIP_ERROR_INTERRUPTED);
        options.resume = 1;
        part.stop_after = 0;
        run(second, &options, &part, GACLIP_OK);
        assert_int_equal(part.count, STEPS);
        for (int i = 0; i < STEPS; i++) {
            assert_true(part.steps[i].loss == all.steps[i].loss);
            assert_true(part.steps[i].gradient_norm == all.steps[i].gradient_norm);
        }
        assert_memory_equal(whole->parameters.values, second->parameters.values,
                            whole->parameters.floats * sizeof(float));
        oracle_model_close(first);
        oracle_model_close(second);
    }
    oracle_model_close(whole);
}

static void test_resume(void **state)
{
    (void)state;
    check_resume(GACLIP_ADAMW);
    check_resume(GACLIP_MUON);
}

/* The weights that it began with are mixed into those at the end; stopped and resumed, too. */
static void test_start_share(void **state)
{
    GaclipTrainOptions options = small_options();
    GaclipModel *start = random_model(1), *plain = random_model(1), *mixed = random_model(1);
    GaclipModel *first = random_model(1), *second = random_model(1);
    Notes notes = {0}, part = {.stop_after = 2}, rest = {0};
    size_t floats = start->parameters.floats;
    (void)state;
    run(plain, &options, &notes, GACLIP_OK);
    options.start_share = 0.25;
    run(mixed, &options, &notes, GACLIP_OK);
    options.checkpoint = scratch_path("checkpoint.safetensors");
    run(first, &options, &part, GACLIP_ERROR_INTERRUPTED);
    options.resume = 1;
    run(second, &options, &rest, GACLIP_OK);
    double moved = 0;
    for (size_t i = 0; i < floats; i++) {
        double a = (double)start->parameters.values[i], b = (double)plain->parameters.values[i];
        double expected = b + 0.25 * (a - b);
        assert_true(fabs((double)mixed->parameters.values[i] - expected) < 1e-6);
        moved = fmax(moved, fabs(b - a));
    }
    assert_true(moved > 1e-4);
    assert_memory_equal(mixed->parameters.values, second->parameters.values,
                        floats * sizeof(float));
    oracle_model_close(start);
    oracle_model_close(plain);
    oracle_model_close(mixed);
    oracle_model_close(first);
    oracle_model_close(second);
}

static void test_resume_of_another_training(void **state)
{
    (void)state;
    GaclipTrainOptions options = small_options();
    GaclipError err = {0};
    Notes notes = {.stop_after = 1};
    options.checkpoint = scratch_path("other.safetensors");
    GaclipModel *model = random_model(1);
    run(model, &options, &notes, GACLIP_ERROR_INTERRUPTED);
    options.resume = 1;
    options.batch_size = BATCH + 1;
    assert_int_equal(gaclip_train(model, &SOURCE, &options, NULL, &err), GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "batch_size was 4 and is 5"));
    options.checkpoint = NULL;
    assert_int_equal(gaclip_train(model, &SOURCE, &options, NULL, &err), GACLIP_ERROR_ARGUMENT);
    oracle_model_close(model);
}

/* No weight of a frozen part moves, and every other part does. */
static void check_frozen(GaclipOptimizer optimizer)
{
    static const char *const FROZEN[] = {"visual.stem.", "token_embedding"};
    GaclipTrainOptions options = small_options();
    options.optimizer = optimizer;
    GaclipError err = {0};
    GaclipModel *before = random_model(1), *model = random_model(1);
    options.frozen = FROZEN;
    options.frozen_count = 2;
    expect_ok(gaclip_train(model, &SOURCE, &options, NULL, &err), &err);
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        int is_frozen = !strncmp(p->name, "visual.stem.", 12) || !strncmp(p->name, "token_", 6);
        int is_same =
            !memcmp(p->value, before->parameters.entries[i].value, p->count * sizeof(float));
        if (is_frozen != is_same) fail_msg("%s moved: %d", p->name, !is_same);
    }
    oracle_model_close(before);
    oracle_model_close(model);
}

static void test_frozen(void **state)
{
    (void)state;
    check_frozen(GACLIP_ADAMW);
    check_frozen(GACLIP_MUON);
}

/* Scores of other weights are worth something else. */
static void test_calibration(void **state)
{
    static const GaclipCalibration ROWS[] = {{"", 2, 1}};
    (void)state;
    GaclipTrainOptions options = small_options();
    GaclipError err = {0};
    size_t count = 1;
    GaclipModel *model = random_model(1);
    expect_ok(gaclip_model_set_calibration(model, ROWS, 1, &err), &err);
    expect_ok(gaclip_train(model, &SOURCE, &options, NULL, &err), &err);
    assert_null(gaclip_model_calibration(model, &count));
    assert_int_equal(count, 0);
    oracle_model_close(model);
}

static void test_bad_options(void **state)
{
    static const char *const NOTHING[] = {"nothing."};
    (void)state;
    GaclipModel *model = random_model(1);
    GaclipTrainOptions good = small_options(), bad[11];
    for (int i = 0; i < 11; i++) bad[i] = good;
    bad[0].steps = 0;
    bad[1].batch_size = -1;
    bad[2].learning_rate = NAN;
    bad[3].weights.region = -1;
    bad[4].weights = (GaclipLossWeights){0};
    bad[5].scale_max = 0.1;
    bad[6].average_decay = 1;
    bad[7].frozen = NOTHING;
    bad[7].frozen_count = 1;
    bad[8].loader_threads = 0;
    bad[9].scene_share = 1.5;
    bad[10].start_share = 1;
    for (int i = 0; i < 11; i++) {
        GaclipError err = {0};
        int status = gaclip_train(model, &SOURCE, &bad[i], NULL, &err);
        if (status != GACLIP_ERROR_ARGUMENT || !*err.message) fail_msg("case %d: %d", i, status);
        if (i == 7) assert_non_null(strstr(err.message, "visual, "));
    }
    assert_true(gaclip_train_memory(model, &good) > 4.0 * (double)model->parameters.floats);
    oracle_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_encoded),
                                       cmocka_unit_test(test_scene_share),
                                       cmocka_unit_test(test_batch_order),
                                       cmocka_unit_test(test_taught_images),
                                       cmocka_unit_test(test_validation),
                                       cmocka_unit_test(test_loss_not_finite),
                                       cmocka_unit_test(test_resume),
                                       cmocka_unit_test(test_start_share),
                                       cmocka_unit_test(test_resume_of_another_training),
                                       cmocka_unit_test(test_frozen),
                                       cmocka_unit_test(test_calibration),
                                       cmocka_unit_test(test_bad_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
