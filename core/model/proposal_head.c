#include "model/proposal_head.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "math/activation.h"
#include "math/convolution.h"
#include "math/linear.h"
#include "math/norm.h"

/* e^7 strides: longer than any tile, short of overflow. */
static const float LARGEST_LOG = 7.0f;

/* One row of the head's parameters. */
typedef struct HeadRow {
    int *place;
    const char *name;
    int rank, d0, d1, d2, d3;
} HeadRow;

static int declare_rows(const HeadRow *rows, int count, GaclipParameters *parameters)
{
    for (int i = 0; i < count; i++) {
        const HeadRow *r = &rows[i];
        *r->place =
            gaclip__parameters_add(parameters, r->name, r->rank, r->d0, r->d1, r->d2, r->d3);
        if (*r->place < 0) return 0;
    }
    return 1;
}

/* A 3x3 convolution and its norm; the first one reads the tower's features. */
static int declare_layer(GaclipProposalHead *head, int layer, GaclipParameters *parameters)
{
    int P = head->config->proposal.width, in = layer ? P : head->config->vision.width;
    char names[4][GACLIP__NAME_SIZE];
    snprintf(names[0], sizeof names[0], "proposal.%d.conv.weight", layer);
    snprintf(names[1], sizeof names[1], "proposal.%d.conv.bias", layer);
    snprintf(names[2], sizeof names[2], "proposal.%d.norm.weight", layer);
    snprintf(names[3], sizeof names[3], "proposal.%d.norm.bias", layer);
    const HeadRow rows[] = {{&head->layers[layer].conv_weight, names[0], 4, P, 3, 3, in},
                            {&head->layers[layer].conv_bias, names[1], 1, P, 0, 0, 0},
                            {&head->layers[layer].norm_weight, names[2], 1, P, 0, 0, 0},
                            {&head->layers[layer].norm_bias, names[3], 1, P, 0, 0, 0}};
    return declare_rows(rows, 4, parameters);
}

