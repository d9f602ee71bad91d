/* One batch of windows: towers, proposals, region embeddings, scores. */
#include <math.h>
#include <stdlib.h>

#include "detect/detector.h"
#include "detect/proposals.h"
#include "detect/regions.h"

/* Overlap above which one of two proposals says nothing more of a place; those below vote when the
 * windows are merged. */
static const float PROPOSAL_IOU = 0.92f;

/* Logit of the objectness that is a sign of an object: 0.2. */
static const float FAINTEST_LOGIT = -1.386f;

static float clamp(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

/* Objectness below which even a certain class cannot reach the voting score. */
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

/* Whole, and so small that some window of its scale shows it whole. */
static int is_small(const GaclipBox *box, const GaclipWindow *w)
{
    float largest = (float)w->largest;
    return box->x2 - box->x1 <= largest && box->y2 - box->y1 <= largest && !is_cut(box, w);
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

typedef struct Found {
    GaclipRegion *regions; /* what may be an object, in the windows' order */
    float *objectness;
    unsigned char *is_cut;
    int count;
} Found;

static void free_found(Found *found)
{
    free(found->regions);
    free(found->objectness);
    free(found->is_cut);
}

static int make_room(Found *found, int more, GaclipError *err)
{
    size_t wanted = (size_t)found->count + (size_t)more + 1;
    GaclipRegion *regions = realloc(found->regions, wanted * sizeof *regions);
    if (regions) found->regions = regions;
    float *objectness = realloc(found->objectness, wanted * sizeof *objectness);
    if (objectness) found->objectness = objectness;
    unsigned char *cut = realloc(found->is_cut, wanted);
    if (cut) found->is_cut = cut;
    return regions && objectness && cut
               ? GACLIP_OK
               : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

/* The best proposals of window number n, where they lie on valid ground. */
static int propose(Found *found, const GaclipDetector *d, const GaclipWindow *window,
                   const GaclipProposalPass *proposals, int n, const GaclipImage *image,
                   GaclipError *err)
{
    GaclipProposal *picked;
    int count, status = gaclip__proposals_pick(&picked, &count, proposals, n, objectness_floor(d),
                                               d->options.max_proposals, PROPOSAL_IOU, err);
    if (!status) status = make_room(found, count, err);
    for (int i = 0; i < count && !status; i++) {
        GaclipRegion region = {.window = n, .box = picked[i].box};
        if (window->largest && !is_small(&region.box, window)) continue;
        if (!place_in_image(&region.place, &region.box, window, image)) continue;
        found->regions[found->count] = region;
        found->objectness[found->count] = picked[i].objectness;
        found->is_cut[found->count++] = (unsigned char)is_cut(&region.box, window);
    }
    free(picked);
    return status;
}

typedef struct Scratch {
    float *probability, *similarity; /* (classes), (classes) */
} Scratch;

static int score_region(GaclipDetectionList *list, const GaclipDetector *d, const Found *from,
                        int index, const float *embedding, Scratch *scratch, GaclipError *err)
{
    GaclipDetection found = {.box = from->regions[index].place,
                             .objectness = from->objectness[index],
                             .is_cut = from->is_cut[index]};
    int status =
        gaclip__class_probabilities(scratch->probability, scratch->similarity, d, embedding, err);
    float mix = d->options.mix, voting = gaclip_voting_score(d->options.min_score);
    for (int c = 0; c < d->class_count && !status; c++) {
        found.class_index = c;
        found.probability = scratch->probability[c];
        found.similarity = scratch->similarity[c];
        found.score = gaclip__class_score(
            d, c, powf(found.objectness, 1 - mix) * powf(found.probability, mix));
        if (found.score >= voting) status = gaclip__detections_add(list, &found, err);
    }
    return status;
}

static int score_all(GaclipDetectionList *list, GaclipDetector *d, const Found *found,
                     const GaclipVisionPass *seen, const GaclipWindow *windows,
                     const GaclipImage *scaled, const GaclipImage *image, GaclipError *err)
{
    size_t E = (size_t)d->model->config.embed_dim, classes = (size_t)d->class_count;
    if (!found->count) return GACLIP_OK;
    float *memory = malloc(((size_t)found->count * E + 2 * classes) * sizeof *memory);
    if (!memory) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    float *embeddings = memory + 2 * classes;
    Scratch scratch = {memory, memory + classes};
    int status = gaclip__embed_regions(embeddings, d, found->regions, found->count, seen, windows,
                                       scaled, image, err);
    for (int i = 0; i < found->count && !status; i++)
        status = score_region(list, d, found, i, embeddings + (size_t)i * E, &scratch, err);
    free(memory);
    return status;
}

static void note_signs(GaclipSigns *signs, const GaclipProposalPass *pass, int n,
                       const GaclipWindow *w)
{
    const float *location =
        pass->out + (size_t)n * (size_t)(pass->out_h * pass->out_w) * GACLIP__HEAD_CHANNELS;
    for (int y = 0; y < pass->out_h; y++)
        for (int x = 0; x < pass->out_w; x++, location += GACLIP__HEAD_CHANNELS) {
            if (!(location[0] >= FAINTEST_LOGIT)) continue;
            GaclipBox b = gaclip__proposal_box(pass, location, y, x);
            gaclip__signs_note(signs, ((float)w->x + (b.x1 + b.x2) / 2) * w->pixel_x,
                               ((float)w->y + (b.y1 + b.y2) / 2) * w->pixel_y,
                               fmaxf((b.x2 - b.x1) * w->pixel_x, (b.y2 - b.y1) * w->pixel_y));
        }
}

int gaclip__detect_windows(GaclipDetectionList *list, GaclipSigns *signs, GaclipDetector *detector,
                           const GaclipWindow *windows, int count, const float *planes,
                           const GaclipImage *scaled, const GaclipImage *image, GaclipError *err)
{
    GaclipModel *finder = gaclip__proposer(detector);
    GaclipVisionPass pass;
    GaclipProposalPass proposals;
    Found found = {0};
    /* A proposer's head was trained on the map of its own mode. */
    int mode = finder == detector->model ? detector->options.dense : -1;
    int status = gaclip__dense_pass(&pass, finder, mode, planes, count, err);
    if (!status)
        status = gaclip__proposal_layout(&proposals, &finder->proposals, finder->compute,
                                         &finder->arena, &pass, count, 0, err);
    if (!status) gaclip__proposal_forward(&finder->proposals, finder->compute, &proposals, &pass);
    for (int n = 0; n < count && !status; n++) note_signs(signs, &proposals, n, &windows[n]);
    for (int n = 0; n < count && !status; n++)
        status = propose(&found, detector, &windows[n], &proposals, n, image, err);
    if (!status) status = score_all(list, detector, &found, &pass, windows, scaled, image, err);
    free_found(&found);
    return status;
}
