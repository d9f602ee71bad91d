#include "model/vision_tower.h"

#include <string.h>

#include "base/vector.h"
#include "math/activation.h"
#include "math/linear.h"
#include "math/norm.h"
#include "model/patches.h"
#include "model/positions.h"
#include "model/vision_stem.h"

static int stem_layers(const GaclipVision *v)
{
    return v->config->vision.stem_layers;
}

static int patch_after_stem(const GaclipModelConfig *config)
{
    return config->vision.patch_size >> config->vision.stem_layers;
}

static int channels_after_stem(const GaclipModelConfig *config)
{
    int layers = config->vision.stem_layers;
    return layers ? config->vision.stem_widths[layers - 1] : 3;
}

static int declare_ends(GaclipVision *v, GaclipParameters *table)
{
    const GaclipModelConfig *c = v->config;
    int W = c->vision.width, side = c->vision.image_size / c->vision.patch_size;
    int patch = patch_after_stem(c);
    v->class_embedding = gaclip__parameters_add(table, "visual.class_embedding", 1, W, 0, 0, 0);
    v->conv1 = gaclip__parameters_add(table, "visual.conv1.weight", 4, W, channels_after_stem(c),
                                      patch, patch);
    v->positions =
        gaclip__parameters_add(table, "visual.positional_embedding", 2, 1 + side * side, W, 0, 0);
    v->ln_pre_weight = gaclip__parameters_add(table, "visual.ln_pre.weight", 1, W, 0, 0, 0);
    v->ln_pre_bias = gaclip__parameters_add(table, "visual.ln_pre.bias", 1, W, 0, 0, 0);
    v->ln_post_weight = gaclip__parameters_add(table, "visual.ln_post.weight", 1, W, 0, 0, 0);
    v->ln_post_bias = gaclip__parameters_add(table, "visual.ln_post.bias", 1, W, 0, 0, 0);
    v->proj = gaclip__parameters_add(table, "visual.proj", 2, W, c->embed_dim, 0, 0);
    if (v->class_embedding < 0 || v->conv1 < 0 || v->positions < 0 || v->ln_pre_weight < 0 ||
        v->ln_pre_bias < 0 || v->ln_post_weight < 0 || v->ln_post_bias < 0 || v->proj < 0)
        return GACLIP_ERROR_MEMORY;
    return GACLIP_OK;
}

int gaclip__vision_declare(GaclipVision *vision, const GaclipModelConfig *config,
                           GaclipParameters *parameters, GaclipError *err)
{
    *vision = (GaclipVision){.config = config, .parameters = parameters};
    vision->transformer = (GaclipTransformer){.layers = config->vision.layers,
                                              .width = config->vision.width,
                                              .heads = config->vision.heads,
                                              .activation = config->activation,
                                              .epsilon = config->norm_epsilon};
    if (gaclip__stem_declare(vision, parameters) || declare_ends(vision, parameters))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return gaclip__transformer_declare(&vision->transformer, parameters, "visual.", err);
}

void gaclip__vision_clear(GaclipVision *vision)
{
    gaclip__transformer_clear(&vision->transformer);
}

/* After a stem that leaves patches of one pixel, its output is the patch rows. */
static int stem_makes_patches(const GaclipVision *v)
{
    return stem_layers(v) && patch_after_stem(v->config) == 1;
}

static void layout_patches(GaclipVisionPass *pass, const GaclipVision *v,
                           const GaclipCompute *compute, GaclipArena *arena, int keep)
{
    size_t after = (size_t)patch_after_stem(v->config);
    size_t floats = (size_t)pass->batch * (size_t)(pass->h * pass->w) *
                    (size_t)channels_after_stem(v->config) * after * after;
    int last = stem_layers(v) - 1;
    if (stem_makes_patches(v)) {
        pass->patches = pass->stem[last].out;
        pass->grad_patches = pass->grad_stem[last & 1];
        return;
    }
    pass->patches = gaclip__arena_operand(arena, compute, floats);
    if (keep && stem_layers(v)) pass->grad_patches = gaclip__arena_floats(arena, floats);
}

static size_t largest_scratch(const GaclipVision *v, const GaclipVisionPass *pass)
{
    size_t stem = gaclip__stem_scratch(v, pass);
    size_t need = gaclip__transformer_scratch(&v->transformer, pass->batch, 1 + pass->h * pass->w);
    return stem > need ? stem : need;
}

