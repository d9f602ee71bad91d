#include "train/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/proposals.h"
#include "loss/contrastive.h"
#include "math/norm.h"
#include "model/roi_align.h"

enum { BINS = 7, MINED_REGIONS = 2 };

/* A proposal at least this sure, on ground where nothing is, is worth learning from. */
static const float MINED_OBJECTNESS = 0.05f;
static const float MINED_LARGEST_IOU = 0.3f;

/* Everything that a step holds between forward and backward, in the model's arena. */
typedef struct Step {
    GaclipModel *model;
    GaclipBatch *batch;
    const GaclipTrainOptions *options;
    GaclipVisionPass vision;
    GaclipProposalPass proposals;
    GaclipTextPass text;
    float *regions, *region_lengths;      /* (K, E) unit, (K) */
    float *region_texts, *captions;       /* (K, E), (N, E): text embeddings in their order */
    int *region_rows, *caption_rows;      /* (K), (N): rows of the text pass */
    int *region_ids;                      /* (K) equal for equal phrases */
    float *grad_regions, *grad_region_texts, *grad_images, *grad_captions, *grad_texts;
    float *grad_dense;     /* (N, h, w, E) */
    float *grad_proposals; /* (N, out_h, out_w, 5) */
    GaclipError *err;
} Step;

static int wants_regions(const GaclipTrainOptions *o)
{
    return o->weight_region > 0;
}

static int wants_proposals(const Step *s)
{
    return s->model->config.proposal.width > 0 &&
           (s->options->weight_objectness > 0 || s->options->weight_box > 0);
}

static int images_forward(Step *s)
{
    GaclipModel *m = s->model;
    int side = s->batch->side, flags = GACLIP__PASS_KEEP;
    if (s->options->weight_global > 0) flags |= GACLIP__PASS_CLASS;
    if (wants_regions(s->options) || wants_proposals(s)) flags |= GACLIP__PASS_DENSE;
    int status = gaclip__vision_layout(&s->vision, &m->vision, m->compute, &m->arena,
                                       s->batch->size, side, side, m->config.dense, flags, s->err);
    return status ? status
                  : gaclip__vision_forward(&m->vision, m->compute, &s->vision, s->batch->planes,
                                           s->err);
}

static int proposals_forward(Step *s, GaclipStepLosses *losses)
{
    GaclipModel *m = s->model;
    if (!wants_proposals(s)) return GACLIP_OK;
    int positives, status =
        gaclip__proposal_layout(&s->proposals, &m->proposals, m->compute, &m->arena,
                                s->batch->size, s->vision.h, s->vision.w, 1, s->err);
    if (status) return status;
    gaclip__proposal_forward(&m->proposals, m->compute, &s->proposals, s->vision.features);
    s->grad_proposals = gaclip__arena_floats(
        &m->arena, (size_t)(s->batch->size * s->proposals.out_h * s->proposals.out_w) *
                       GACLIP__HEAD_CHANNELS);
    status = gaclip__arena_check(&m->arena, s->err);
    if (status) return status;
    return gaclip__proposal_loss(&losses->objectness, &losses->box, &positives, s->grad_proposals,
                                 &s->proposals, s->batch->targets, s->options->weight_objectness,
                                 s->options->weight_box, s->err);
}

static int is_empty_ground(const GaclipTargets *targets, const GaclipBox *box)
{
    for (int i = 0; i < targets->count; i++)
        if (gaclip_box_iou(&targets->boxes[i], box) > MINED_LARGEST_IOU) return 0;
    return 1;
}

/* Adds the surest wrong proposals of each image as background regions. */
static int mine_negatives(Step *s)
{
    float side = (float)s->batch->side;
    if (!wants_proposals(s) || !wants_regions(s->options)) return GACLIP_OK;
    for (int n = 0; n < s->batch->size; n++) {
        GaclipProposal *found;
        int count, mined = 0;
        int status = gaclip__proposals_pick(&found, &count, &s->proposals, n, MINED_OBJECTNESS, 8,
                                            0.5f, s->err);
        for (int i = 0; i < count && mined < MINED_REGIONS && !status; i++) {
            const GaclipBox *b = &found[i].box;
            GaclipBox unit = {fmaxf(b->x1 / side, 0), fmaxf(b->y1 / side, 0),
                              fminf(b->x2 / side, 1), fminf(b->y2 / side, 1)};
            if (!is_empty_ground(&s->batch->targets[n], b) || !(unit.x2 > unit.x1) ||
                !(unit.y2 > unit.y1))
                continue;
            GaclipRegion region = {unit, n, GACLIP__BACKGROUND};
            status = gaclip__batch_add_region(s->batch, &region, s->err);
            mined++;
        }
        free(found);
        if (status) return status;
    }
    return GACLIP_OK;
}

