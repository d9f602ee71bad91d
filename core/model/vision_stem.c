#include "model/vision_stem.h"

#include <stdio.h>

#include "math/activation.h"
#include "math/convolution.h"
#include "math/norm.h"

static int stem_layers(const GaclipVision *v)
{
    return v->config->vision.stem_layers;
}

int gaclip__stem_declare(GaclipVision *v, GaclipParameters *table)
{
    int channels = 3;
    for (int i = 0; i < stem_layers(v); i++) {
        GaclipStemWeights *s = &v->stem[i];
        int width = v->config->vision.stem_widths[i];
        char name[GACLIP__NAME_SIZE];
        snprintf(name, sizeof name, "visual.stem.%d.conv.weight", i);
        s->conv_weight = gaclip__parameters_add(table, name, 4, width, 3, 3, channels);
        snprintf(name, sizeof name, "visual.stem.%d.conv.bias", i);
        s->conv_bias = gaclip__parameters_add(table, name, 1, width, 0, 0, 0);
        snprintf(name, sizeof name, "visual.stem.%d.norm.weight", i);
        s->norm_weight = gaclip__parameters_add(table, name, 1, width, 0, 0, 0);
        snprintf(name, sizeof name, "visual.stem.%d.norm.bias", i);
        s->norm_bias = gaclip__parameters_add(table, name, 1, width, 0, 0, 0);
        if (s->conv_weight < 0 || s->conv_bias < 0 || s->norm_weight < 0 || s->norm_bias < 0)
            return GACLIP_ERROR_MEMORY;
        channels = width;
    }
    return GACLIP_OK;
}

static GaclipConvolutionShape stem_shape(const GaclipVision *v, const GaclipVisionPass *pass,
                                         int layer)
{
    const int *widths = v->config->vision.stem_widths;
    return (GaclipConvolutionShape){pass->batch,          pass->height >> layer,
                                    pass->width >> layer, layer ? widths[layer - 1] : 3,
                                    widths[layer],        2};
}

static size_t stem_pixels(const GaclipVisionPass *pass, int layer)
{
    return (size_t)pass->batch * (size_t)(pass->height >> layer) * (size_t)(pass->width >> layer);
}

void gaclip__stem_layout(GaclipVisionPass *pass, const GaclipVision *v,
                         const GaclipCompute *compute, GaclipArena *arena, int keep)
{
    size_t largest = 0;
    for (int i = 0; i < stem_layers(v); i++) {
        GaclipStemCache *s = &pass->stem[i];
        size_t pixels = stem_pixels(pass, i + 1);
        size_t floats = pixels * (size_t)v->config->vision.stem_widths[i];
        s->in = i ? pass->stem[i - 1].out
                  : gaclip__arena_operand(arena, compute, 3 * stem_pixels(pass, 0));
        s->conv = gaclip__arena_floats(arena, floats);
        s->norm = gaclip__arena_floats(arena, floats);
        s->out = gaclip__arena_operand(arena, compute, floats);
        s->stats = gaclip__arena_floats(arena, 2 * pixels);
        largest = floats > largest ? floats : largest;
    }
    if (!keep || !stem_layers(v)) return;
    pass->grad_stem[0] = gaclip__arena_floats(arena, largest);
    pass->grad_stem[1] = gaclip__arena_floats(arena, largest);
}

size_t gaclip__stem_scratch(const GaclipVision *v, const GaclipVisionPass *pass)
{
    size_t need = 0;
    for (int i = 0; i < stem_layers(v); i++) {
        GaclipConvolutionShape shape = stem_shape(v, pass, i);
        size_t floats = gaclip__convolution_scratch(&shape);
        if (floats > need) need = floats;
    }
    return need;
}

typedef struct Interleaving {
    GaclipOperand out;   /* (N, pixels, 3) */
    const float *planes; /* (N, 3, pixels) */
    size_t pixels;
} Interleaving;

static void interleave_image(int index, int worker, void *payload)
{
    (void)worker;
    const Interleaving *p = payload;
    const float *planes = p->planes + (size_t)index * 3 * p->pixels;
    GaclipOperand out = gaclip__operand_at(p->out, (size_t)index * 3 * p->pixels);
    for (size_t i = 0; i < p->pixels; i++) {
        float pixel[3] = {planes[i], planes[p->pixels + i], planes[2 * p->pixels + i]};
        gaclip__operand_set(gaclip__operand_at(out, 3 * i), pixel, 3);
    }
}

void gaclip__stem_forward(const GaclipVision *v, const GaclipCompute *compute,
                          GaclipVisionPass *pass, const float *planes)
{
    Interleaving pixels = {pass->stem[0].in, planes, (size_t)pass->height * (size_t)pass->width};
    gaclip__threads_run(compute->pool, pass->batch, interleave_image, &pixels);
    for (int i = 0; i < stem_layers(v); i++) {
        GaclipStemCache *s = &pass->stem[i];
        GaclipConvolutionShape shape = stem_shape(v, pass, i);
        int rows = (int)stem_pixels(pass, i + 1);
        gaclip__convolution_forward(
            compute, s->conv, s->in,
            gaclip__parameters_operand(v->parameters, compute, v->stem[i].conv_weight),
            gaclip__value(v->parameters, v->stem[i].conv_bias), &shape);
        gaclip__layer_norm_forward(compute, gaclip__floats(s->norm), s->stats, s->conv,
                                   gaclip__value(v->parameters, v->stem[i].norm_weight),
                                   gaclip__value(v->parameters, v->stem[i].norm_bias), rows,
                                   shape.n_out, v->config->norm_epsilon);
        gaclip__activation_forward(compute, v->config->activation, s->out, gaclip__floats(s->norm),
                                   (size_t)rows * (size_t)shape.n_out);
    }
}

void gaclip__stem_backward(const GaclipVision *v, const GaclipCompute *compute,
                           GaclipVisionPass *pass, float *grad, const GaclipVisionGradients *grads)
{
    for (int i = stem_layers(v) - 1; i >= 0; i--) {
        GaclipStemCache *s = &pass->stem[i];
        const GaclipStemWeights *w = &v->stem[i];
        GaclipConvolutionShape shape = stem_shape(v, pass, i);
        int rows = (int)stem_pixels(pass, i + 1);
        float *grad_in = i ? pass->grad_stem[(i - 1) & 1] : NULL;
        size_t floats = (size_t)rows * (size_t)shape.n_out;
        if (grads->stem[i])
            gaclip__add(compute, grad, grads->stem[i],
                        floats / (size_t)pass->batch * (size_t)grads->head_images);
        gaclip__activation_backward(compute, v->config->activation, gaclip__floats(grad), grad,
                                    s->norm, floats);
        gaclip__layer_norm_backward(compute, grad, gaclip__gradient(v->parameters, w->norm_weight),
                                    gaclip__gradient(v->parameters, w->norm_bias), grad, s->conv,
                                    s->stats, gaclip__value(v->parameters, w->norm_weight), rows,
                                    shape.n_out, 0);
        gaclip__convolution_backward(
            compute, grad_in, gaclip__gradient(v->parameters, w->conv_weight),
            gaclip__gradient(v->parameters, w->conv_bias), grad, s->in,
            gaclip__parameters_operand(v->parameters, compute, w->conv_weight), &shape);
        grad = grad_in;
    }
}
