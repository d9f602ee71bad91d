#include "detect/proposals.h"

#include <math.h>
#include <stdlib.h>

#include "gaclip/eval.h"

/* Candidates that suppression looks at: the best ones, so that a noisy map stays cheap. */
enum { CANDIDATES = 2000 };

static int by_objectness(const void *a, const void *b)
{
    const GaclipProposal *p = a, *q = b;
    if (p->objectness != q->objectness) return p->objectness > q->objectness ? -1 : 1;
    if (p->box.y1 != q->box.y1) return p->box.y1 < q->box.y1 ? -1 : 1;
    return (p->box.x1 > q->box.x1) - (p->box.x1 < q->box.x1);
}

static int collect(GaclipProposal *out, const GaclipProposalPass *pass, int n, float floor)
{
    int count = 0;
    const float *location =
        pass->out + (size_t)n * (size_t)(pass->out_h * pass->out_w) * GACLIP__HEAD_CHANNELS;
    for (int y = 0; y < pass->out_h; y++)
        for (int x = 0; x < pass->out_w; x++, location += GACLIP__HEAD_CHANNELS) {
            float objectness = 1 / (1 + expf(-location[0]));
            if (!(objectness >= floor)) continue;
            GaclipProposal p = {gaclip__proposal_box(pass, location, y, x), objectness};
            if (p.box.x2 - p.box.x1 > 1 && p.box.y2 - p.box.y1 > 1) out[count++] = p;
        }
    return count;
}

static int suppress(GaclipProposal *proposals, int *count, int limit, float iou, GaclipError *err)
{
    int n = *count, kept_count = 0, status = GACLIP_ERROR_MEMORY;
    GaclipBox *boxes = malloc((size_t)(n + 1) * sizeof *boxes);
    float *scores = malloc((size_t)(n + 1) * sizeof *scores);
    int *kept = malloc((size_t)(n + 1) * sizeof *kept);
    if (boxes && scores && kept) {
        for (int i = 0; i < n; i++) {
            boxes[i] = proposals[i].box;
            scores[i] = proposals[i].objectness;
        }
        status = gaclip_nms(kept, &kept_count, boxes, scores, NULL, n, iou, 1, err);
    } else {
        gaclip_error_set(err, status, "out of memory");
    }
    /* Sorted already, so kept[i] >= i and the move is safe. */
    if (!status) {
        *count = kept_count < limit ? kept_count : limit;
        for (int i = 0; i < *count; i++) proposals[i] = proposals[kept[i]];
    }
    free(boxes);
    free(scores);
    free(kept);
    return status;
}

int gaclip__proposals_pick(GaclipProposal **out, int *count, const GaclipProposalPass *pass, int n,
                           float floor, int limit, float iou, GaclipError *err)
{
    *out = NULL;
    *count = 0;
    GaclipProposal *list = malloc((size_t)(pass->out_h * pass->out_w) * sizeof *list);
    if (!list) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int found = collect(list, pass, n, floor);
    qsort(list, (size_t)found, sizeof *list, by_objectness);
    if (found > CANDIDATES) found = CANDIDATES;
    int status = suppress(list, &found, limit, iou, err);
    if (status) {
        free(list);
        return status;
    }
    *out = list;
    *count = found;
    return GACLIP_OK;
}
