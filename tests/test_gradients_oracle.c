/* Losses, their gradients by every weight, and five AdamW steps, against the oracle's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_model.h"
#include "train/adamw.h"

static const char *const NAMES[] = {"tiny", "tiny2"};
static const char *const LOSSES[] = {"g", "rpa", "rpa_multi"};

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

static void expect_embedding_gradients(const LossResult *r, const GaclipSafetensors *file,
                                       const char *loss, int E)
{
    int is_global = !strcmp(loss, "g");
    size_t count = (size_t)(r->count * E);
    char name[96];
    float scale = (float)r->grad_scale;
    expect_tensor(file, is_global ? "embed.v_g" : "embed.v_r", r->a, count, FORWARD_TOLERANCE);
    expect_tensor(file, is_global ? "embed.t_brief" : "embed.t_region", r->b, count,
                  FORWARD_TOLERANCE);
    snprintf(name, sizeof name, "grad_embed.%s.%s", loss, is_global ? "v_g" : "v_r");
    expect_tensor(file, name, r->grad_a, count, GRADIENT_TOLERANCE);
    snprintf(name, sizeof name, "grad_embed.%s.%s", loss, is_global ? "t_brief" : "t_region");
    expect_tensor(file, name, r->grad_b, count, GRADIENT_TOLERANCE);
    snprintf(name, sizeof name, "grad_embed.%s.scale", loss);
    expect_tensor(file, name, &scale, 1, GRADIENT_TOLERANCE);
}

static void test_losses(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char json_name[64];
        LossBatch batch;
        GaclipModel *model = trainable(NAMES[i]);
        loss_batch_open(&batch, NAMES[i]);
        snprintf(json_name, sizeof json_name, "%s_losses.json", NAMES[i]);
        cJSON *json = oracle_json(json_name);
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, "values");
        for (int k = 0; k < 3; k++) {
            LossResult r;
            run_loss(&r, model, &batch, LOSSES[k]);
            expect_relative(LOSSES[k], r.value, number(values, LOSSES[k]), 1e-4);
            expect_embedding_gradients(&r, batch.file, LOSSES[k], model->config.embed_dim);
            /* tiny has no weight gradients of rpa_multi */
            if (i == 1 || k < 2)
                assert_true(expect_weight_gradients(model, batch.file, LOSSES[k]) > 20);
            loss_result_clear(&r);
        }
        cJSON_Delete(json);
        loss_batch_close(&batch);
        oracle_model_close(model);
    }
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
static void compare_all(const GaclipModel *model, const GaclipSafetensors *file, int step,
                        double rates)
{
    double astray = 0;
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        char name[160];
        size_t count;
        snprintf(name, sizeof name, "stage1.%d.%s", step, p->name);
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

static void train_stage(const char *name, int has_all_weights)
{
    char json_name[64], file_name[64];
    GaclipError err = {0};
    LossBatch batch;
    LossResult r;
    GaclipAdamW adamw;
    snprintf(json_name, sizeof json_name, "%s_train.json", name);
    snprintf(file_name, sizeof file_name, "%s_train.safetensors", name);
    cJSON *json = oracle_json(json_name);
    GaclipSafetensors *file = has_all_weights ? oracle_open(file_name) : NULL;
    GaclipModel *model = trainable(name);
    const cJSON *betas = cJSON_GetObjectItemCaseSensitive(json, "betas");
    const cJSON *stage = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "stages"), 0);
    const cJSON *step, *steps = cJSON_GetObjectItemCaseSensitive(json, "stage1");
    double rates = 0, after = -1;
    int t = 0;
    loss_batch_open(&batch, name);
    expect_ok(gaclip__adamw_init(&adamw, &model->parameters,
                                 cJSON_GetArrayItem(betas, 0)->valuedouble,
                                 cJSON_GetArrayItem(betas, 1)->valuedouble, number(json, "eps"),
                                 number(json, "weight_decay"), &err),
              &err);
    cJSON_ArrayForEach(step, steps)
    {
        double rate =
            gaclip__learning_rate(t, number(stage, "base_lr"), (long)number(stage, "warmup"),
                                  (long)number(stage, "total"));
        expect_relative("lr", rate, number(step, "lr"), 1e-9);
        run_loss(&r, model, &batch, "g");
        expect_relative("loss", r.value, number(step, "loss"), 1e-3);
        if (after >= 0) expect_relative("loss after", r.value, after, 1e-3);
        gaclip__adamw_step(&adamw, model->compute, &model->parameters, rate, 1);
        loss_result_clear(&r);
        after = number(step, "loss_after");
        rates += rate;
        if (file) compare_all(model, file, t, rates);
        compare_samples(model, cJSON_GetObjectItemCaseSensitive(step, "weights_after"), rates);
        t++;
    }
    assert_int_equal(t, 5);
    run_loss(&r, model, &batch, "g");
    expect_relative("loss after", r.value, after, 1e-3);
    loss_result_clear(&r);
    gaclip__adamw_clear(&adamw);
    loss_batch_close(&batch);
    oracle_model_close(model);
    if (file) gaclip__safetensors_close(file);
    cJSON_Delete(json);
}

static void test_adamw_steps(void **state)
{
    (void)state;
    train_stage("tiny", 0);
    train_stage("tiny2", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_losses),
                                       cmocka_unit_test(test_adamw_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
