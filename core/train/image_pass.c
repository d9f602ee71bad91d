#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/proposals.h"
#include "math/norm.h"
#include "model/roi_align.h"
#include "train/passes.h"

/* A proposal at least this sure, on ground where nothing is, is worth learning from. */
static const float MINED_OBJECTNESS = 0.05f;
static const float MINED_LARGEST_IOU = 0.3f;

static int wants_class(const GaclipStep *step)
{
    return step->options->weights.global > 0 || step->options->weights.text > 0;
}

static int wants_regions(const GaclipStep *step)
{
    const GaclipLossWeights *w = &step->options->weights;
    return w->region > 0 || w->hard_negative > 0 || w->visual > 0;
}

static int wants_proposals(const GaclipStep *step)
{
    const GaclipLossWeights *w = &step->options->weights;
    return step->model->config.proposal.width > 0 && (w->objectness > 0 || w->box > 0);
}

static size_t map_floats(const GaclipImagePass *pass, int width)
{
    return (size_t)(pass->vision.h * pass->vision.w) * (size_t)width;
}

static int run_tower(GaclipStep *step, GaclipImagePass *pass, int keep)
{
    GaclipModel *m = step->model;
    int side = step->batch->side, flags = gaclip__pass_flags(step, keep);
    if (wants_class(step)) flags |= GACLIP__PASS_CLASS;
    if (wants_regions(step) || wants_proposals(step)) flags |= GACLIP__PASS_DENSE;
    int status = gaclip__vision_layout(&pass->vision, &m->vision, m->compute, &m->arena,
                                       pass->count, side, side, m->config.dense, flags, step->err);
    if (status) return status;
    const float *planes = step->batch->planes + (size_t)pass->first * 3 * (size_t)(side * side);
    return gaclip__vision_forward(&m->vision, m->compute, &pass->vision, planes, step->err);
}

static int run_proposals(GaclipStep *step, GaclipImagePass *pass, int keep)
{
    GaclipModel *m = step->model;
    GaclipProposalPass *p = &pass->proposals;
    const GaclipLossWeights *w = &step->options->weights;
    double objectness, box;
    int status = gaclip__proposal_layout(p, &m->proposals, m->compute, &m->arena, &pass->vision,
                                         pass->taught, keep, step->err);
    if (status) return status;
    gaclip__proposal_forward(&m->proposals, m->compute, p, &pass->vision);
    if (!keep) return GACLIP_OK;
    pass->grad_proposals = gaclip__arena_floats(
        &m->arena, (size_t)(pass->taught * p->out_h * p->out_w) * GACLIP__HEAD_CHANNELS);
    status = gaclip__arena_check(&m->arena, step->err);
    if (!status)
        status = gaclip__proposal_loss(&objectness, &box, pass->grad_proposals, p,
                                       step->batch->targets + pass->first, step->positives,
                                       w->objectness, w->box, step->err);
    if (status) return status;
    step->objectness += objectness;
    step->box += box;
    return GACLIP_OK;
}

int gaclip__image_pass_run(GaclipStep *step, GaclipImagePass *pass, int first, int count, int keep)
{
    *pass = (GaclipImagePass){.first = first, .count = count};
    if (wants_proposals(step) && step->batch->taught > first)
        pass->taught = step->batch->taught - first < count ? step->batch->taught - first : count;
    int status = run_tower(step, pass, keep);
    if (!status && pass->taught) status = run_proposals(step, pass, keep);
    return status;
}

static int is_empty_ground(const GaclipTargets *targets, const GaclipBox *box)
{
    for (int i = 0; i < targets->count; i++)
        if (gaclip_box_iou(&targets->boxes[i], box) > MINED_LARGEST_IOU) return 0;
    return 1;
}

/* Adds the surest wrong proposals of image n of the batch as background regions. */
static int mine_image(GaclipStep *step, const GaclipImagePass *pass, int n)
{
    GaclipBatch *batch = step->batch;
    GaclipProposal *found;
    int count, mined = 0;
    int status = gaclip__proposals_pick(&found, &count, &pass->proposals, n - pass->first,
                                        MINED_OBJECTNESS, 8, 0.5f, step->err);
    for (int i = 0; i < count && mined < GACLIP__MINED_REGIONS && !status; i++) {
        GaclipBox unit = gaclip__unit_box(&found[i].box, (float)batch->side);
        if (!is_empty_ground(&batch->targets[n], &found[i].box) || !(unit.x2 > unit.x1) ||
            !(unit.y2 > unit.y1))
            continue;
        GaclipBatchRegion region = {unit, n, gaclip__batch_background(batch, &batch->random),
                                    GACLIP__BACKGROUND};
        status = gaclip__batch_add_region(batch, &region, step->err);
        mined++;
    }
    free(found);
    return status;
}

