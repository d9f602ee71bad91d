/* Losses, their gradients by embeddings and by every weight, and AdamW steps, against the
 * oracle's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_batch.h"
#include "oracle_model.h"
#include "train/adamw.h"
#include "train/step.h"

static const char *const NAMES[] = {"tiny", "tiny2"};

static GaclipModel *trainable(const char *name)
{
    char weights[64];
    GaclipError err = {0};
    snprintf(weights, sizeof weights, "%s_openai.safetensors", name);
    GaclipModel *model = oracle_model(weights, weights);
    expect_ok(gaclip__parameters_own(&model->parameters, &err), &err);
    expect_ok(gaclip__parameters_start_gradients(&model->parameters, &err), &err);
    return model;
}

static void expect_relative(const char *name, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fabs(expected)))
        fail_msg("%s: %.9g, expected %.9g", name, got, expected);
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item)) fail_msg("the fixture has no number %s", key);
    return item->valuedouble;
}

/* Every weight's gradient; one that is not stored is zero. Returns how many were stored. */
static int expect_weight_gradients(const GaclipModel *model, const GaclipSafetensors *file,
                                   const char *loss)
{
    int stored = 0;
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        char name[160];
        snprintf(name, sizeof name, "grad.%s.%s", loss, p->name);
        if (gaclip__safetensors_find(file, name)) {
            expect_tensor(file, name, p->gradient, p->count, GRADIENT_TOLERANCE);
            stored++;
            continue;
        }
        for (size_t k = 0; k < p->count; k++)
            if (!(fabsf(p->gradient[k]) <= 1e-7f))
                fail_msg("%s[%zu] = %g, expected 0", name, k, (double)p->gradient[k]);
    }
    return stored;
}

/* The oracle's name of a loss, and the weights that make it the objective. */
typedef struct Loss {
    const char *name;
    GaclipLossWeights weights;
    int mask_identical;
} Loss;

/* L_HTC holds the brief pair, as L_g does. The total's weights are in the JSON. */
static const Loss LOSSES[] = {{"g", {.global = 1}, 0},         {"rpa", {.region = 1}, 0},
                              {"rpa_multi", {.region = 1}, 1}, {"hna", {.hard_negative = 1}, 0},
                              {"vic", {.visual = 1}, 0},       {"htc", {.text = 1}, 0}};
enum { LOSS_COUNT = sizeof LOSSES / sizeof *LOSSES };

static GaclipLossWeights total_weights(const cJSON *json)
{
    const cJSON *w = cJSON_GetObjectItemCaseSensitive(json, "loss_weights");
    return (GaclipLossWeights){.global = number(w, "g"),
                               .region = number(w, "rpa"),
                               .hard_negative = number(w, "hna"),
                               .visual = number(w, "vic"),
                               .text = number(w, "htc")};
}

static double weighted(const GaclipLossWeights *w, const GaclipLossWeights *l)
{
    return w->global * l->global + w->region * l->region + w->hard_negative * l->hard_negative +
           w->visual * l->visual + w->text * l->text;
}

/* One set of rows of the joint space in the oracle's file, perhaps in several tensors. */
typedef struct RowSet {
    GaclipRows rows;
    const char *names[4];
} RowSet;

static void load_rows(RowSet *set, const GaclipSafetensors *file, int width)
{
    size_t room = 4096, count;
    set->rows.unit = malloc(room * sizeof(float));
    set->rows.grad = calloc(room, sizeof(float));
    for (int i = 0; i < 4 && set->names[i]; i++) {
        char name[64];
        snprintf(name, sizeof name, "embed.%s", set->names[i]);
        float *values = oracle_floats(file, name, &count);
        size_t at = (size_t)set->rows.count * (size_t)width;
        assert_true(at + count <= room);
        memcpy(set->rows.unit + at, values, count * sizeof *values);
        set->rows.count += (int)(count / (size_t)width);
        free(values);
    }
}