int gaclip__vision_layout(GaclipVisionPass *pass, const GaclipVision *vision,
                          GaclipCompute *compute, GaclipArena *arena, int batch, int height,
                          int width, GaclipDense dense_mode, int flags, GaclipError *err)
{
    const GaclipModelConfig *config = vision->config;
    int patch = config->vision.patch_size, keep = (flags & GACLIP__PASS_KEEP) != 0;
    if (batch < 1 || height < patch || width < patch || height % patch || width % patch ||
        (long)height * width > 1L << 26)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "cannot run the image tower on %d images of %d x %d pixels: sides "
                                "must be multiples of the patch size %d, and not huge",
                                batch, width, height, patch);
    *pass = (GaclipVisionPass){.batch = batch,
                               .height = height,
                               .width = width,
                               .h = height / patch,
                               .w = width / patch,
                               .dense_mode = dense_mode};
    size_t N = (size_t)batch, W = (size_t)config->vision.width, E = (size_t)config->embed_dim;
    size_t patches = N * (size_t)pass->h * (size_t)pass->w, rows = patches + N;
    gaclip__stem_layout(pass, vision, compute, arena, keep);
    layout_patches(pass, vision, compute, arena, keep);
    pass->positions = gaclip__arena_floats(arena, rows / N * W);
    pass->embedded = gaclip__arena_floats(arena, rows * W);
    pass->pre_stats = gaclip__arena_floats(arena, rows * 2);
    gaclip__transformer_layout(&pass->transformer, &vision->transformer, compute, arena, batch,
                               1 + pass->h * pass->w, flags,
                               (flags & GACLIP__PASS_DENSE) && dense_mode == GACLIP_DENSE_VALUE);
    if (flags & GACLIP__PASS_CLASS) {
        pass->class_in = gaclip__arena_floats(arena, N * W);
        pass->class_norm = gaclip__arena_floats(arena, N * W);
        pass->class_stats = gaclip__arena_floats(arena, N * 2);
        pass->class_raw = gaclip__arena_floats(arena, N * E);
        pass->class_length = gaclip__arena_floats(arena, N);
        pass->class_embedding = gaclip__arena_floats(arena, N * E);
    }
    if (flags & GACLIP__PASS_DENSE) {
        pass->dense_in = gaclip__arena_floats(arena, patches * W);
        pass->features = gaclip__arena_floats(arena, patches * W);
        pass->dense_stats = gaclip__arena_floats(arena, patches * 2);
        pass->dense = gaclip__arena_floats(arena, patches * E);
    }
    if (keep) {
        pass->grad_tokens = gaclip__arena_floats(arena, rows * W);
        pass->grad_value = gaclip__arena_floats(arena, rows * W);
        pass->grad_features = gaclip__arena_floats(arena, patches * W);
        pass->grad_class = gaclip__arena_floats(arena, N * (W > E ? W : E) * 2);
    }
    int status = gaclip__arena_check(arena, err);
    if (!status) status = gaclip__parameters_reserve_rounded(vision->parameters, compute, err);
    return status ? status : gaclip__compute_reserve(compute, largest_scratch(vision, pass), err);
}

static GaclipPatchShape patch_shape(const GaclipVision *v, const GaclipVisionPass *pass)
{
    return gaclip__patch_shape(pass->batch, channels_after_stem(v->config), pass->h, pass->w,
                               patch_after_stem(v->config), stem_layers(v) > 0);
}

static int patch_width(const GaclipVision *v)
{
    int patch = patch_after_stem(v->config);
    return channels_after_stem(v->config) * patch * patch;
}

/* embedded = [class token; patches W^T] + positions, from rows of patches (N h w, W). */
static void assemble_tokens(const GaclipVision *v, GaclipVisionPass *pass, const float *embedded)
{
    size_t W = (size_t)v->config->vision.width, grid = (size_t)(pass->h * pass->w);
    const float *class_token = gaclip__value(v->parameters, v->class_embedding);
    for (size_t n = 0; n < (size_t)pass->batch; n++)
        for (size_t t = 0; t <= grid; t++) {
            const float *from = t ? embedded + (n * grid + t - 1) * W : class_token;
            float *to = pass->embedded + (n * (grid + 1) + t) * W;
            for (size_t i = 0; i < W; i++) to[i] = from[i] + pass->positions[t * W + i];
        }
}

