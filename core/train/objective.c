#include "train/objective.h"

#include <stdlib.h>

#include "loss/contrastive.h"
#include "loss/visual_consistency.h"

/* Which rows are paired, and what they mean. */
typedef struct PairList {
    int *a_rows, *b_rows, *ids;
    int count;
} PairList;

static int allocate(PairList *list, int room, GaclipError *err)
{
    int *places = malloc((3 * (size_t)room + 1) * sizeof *places);
    if (!places) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *list = (PairList){places, places + room, places + 2 * room, 0};
    return GACLIP_OK;
}

static void add_pair(PairList *list, int a_row, int b_row, int id)
{
    if (b_row == GACLIP__NO_TEXT) return;
    list->a_rows[list->count] = a_row;
    list->b_rows[list->count] = b_row;
    list->ids[list->count++] = id;
}

static int contrast(double *loss, GaclipEmbeddings *e, const GaclipCompute *compute,
                    GaclipRows *visual, const PairList *list, int mask_identical, double weight,
                    GaclipError *err)
{
    GaclipPairs pairs = {.a = visual->unit,
                         .grad_a = visual->grad,
                         .a_rows = list->a_rows,
                         .b = e->texts.unit,
                         .grad_b = e->texts.grad,
                         .b_rows = list->b_rows,
                         .ids = mask_identical ? list->ids : NULL,
                         .count = list->count,
                         .width = e->width};
    return gaclip__contrastive(loss, &e->grad_scale, compute, &pairs, e->scale, weight, err);
}

/* L_g of the brief captions, or of the detailed ones, whose meaning is their own text. */
static int contrast_captions(double *loss, GaclipEmbeddings *e, const GaclipCompute *compute,
                             const GaclipBatch *batch, const int *rows, const int *concepts,
                             int mask_identical, double weight, GaclipError *err)
{
    PairList list = {0};
    *loss = 0;
    if (!(weight > 0)) return GACLIP_OK;
    int status = allocate(&list, batch->size, err);
    if (status) return status;
    for (int n = 0; n < batch->size; n++)
        add_pair(&list, n, rows[n], concepts ? concepts[n] : rows[n]);
    status = contrast(loss, e, compute, &e->images, &list, mask_identical, weight, err);
    free(list.a_rows);
    return status;
}

static int contrast_regions(double *loss, GaclipEmbeddings *e, const GaclipCompute *compute,
                            const GaclipBatch *batch, int mask_identical, double weight,
                            GaclipError *err)
{
    PairList list = {0};
    *loss = 0;
    if (!(weight > 0)) return GACLIP_OK;
    int status = allocate(&list, batch->region_count, err);
    if (status) return status;
    for (int k = 0; k < batch->region_count; k++)
        add_pair(&list, k, batch->regions[k].text, batch->regions[k].concept);
    status = contrast(loss, e, compute, &e->regions, &list, mask_identical, weight, err);
    free(list.a_rows);
    return status;
}

int gaclip__objective(GaclipLossWeights *losses, GaclipEmbeddings *e, const GaclipCompute *compute,
                      const GaclipBatch *batch, const GaclipLossWeights *w, int mask_identical,
                      GaclipError *err)
{
    double detailed = 0;
    int status = contrast_captions(&losses->global, e, compute, batch, batch->briefs,
                                   batch->brief_concepts, mask_identical, w->global + w->text, err);
    if (!status)
        status = contrast_captions(&detailed, e, compute, batch, batch->details, NULL,
                                   mask_identical, w->text, err);
    if (!status)
        status =
            contrast_regions(&losses->region, e, compute, batch, mask_identical, w->region, err);
    if (status) return status;
    losses->text = w->text > 0 ? losses->global + detailed : 0;
    if (w->hard_negative > 0)
        losses->hard_negative =
            gaclip__hard_negative(e->regions.grad, e->texts.grad, &e->grad_scale, e->regions.unit,
                                  e->texts.unit, batch->trials, batch->trial_texts,
                                  batch->trial_count, e->width, e->scale, w->hard_negative);
    if (w->visual > 0)
        losses->visual = gaclip__visual_consistency(e->regions.grad, e->crops.grad, e->regions.unit,
                                                    e->crops.unit, batch->crop_regions,
                                                    batch->crop_count, e->width, w->visual);
    return GACLIP_OK;
}