/* Against grad_embed.LOSS.NAME; one that is not stored is zero. */
static int expect_row_gradients(const RowSet *set, const GaclipSafetensors *file, const char *loss)
{
    size_t at = 0;
    int stored = 0;
    for (int i = 0; i < 4 && set->names[i]; i++) {
        char name[96];
        size_t count;
        snprintf(name, sizeof name, "embed.%s", set->names[i]);
        free(oracle_floats(file, name, &count));
        snprintf(name, sizeof name, "grad_embed.%s.%s", loss, set->names[i]);
        if (gaclip__safetensors_find(file, name)) {
            expect_tensor(file, name, set->rows.grad + at, count, GRADIENT_TOLERANCE);
            stored++;
        } else {
            for (size_t k = 0; k < count; k++)
                if (set->rows.grad[at + k] != 0) fail_msg("%s is not zero", name);
        }
        at += count;
    }
    return stored;
}

static void check_embeddings(const GaclipModel *model, const OracleBatch *batch, const Loss *loss)
{
    GaclipLossWeights losses = {0};
    GaclipError err = {0};
    const GaclipSafetensors *file = batch->file;
    int E = model->config.embed_dim;
    RowSet sets[] = {{.names = {"v_g"}},
                     {.names = {"v_r"}},
                     {.names = {"v_crop"}},
                     {.names = {"t_brief", "t_detail", "t_region", "t_hard"}}};
    for (int i = 0; i < 4; i++) load_rows(&sets[i], file, E);
    float *scale = oracle_floats(file, "embed.scale", NULL);
    GaclipEmbeddings e = {
        sets[0].rows, sets[1].rows, sets[2].rows, sets[3].rows, E, (double)*scale, 0};
    expect_ok(gaclip__objective(&losses, &e, model->compute, &batch->batch, &loss->weights,
                                loss->mask_identical, &err),
              &err);
    int stored = 0;
    for (int i = 0; i < 4; i++) stored += expect_row_gradients(&sets[i], file, loss->name);
    assert_true(stored >= 2);
    char name[64];
    snprintf(name, sizeof name, "grad_embed.%s.scale", loss->name);
    if (gaclip__safetensors_find(file, name)) {
        float by_scale = (float)e.grad_scale;
        expect_tensor(file, name, &by_scale, 1, GRADIENT_TOLERANCE);
    }
    for (int i = 0; i < 4; i++) {
        free(sets[i].rows.unit);
        free(sets[i].rows.grad);
    }
    free(scale);
}

/* A whole step; the model's gradients are the oracle's afterwards. */
static GaclipStepResult run_step(GaclipModel *model, OracleBatch *batch, const Loss *loss,
                                 int micro_batch, int recompute)
{
    GaclipTrainOptions options;
    GaclipStepResult result;
    GaclipArena rows = {0};
    GaclipError err = {0};
    gaclip_train_options_init(&options);
    options.weights = loss->weights;
    options.mask_identical = loss->mask_identical;
    options.micro_batch = micro_batch;
    options.recompute = recompute;
    gaclip__parameters_zero_gradients(&model->parameters);
    expect_ok(gaclip__train_step(&result, model, &batch->batch, &options, &rows, &err), &err);
    gaclip__arena_free(&rows);
    return result;
}

static void check_loss(GaclipModel *model, OracleBatch *batch, const Loss *loss, double expected,
                       int has_weight_gradients)
{
    check_embeddings(model, batch, loss);
    for (int micro_batch = 0; micro_batch < 4; micro_batch++) {
        GaclipStepResult r = run_step(model, batch, loss, micro_batch, micro_batch % 2);
        expect_relative(loss->name, r.total, expected, 1e-4);
        expect_relative(loss->name, weighted(&loss->weights, &r.losses), expected, 1e-4);
        if (has_weight_gradients)
            assert_true(expect_weight_gradients(model, batch->file, loss->name) > 20);
    }
}

