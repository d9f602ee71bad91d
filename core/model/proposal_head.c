#include "model/proposal_head.h"

#include <math.h>
#include <stdio.h>

#include "math/linear.h"
#include "math/norm.h"

/* e^7 strides: longer than any tile, short of overflow. */
static const float LARGEST_LOG = 7.0f;

/* A 3x3 convolution and its norm; the first one reads the tower's features. */
static int declare_layer(GaclipProposalHead *head, int layer)
{
    const GaclipModelConfig *c = head->parts.config;
    char conv[GACLIP__NAME_SIZE], norm[GACLIP__NAME_SIZE];
    snprintf(conv, sizeof conv, "proposal.%d.conv", layer);
    snprintf(norm, sizeof norm, "proposal.%d.norm", layer);
    return gaclip__head_convolution_declare(&head->layers[layer], &head->parts, conv, norm,
                                            layer ? c->proposal.width : c->vision.width);
}

int gaclip__proposal_declare(GaclipProposalHead *head, const GaclipModelConfig *config,
                             GaclipParameters *parameters, GaclipError *err)
{
    int complete = 1;
    *head = (GaclipProposalHead){.parts = {config, parameters}};
    if (config->proposal.width == 0) return GACLIP_OK;
    for (int up = config->proposal.upsample; up > 1; up /= 2) head->level_count++;
    for (int i = 0; i < config->proposal.layers; i++) complete &= declare_layer(head, i);
    for (int i = 0; i < head->level_count; i++)
        complete &=
            gaclip__head_level_declare(&head->levels[i], &head->parts, i, head->level_count);
    gaclip__head_declare(&head->out_weight, &head->out_bias, &head->parts, "proposal.out",
                         (int[]){GACLIP__HEAD_CHANNELS, config->proposal.width, 0, 0});
    complete &= head->out_weight >= 0;
    return complete ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t largest_scratch(const GaclipProposalHead *head, const GaclipProposalPass *pass)
{
    const GaclipHeadParts *parts = &head->parts;
    size_t most = largest(gaclip__linear_scratch(),
                          gaclip__layer_norm_scratch(parts->config->proposal.width));
    for (int i = 0; i < parts->config->proposal.layers; i++)
        most = largest(most,
                       gaclip__head_convolution_scratch(&head->layers[i], parts, &pass->layers[i]));
    for (int i = 0; i < head->level_count; i++)
        most = largest(most, gaclip__head_level_scratch(&pass->levels[i], &head->levels[i], parts));
    return most;
}

static void layout_gradients(GaclipProposalPass *pass, const GaclipProposalHead *head,
                             const GaclipCompute *compute, GaclipArena *arena)
{
    const GaclipModelConfig *c = head->parts.config;
    size_t P = (size_t)c->proposal.width, pixels = gaclip__head_map_pixels(&pass->layers[0]);
    size_t most = pixels << (2 * head->level_count);
    for (int i = 0; i <= head->level_count; i++)
        pass->grad[i] = gaclip__arena_floats(arena, (pixels << (2 * i)) * P);
    for (int i = 0; i < 2 && c->proposal.layers > 1; i++)
        pass->grad_deep[i] = gaclip__arena_floats(arena, pixels * P);
    pass->grad_features = gaclip__arena_floats(arena, pixels * (size_t)c->vision.width);
    if (compute->precision == GACLIP_PRECISION_BF16)
        pass->grad_read =
            gaclip__arena_operand(arena, compute, most * largest(P, GACLIP__HEAD_CHANNELS));
}

int gaclip__proposal_layout(GaclipProposalPass *pass, const GaclipProposalHead *head,
                            GaclipCompute *compute, GaclipArena *arena,
                            const GaclipVisionPass *vision, int images, int keep, GaclipError *err)
{
    const GaclipModelConfig *c = head->parts.config;
    int batch = images, h = vision->h, w = vision->w, up = c->proposal.upsample;
    *pass = (GaclipProposalPass){.batch = batch, .h = h, .w = w, .out_h = h * up, .out_w = w * up};
    pass->stride = (float)c->vision.patch_size / (float)up;
    size_t pixels = (size_t)batch * (size_t)h * (size_t)w;
    if (compute->precision == GACLIP_PRECISION_BF16)
        pass->in = gaclip__arena_operand(arena, compute, pixels * (size_t)c->vision.width);
    for (int i = 0; i < c->proposal.layers; i++)
        gaclip__head_map_layout(&pass->layers[i], &head->parts, compute, arena, batch, h, w);
    for (int i = 0; i < head->level_count; i++)
        gaclip__head_level_layout(&pass->levels[i], &head->levels[i], &head->parts, compute, arena,
                                  batch, h << i, w << i, keep);
    pass->out =
        gaclip__arena_floats(arena, pixels * (size_t)(up * up) * (size_t)GACLIP__HEAD_CHANNELS);
    if (keep) layout_gradients(pass, head, compute, arena);
    int status = gaclip__arena_check(arena, err);
    if (!status) status = gaclip__parameters_reserve_rounded(head->parts.parameters, compute, err);
    return status ? status : gaclip__compute_reserve(compute, largest_scratch(head, pass), err);
}

/* What level number index reads, and what the output reads where index is level_count. */
static GaclipOperand level_input(const GaclipProposalHead *head, const GaclipProposalPass *pass,
                                 int index)
{
    if (index > 0)
        return gaclip__head_level_map(&pass->levels[index - 1], &head->levels[index - 1])->out;
    return pass->layers[head->parts.config->proposal.layers - 1].out;
}

/* What layer number index reads. */
static GaclipOperand layer_input(const GaclipProposalPass *pass, const GaclipVisionPass *vision,
                                 int index)
{
    if (index > 0) return pass->layers[index - 1].out;
    return gaclip__operand_wanted(pass->in) ? pass->in : gaclip__floats(vision->features);
}

void gaclip__proposal_forward(const GaclipProposalHead *head, const GaclipCompute *compute,
                              GaclipProposalPass *pass, const GaclipVisionPass *vision)
{
    const GaclipModelConfig *c = head->parts.config;
    GaclipParameters *table = head->parts.parameters;
    gaclip__parameters_round(table, compute);
    if (gaclip__operand_wanted(pass->in))
        gaclip__operand_fill(compute, pass->in, vision->features,
                             gaclip__head_map_pixels(&pass->layers[0]) * (size_t)c->vision.width);
    for (int i = 0; i < c->proposal.layers; i++)
        gaclip__head_convolution_forward(&head->parts, compute, &pass->layers[i], &head->layers[i],
                                         layer_input(pass, vision, i));
    for (int i = 0; i < head->level_count; i++)
        gaclip__head_level_forward(&head->levels[i], &head->parts, compute, &pass->levels[i],
                                   level_input(head, pass, i), vision);
    gaclip__linear_forward(
        compute,
        &(GaclipLinear){.rows = pass->batch * pass->out_h * pass->out_w,
                        .n_in = c->proposal.width,
                        .n_out = GACLIP__HEAD_CHANNELS,
                        .in = level_input(head, pass, head->level_count),
                        .weight = gaclip__parameters_operand(table, compute, head->out_weight),
                        .bias = gaclip__value(table, head->out_bias),
                        .out = gaclip__floats(pass->out)});
}

static void out_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                         GaclipProposalPass *pass, const float *grad_out)
{
    GaclipParameters *table = head->parts.parameters;
    int rows = pass->batch * pass->out_h * pass->out_w;
    GaclipOperand grad = gaclip__head_rounded(compute, pass->grad_read, grad_out,
                                              (size_t)rows * GACLIP__HEAD_CHANNELS);
    gaclip__linear_backward(
        compute, &(GaclipLinearBackward){
                     .rows = rows,
                     .n_in = head->parts.config->proposal.width,
                     .n_out = GACLIP__HEAD_CHANNELS,
                     .in = level_input(head, pass, head->level_count),
                     .weight = gaclip__parameters_operand(table, compute, head->out_weight),
                     .grad_out = grad,
                     .grad_in = gaclip__floats(pass->grad[head->level_count]),
                     .grad_weight = gaclip__gradient(table, head->out_weight),
                     .grad_bias = gaclip__gradient(table, head->out_bias)});
}

