/* The Newton-Schulz steps of Muon against their own polynomial of singular values, and its update
 * against arithmetic of doubles. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "oracle_model.h"
#include "train/muon.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static GaclipCompute *compute_in(GaclipPrecision precision)
{
    GaclipCompute *compute;
    GaclipError err = {0};
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    if (gaclip_compute_set_precision(compute, precision, &err) == GACLIP_OK) return compute;
    gaclip_compute_free(compute);
    return NULL;
}

/* What five steps make of a singular value. */
static double lifted(double value)
{
    for (int step = 0; step < 5; step++)
        value = value * (3.4445 - 4.7750 * value * value + 2.0315 * pow(value, 4));
    return value;
}

/* A matrix with known singular values: rows of a rotation, each as long as one of them. */
static void fill_known(float *x, int rows, int columns, const double *lengths)
{
    memset(x, 0, (size_t)rows * (size_t)columns * sizeof *x);
    for (int r = 0; r < rows; r++) {
        double angle = 0.3 + 0.1 * (r / 2);
        int pair = r - r % 2;
        x[r * columns + pair] = (float)(lengths[r] * (r % 2 ? -sin(angle) : cos(angle)));
        x[r * columns + pair + 1] = (float)(lengths[r] * (r % 2 ? cos(angle) : sin(angle)));
    }
}

static void check_known(GaclipPrecision precision, double tolerance)
{
    enum { ROWS = 6, COLUMNS = 10 };
    static const double LENGTHS[ROWS] = {3, 2, 1, 0.5, 0.2, 0.1};
    GaclipCompute *compute = compute_in(precision);
    if (!compute) {
        print_message("skipped: no such products on this processor\n");
        return;
    }
    float x[ROWS * COLUMNS];
    float *work = malloc(gaclip__muon_work(ROWS, COLUMNS) * sizeof *work);
    double norm = 0;
    for (int r = 0; r < ROWS; r++) norm += LENGTHS[r] * LENGTHS[r];
    fill_known(x, ROWS, COLUMNS, LENGTHS);
    gaclip__orthogonalise(x, compute, ROWS, COLUMNS, work);
    for (int r = 0; r < ROWS; r++)
        for (int s = 0; s <= r; s++) {
            double product = 0, length = lifted(LENGTHS[r] / sqrt(norm));
            for (int c = 0; c < COLUMNS; c++)
                product += (double)x[r * COLUMNS + c] * (double)x[s * COLUMNS + c];
            double expected = r == s ? length * length : 0;
            if (!(fabs(product - expected) < tolerance))
                fail_msg("rows %d and %d: %g, not %g", r, s, product, expected);
        }
    free(work);
    gaclip_compute_free(compute);
}

static void test_singular_values(void **state)
{
    (void)state;
    check_known(GACLIP_PRECISION_F32, 1e-4);
    check_known(GACLIP_PRECISION_BF16, 0.1);
}

static void test_nothing(void **state)
{
    (void)state;
    GaclipCompute *compute = compute_in(GACLIP_PRECISION_F32);
    float x[6] = {0}, work[64];
    assert_true(gaclip__muon_work(2, 3) <= COUNT(work));
    gaclip__orthogonalise(x, compute, 2, 3, work);
    for (int i = 0; i < 6; i++) assert_true(x[i] == 0);
    gaclip_compute_free(compute);
}

/* The same in doubles, by columns where there are fewer of them. */
static void orthogonalise_plainly(double *x, int rows, int columns)
{
    double *gram = malloc((size_t)(rows * rows) * sizeof *gram);
    double *powers = malloc((size_t)(rows * rows) * sizeof *powers);
    double *out = malloc((size_t)(rows * columns) * sizeof *out), norm = 0;
    for (int i = 0; i < rows * columns; i++) norm += x[i] * x[i];
    for (int i = 0; i < rows * columns; i++) x[i] /= sqrt(norm);
    for (int step = 0; step < 5; step++) {
        for (int i = 0; i < rows * rows; i++) {
            gram[i] = 0;
            for (int c = 0; c < columns; c++)
                gram[i] += x[i / rows * columns + c] * x[i % rows * columns + c];
        }
        for (int i = 0; i < rows * rows; i++) {
            powers[i] = 0;
            for (int k = 0; k < rows; k++)
                powers[i] += gram[i / rows * rows + k] * gram[k * rows + i % rows];
            powers[i] = 2.0315 * powers[i] - 4.7750 * gram[i];
        }
        for (int i = 0; i < rows * columns; i++) {
            out[i] = 3.4445 * x[i];
            for (int k = 0; k < rows; k++)
                out[i] += powers[i / columns * rows + k] * x[k * columns + i % columns];
        }
        memcpy(x, out, (size_t)(rows * columns) * sizeof *x);
    }
    free(gram);
    free(powers);
    free(out);
}