static void test_losses(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char json_name[64];
        OracleBatch batch;
        GaclipModel *model = trainable(NAMES[i]);
        oracle_batch_open(&batch, model, NAMES[i]);
        snprintf(json_name, sizeof json_name, "%s_losses.json", NAMES[i]);
        cJSON *json = oracle_json(json_name);
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, "values");
        for (int k = 0; k < LOSS_COUNT; k++) /* tiny has no weight gradients of rpa_multi */
            check_loss(model, &batch, &LOSSES[k], number(values, LOSSES[k].name),
                       i == 1 || !LOSSES[k].mask_identical);
        Loss total = {"total", total_weights(json), 0};
        check_loss(model, &batch, &total, number(values, "total"), 1);
        cJSON_Delete(json);
        oracle_batch_close(&batch);
        oracle_model_close(model);
    }
}

/* Parts of a batch give the gradients of the whole: their difference is rounding alone. */
static void test_micro_batches(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char json_name[64];
        OracleBatch batch;
        GaclipModel *model = trainable(NAMES[i]);
        GaclipParameters *table = &model->parameters;
        float *whole = malloc(table->floats * sizeof *whole);
        oracle_batch_open(&batch, model, NAMES[i]);
        snprintf(json_name, sizeof json_name, "%s_losses.json", NAMES[i]);
        cJSON *json = oracle_json(json_name);
        Loss total = {"total", total_weights(json), 0};
        double loss = run_step(model, &batch, &total, 0, 0).total;
        memcpy(whole, table->gradients, table->floats * sizeof *whole);
        for (int micro_batch = 1; micro_batch < 4; micro_batch++) {
            expect_relative("loss", run_step(model, &batch, &total, micro_batch, 0).total, loss,
                            1e-5);
            expect_close("gradient", table->gradients, whole, table->floats, 1e-5);
        }
        free(whole);
        cJSON_Delete(json);
        oracle_batch_close(&batch);
        oracle_model_close(model);
    }
}

/* Computing activations again gives the very same gradients. */
static void test_recompute(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        OracleBatch batch;
        GaclipModel *model = trainable(NAMES[i]);
        GaclipParameters *table = &model->parameters;
        float *kept = malloc(table->floats * sizeof *kept);
        Loss all = {
            "all", {.global = 1, .region = 1, .hard_negative = 1, .visual = 1, .text = 1}, 0};
        oracle_batch_open(&batch, model, NAMES[i]);
        double loss = run_step(model, &batch, &all, 0, 0).total;
        memcpy(kept, table->gradients, table->floats * sizeof *kept);
        assert_true(run_step(model, &batch, &all, 0, 1).total == loss);
        assert_memory_equal(table->gradients, kept, table->floats * sizeof *kept);
        free(kept);
        oracle_batch_close(&batch);
        oracle_model_close(model);
    }
}

/* A loss of weight 0 costs nothing: what only it needs is not encoded. */
static void test_passes(void **state)
{
    (void)state;
    OracleBatch batch;
    GaclipModel *model = trainable("tiny");
    oracle_batch_open(&batch, model, "tiny");
    Loss all = {"all", {.global = 1, .region = 1, .hard_negative = 1, .visual = 1, .text = 1}, 0};
    GaclipStepResult r = run_step(model, &batch, &all, 0, 0);
    assert_int_equal(r.images, 4);
    assert_int_equal(r.crops, 9);
    assert_int_equal(r.texts, 4 + 4 + 9 + 9 * 5);
    oracle_batch_close(&batch);
    oracle_model_close(model);
}

/* The oracle's limits for weights after training steps, in units of the sum of learning rates so
 * far: of any entry, and of the mean over all entries of the model. */
static double entry_limit(const GaclipParameter *p, size_t k)
{
    int is_key_bias = strstr(p->name, "in_proj_bias") && k >= p->count / 3 && k < p->count / 3 * 2;
    return is_key_bias ? 0.2 : 0.1;
}