void gaclip__proposal_backward(const GaclipProposalHead *head, const GaclipCompute *compute,
                               GaclipProposalPass *pass, const GaclipVisionPass *vision,
                               const float *grad_out, GaclipVisionGradients *grads)
{
    out_backward(head, compute, pass, grad_out);
    for (int i = head->level_count - 1; i >= 0; i--) {
        gaclip__head_level_backward(&head->levels[i], &head->parts, compute, &pass->levels[i],
                                    level_input(head, pass, i), vision, pass->grad[i + 1],
                                    pass->grad[i], pass->grad_read);
        if (head->levels[i].stem_layer >= 0)
            grads->stem[head->levels[i].stem_layer] = pass->levels[i].grad_stem;
    }
    float *grad = pass->grad[0];
    for (int i = head->parts.config->proposal.layers - 1; i >= 0; i--) {
        float *grad_in = i ? pass->grad_deep[i & 1] : pass->grad_features;
        gaclip__head_convolution_backward(&head->parts, compute, &pass->layers[i], &head->layers[i],
                                          layer_input(pass, vision, i), grad, grad_in);
        grad = grad_in;
    }
    grads->features = pass->grad_features;
    grads->head_images = pass->batch;
}

GaclipBox gaclip__proposal_box(const GaclipProposalPass *pass, const float *location, int y, int x)
{
    float s = pass->stride, cx = ((float)x + 0.5f) * s, cy = ((float)y + 0.5f) * s, side[4];
    for (int i = 0; i < 4; i++) side[i] = s * expf(fminf(location[1 + i], LARGEST_LOG));
    return (GaclipBox){cx - side[0], cy - side[1], cx + side[2], cy + side[3]};
}
