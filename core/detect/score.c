/* One batch of windows: towers, proposals, region embeddings, scores. */
#include <math.h>
#include <stdlib.h>

#include "detect/detector.h"
#include "detect/proposals.h"
#include "math/norm.h"
#include "model/roi_align.h"

enum { BINS = 7 };

/* Overlap above which two proposals are taken for one object. */
static const float PROPOSAL_IOU = 0.8f;

static float clamp(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

/* Objectness below which even a certain class cannot reach the smallest score. */
static float objectness_floor(const GaclipDetector *d)
{
    float mix = d->options.mix, floor = mix < 1 ? powf(d->score_floor, 1 / (1 - mix)) : 0.0f;
    return fmaxf(floor, 0.01f);
}

static int is_cut(const GaclipBox *box, const GaclipWindow *w)
{
    float size = (float)w->size;
    return (box->x1 < GACLIP_CUT_DISTANCE && w->x > 0) ||
           (box->y1 < GACLIP_CUT_DISTANCE && w->y > 0) ||
           (box->x2 > size - GACLIP_CUT_DISTANCE && w->x + w->size < w->image_width) ||
           (box->y2 > size - GACLIP_CUT_DISTANCE && w->y + w->size < w->image_height);
}

/* In image pixels, clipped to what the window shows of the image, so that a box does not depend on
 * what lies beside the window; 0 when nothing is left or its centre is masked. */
static int place_in_image(GaclipBox *out, const GaclipBox *box, const GaclipWindow *w,
                          const GaclipImage *image)
{
    float x = (float)w->x, y = (float)w->y, px = w->pixel_x, py = w->pixel_y;
    float right = fminf(x + (float)w->size, (float)w->image_width);
    float bottom = fminf(y + (float)w->size, (float)w->image_height);
    *out = (GaclipBox){clamp(box->x1 + x, x, right) * px, clamp(box->y1 + y, y, bottom) * py,
                       clamp(box->x2 + x, x, right) * px, clamp(box->y2 + y, y, bottom) * py};
    if (!(out->x2 - out->x1 > px && out->y2 - out->y1 > py)) return 0;
    if (!image->mask) return 1;
    int cx = (int)((out->x1 + out->x2) / 2), cy = (int)((out->y1 + out->y2) / 2);
    return image->mask[(size_t)cy * (size_t)image->width + (size_t)cx] != 0;
}

int gaclip__embed_region(float *out, const GaclipVisionPass *pass, int n, const GaclipBox *box,
                         int embed_dim, GaclipError *err)
{
    float width = (float)pass->width, height = (float)pass->height;
    GaclipBox unit = {clamp(box->x1 / width, 0, 1), clamp(box->y1 / height, 0, 1),
                      clamp(box->x2 / width, 0, 1), clamp(box->y2 / height, 0, 1)};
    const float *map = pass->dense + (size_t)n * (size_t)(pass->h * pass->w) * (size_t)embed_dim;
    int status = gaclip__roi_align_forward(out, map, pass->h, pass->w, embed_dim, &unit, BINS, err);
    if (!status) gaclip__unit_forward(out, NULL, out, 1, embed_dim);
    return status;
}

typedef struct Scratch {
    float *region, *probability, *similarity; /* (E), (classes), (classes) */
} Scratch;

static int score_proposal(GaclipDetectionList *list, GaclipDetector *d, const GaclipWindow *window,
                          const GaclipVisionPass *pass, int n, const GaclipProposal *proposal,
                          const GaclipImage *image, Scratch *scratch, GaclipError *err)
{
    GaclipDetection found = {.objectness = proposal->objectness,
                             .is_cut = is_cut(&proposal->box, window)};
    if (!place_in_image(&found.box, &proposal->box, window, image)) return GACLIP_OK;
    int status = gaclip__embed_region(scratch->region, pass, n, &proposal->box,
                                      d->model->config.embed_dim, err);
    if (!status)
        status = gaclip__class_probabilities(scratch->probability, scratch->similarity, d,
                                             scratch->region, err);
    float mix = d->options.mix;
    for (int c = 0; c < d->class_count && !status; c++) {
        found.class_index = c;
        found.probability = scratch->probability[c];
        found.similarity = scratch->similarity[c];
        found.score = gaclip__class_score(
            d, c, powf(found.objectness, 1 - mix) * powf(found.probability, mix));
        if (found.score >= d->options.min_score) status = gaclip__detections_add(list, &found, err);
    }
    return status;
}

static int score_window(GaclipDetectionList *list, GaclipDetector *d, const GaclipWindow *window,
                        const GaclipVisionPass *pass, const GaclipProposalPass *proposals, int n,
                        const GaclipImage *image, Scratch *scratch, GaclipError *err)
{
    GaclipProposal *picked;
    int count, status = gaclip__proposals_pick(&picked, &count, proposals, n, objectness_floor(d),
                                               d->options.max_proposals, PROPOSAL_IOU, err);
    for (int i = 0; i < count && !status; i++)
        status = score_proposal(list, d, window, pass, n, &picked[i], image, scratch, err);
    free(picked);
    return status;
}

static int run_towers(GaclipVisionPass *pass, GaclipProposalPass *proposals, GaclipModel *model,
                      int count, int size, const float *planes, GaclipError *err)
{
    gaclip__arena_reset(&model->arena);
    int status = gaclip__vision_layout(pass, &model->vision, model->compute, &model->arena, count,
                                       size, size, model->config.dense, GACLIP__PASS_DENSE, err);
    if (!status) status = gaclip__vision_forward(&model->vision, model->compute, pass, planes, err);
    if (!status)
        status = gaclip__proposal_layout(proposals, &model->proposals, model->compute,
                                         &model->arena, pass, 0, err);
    if (!status) gaclip__proposal_forward(&model->proposals, model->compute, proposals, pass);
    return status;
}

int gaclip__detect_windows(GaclipDetectionList *list, GaclipDetector *detector,
                           const GaclipWindow *windows, int count, const float *planes,
                           const GaclipImage *image, GaclipError *err)
{
    GaclipVisionPass pass;
    GaclipProposalPass proposals;
    size_t floats = (size_t)detector->model->config.embed_dim + 2 * (size_t)detector->class_count;
    float *memory = malloc(floats * sizeof *memory);
    if (!memory) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    Scratch scratch = {memory, memory + detector->model->config.embed_dim,
                       memory + detector->model->config.embed_dim + detector->class_count};
    int status =
        run_towers(&pass, &proposals, detector->model, count, windows[0].size, planes, err);
    for (int n = 0; n < count && !status; n++)
        status =
            score_window(list, detector, &windows[n], &pass, &proposals, n, image, &scratch, err);
    free(memory);
    return status;
}