static int embed_patches(const GaclipVision *v, const GaclipCompute *compute,
                         GaclipVisionPass *pass, const float *planes, GaclipError *err)
{
    const GaclipModelConfig *c = v->config;
    GaclipPatchShape shape = patch_shape(v, pass);
    if (!stem_makes_patches(v))
        gaclip__patches_cut(
            compute, pass->patches,
            stem_layers(v) ? pass->stem[stem_layers(v) - 1].out : gaclip__floats(planes), &shape);
    /* The transformer's input buffer is free until ln_pre writes it. */
    float *rows = pass->transformer.blocks[0].in;
    gaclip__linear_forward(compute, &(GaclipLinear){.rows = pass->batch * pass->h * pass->w,
                                                    .n_in = patch_width(v),
                                                    .n_out = c->vision.width,
                                                    .in = pass->patches,
                                                    .weight = gaclip__parameters_operand(
                                                        v->parameters, compute, v->conv1),
                                                    .out = gaclip__floats(rows)});
    int status = gaclip__positions_resample(
        pass->positions, pass->h, pass->w, gaclip__value(v->parameters, v->positions),
        c->vision.image_size / c->vision.patch_size, c->vision.width, err);
    if (!status) assemble_tokens(v, pass, rows);
    return status;
}

static const float *dense_source(const GaclipVision *v, const GaclipVisionPass *pass)
{
    const GaclipBlockCache *last = &pass->transformer.blocks[v->config->vision.layers - 1];
    return pass->dense_mode == GACLIP_DENSE_VALUE ? last->value.out : last->full.out;
}

/* Rows of the tokens (N, T, W): the class tokens (N, W), or the patches (N h w, W). */
static void split_tokens(float *class_rows, float *patch_rows, const float *tokens, int batch,
                         size_t grid, size_t width)
{
    for (size_t n = 0; n < (size_t)batch; n++) {
        const float *image = tokens + n * (grid + 1) * width;
        if (class_rows) memcpy(class_rows + n * width, image, width * sizeof *image);
        if (patch_rows)
            memcpy(patch_rows + n * grid * width, image + width, grid * width * sizeof *image);
    }
}

static void pool_class(const GaclipVision *v, const GaclipCompute *compute, GaclipVisionPass *pass)
{
    const GaclipModelConfig *c = v->config;
    int W = c->vision.width, E = c->embed_dim, N = pass->batch;
    split_tokens(pass->class_in, NULL, pass->transformer.blocks[c->vision.layers - 1].full.out, N,
                 (size_t)(pass->h * pass->w), (size_t)W);
    gaclip__layer_norm_forward(compute, gaclip__floats(pass->class_norm), pass->class_stats,
                               pass->class_in, gaclip__value(v->parameters, v->ln_post_weight),
                               gaclip__value(v->parameters, v->ln_post_bias), N, W,
                               c->norm_epsilon);
    gaclip__projection_forward(compute, pass->class_raw, pass->class_norm,
                               gaclip__value(v->parameters, v->proj), N, W, E);
    gaclip__unit_forward(pass->class_embedding, pass->class_length, pass->class_raw, N, E);
}

static void make_dense(const GaclipVision *v, const GaclipCompute *compute, GaclipVisionPass *pass)
{
    const GaclipModelConfig *c = v->config;
    int W = c->vision.width, rows = pass->batch * pass->h * pass->w;
    split_tokens(NULL, pass->dense_in, dense_source(v, pass), pass->batch,
                 (size_t)(pass->h * pass->w), (size_t)W);
    gaclip__layer_norm_forward(compute, gaclip__floats(pass->features), pass->dense_stats,
                               pass->dense_in, gaclip__value(v->parameters, v->ln_post_weight),
                               gaclip__value(v->parameters, v->ln_post_bias), rows, W,
                               c->norm_epsilon);
    gaclip__projection_forward(compute, pass->dense, pass->features,
                               gaclip__value(v->parameters, v->proj), rows, W, c->embed_dim);
}

