#include "loss/proposal_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The middle of a box: this share of its sides, at least one location. */
static const float CENTRE_SHARE = 0.4f;
static const double SMALLEST_TARGET = 0.2;

double gaclip__giou_loss(double grad[4], const GaclipBox *a, const GaclipBox *b)
{
    double left = fmax(a->x1, b->x1), top = fmax(a->y1, b->y1);
    double right = fmin(a->x2, b->x2), bottom = fmin(a->y2, b->y2);
    double iw = fmax(right - left, 0), ih = fmax(bottom - top, 0);
    double aw = (double)a->x2 - a->x1, ah = (double)a->y2 - a->y1;
    double cw = fmax(a->x2, b->x2) - fmin(a->x1, b->x1);
    double ch = fmax(a->y2, b->y2) - fmin(a->y1, b->y1);
    double inner = iw * ih, hull = cw * ch;
    double outer = aw * ah + ((double)b->x2 - b->x1) * ((double)b->y2 - b->y1) - inner;
    int meet = iw > 0 && ih > 0;
    double d_inner[4] = {meet && a->x1 > b->x1 ? -ih : 0, meet && a->y1 > b->y1 ? -iw : 0,
                         meet && a->x2 < b->x2 ? ih : 0, meet && a->y2 < b->y2 ? iw : 0};
    double d_area[4] = {-ah, -aw, ah, aw};
    double d_hull[4] = {a->x1 < b->x1 ? -ch : 0, a->y1 < b->y1 ? -cw : 0, a->x2 > b->x2 ? ch : 0,
                        a->y2 > b->y2 ? cw : 0};
    for (int i = 0; i < 4; i++) {
        double d_outer = d_area[i] - d_inner[i];
        grad[i] = -(d_inner[i] * outer - inner * d_outer) / (outer * outer) -
                  (d_outer * hull - outer * d_hull[i]) / (hull * hull);
    }
    return 2 - inner / outer - outer / hull;
}

static int location_range(int *first, float centre, float side, float stride, int count)
{
    float reach = fmaxf(CENTRE_SHARE * side / 2, stride / 2);
    int low = (int)ceilf((centre - reach) / stride - 0.5f);
    int high = (int)floorf((centre + reach) / stride - 0.5f);
    *first = low < 0 ? 0 : low;
    return high >= count ? count - 1 : high;
}

/* owner (rows, columns): the index of the box that each location is positive for, or -1. */
static void assign(int *owner, const GaclipLocations *map, const GaclipTargets *targets)
{
    for (int i = 0; i < map->rows * map->columns; i++) owner[i] = -1;
    for (int k = 0; k < targets->count; k++) {
        const GaclipBox *b = &targets->boxes[k];
        float width = b->x2 - b->x1, height = b->y2 - b->y1;
        int x0, y0;
        int x1 = location_range(&x0, (b->x1 + b->x2) / 2, width, map->stride, map->columns);
        int y1 = location_range(&y0, (b->y1 + b->y2) / 2, height, map->stride, map->rows);
        for (int y = y0; y <= y1; y++)
            for (int x = x0; x <= x1; x++) {
                int *place = &owner[y * map->columns + x];
                const GaclipBox *other = *place < 0 ? NULL : &targets->boxes[*place];
                if (!other || width * height < (other->x2 - other->x1) * (other->y2 - other->y1))
                    *place = k;
            }
    }
}

/* |q - p|^2 BCE(p, q), p = sigmoid(logit); q is a constant. */
static double quality_focal(double *grad, double logit, double q)
{
    double p = 1 / (1 + exp(-logit));
    /* log p and log(1 - p) without overflow */
    double log_p = logit < 0 ? logit - log1p(exp(logit)) : -log1p(exp(-logit));
    double log_1p = log_p - logit, entropy = -(q * log_p + (1 - q) * log_1p), gap = p - q;
    *grad = 2 * gap * p * (1 - p) * entropy + gap * gap * gap;
    return gap * gap * entropy;
}

static double box_loss(float *grad, const GaclipProposalPass *pass, const float *location, int y,
                       int x, const GaclipBox *target, double weight, double *iou)
{
    GaclipBox box = gaclip__proposal_box(pass, location, y, x);
    double by_corner[4], loss = gaclip__giou_loss(by_corner, &box, target);
    float cx = ((float)x + 0.5f) * pass->stride, cy = ((float)y + 0.5f) * pass->stride;
    double by_side[4] = {-by_corner[0] * (cx - box.x1), -by_corner[1] * (cy - box.y1),
                         by_corner[2] * (box.x2 - cx), by_corner[3] * (box.y2 - cy)};
    for (int i = 0; i < 4; i++) grad[1 + i] = (float)(weight * by_side[i]);
    *iou = gaclip_box_iou(&box, target);
    return loss;
}