int gaclip__proposal_declare(GaclipProposalHead *head, const GaclipModelConfig *config,
                             GaclipParameters *parameters, GaclipError *err)
{
    int P = config->proposal.width, complete = 1;
    *head = (GaclipProposalHead){.config = config, .parameters = parameters};
    if (P == 0) return GACLIP_OK;
    const HeadRow up[] = {{&head->up_weight, "proposal.up.weight", 2, 4 * P, P, 0, 0},
                          {&head->up_bias, "proposal.up.bias", 1, 4 * P, 0, 0, 0},
                          {&head->up_norm_weight, "proposal.up_norm.weight", 1, P, 0, 0, 0},
                          {&head->up_norm_bias, "proposal.up_norm.bias", 1, P, 0, 0, 0}};
    const HeadRow out[] = {
        {&head->out_weight, "proposal.out.weight", 2, GACLIP__HEAD_CHANNELS, P, 0, 0},
        {&head->out_bias, "proposal.out.bias", 1, GACLIP__HEAD_CHANNELS, 0, 0, 0}};
    for (int i = 0; i < config->proposal.layers; i++)
        complete &= declare_layer(head, i, parameters);
    if (config->proposal.upsample == 2) complete &= declare_rows(up, 4, parameters);
    complete &= declare_rows(out, 2, parameters);
    return complete ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static GaclipConvolutionShape conv_shape(const GaclipProposalHead *head,
                                         const GaclipProposalPass *pass, int layer)
{
    int P = head->config->proposal.width, in = layer ? P : head->config->vision.width;
    return (GaclipConvolutionShape){pass->batch, pass->h, pass->w, in, P, 1};
}

static const GaclipHeadLayer *last_layer(const GaclipProposalHead *head,
                                         const GaclipProposalPass *pass)
{
    return &pass->layers[head->config->proposal.layers - 1];
}

static void layout_layer(GaclipHeadLayer *layer, const GaclipCompute *compute, GaclipArena *arena,
                         size_t pixels, size_t width)
{
    layer->raw = gaclip__arena_floats(arena, pixels * width);
    layer->norm = gaclip__arena_floats(arena, pixels * width);
    layer->out = gaclip__arena_operand(arena, compute, pixels * width);
    layer->stats = gaclip__arena_floats(arena, pixels * 2);
}

static size_t largest_scratch(const GaclipProposalHead *head, const GaclipProposalPass *pass)
{
    size_t linear = gaclip__linear_scratch();
    size_t norm = gaclip__layer_norm_scratch(head->config->proposal.width);
    size_t most = linear > norm ? linear : norm;
    for (int i = 0; i < head->config->proposal.layers; i++) {
        GaclipConvolutionShape shape = conv_shape(head, pass, i);
        size_t convolution = gaclip__convolution_scratch(&shape);
        if (convolution > most) most = convolution;
    }
    return most;
}

int gaclip__proposal_layout(GaclipProposalPass *pass, const GaclipProposalHead *head,
                            GaclipCompute *compute, GaclipArena *arena, int batch, int h, int w,
                            int keep, GaclipError *err)
{
    const GaclipModelConfig *c = head->config;
    int up = c->proposal.upsample;
    *pass = (GaclipProposalPass){.batch = batch, .h = h, .w = w, .out_h = h * up, .out_w = w * up};
    pass->stride = (float)c->vision.patch_size / (float)up;
    size_t P = (size_t)c->proposal.width, pixels = (size_t)batch * (size_t)h * (size_t)w;
    size_t out_pixels = pixels * (size_t)(up * up);
    if (compute->precision == GACLIP_PRECISION_BF16)
        pass->in = gaclip__arena_operand(arena, compute, pixels * (size_t)c->vision.width);
    for (int i = 0; i < c->proposal.layers; i++)
        layout_layer(&pass->layers[i], compute, arena, pixels, P);
    if (up == 2) {
        pass->up_packed = gaclip__arena_floats(arena, pixels * 4 * P);
        layout_layer(&pass->up, compute, arena, out_pixels, P);
    }
    pass->out = gaclip__arena_floats(arena, out_pixels * GACLIP__HEAD_CHANNELS);
    if (keep) {
        pass->grad_wide = gaclip__arena_floats(arena, out_pixels * P);
        pass->grad_packed = gaclip__arena_floats(arena, pixels * 4 * P);
        pass->grad_features = gaclip__arena_floats(arena, pixels * (size_t)c->vision.width);
        for (int i = 0; i < 2 && c->proposal.layers > 1; i++)
            pass->grad_deep[i] = gaclip__arena_floats(arena, pixels * P);
    }
    size_t widest = up == 2 ? pixels * 4 * P : 0, last = out_pixels * GACLIP__HEAD_CHANNELS;
    if (keep && compute->precision == GACLIP_PRECISION_BF16)
        pass->grad_read = gaclip__arena_operand(arena, compute, widest > last ? widest : last);
    int status = gaclip__arena_check(arena, err);
    if (!status) status = gaclip__parameters_reserve_halves(head->parameters, compute, err);
    return status ? status : gaclip__compute_reserve(compute, largest_scratch(head, pass), err);
}

/* packed (N h w, 2, 2, P) <-> wide (N, 2h, 2w, P): each pixel becomes a square of four. */
static void shuffle(float *packed, float *wide, const GaclipProposalPass *pass, size_t P, int pack)
{
    size_t row = (size_t)pass->out_w * P;
    for (size_t y = 0; y < (size_t)(pass->batch * pass->h); y++)
        for (size_t x = 0; x < (size_t)pass->w; x++)
            for (size_t sub = 0; sub < 4; sub++, packed += P) {
                float *pixel = wide + (2 * y + sub / 2) * row + (2 * x + sub % 2) * P;
                memcpy(pack ? packed : pixel, pack ? pixel : packed, P * sizeof *pixel);
            }
}

static void norm_and_activate(const GaclipProposalHead *head, const GaclipCompute *compute,
                              GaclipHeadLayer *layer, int norm_weight, int norm_bias, int pixels)
{
    const GaclipModelConfig *c = head->config;
    gaclip__layer_norm_forward(compute, gaclip__floats(layer->norm), layer->stats, layer->raw,
                               gaclip__value(head->parameters, norm_weight),
                               gaclip__value(head->parameters, norm_bias), pixels,
                               c->proposal.width, c->norm_epsilon);
    gaclip__activation_forward(compute, c->activation, layer->out, layer->norm,
                               (size_t)pixels * (size_t)c->proposal.width);
}

static GaclipOperand read_features(const GaclipCompute *compute, GaclipProposalPass *pass,
                                   const float *features, size_t width)
{
    size_t count = (size_t)(pass->batch * pass->h * pass->w) * width;
    if (!gaclip__operand_wanted(pass->in)) return gaclip__floats(features);
    gaclip__operand_fill(compute, pass->in, features, count);
    return pass->in;
}

void gaclip__proposal_forward(const GaclipProposalHead *head, const GaclipCompute *compute,
                              GaclipProposalPass *pass, const float *features)
{
    const GaclipModelConfig *c = head->config;
    int P = c->proposal.width, pixels = pass->batch * pass->h * pass->w;
    size_t W = (size_t)c->vision.width;
    gaclip__parameters_round(head->parameters, compute);
    GaclipOperand last = read_features(compute, pass, features, W);
    for (int i = 0; i < c->proposal.layers; i++) {
        GaclipConvolutionShape shape = conv_shape(head, pass, i);
        GaclipHeadLayer *layer = &pass->layers[i];
        gaclip__convolution_forward(
            compute, layer->raw, last,
            gaclip__parameters_operand(head->parameters, compute, head->layers[i].conv_weight),
            gaclip__value(head->parameters, head->layers[i].conv_bias), &shape);
        norm_and_activate(head, compute, layer, head->layers[i].norm_weight,
                          head->layers[i].norm_bias, pixels);
        last = layer->out;
    }
    if (c->proposal.upsample == 2) {
        gaclip__linear_forward(
            compute, &(GaclipLinear){.rows = pixels,
                                     .n_in = P,
                                     .n_out = 4 * P,
                                     .in = last,
                                     .weight = gaclip__parameters_operand(head->parameters, compute,
                                                                          head->up_weight),
                                     .bias = gaclip__value(head->parameters, head->up_bias),
                                     .out = gaclip__floats(pass->up_packed)});
        shuffle(pass->up_packed, pass->up.raw, pass, (size_t)P, 0);
        norm_and_activate(head, compute, &pass->up, head->up_norm_weight, head->up_norm_bias,
                          4 * pixels);
        last = pass->up.out;
    }
    gaclip__linear_forward(
        compute, &(GaclipLinear){.rows = pass->batch * pass->out_h * pass->out_w,
                                 .n_in = P,
                                 .n_out = GACLIP__HEAD_CHANNELS,
                                 .in = last,
                                 .weight = gaclip__parameters_operand(head->parameters, compute,
                                                                      head->out_weight),
                                 .bias = gaclip__value(head->parameters, head->out_bias),
                                 .out = gaclip__floats(pass->out)});
}

/* grad (pixels, P): from d/d layer->out to d/d layer->raw. */
static void layer_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                           const GaclipHeadLayer *layer, int norm_weight, int norm_bias,
                           float *grad, int pixels)
{
    const GaclipModelConfig *c = head->config;
    gaclip__activation_backward(compute, c->activation, gaclip__floats(grad), grad, layer->norm,
                                (size_t)pixels * (size_t)c->proposal.width);
    gaclip__layer_norm_backward(compute, grad, gaclip__gradient(head->parameters, norm_weight),
                                gaclip__gradient(head->parameters, norm_bias), grad, layer->raw,
                                layer->stats, gaclip__value(head->parameters, norm_weight), pixels,
                                c->proposal.width, 0);
}