/* Two steps on one matrix, expected in expected (count). */
static void expect_steps(double *expected, const float *value, const float *gradient, int rows,
                         int columns, double rate, double decay, double factor)
{
    int count = rows * columns, is_tall = rows > columns;
    double *momentum = calloc((size_t)count, sizeof *momentum);
    double *direction = malloc((size_t)count * sizeof *direction);
    for (int i = 0; i < count; i++) expected[i] = (double)value[i];
    for (int step = 0; step < 2; step++) {
        for (int i = 0; i < count; i++) {
            double g = (double)gradient[i] * factor * (step + 1);
            int at = is_tall ? i % columns * rows + i / columns : i;
            momentum[i] = 0.95 * momentum[i] + 0.05 * g;
            direction[at] = 0.05 * g + 0.95 * momentum[i];
        }
        orthogonalise_plainly(direction, is_tall ? columns : rows, is_tall ? rows : columns);
        double length = 0.2 * sqrt(is_tall ? rows : columns);
        for (int i = 0; i < count; i++) {
            int at = is_tall ? i % columns * rows + i / columns : i;
            expected[i] -= rate * decay * expected[i] + rate * length * direction[at];
        }
    }
    free(momentum);
    free(direction);
}

static void check_matrix(const GaclipParameter *p, const float *before, const float *gradient,
                         int parts, const GaclipTrainOptions *o, double factor)
{
    int rows = p->shape[0] / parts, columns = (int)p->count / p->shape[0], count = rows * columns;
    double *expected = malloc((size_t)count * sizeof *expected);
    for (int part = 0; part < parts; part++) {
        size_t first = p->offset + (size_t)(part * count);
        expect_steps(expected, before + first, gradient + first, rows, columns, o->learning_rate,
                     o->weight_decay, factor);
        for (int i = 0; i < count; i++)
            if (!(fabs((double)p->value[part * count + i] - expected[i]) < 2e-5))
                fail_msg("%s[%d]: %g, not %g", p->name, part * count + i,
                         (double)p->value[part * count + i], expected[i]);
    }
    free(expected);
}

/* Every matrix of the blocks moves as it should, what is frozen and everything else stays, and the
 * gradients of the matrices are gone. */
static void test_step(void **state)
{
    static const char *const FROZEN[] = {"visual.transformer.resblocks.0.attn.out_proj"};
    (void)state;
    GaclipModel *model = random_model(3);
    GaclipParameters *table = &model->parameters;
    GaclipTrainOptions options;
    GaclipMuon muon;
    GaclipRandom random;
    GaclipError err = {0};
    gaclip_train_options_init(&options);
    options.frozen = FROZEN;
    options.frozen_count = 1;
    expect_ok(gaclip__parameters_own(table, &err), &err);
    expect_ok(gaclip__parameters_start_gradients(table, &err), &err);
    expect_ok(gaclip__muon_init(&muon, model->compute, table, &options, &err), &err);
    float *before = malloc(table->floats * sizeof *before);
    float *gradient = malloc(table->floats * sizeof *gradient);
    memcpy(before, table->values, table->floats * sizeof *before);
    gaclip__random_seed(&random, 5);
    for (size_t i = 0; i < table->floats; i++) gradient[i] = (float)gaclip__random_normal(&random);
    for (int step = 0; step < 2; step++) {
        for (size_t i = 0; i < table->floats; i++)
            table->gradients[i] = gradient[i] * (float)(step + 1);
        gaclip__muon_step(&muon, model->compute, table, options.learning_rate, 0.5);
    }
    int moved = 0;
    for (int i = 0; i < table->count; i++) {
        const GaclipParameter *p = &table->entries[i];
        int is_moved = gaclip__muon_moves(p) && strncmp(p->name, FROZEN[0], strlen(FROZEN[0])) != 0;
        if (is_moved)
            check_matrix(p, before, gradient, strstr(p->name, "in_proj") ? 3 : 1, &options, 0.5);
        else
            assert_memory_equal(p->value, before + p->offset, p->count * sizeof(float));
        for (size_t k = 0; k < p->count; k++)
            assert_true((table->gradients[p->offset + k] == 0) == is_moved);
        moved += is_moved;
    }
    assert_true(moved > 4);
    free(before);
    free(gradient);
    gaclip__muon_clear(&muon);
    oracle_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_singular_values),
                                       cmocka_unit_test(test_nothing), cmocka_unit_test(test_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
