#include "train/step.h"

#include <string.h>

/* Texts are shorter than images: so many times more of them a pass. */
enum { TEXTS_AN_IMAGE = 4 };

/* The passes of one kind: all kept from forward to backward, or each run again for its backward. */
typedef struct Plan {
    int total, size; /* rows, and how many a pass */
    int keep;
} Plan;

static Plan plan_passes(int total, int limit)
{
    return (Plan){total, limit && limit < total ? limit : total, !limit || limit >= total};
}

int gaclip__pass_flags(const GaclipStep *step, int keep)
{
    if (!keep) return 0;
    return GACLIP__PASS_KEEP | (step->options->recompute ? GACLIP__PASS_RECOMPUTE : 0);
}

static int rows_of(const Plan *plan, int first)
{
    return plan->total - first < plan->size ? plan->total - first : plan->size;
}

static int layout_rows(GaclipStep *step, GaclipRows *rows, int count)
{
    size_t floats = (size_t)count * (size_t)step->embeddings.width;
    rows->count = count;
    rows->unit = gaclip__arena_floats(step->rows, floats);
    rows->grad = gaclip__arena_floats(step->rows, floats);
    int status = gaclip__arena_check(step->rows, step->err);
    if (!status) memset(rows->grad, 0, floats * sizeof *rows->grad);
    return status;
}

static int layout_embeddings(GaclipStep *step)
{
    const GaclipBatch *batch = step->batch;
    int regions = batch->region_count + GACLIP__MINED_REGIONS * batch->size;
    GaclipEmbeddings *e = &step->embeddings;
    e->width = step->model->config.embed_dim;
    e->scale = (double)gaclip_model_logit_scale(step->model);
    step->region_lengths = gaclip__arena_floats(step->rows, (size_t)regions);
    int status = layout_rows(step, &e->images, batch->size);
    if (!status) status = layout_rows(step, &e->regions, regions);
    if (!status) status = layout_rows(step, &e->crops, batch->crop_count);
    return status ? status : layout_rows(step, &e->texts, batch->texts.texts.count);
}

/* Of the whole batch, so that passes over parts of it weigh alike. */
static int count_positives(GaclipStep *step)
{
    const GaclipModelConfig *c = &step->model->config;
    if (!c->proposal.width) return GACLIP_OK;
    int side = step->batch->side / c->vision.patch_size * c->proposal.upsample;
    GaclipLocations map = {side, side, (float)c->vision.patch_size / (float)c->proposal.upsample};
    return gaclip__proposal_positives(&step->positives, &map, step->batch->targets,
                                      step->batch->size, step->err);
}

static int images_forward(GaclipStep *step, const Plan *plan, GaclipImagePass *pass)
{
    GaclipArena *arena = &step->model->arena;
    int status = GACLIP_OK;
    for (int first = 0; first < plan->total && !status; first += plan->size) {
        GaclipArenaMark mark = gaclip__arena_mark(arena);
        status = gaclip__image_pass_run(step, pass, first, rows_of(plan, first), plan->keep);
        if (!status) status = gaclip__image_pass_read(step, pass);
        if (!plan->keep) gaclip__arena_release(arena, mark);
    }
    step->embeddings.regions.count = step->batch->region_count;
    return status;
}

static int images_backward(GaclipStep *step, const Plan *plan, GaclipImagePass *pass)
{
    GaclipArena *arena = &step->model->arena;
    int status = GACLIP_OK;
    for (int first = 0; first < plan->total && !status; first += plan->size) {
        GaclipArenaMark mark = gaclip__arena_mark(arena);
        if (!plan->keep)
            status = gaclip__image_pass_run(step, pass, first, rows_of(plan, first), 1);
        if (!status) status = gaclip__image_pass_backward(step, pass);
        if (!plan->keep) gaclip__arena_release(arena, mark);
    }
    return status;
}

static int crops_forward(GaclipStep *step, const Plan *plan, GaclipCropPass *pass)
{
    GaclipArena *arena = &step->model->arena;
    int status = GACLIP_OK;
    for (int first = 0; first < plan->total && !status; first += plan->size) {
        GaclipArenaMark mark = gaclip__arena_mark(arena);
        status = gaclip__crop_pass_run(step, pass, first, rows_of(plan, first), plan->keep);
        if (!status) gaclip__crop_pass_read(step, pass);
        if (!plan->keep) gaclip__arena_release(arena, mark);
    }
    return status;
}