/* For all images: which box owns a location, and how much the location weighs then. */
typedef struct Assignment {
    int *owner;    /* (count, rows, columns): index of the image's box, or -1 */
    float *weight; /* (count, rows, columns): 1 where no box owns it */
} Assignment;

static void free_assignment(Assignment *a)
{
    free(a->owner);
    free(a->weight);
}

/* A box of n locations weighs sqrt(n) in all, spread evenly. */
static void weigh(float *weight, const int *owner, int locations, int *sizes, int boxes)
{
    memset(sizes, 0, (size_t)boxes * sizeof *sizes);
    for (int i = 0; i < locations; i++)
        if (owner[i] >= 0) sizes[owner[i]]++;
    for (int i = 0; i < locations; i++)
        weight[i] = owner[i] < 0 ? 1 : 1 / sqrtf((float)sizes[owner[i]]);
}

static int assign_all(Assignment *a, const GaclipLocations *map, const GaclipTargets *targets,
                      int count, GaclipError *err)
{
    int locations = map->rows * map->columns, most = 0;
    size_t all = (size_t)count * (size_t)locations;
    for (int n = 0; n < count; n++) most = targets[n].count > most ? targets[n].count : most;
    int *sizes = malloc(((size_t)most + 1) * sizeof *sizes);
    *a = (Assignment){malloc((all + 1) * sizeof *a->owner), malloc((all + 1) * sizeof *a->weight)};
    int is_complete = sizes && a->owner && a->weight;
    for (int n = 0; n < count && is_complete; n++) {
        size_t at = (size_t)n * (size_t)locations;
        assign(a->owner + at, map, &targets[n]);
        weigh(a->weight + at, a->owner + at, locations, sizes, targets[n].count);
    }
    free(sizes);
    if (is_complete) return GACLIP_OK;
    free_assignment(a);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

int gaclip__proposal_positives(double *weight, const GaclipLocations *locations,
                               const GaclipTargets *targets, int count, GaclipError *err)
{
    Assignment a;
    int status = assign_all(&a, locations, targets, count, err);
    if (status) return status;
    *weight = 0;
    for (int i = 0; i < count * locations->rows * locations->columns; i++)
        if (a.owner[i] >= 0) *weight += (double)a.weight[i];
    free_assignment(&a);
    return GACLIP_OK;
}

/* Where a sum over locations goes. */
typedef struct Sums {
    double objectness, box, weight_objectness, weight_box;
} Sums;

static void add_location(Sums *sums, float *grad, const GaclipProposalPass *pass,
                         const float *location, int at, double weight, const GaclipBox *target)
{
    double q = 0, by_logit;
    if (target) {
        sums->box += weight * box_loss(grad, pass, location, at / pass->out_w, at % pass->out_w,
                                       target, weight * sums->weight_box, &q);
        q = fmax(q, SMALLEST_TARGET);
    }
    sums->objectness += weight * quality_focal(&by_logit, location[0], q);
    grad[0] = (float)(weight * sums->weight_objectness * by_logit);
}

int gaclip__proposal_loss(double *objectness, double *box, float *grad_out,
                          const GaclipProposalPass *pass, const GaclipTargets *targets,
                          double positives, double weight_objectness, double weight_box,
                          GaclipError *err)
{
    GaclipLocations map = {pass->out_h, pass->out_w, pass->stride};
    size_t locations = (size_t)(map.rows * map.columns), all = (size_t)pass->batch * locations;
    Assignment a;
    int status = assign_all(&a, &map, targets, pass->batch, err);
    if (status) return status;
    double share = 1.0 / (positives > 1 ? positives : 1);
    Sums sums = {0, 0, weight_objectness * share, weight_box * share};
    memset(grad_out, 0, all * GACLIP__HEAD_CHANNELS * sizeof *grad_out);
    for (size_t i = 0; i < all; i++) {
        const GaclipTargets *image = &targets[i / locations];
        if (a.owner[i] < 0 && !image->is_complete) continue;
        add_location(&sums, grad_out + i * GACLIP__HEAD_CHANNELS, pass,
                     pass->out + i * GACLIP__HEAD_CHANNELS, (int)(i % locations),
                     (double)a.weight[i], a.owner[i] < 0 ? NULL : &image->boxes[a.owner[i]]);
    }
    free_assignment(&a);
    *objectness = sums.objectness * share;
    *box = sums.box * share;
    return GACLIP_OK;
}