static int texts_forward(Step *s, GaclipStepTexts *texts, GaclipRandom *random)
{
    GaclipModel *m = s->model;
    int status = gaclip__step_texts_fill(texts, m, s->batch, random, s->err);
    if (!status)
        status = gaclip__text_layout(&s->text, &m->text, m->compute, &m->arena, texts->rows,
                                     texts->count, m->config.text.context_length, 1, s->err);
    if (!status) gaclip__text_forward(&m->text, m->compute, &s->text);
    return status;
}

static int layout_pairs(Step *s)
{
    GaclipArena *arena = &s->model->arena;
    size_t K = (size_t)s->batch->region_count, N = (size_t)s->batch->size;
    size_t E = (size_t)s->model->config.embed_dim, U = (size_t)s->text.batch;
    s->regions = gaclip__arena_floats(arena, K * E);
    s->region_lengths = gaclip__arena_floats(arena, K);
    s->region_texts = gaclip__arena_floats(arena, K * E);
    s->captions = gaclip__arena_floats(arena, N * E);
    s->region_rows = gaclip__arena_bytes(arena, K * sizeof(int));
    s->region_ids = gaclip__arena_bytes(arena, K * sizeof(int));
    s->caption_rows = gaclip__arena_bytes(arena, N * sizeof(int));
    s->grad_regions = gaclip__arena_floats(arena, K * E);
    s->grad_region_texts = gaclip__arena_floats(arena, K * E);
    s->grad_images = gaclip__arena_floats(arena, N * E);
    s->grad_captions = gaclip__arena_floats(arena, N * E);
    s->grad_texts = gaclip__arena_floats(arena, U * E);
    s->grad_dense = gaclip__arena_floats(arena, N * (size_t)(s->vision.h * s->vision.w) * E);
    int status = gaclip__arena_check(arena, s->err);
    if (status) return status;
    memset(s->grad_regions, 0, K * E * sizeof(float));
    memset(s->grad_region_texts, 0, K * E * sizeof(float));
    memset(s->grad_images, 0, N * E * sizeof(float));
    memset(s->grad_captions, 0, N * E * sizeof(float));
    memset(s->grad_texts, 0, U * E * sizeof(float));
    return GACLIP_OK;
}

static void take_rows(float *out, const float *embeddings, const int *rows, int count, int width)
{
    size_t E = (size_t)width;
    for (size_t i = 0; i < (size_t)count; i++)
        memcpy(out + i * E, embeddings + (size_t)rows[i] * E, E * sizeof *out);
}

static void add_rows(float *embeddings, const float *in, const int *rows, int count, int width)
{
    size_t E = (size_t)width;
    for (size_t i = 0; i < (size_t)count; i++)
        for (size_t k = 0; k < E; k++) embeddings[(size_t)rows[i] * E + k] += in[i * E + k];
}

/* Region embeddings, and for every pair the row of its text. */
static int regions_forward(Step *s, const GaclipStepTexts *texts, GaclipRandom *random)
{
    int E = s->model->config.embed_dim;
    size_t map = (size_t)(s->vision.h * s->vision.w) * (size_t)E;
    for (int k = 0; k < s->batch->region_count; k++) {
        const GaclipRegion *r = &s->batch->regions[k];
        int status = gaclip__roi_align_forward(s->regions + k * E, s->vision.dense + (size_t)r->image * map,
                                               s->vision.h, s->vision.w, E, &r->box, BINS, s->err);
        if (status) return status;
        s->region_rows[k] = gaclip__step_texts_row(texts, r->phrase, random);
        s->region_ids[k] = r->phrase;
    }
    gaclip__unit_forward(s->regions, s->region_lengths, s->regions, s->batch->region_count, E);
    take_rows(s->region_texts, s->text.embedding, s->region_rows, s->batch->region_count, E);
    return GACLIP_OK;
}