static const double MEAN_LIMIT = 1e-4;

/* How far an entry has gone astray, in those units. */
static double compare_entry(const GaclipParameter *p, size_t k, double expected, double rates)
{
    double off = fabs((double)p->value[k] - expected) / rates;
    if (!(off <= entry_limit(p, k)))
        fail_msg("%s[%zu] = %.9g, expected %.9g", p->name, k, (double)p->value[k], expected);
    return off;
}

static void expect_mean(double astray, size_t count)
{
    if (!(astray / (double)count <= MEAN_LIMIT))
        fail_msg("the weights are off by %g of the learning rate on average, allowed %g",
                 astray / (double)count, MEAN_LIMIT);
}

/* Every entry of every weight after a step. */
static void compare_all(const GaclipModel *model, const GaclipSafetensors *file, const char *stage,
                        int step, double rates)
{
    double astray = 0;
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        char name[160];
        size_t count;
        snprintf(name, sizeof name, "%s.%d.%s", stage, step, p->name);
        float *expected = oracle_floats(file, name, &count);
        assert_int_equal(count, p->count);
        for (size_t k = 0; k < count; k++)
            astray += compare_entry(p, k, (double)expected[k], rates);
        free(expected);
    }
    expect_mean(astray, gaclip_model_parameter_count(model, ""));
}

/* A norm may differ by the length of the largest allowed difference. Returns how far the sum is
 * astray: never more than all entries together. */
static double compare_totals(const GaclipParameter *p, const cJSON *expected, double rates)
{
    double sum = 0, squares = 0, slack = 0;
    for (size_t k = 0; k < p->count; k++) {
        double value = (double)p->value[k];
        sum += value;
        squares += value * value;
        slack += entry_limit(p, k) * entry_limit(p, k);
    }
    double norm = number(expected, "norm");
    if (!(fabs(sqrt(squares) - norm) <= sqrt(slack) * rates))
        fail_msg("%s has norm %.9g, expected %.9g", p->name, sqrt(squares), norm);
    return fabs(sum - number(expected, "sum")) / rates;
}

/* What the JSON holds of every weight: some entries, norm and sum. */
static void compare_samples(const GaclipModel *model, const cJSON *weights, double rates)
{
    double astray = 0;
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        const cJSON *one = cJSON_GetObjectItemCaseSensitive(weights, p->name);
        const cJSON *at = cJSON_GetObjectItemCaseSensitive(one, "at");
        const cJSON *entries = cJSON_GetObjectItemCaseSensitive(one, "entries");
        assert_true(cJSON_GetArraySize(at) > 0);
        for (int k = 0; k < cJSON_GetArraySize(at); k++)
            compare_entry(p, (size_t)cJSON_GetArrayItem(at, k)->valueint,
                          cJSON_GetArrayItem(entries, k)->valuedouble, rates);
        astray += compare_totals(p, one, rates);
    }
    expect_mean(astray, gaclip_model_parameter_count(model, ""));
}

/* One stage of the oracle's training: a new optimiser, five steps, on from the model's weights.
 * *rates is the sum of the learning rates since the weights were the oracle's. */
