#include <stdlib.h>
#include <string.h>

#include "train/passes.h"

/* A text may be so many times as long as the shortest of its group, and a little longer. */
static const double LENGTH_RATIO = 1.5;
enum { LENGTH_SLACK = 4 };

typedef struct Place {
    int text, length;
} Place;

static int by_length(const void *a, const void *b)
{
    const Place *p = a, *q = b;
    return p->length != q->length ? (p->length > q->length) - (p->length < q->length)
                                  : (p->text > q->text) - (p->text < q->text);
}

static int sort_texts(int **places, const GaclipStep *step)
{
    const GaclipBatchTexts *texts = &step->batch->texts;
    size_t U = (size_t)texts->texts.count;
    Place *order = gaclip__arena_bytes(step->rows, U * sizeof *order);
    *places = gaclip__arena_bytes(step->rows, U * sizeof **places);
    int status = gaclip__arena_check(step->rows, step->err);
    if (status) return status;
    for (size_t i = 0; i < U; i++) order[i] = (Place){(int)i, texts->lengths[i]};
    qsort(order, U, sizeof *order, by_length);
    for (size_t i = 0; i < U; i++) (*places)[i] = order[i].text;
    return GACLIP_OK;
}

int gaclip__text_groups(GaclipTextGroup **groups, int *count, GaclipStep *step, int limit)
{
    const GaclipBatchTexts *texts = &step->batch->texts;
    int total = texts->texts.count, *places;
    *groups = gaclip__arena_bytes(step->rows, (size_t)total * sizeof **groups);
    *count = 0;
    int status = sort_texts(&places, step);
    for (int i = 0; i < total && !status; i++) {
        GaclipTextGroup *group = *count ? &(*groups)[*count - 1] : NULL;
        if (!group || (limit && group->count == limit) ||
            texts->lengths[places[i]] >
                LENGTH_RATIO * texts->lengths[group->places[0]] + LENGTH_SLACK) {
            group = &(*groups)[(*count)++];
            *group = (GaclipTextGroup){.places = places + i};
        }
        group->count++;
    }
    return status;
}

int gaclip__text_group_run(GaclipStep *step, GaclipTextGroup *group, int keep)
{
    GaclipModel *m = step->model;
    const GaclipBatchTexts *texts = &step->batch->texts;
    size_t context = (size_t)texts->context;
    int32_t *rows = gaclip__arena_bytes(&m->arena, (size_t)group->count * context * sizeof *rows);
    int status = gaclip__arena_check(&m->arena, step->err);
    if (status) return status;
    for (size_t i = 0; i < (size_t)group->count; i++)
        memcpy(rows + i * context, texts->rows + (size_t)group->places[i] * context,
               context * sizeof *rows);
    status = gaclip__text_layout(&group->pass, &m->text, m->compute, &m->arena, rows, group->count,
                                 texts->context, gaclip__pass_flags(step, keep), step->err);
    if (!status) gaclip__text_forward(&m->text, m->compute, &group->pass);
    return status;
}

void gaclip__text_group_read(GaclipStep *step, const GaclipTextGroup *group)
{
    size_t E = (size_t)step->embeddings.width;
    for (size_t i = 0; i < (size_t)group->count; i++)
        memcpy(step->embeddings.texts.unit + (size_t)group->places[i] * E,
               group->pass.embedding + i * E, E * sizeof(float));
}

int gaclip__text_group_backward(GaclipStep *step, GaclipTextGroup *group)
{
    GaclipModel *m = step->model;
    size_t E = (size_t)step->embeddings.width;
    float *grad = gaclip__arena_floats(&m->arena, (size_t)group->count * E);
    int status = gaclip__arena_check(&m->arena, step->err);
    if (status) return status;
    for (size_t i = 0; i < (size_t)group->count; i++)
        memcpy(grad + i * E, step->embeddings.texts.grad + (size_t)group->places[i] * E,
               E * sizeof *grad);
    gaclip__text_backward(&m->text, m->compute, &group->pass, grad);
    return GACLIP_OK;
}