static int contrast(Step *s, const GaclipStepTexts *texts, GaclipStepLosses *losses,
                    GaclipRandom *random)
{
    const GaclipTrainOptions *o = s->options;
    int E = s->model->config.embed_dim, N = s->batch->size, status = GACLIP_OK;
    double scale = gaclip_model_logit_scale(s->model), grad_scale = 0;
    for (int n = 0; n < N; n++)
        s->caption_rows[n] = gaclip__step_texts_row(texts, s->batch->captions[n], random);
    take_rows(s->captions, s->text.embedding, s->caption_rows, N, E);
    if (o->weight_global > 0)
        status = gaclip__contrastive(&losses->global, s->grad_images, s->grad_captions, &grad_scale,
                                     s->vision.class_embedding, s->captions,
                                     o->mask_identical ? s->batch->captions : NULL, N, E, scale,
                                     o->weight_global, s->err);
    if (!status && wants_regions(o)) status = regions_forward(s, texts, random);
    if (!status && wants_regions(o))
        status = gaclip__contrastive(&losses->region, s->grad_regions, s->grad_region_texts,
                                     &grad_scale, s->regions, s->region_texts,
                                     o->mask_identical ? s->region_ids : NULL,
                                     s->batch->region_count, E, scale, o->weight_region, s->err);
    if (status) return status;
    *gaclip__model_logit_scale_gradient(s->model) += (float)(grad_scale * scale);
    add_rows(s->grad_texts, s->grad_captions, s->caption_rows, N, E);
    if (wants_regions(o))
        add_rows(s->grad_texts, s->grad_region_texts, s->region_rows, s->batch->region_count, E);
    return GACLIP_OK;
}

/* All regions of one image, so that two tasks never share a map. */
static void regions_backward_image(int image, int worker, void *payload)
{
    (void)worker;
    Step *s = payload;
    int E = s->model->config.embed_dim;
    size_t map = (size_t)(s->vision.h * s->vision.w) * (size_t)E;
    float *grad_map = s->grad_dense + (size_t)image * map;
    memset(grad_map, 0, map * sizeof *grad_map);
    for (int k = 0; k < s->batch->region_count; k++)
        if (s->batch->regions[k].image == image)
            gaclip__roi_align_backward(grad_map, s->grad_regions + k * E, s->vision.h, s->vision.w,
                                       E, &s->batch->regions[k].box, BINS);
}

static int backward(Step *s)
{
    GaclipModel *m = s->model;
    int E = m->config.embed_dim;
    if (wants_proposals(s))
        gaclip__proposal_backward(&m->proposals, m->compute, &s->proposals, s->vision.features,
                                  s->grad_proposals);
    if (wants_regions(s->options)) {
        gaclip__unit_backward(s->grad_regions, s->grad_regions, s->regions, s->region_lengths,
                              s->batch->region_count, E);
        gaclip__threads_run(m->compute->pool, s->batch->size, regions_backward_image, s);
    }
    gaclip__text_backward(&m->text, m->compute, &s->text, s->grad_texts);
    return gaclip__vision_backward(&m->vision, m->compute, &s->vision,
                                   s->options->weight_global > 0 ? s->grad_images : NULL,
                                   wants_regions(s->options) ? s->grad_dense : NULL,
                                   wants_proposals(s) ? s->proposals.grad_features : NULL, s->err);
}

int gaclip__train_step(GaclipStepLosses *losses, GaclipModel *model, GaclipBatch *batch,
                       GaclipStepTexts *texts, const GaclipTrainOptions *options,
                       GaclipRandom *random, GaclipError *err)
{
    Step s = {.model = model, .batch = batch, .options = options, .err = err};
    *losses = (GaclipStepLosses){0};
    gaclip__arena_reset(&model->arena);
    int status = images_forward(&s);
    if (!status) status = proposals_forward(&s, losses);
    if (!status) status = mine_negatives(&s);
    if (!status) status = texts_forward(&s, texts, random);
    if (!status) status = layout_pairs(&s);
    if (!status) status = contrast(&s, texts, losses, random);
    if (!status) status = backward(&s);
    losses->total = options->weight_global * losses->global +
                    options->weight_region * losses->region +
                    options->weight_objectness * losses->objectness +
                    options->weight_box * losses->box;
    return status;
}