static int crops_backward(GaclipStep *step, const Plan *plan, GaclipCropPass *pass)
{
    GaclipArena *arena = &step->model->arena;
    int status = GACLIP_OK;
    for (int first = 0; first < plan->total && !status; first += plan->size) {
        GaclipArenaMark mark = gaclip__arena_mark(arena);
        if (!plan->keep) status = gaclip__crop_pass_run(step, pass, first, rows_of(plan, first), 1);
        if (!status) status = gaclip__crop_pass_backward(step, pass);
        if (!plan->keep) gaclip__arena_release(arena, mark);
    }
    return status;
}

static int texts_forward(GaclipStep *step, GaclipTextGroup *groups, int count, int keep)
{
    GaclipArena *arena = &step->model->arena;
    int status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) {
        GaclipArenaMark mark = gaclip__arena_mark(arena);
        status = gaclip__text_group_run(step, &groups[i], keep);
        if (!status) gaclip__text_group_read(step, &groups[i]);
        if (!keep) gaclip__arena_release(arena, mark);
    }
    return status;
}

static int texts_backward(GaclipStep *step, GaclipTextGroup *groups, int count, int keep)
{
    GaclipArena *arena = &step->model->arena;
    int status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) {
        GaclipArenaMark mark = gaclip__arena_mark(arena);
        if (!keep) status = gaclip__text_group_run(step, &groups[i], 1);
        if (!status) status = gaclip__text_group_backward(step, &groups[i]);
        if (!keep) gaclip__arena_release(arena, mark);
    }
    return status;
}

static int losses_of_embeddings(GaclipStep *step, GaclipLossWeights *losses)
{
    const GaclipTrainOptions *o = step->options;
    GaclipEmbeddings *e = &step->embeddings;
    int status = gaclip__objective(losses, e, step->model->compute, step->batch, &o->weights,
                                   o->mask_identical, step->err);
    if (!status)
        *gaclip__model_logit_scale_gradient(step->model) += (float)(e->grad_scale * e->scale);
    return status;
}

static int run(GaclipStep *step, GaclipLossWeights *losses)
{
    int limit = step->options->micro_batch, group_count = 0;
    GaclipTextGroup *groups = NULL;
    GaclipImagePass image_pass;
    GaclipCropPass crop_pass;
    Plan images = plan_passes(step->batch->size, limit);
    Plan crops = plan_passes(step->batch->crop_count, limit);
    int status = layout_embeddings(step);
    if (!status) status = count_positives(step);
    if (!status) status = images_forward(step, &images, &image_pass);
    if (!status) status = crops_forward(step, &crops, &crop_pass);
    if (!status) status = gaclip__text_groups(&groups, &group_count, step, limit * TEXTS_AN_IMAGE);
    if (!status) status = texts_forward(step, groups, group_count, !limit);
    if (!status) status = losses_of_embeddings(step, losses);
    if (!status) status = texts_backward(step, groups, group_count, !limit);
    if (!status) status = crops_backward(step, &crops, &crop_pass);
    if (!status) status = images_backward(step, &images, &image_pass);
    return status;
}

static double weighted(const GaclipLossWeights *w, const GaclipLossWeights *loss)
{
    return w->global * loss->global + w->region * loss->region +
           w->hard_negative * loss->hard_negative + w->visual * loss->visual +
           w->text * loss->text + w->objectness * loss->objectness + w->box * loss->box;
}

int gaclip__train_step(GaclipStepResult *result, GaclipModel *model, GaclipBatch *batch,
                       const GaclipTrainOptions *options, GaclipArena *rows, GaclipError *err)
{
    GaclipStep step = {
        .model = model, .batch = batch, .options = options, .rows = rows, .err = err};
    *result = (GaclipStepResult){
        .images = batch->size, .crops = batch->crop_count, .texts = batch->texts.texts.count};
    gaclip__arena_reset(&model->arena);
    gaclip__arena_reset(rows);
    int status = run(&step, &result->losses);
    result->losses.objectness = step.objectness;
    result->losses.box = step.box;
    result->total = weighted(&options->weights, &result->losses);
    return status;
}