int gaclip__vision_forward(const GaclipVision *vision, const GaclipCompute *compute,
                           GaclipVisionPass *pass, const float *planes, GaclipError *err)
{
    const GaclipModelConfig *c = vision->config;
    gaclip__parameters_round(vision->parameters, compute);
    if (stem_layers(vision)) gaclip__stem_forward(vision, compute, pass, planes);
    int status = embed_patches(vision, compute, pass, planes, err);
    if (status) return status;
    gaclip__layer_norm_forward(
        compute, gaclip__floats(pass->transformer.blocks[0].in), pass->pre_stats, pass->embedded,
        gaclip__value(vision->parameters, vision->ln_pre_weight),
        gaclip__value(vision->parameters, vision->ln_pre_bias),
        pass->batch * (1 + pass->h * pass->w), c->vision.width, c->norm_epsilon);
    gaclip__transformer_forward(&vision->transformer, compute, &pass->transformer);
    if (pass->class_embedding) pool_class(vision, compute, pass);
    if (pass->dense) make_dense(vision, compute, pass);
    return GACLIP_OK;
}

/* d loss / d class tokens into rows 0 of grad_tokens. */
static void class_backward(const GaclipVision *v, const GaclipCompute *compute,
                           GaclipVisionPass *pass, const float *grad_class)
{
    const GaclipModelConfig *c = v->config;
    int N = pass->batch;
    size_t W = (size_t)c->vision.width, E = (size_t)c->embed_dim,
           T = (size_t)(1 + pass->h * pass->w);
    float *grad_raw = pass->grad_class, *grad_norm = grad_raw + (size_t)N * (W > E ? W : E);
    gaclip__unit_backward(grad_raw, grad_class, pass->class_embedding, pass->class_length, N,
                          c->embed_dim);
    gaclip__projection_backward(compute, grad_norm, gaclip__gradient(v->parameters, v->proj),
                                grad_raw, pass->class_norm, gaclip__value(v->parameters, v->proj),
                                N, c->vision.width, c->embed_dim);
    gaclip__layer_norm_backward(
        compute, grad_norm, gaclip__gradient(v->parameters, v->ln_post_weight),
        gaclip__gradient(v->parameters, v->ln_post_bias), grad_norm, pass->class_in,
        pass->class_stats, gaclip__value(v->parameters, v->ln_post_weight), N, c->vision.width, 0);
    for (size_t n = 0; n < (size_t)N; n++)
        memcpy(pass->grad_tokens + n * T * W, grad_norm + n * W, W * sizeof *grad_norm);
}

/* d loss / d patch tokens into the other rows of grad_tokens, or of grad_value. */
static void dense_backward(const GaclipVision *v, const GaclipCompute *compute,
                           GaclipVisionPass *pass, const GaclipVisionGradients *grads,
                           float *grad_source)
{
    const GaclipModelConfig *c = v->config;
    size_t W = (size_t)c->vision.width, grid = (size_t)(pass->h * pass->w);
    int rows = pass->batch * (int)grid;
    size_t floats = (size_t)rows * W, of_head = (size_t)grads->head_images * grid * W;
    float *grad = pass->grad_features;
    if (grads->dense) {
        gaclip__projection_backward(
            compute, grad, gaclip__gradient(v->parameters, v->proj), grads->dense, pass->features,
            gaclip__value(v->parameters, v->proj), rows, c->vision.width, c->embed_dim);
        if (grads->features) gaclip__add(compute, grad, grads->features, of_head);
    } else {
        memcpy(grad, grads->features, of_head * sizeof *grad);
        memset(grad + of_head, 0, (floats - of_head) * sizeof *grad);
    }
    gaclip__layer_norm_backward(
        compute, grad, gaclip__gradient(v->parameters, v->ln_post_weight),
        gaclip__gradient(v->parameters, v->ln_post_bias), grad, pass->dense_in, pass->dense_stats,
        gaclip__value(v->parameters, v->ln_post_weight), rows, c->vision.width, 0);
    for (size_t n = 0; n < (size_t)pass->batch; n++)
        memcpy(grad_source + (n * (grid + 1) + 1) * W, grad + n * grid * W,
               grid * W * sizeof *grad);
}

