/* The layers: forward against plain loops in double precision, backward by finite differences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compute.h"
#include "finite.h"
#include "math/activation.h"
#include "math/attention.h"
#include "math/convolution.h"
#include "math/exponential.h"
#include "math/linear.h"
#include "math/norm.h"
#include "oracle.h"

static const double TOLERANCE = 1e-2;
static const float STEP = 1e-2f;

/* Buffers of one operation: inputs, weights, and the random vector that makes a scalar of it. */
typedef struct Op {
    GaclipCompute *compute;
    GaclipRandom random;
    float *in, *weight, *bias, *out, *upstream, *kept;
    float *grad_in, *grad_weight, *grad_bias;
    size_t n_in, n_weight, n_bias, n_out;
    int rows, width, n_to;
    GaclipAttentionShape attention;
    GaclipConvolutionShape convolution;
    GaclipActivation activation;
} Op;

static void op_begin(Op *op, size_t n_in, size_t n_weight, size_t n_bias, size_t n_out,
                     size_t n_kept, size_t scratch)
{
    GaclipError err = {0};
    expect_ok(gaclip_compute_new(&op->compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip__compute_reserve(op->compute, scratch + 64, &err), &err);
    gaclip__random_seed(&op->random, 7);
    op->n_in = n_in;
    op->n_weight = n_weight;
    op->n_bias = n_bias;
    op->n_out = n_out;
    op->in = random_floats(&op->random, n_in, 1);
    op->weight = random_floats(&op->random, n_weight, 0.5f);
    op->bias = random_floats(&op->random, n_bias, 0.5f);
    op->upstream = random_floats(&op->random, n_out, 1);
    op->out = calloc(n_out + 1, sizeof(float));
    op->kept = calloc(n_kept + 1, sizeof(float));
    op->grad_in = calloc(n_in + 1, sizeof(float));
    op->grad_weight = calloc(n_weight + 1, sizeof(float));
    op->grad_bias = calloc(n_bias + 1, sizeof(float));
}

static void op_end(Op *op)
{
    float *all[] = {op->in,   op->weight,  op->bias,        op->out,      op->upstream,
                    op->kept, op->grad_in, op->grad_weight, op->grad_bias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    gaclip_compute_free(op->compute);
}

static void expect_all_gradients(const char *name, Op *op, FiniteFunction *function)
{
    char full[64];
    struct {
        const char *what;
        float *x, *gradient;
        size_t count;
    } parts[] = {{"input", op->in, op->grad_in, op->n_in},
                 {"weight", op->weight, op->grad_weight, op->n_weight},
                 {"bias", op->bias, op->grad_bias, op->n_bias}};
    for (size_t i = 0; i < 3; i++) {
        if (!parts[i].count) continue;
        snprintf(full, sizeof full, "%s %s", name, parts[i].what);
        expect_gradient(full, function, op, parts[i].x, parts[i].gradient, parts[i].count, 200,
                        STEP, TOLERANCE);
    }
}

/* With a residual, which lies behind the input in op->in. */
static double linear(void *payload)
{
    Op *op = payload;
    GaclipLinear l = {.rows = op->rows,
                      .n_in = op->width,
                      .n_out = op->n_to,
                      .in = gaclip__floats(op->in),
                      .weight = gaclip__floats(op->weight),
                      .bias = op->bias,
                      .residual = op->in + op->rows * op->width,
                      .out = gaclip__floats(op->out)};
    gaclip__linear_forward(op->compute, &l);
    return dot(op->out, op->upstream, op->n_out);
}

static GaclipLinearBackward linear_gradients(const Op *op)
{
    return (GaclipLinearBackward){.rows = op->rows,
                                  .n_in = op->width,
                                  .n_out = op->n_to,
                                  .in = gaclip__floats(op->in),
                                  .weight = gaclip__floats(op->weight),
                                  .grad_out = gaclip__floats(op->upstream),
                                  .grad_in = gaclip__floats(op->grad_in),
                                  .grad_weight = op->grad_weight,
                                  .grad_bias = op->grad_bias};
}

static void test_linear(void **state)
{
    static const int SIZES[][3] = {{1, 1, 1}, {5, 3, 7}, {33, 17, 20}, {128, 64, 48}, {3, 5, 800}};
    (void)state;
    for (size_t s = 0; s < 5; s++) {
        Op op = {.rows = SIZES[s][0], .width = SIZES[s][1], .n_to = SIZES[s][2]};
        size_t rows = (size_t)op.rows, n = (size_t)op.width, m = (size_t)op.n_to;
        op_begin(&op, rows * (n + m), m * n, m, rows * m, 0, 0);
        linear(&op);
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < m; o++) {
                double sum = (double)op.bias[o] + dot(op.in + r * n, op.weight + o * n, n) +
                             (double)op.in[rows * n + r * m + o];
                assert_true(fabs(sum - (double)op.out[r * m + o]) < 1e-4);
            }
        GaclipLinearBackward backward = linear_gradients(&op);
        gaclip__linear_backward(op.compute, &backward);
        memcpy(op.grad_in + rows * n, op.upstream, rows * m * sizeof(float));
        expect_all_gradients("linear", &op, linear);
        op_end(&op);
    }
}

/* An activation before the product: op->kept = act(op->in). */
static double activated_linear(void *payload)
{
    Op *op = payload;
    gaclip__activate(GACLIP_GELU, gaclip__floats(op->kept), gaclip__floats(op->in), op->n_in);
    GaclipLinear l = {.rows = op->rows,
                      .n_in = op->width,
                      .n_out = op->n_to,
                      .in = gaclip__floats(op->kept),
                      .weight = gaclip__floats(op->weight),
                      .out = gaclip__floats(op->out)};
    gaclip__linear_forward(op->compute, &l);
    return dot(op->out, op->upstream, op->n_out);
}

static void test_linear_and_activation(void **state)
{
    (void)state;
    Op op = {.rows = 9, .width = 6, .n_to = 11};
    op_begin(&op, 54, 66, 0, 99, 99, 0);
    activated_linear(&op);
    GaclipLinearBackward backward = linear_gradients(&op);
    backward.in = gaclip__floats(op.kept);
    backward.hidden = gaclip__floats(op.in);
    backward.activation = GACLIP_GELU;
    backward.grad_bias = NULL;
    gaclip__linear_backward(op.compute, &backward);
    expect_all_gradients("linear of an activation", &op, activated_linear);
    /* An activation behind the product gives what it gives alone. */
    float expected[99];
    GaclipLinear forward = {.rows = 9,
                            .n_in = 6,
                            .n_out = 11,
                            .in = gaclip__floats(op.in),
                            .weight = gaclip__floats(op.weight),
                            .out = gaclip__floats(op.out),
                            .activated = gaclip__floats(op.kept),
                            .activation = GACLIP_QUICK_GELU};
    gaclip__linear_forward(op.compute, &forward);
    gaclip__activate(GACLIP_QUICK_GELU, gaclip__floats(expected), gaclip__floats(op.out), 99);
    expect_close("activated", op.kept, expected, 99, 1e-6);
    op_end(&op);
}

/* The projection keeps its matrix the other way round. */
static double projection(void *payload)
{
    Op *op = payload;
    gaclip__projection_forward(op->compute, op->out, op->in, op->weight, op->rows, op->width,
                               op->n_to);
    return dot(op->out, op->upstream, op->n_out);
}

static void test_projection(void **state)
{
    (void)state;
    Op op = {.rows = 6, .width = 5, .n_to = 4};
    op_begin(&op, 30, 20, 0, 24, 0, 0);
    projection(&op);
    for (int r = 0; r < 6; r++)
        for (int o = 0; o < 4; o++) {
            double sum = 0;
            for (int k = 0; k < 5; k++)
                sum += (double)op.in[r * 5 + k] * (double)op.weight[k * 4 + o];
            assert_true(fabs(sum - (double)op.out[r * 4 + o]) < 1e-5);
        }
    gaclip__projection_backward(op.compute, op.grad_in, op.grad_weight, op.upstream, op.in,
                                op.weight, 6, 5, 4);
    expect_all_gradients("projection", &op, projection);
    op_end(&op);
}

static double layer_norm(void *payload)
{
    Op *op = payload;
    gaclip__layer_norm_forward(op->compute, gaclip__floats(op->out), op->kept, op->in, op->weight,
                               op->bias, op->rows, op->width, 1e-5f);
    return dot(op->out, op->upstream, op->n_out);
}

static void test_layer_norm(void **state)
{
    static const int SIZES[][2] = {{1, 3}, {3, 7}, {40, 33}, {9, 128}};
    (void)state;
    for (size_t s = 0; s < 4; s++) {
        Op op = {.rows = SIZES[s][0], .width = SIZES[s][1]};
        size_t rows = (size_t)op.rows, n = (size_t)op.width;
        op_begin(&op, rows * n, n, n, rows * n, 2 * rows, gaclip__layer_norm_scratch(op.width));
        layer_norm(&op);
        for (size_t r = 0; r < rows; r++) {
            double mean = 0, variance = 0;
            for (size_t k = 0; k < n; k++) mean += (double)op.in[r * n + k] / (double)n;
            for (size_t k = 0; k < n; k++)
                variance += pow((double)op.in[r * n + k] - mean, 2) / (double)n;
            for (size_t k = 0; k < n; k++) {
                double expected = ((double)op.in[r * n + k] - mean) / sqrt(variance + 1e-5) *
                                      (double)op.weight[k] +
                                  (double)op.bias[k];
                assert_true(fabs(expected - (double)op.out[r * n + k]) < 1e-4);
            }
        }
        gaclip__layer_norm_backward(op.compute, op.grad_in, op.grad_weight, op.grad_bias,
                                    op.upstream, op.in, op.kept, op.weight, op.rows, op.width, 0);
        expect_all_gradients("layer norm", &op, layer_norm);
        /* Accumulating adds the same once more. */
        float *twice = malloc(op.n_in * sizeof *twice);
        for (size_t i = 0; i < op.n_in; i++) twice[i] = 2 * op.grad_in[i];
        gaclip__layer_norm_backward(op.compute, op.grad_in, op.grad_weight, op.grad_bias,
                                    op.upstream, op.in, op.kept, op.weight, op.rows, op.width, 1);
        expect_close("accumulated", op.grad_in, twice, op.n_in, 1e-6);
        free(twice);
        op_end(&op);
    }
}

static double activation(void *payload)
{
    Op *op = payload;
    gaclip__activation_forward(op->compute, op->activation, gaclip__floats(op->out),
                               gaclip__floats(op->in), op->n_in);
    return dot(op->out, op->upstream, op->n_out);
}

static double activation_of(GaclipActivation kind, double x)
{
    return kind == GACLIP_GELU ? x * (1 + erf(x / sqrt(2))) / 2 : x / (1 + exp(-1.702 * x));
}

static void test_activations(void **state)
{
    static const GaclipActivation KINDS[] = {GACLIP_QUICK_GELU, GACLIP_GELU};
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        Op op = {.activation = KINDS[s]};
        op_begin(&op, 301, 0, 0, 301, 0, 0);
        for (size_t i = 0; i < 301; i++) op.in[i] = ((float)i - 150) / 20; /* -7.5 .. 7.5 */
        activation(&op);
        for (size_t i = 0; i < 301; i++)
            assert_true(fabs(activation_of(KINDS[s], (double)op.in[i]) - (double)op.out[i]) < 2e-6);
        gaclip__activation_backward(op.compute, KINDS[s], gaclip__floats(op.grad_in), op.upstream,
                                    op.in, 301);
        expect_all_gradients(s ? "GELU" : "QuickGELU", &op, activation);
        op_end(&op);
    }
}