static int mine_negatives(GaclipStep *step, const GaclipImagePass *pass)
{
    int status = GACLIP_OK;
    if (!(step->options->weights.region > 0)) return GACLIP_OK;
    for (int n = pass->first; n < pass->first + pass->taught && !status; n++)
        if (step->batch->targets[n].is_complete) status = mine_image(step, pass, n);
    return status;
}

static int region_forward(GaclipStep *step, const GaclipImagePass *pass, int k)
{
    const GaclipBatchRegion *r = &step->batch->regions[k];
    int E = step->embeddings.width;
    const float *map = pass->vision.dense + (size_t)(r->image - pass->first) * map_floats(pass, E);
    float *row = step->embeddings.regions.unit + (size_t)k * (size_t)E;
    int status = gaclip__roi_align_forward(row, map, pass->vision.h, pass->vision.w, E, &r->box,
                                           GACLIP__ROI_BINS, step->err);
    if (!status) gaclip__unit_forward(row, &step->region_lengths[k], row, 1, E);
    return status;
}

static int is_in_pass(const GaclipImagePass *pass, const GaclipBatchRegion *region)
{
    return region->image >= pass->first && region->image < pass->first + pass->count;
}

static int regions_forward(GaclipStep *step, const GaclipImagePass *pass)
{
    int status = GACLIP_OK;
    for (int k = 0; k < step->batch->region_count && !status; k++)
        if (is_in_pass(pass, &step->batch->regions[k])) status = region_forward(step, pass, k);
    return status;
}

int gaclip__image_pass_read(GaclipStep *step, const GaclipImagePass *pass)
{
    size_t E = (size_t)step->embeddings.width;
    if (wants_class(step))
        memcpy(step->embeddings.images.unit + (size_t)pass->first * E, pass->vision.class_embedding,
               (size_t)pass->count * E * sizeof(float));
    int status = mine_negatives(step, pass);
    if (!status && wants_regions(step)) status = regions_forward(step, pass);
    return status;
}

/* All regions of one image, so that two tasks never share a map. */
typedef struct MapTask {
    const GaclipStep *step;
    const GaclipImagePass *pass;
    float *grad_dense;
} MapTask;

static void map_backward(int index, int worker, void *payload)
{
    (void)worker;
    const MapTask *task = payload;
    const GaclipBatch *batch = task->step->batch;
    int E = task->step->embeddings.width;
    size_t map = map_floats(task->pass, E);
    float *grad_map = task->grad_dense + (size_t)index * map;
    memset(grad_map, 0, map * sizeof *grad_map);
    for (int k = 0; k < batch->region_count; k++)
        if (batch->regions[k].image == task->pass->first + index)
            gaclip__roi_align_backward(grad_map,
                                       task->step->embeddings.regions.grad + (size_t)k * (size_t)E,
                                       task->pass->vision.h, task->pass->vision.w, E,
                                       &batch->regions[k].box, GACLIP__ROI_BINS);
}

/* The regions' gradients pass through their unit length once, in place. */
static void unit_backward(GaclipStep *step, const GaclipImagePass *pass)
{
    GaclipRows *rows = &step->embeddings.regions;
    int E = step->embeddings.width;
    for (int k = 0; k < step->batch->region_count; k++) {
        size_t at = (size_t)k * (size_t)E;
        if (is_in_pass(pass, &step->batch->regions[k]))
            gaclip__unit_backward(rows->grad + at, rows->grad + at, rows->unit + at,
                                  &step->region_lengths[k], 1, E);
    }
}

int gaclip__image_pass_backward(GaclipStep *step, GaclipImagePass *pass)
{
    GaclipModel *m = step->model;
    size_t E = (size_t)step->embeddings.width;
    GaclipVisionGradients grads = {0};
    if (wants_class(step))
        grads.class_embedding = step->embeddings.images.grad + (size_t)pass->first * E;
    if (pass->taught)
        gaclip__proposal_backward(&m->proposals, m->compute, &pass->proposals, &pass->vision,
                                  pass->grad_proposals, &grads);
    if (wants_regions(step)) {
        float *grad_dense =
            gaclip__arena_floats(&m->arena, (size_t)pass->count * map_floats(pass, (int)E));
        int status = gaclip__arena_check(&m->arena, step->err);
        if (status) return status;
        MapTask task = {step, pass, grad_dense};
        unit_backward(step, pass);
        gaclip__threads_run(m->compute->pool, pass->count, map_backward, &task);
        grads.dense = grad_dense;
    }
    return gaclip__vision_backward(&m->vision, m->compute, &pass->vision, &grads, step->err);
}