static GaclipOperand read_gradient(const GaclipCompute *compute, const GaclipProposalPass *pass,
                                   const float *grad, size_t count)
{
    if (!gaclip__operand_wanted(pass->grad_read)) return gaclip__floats(grad);
    gaclip__operand_fill(compute, pass->grad_read, grad, count);
    return pass->grad_read;
}

/* The convolutions, last to first; grad (pixels, P) by the last one's output is destroyed. */
static void layers_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                            GaclipProposalPass *pass, const float *features, float *grad)
{
    int pixels = pass->batch * pass->h * pass->w;
    GaclipOperand first = gaclip__operand_wanted(pass->in) ? pass->in : gaclip__floats(features);
    for (int i = head->config->proposal.layers - 1; i >= 0; i--) {
        GaclipConvolutionShape shape = conv_shape(head, pass, i);
        float *grad_in = i ? pass->grad_deep[i & 1] : pass->grad_features;
        layer_backward(head, compute, &pass->layers[i], head->layers[i].norm_weight,
                       head->layers[i].norm_bias, grad, pixels);
        gaclip__convolution_backward(
            compute, grad_in, gaclip__gradient(head->parameters, head->layers[i].conv_weight),
            gaclip__gradient(head->parameters, head->layers[i].conv_bias), grad,
            i ? pass->layers[i - 1].out : first,
            gaclip__parameters_operand(head->parameters, compute, head->layers[i].conv_weight),
            &shape);
        grad = grad_in;
    }
}