static void train_stage(GaclipModel *model, const cJSON *json, int number_of, OracleBatch *batch,
                        const GaclipSafetensors *file, double *rates)
{
    GaclipError err = {0};
    GaclipAdamW adamw;
    const cJSON *betas = cJSON_GetObjectItemCaseSensitive(json, "betas");
    const cJSON *stage =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "stages"), number_of);
    const char *name = cJSON_GetObjectItemCaseSensitive(stage, "name")->valuestring;
    Loss loss = {name, number_of ? total_weights(json) : (GaclipLossWeights){.global = 1}, 0};
    const cJSON *step;
    double after = -1;
    int t = 0;
    expect_ok(gaclip__adamw_init(&adamw, &model->parameters,
                                 cJSON_GetArrayItem(betas, 0)->valuedouble,
                                 cJSON_GetArrayItem(betas, 1)->valuedouble, number(json, "eps"),
                                 number(json, "weight_decay"), &err),
              &err);
    cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(json, name))
    {
        double rate =
            gaclip__learning_rate(t, number(stage, "base_lr"), (long)number(stage, "warmup"),
                                  (long)number(stage, "total"));
        expect_relative("lr", rate, number(step, "lr"), 1e-9);
        double value = run_step(model, batch, &loss, 0, 0).total;
        expect_relative("loss", value, number(step, "loss"), 1e-3);
        if (after >= 0) expect_relative("loss after", value, after, 1e-3);
        gaclip__adamw_step(&adamw, model->compute, &model->parameters, rate, 1);
        after = number(step, "loss_after");
        *rates += rate;
        if (file) compare_all(model, file, name, t, *rates);
        compare_samples(model, cJSON_GetObjectItemCaseSensitive(step, "weights_after"), *rates);
        t++;
    }
    assert_int_equal(t, 5);
    expect_relative("loss after", run_step(model, batch, &loss, 0, 0).total, after, 1e-3);
    gaclip__adamw_clear(&adamw);
}

/* Stage II goes on from the oracle's weights after stage I, where the fixture has them. */
static void take_stage1_weights(GaclipModel *model, const GaclipSafetensors *file)
{
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        char name[160];
        snprintf(name, sizeof name, "stage1.4.%s", p->name);
        float *values = oracle_floats(file, name, NULL);
        memcpy(model->parameters.values + p->offset, values, p->count * sizeof *values);
        free(values);
    }
}

static void test_adamw_steps(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char json_name[64];
        OracleBatch batch;
        GaclipModel *model = trainable(NAMES[i]);
        snprintf(json_name, sizeof json_name, "%s_train.json", NAMES[i]);
        cJSON *json = oracle_json(json_name);
        GaclipSafetensors *file = i == 1 ? oracle_open("tiny2_train.safetensors") : NULL;
        oracle_batch_open(&batch, model, NAMES[i]);
        double rates = 0;
        train_stage(model, json, 0, &batch, file, &rates);
        if (file) {
            take_stage1_weights(model, file);
            rates = 0;
        }
        train_stage(model, json, 1, &batch, file, &rates);
        if (file) gaclip__safetensors_close(file);
        cJSON_Delete(json);
        oracle_batch_close(&batch);
        oracle_model_close(model);
    }
}

/* A frozen parameter keeps its bits, weight decay or not. */
static void test_frozen(void **state)
{
    (void)state;
    OracleBatch batch;
    GaclipError err = {0};
    GaclipAdamW adamw;
    GaclipModel *model = trainable("tiny");
    GaclipParameter *frozen = gaclip__parameters_find(
        &model->parameters, "visual.transformer.resblocks.0.mlp.c_fc.weight");
    assert_non_null(frozen);
    float *before = malloc(frozen->count * sizeof *before);
    memcpy(before, frozen->value, frozen->count * sizeof *before);
    oracle_batch_open(&batch, model, "tiny");
    expect_ok(gaclip__adamw_init(&adamw, &model->parameters, 0.9, 0.98, 1e-6, 0.2, &err), &err);
    gaclip__adamw_freeze(&adamw, frozen);
    run_step(model, &batch, &LOSSES[0], 0, 0);
    memset(frozen->gradient, 0, frozen->count * sizeof(float));
    gaclip__adamw_step(&adamw, model->compute, &model->parameters, 1e-2, 1);
    assert_memory_equal(before, frozen->value, frozen->count * sizeof *before);
    free(before);
    gaclip__adamw_clear(&adamw);
    oracle_batch_close(&batch);
    oracle_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losses),      cmocka_unit_test(test_micro_batches),
        cmocka_unit_test(test_recompute),   cmocka_unit_test(test_passes),
        cmocka_unit_test(test_adamw_steps), cmocka_unit_test(test_frozen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