static double attention(void *payload)
{
    Op *op = payload;
    gaclip__attention_forward(op->compute, gaclip__floats(op->out), op->kept,
                              gaclip__floats(op->in), &op->attention);
    return dot(op->out, op->upstream, op->n_out);
}

/* out of token t, head h, by the definition. */
static void expect_attention(const Op *op)
{
    const GaclipAttentionShape *s = &op->attention;
    int D = s->width / s->heads, T = s->tokens, W = s->width;
    double *p = malloc((size_t)T * sizeof *p);
    for (int n = 0; n < s->batch; n++)
        for (int h = 0; h < s->heads; h++)
            for (int t = 0; t < T; t++) {
                const float *rows = op->in + n * T * 3 * W;
                double sum = 0;
                int seen = s->causal ? t + 1 : T;
                for (int u = 0; u < seen; u++) {
                    p[u] =
                        exp(dot(rows + t * 3 * W + h * D, rows + u * 3 * W + W + h * D, (size_t)D) /
                            sqrt(D));
                    sum += p[u];
                }
                for (int k = 0; k < D; k++) {
                    double expected = 0;
                    for (int u = 0; u < seen; u++)
                        expected += p[u] / sum * (double)rows[u * 3 * W + 2 * W + h * D + k];
                    assert_true(fabs(expected - (double)op->out[(n * T + t) * W + h * D + k]) <
                                1e-4);
                }
            }
    free(p);
}