/* grad_tokens by the sum before ln_pre -> class token, position table, patch rows. */
static int tokens_backward(const GaclipVision *v, GaclipVisionPass *pass, float *grad_rows,
                           GaclipError *err)
{
    const GaclipModelConfig *c = v->config;
    size_t W = (size_t)c->vision.width, grid = (size_t)(pass->h * pass->w);
    float *grad_positions = pass->positions; /* no longer needed: reused for its gradient */
    float *grad_class = gaclip__gradient(v->parameters, v->class_embedding);
    memset(grad_positions, 0, (grid + 1) * W * sizeof *grad_positions);
    for (size_t n = 0; n < (size_t)pass->batch; n++) {
        const float *image = pass->grad_tokens + n * (grid + 1) * W;
        GACLIP__SIMD for (size_t i = 0; i < (grid + 1) * W; i++) grad_positions[i] += image[i];
        for (size_t i = 0; i < W; i++) grad_class[i] += image[i];
        memcpy(grad_rows + n * grid * W, image + W, grid * W * sizeof *image);
    }
    return gaclip__positions_resample_backward(
        gaclip__gradient(v->parameters, v->positions), c->vision.image_size / c->vision.patch_size,
        grad_positions, pass->h, pass->w, c->vision.width, err);
}

/* grad_rows (N h w, W): d loss / d embedded patches. */
static void patches_backward(const GaclipVision *v, const GaclipCompute *compute,
                             GaclipVisionPass *pass, const float *grad_rows)
{
    int rows = pass->batch * pass->h * pass->w, W = v->config->vision.width;
    GaclipOperand grad = pass->transformer.grad_out; /* free again */
    if (!gaclip__operand_wanted(grad)) grad = gaclip__floats(grad_rows);
    gaclip__operand_fill(compute, grad, grad_rows, (size_t)rows * (size_t)W);
    gaclip__linear_backward(
        compute, &(GaclipLinearBackward){
                     .rows = rows,
                     .n_in = patch_width(v),
                     .n_out = W,
                     .in = pass->patches,
                     .weight = gaclip__parameters_operand(v->parameters, compute, v->conv1),
                     .grad_out = grad,
                     .grad_in = gaclip__floats(pass->grad_patches),
                     .grad_weight = gaclip__gradient(v->parameters, v->conv1)});
}

/* d loss / d the stem's output, from the patches that were cut out of it. */
static float *grad_stem(const GaclipVision *v, const GaclipCompute *compute, GaclipVisionPass *pass)
{
    float *grad = pass->grad_stem[(stem_layers(v) - 1) & 1];
    GaclipPatchShape patches = patch_shape(v, pass);
    if (!stem_makes_patches(v)) gaclip__patches_paste(compute, grad, pass->grad_patches, &patches);
    return grad;
}

int gaclip__vision_backward(const GaclipVision *vision, const GaclipCompute *compute,
                            GaclipVisionPass *pass, const GaclipVisionGradients *grads,
                            GaclipError *err)
{
    const GaclipModelConfig *c = vision->config;
    int W = c->vision.width, rows = pass->batch * (1 + pass->h * pass->w);
    size_t floats = (size_t)rows * (size_t)W;
    int is_dense = grads->dense || grads->features;
    int by_value = is_dense && pass->dense_mode == GACLIP_DENSE_VALUE;
    memset(pass->grad_tokens, 0, floats * sizeof *pass->grad_tokens);
    if (by_value) memset(pass->grad_value, 0, floats * sizeof *pass->grad_value);
    if (grads->class_embedding) class_backward(vision, compute, pass, grads->class_embedding);
    if (is_dense)
        dense_backward(vision, compute, pass, grads,
                       by_value ? pass->grad_value : pass->grad_tokens);
    gaclip__transformer_backward(&vision->transformer, compute, &pass->transformer,
                                 pass->grad_tokens, by_value ? pass->grad_value : NULL);
    gaclip__layer_norm_backward(
        compute, pass->grad_tokens, gaclip__gradient(vision->parameters, vision->ln_pre_weight),
        gaclip__gradient(vision->parameters, vision->ln_pre_bias), pass->grad_tokens,
        pass->embedded, pass->pre_stats, gaclip__value(vision->parameters, vision->ln_pre_weight),
        rows, W, 0);
    /* grad_value is free again: the patch rows' gradient goes there. */
    int status = tokens_backward(vision, pass, pass->grad_value, err);
    if (status) return status;
    patches_backward(vision, compute, pass, pass->grad_value);
    if (stem_layers(vision))
        gaclip__stem_backward(vision, compute, pass, grad_stem(vision, compute, pass), grads);
    return GACLIP_OK;
}