void gaclip__proposal_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                               GaclipProposalPass *pass, const float *features,
                               const float *grad_out)
{
    const GaclipModelConfig *c = head->config;
    int P = c->proposal.width, pixels = pass->batch * pass->h * pass->w;
    int out_pixels = pass->batch * pass->out_h * pass->out_w;
    GaclipOperand last = c->proposal.upsample == 2 ? pass->up.out : last_layer(head, pass)->out;
    float *grad = pass->grad_wide;
    gaclip__linear_backward(
        compute,
        &(GaclipLinearBackward){
            .rows = out_pixels,
            .n_in = P,
            .n_out = GACLIP__HEAD_CHANNELS,
            .in = last,
            .weight = gaclip__parameters_operand(head->parameters, compute, head->out_weight),
            .grad_out =
                read_gradient(compute, pass, grad_out, (size_t)out_pixels * GACLIP__HEAD_CHANNELS),
            .grad_in = gaclip__floats(grad),
            .grad_weight = gaclip__gradient(head->parameters, head->out_weight),
            .grad_bias = gaclip__gradient(head->parameters, head->out_bias)});
    if (c->proposal.upsample == 2) {
        layer_backward(head, compute, &pass->up, head->up_norm_weight, head->up_norm_bias, grad,
                       out_pixels);
        shuffle(pass->grad_packed, grad, pass, (size_t)P, 1);
        gaclip__linear_backward(
            compute,
            &(GaclipLinearBackward){
                .rows = pixels,
                .n_in = P,
                .n_out = 4 * P,
                .in = last_layer(head, pass)->out,
                .weight = gaclip__parameters_operand(head->parameters, compute, head->up_weight),
                .grad_out =
                    read_gradient(compute, pass, pass->grad_packed, (size_t)pixels * 4 * (size_t)P),
                .grad_in = gaclip__floats(grad),
                .grad_weight = gaclip__gradient(head->parameters, head->up_weight),
                .grad_bias = gaclip__gradient(head->parameters, head->up_bias)});
    }
    layers_backward(head, compute, pass, features, grad);
}

GaclipBox gaclip__proposal_box(const GaclipProposalPass *pass, const float *location, int y, int x)
{
    float s = pass->stride, cx = ((float)x + 0.5f) * s, cy = ((float)y + 0.5f) * s, side[4];
    for (int i = 0; i < 4; i++) side[i] = s * expf(fminf(location[1 + i], LARGEST_LOG));
    return (GaclipBox){cx - side[0], cy - side[1], cx + side[2], cy + side[3]};
}