static void test_attention(void **state)
{
    static const GaclipAttentionShape SHAPES[] = {
        {1, 1, 4, 1, 0},   {2, 5, 12, 3, 0},  {2, 5, 12, 3, 1}, {1, 19, 32, 2, 1},
        {3, 17, 16, 4, 0}, {1, 131, 6, 2, 0}, {1, 150, 4, 1, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        Op op = {.attention = SHAPES[i]};
        const GaclipAttentionShape *s = &op.attention;
        size_t rows = (size_t)(s->batch * s->tokens), width = (size_t)s->width;
        op_begin(&op, rows * 3 * width, 0, 0, rows * width, rows * (size_t)s->heads,
                 gaclip__attention_scratch(s));
        attention(&op);
        expect_attention(&op);
        gaclip__attention_backward(op.compute, gaclip__floats(op.grad_in),
                                   gaclip__floats(op.upstream), gaclip__floats(op.in), op.kept, s);
        expect_all_gradients(s->causal ? "causal attention" : "attention", &op, attention);
        op_end(&op);
    }
}

static double convolution(void *payload)
{
    Op *op = payload;
    gaclip__convolution_forward(op->compute, op->out, gaclip__floats(op->in),
                                gaclip__floats(op->weight), op->bias, &op->convolution);
    return dot(op->out, op->upstream, op->n_out);
}

static void expect_convolution(const Op *op)
{
    const GaclipConvolutionShape *s = &op->convolution;
    int H = gaclip__convolved(s->height, s->stride), W = gaclip__convolved(s->width, s->stride);
    for (int n = 0; n < s->batch; n++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                for (int o = 0; o < s->n_out; o++) {
                    double sum = (double)op->bias[o];
                    for (int i = 0; i < 9; i++) {
                        int v = y * s->stride + i / 3 - 1, u = x * s->stride + i % 3 - 1;
                        if (v < 0 || u < 0 || v >= s->height || u >= s->width) continue;
                        sum += dot(op->in + ((n * s->height + v) * s->width + u) * s->n_in,
                                   op->weight + (o * 9 + i) * s->n_in, (size_t)s->n_in);
                    }
                    double got = (double)op->out[((n * H + y) * W + x) * s->n_out + o];
                    assert_true(fabs(sum - got) < 1e-4);
                }
}

static void test_convolution(void **state)
{
    static const GaclipConvolutionShape SHAPES[] = {
        {1, 1, 1, 1, 1, 1}, {2, 6, 8, 3, 4, 2}, {1, 7, 5, 2, 3, 2}, {2, 5, 4, 3, 2, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        Op op = {.convolution = SHAPES[i]};
        const GaclipConvolutionShape *s = &op.convolution;
        size_t pixels = (size_t)(s->batch * s->height * s->width);
        size_t results = (size_t)(s->batch * gaclip__convolved(s->height, s->stride) *
                                  gaclip__convolved(s->width, s->stride));
        op_begin(&op, pixels * (size_t)s->n_in, (size_t)(9 * s->n_in * s->n_out), (size_t)s->n_out,
                 results * (size_t)s->n_out, 0, gaclip__convolution_scratch(s));
        convolution(&op);
        expect_convolution(&op);
        gaclip__convolution_backward(op.compute, op.grad_in, op.grad_weight, op.grad_bias,
                                     op.upstream, gaclip__floats(op.in), gaclip__floats(op.weight),
                                     s);
        expect_all_gradients("convolution", &op, convolution);
        op_end(&op);
    }
}

static double unit(void *payload)
{
    Op *op = payload;
    gaclip__unit_forward(op->out, op->kept, op->in, op->rows, op->width);
    return dot(op->out, op->upstream, op->n_out);
}

static void test_unit(void **state)
{
    (void)state;
    Op op = {.rows = 4, .width = 5};
    op_begin(&op, 20, 0, 0, 20, 4, 0);
    unit(&op);
    for (int r = 0; r < 4; r++)
        assert_true(fabs(dot(op.out + 5 * r, op.out + 5 * r, 5) - 1) < 1e-5);
    gaclip__unit_backward(op.grad_in, op.upstream, op.out, op.kept, 4, 5);
    expect_all_gradients("unit", &op, unit);
    memset(op.in, 0, 20 * sizeof(float));
    unit(&op);
    for (int i = 0; i < 20; i++) assert_true(op.out[i] == 0);
    op_end(&op);
}

/* Clamped outside its range; NaN goes through, or a broken weight would look like a sound one. */
static void test_exponential(void **state)
{
    (void)state;
    for (float x = -87; x <= 88; x += 0.37f)
        assert_true(fabs((double)gaclip__exp(x) / exp((double)x) - 1) < 3e-7);
    assert_true(gaclip__exp(-INFINITY) == gaclip__exp(-87.0f));
    assert_true(gaclip__exp(INFINITY) == gaclip__exp(88.0f));
    assert_true(isnan(gaclip__exp(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exponential),
                                       cmocka_unit_test(test_linear),
                                       cmocka_unit_test(test_linear_and_activation),
                                       cmocka_unit_test(test_projection),
                                       cmocka_unit_test(test_layer_norm),
                                       cmocka_unit_test(test_activations),
                                       cmocka_unit_test(test_attention),
                                       cmocka_unit_test(test_convolution),
                                       cmocka_unit_test(test_unit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
