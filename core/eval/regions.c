/* Regions: which class (paper, table 2, right), and which description (left). */
#include <stdlib.h>

#include "eval/accuracy.h"
#include "gaclip/model.h"

typedef struct Regions {
    GaclipAccuracy *out;
    int capacity;
    GaclipRegionQueue queue;
    GaclipNames names; /* classes; or descriptions, each followed by its negatives */
    GaclipBox *boxes;  /* of one sample */
    int is_fine_grained;
} Regions;

/* What is asked about the region; a question without a name is none. */
static int add_names(Regions *r, const GaclipSampleRegion *region, GaclipError *err)
{
    if (!r->is_fine_grained)
        return gaclip__lent_names_add(&r->names, gaclip__region_class(region), err);
    int status = gaclip__lent_names_add(&r->names, region->description, err);
    for (int i = 0; i < region->negative_count && !status; i++)
        status = gaclip__lent_names_add(&r->names, region->negatives[i], err);
    r->out->answers[r->out->answer_count - 1].candidates = 1 + region->negative_count;
    return status;
}

static int is_asked(const Regions *r, const GaclipSampleRegion *region)
{
    if (r->is_fine_grained) return region->description && region->negative_count > 0;
    return gaclip__region_class(region) != NULL;
}

static int visit(const GaclipSample *sample, int index, void *payload, GaclipError *err)
{
    Regions *r = payload;
    int count = 0, status = GACLIP_OK;
    GaclipBox *boxes = realloc(r->boxes, ((size_t)sample->region_count + 1) * sizeof *boxes);
    if (!boxes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    r->boxes = boxes;
    for (int i = 0; i < sample->region_count && !status; i++) {
        const GaclipSampleRegion *region = &sample->regions[i];
        if (!is_asked(r, region) ||
            !gaclip__clip_box(&boxes[count], &region->box, &sample->image)) {
            r->out->skipped++;
            continue;
        }
        count++;
        status = gaclip__ask(r->out, &r->capacity, index, i, err);
        if (!status) status = add_names(r, region, err);
    }
    return status ? status : gaclip__region_queue_add(&r->queue, &sample->image, boxes, count, err);
}

static void answer_descriptions(GaclipAccuracy *out, const GaclipVectors *embeddings,
                                const float *texts, float *scratch)
{
    size_t width = (size_t)embeddings->width;
    for (int i = 0; i < out->answer_count; i++) {
        int candidates = out->answers[i].candidates;
        gaclip__answer(&out->answers[i], embeddings->values + (size_t)i * width, texts, candidates,
                       0, (int)width, 1, scratch);
        texts += (size_t)candidates * width;
    }
}

static int compare_descriptions(GaclipAccuracy *out, GaclipModel *model,
                                const GaclipVectors *embeddings, const GaclipNames *names,
                                const GaclipEvalOptions *options, GaclipError *err)
{
    if (!out->answer_count)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                "no region has a description and hard negatives; add them with "
                                "gaclip-dataset build");
    size_t count = (size_t)names->count;
    float *texts = malloc(count * (size_t)embeddings->width * sizeof *texts);
    float *scratch = malloc(count * sizeof *scratch);
    int status =
        texts && scratch ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = gaclip__embed_texts(texts, model, names->items, names->count, err);
    if (!status) status = gaclip__check_units(texts, count, embeddings->width, err);
    if (!status)
        status = gaclip__check_units(embeddings->values, embeddings->count, embeddings->width, err);
    if (!status) {
        answer_descriptions(out, embeddings, texts, scratch);
        status = gaclip__accuracy_sum_up(out, options, err);
    }
    free(texts);
    free(scratch);
    return status;
}

static int measure(GaclipAccuracy *out, GaclipModel *model, const GaclipSampleSource *source,
                   const GaclipEvalOptions *options, int is_fine_grained, GaclipError *err)
{
    *out = (GaclipAccuracy){0};
    Regions r = {.out = out, .is_fine_grained = is_fine_grained};
    const GaclipVectors *embeddings;
    int status = gaclip__region_queue_init(&r.queue, model, options, err);
    if (!status) status = gaclip__walk(source, options, visit, &r, err);
    if (!status) status = gaclip__region_queue_finish(&embeddings, &r.queue, err);
    if (!status)
        status = (is_fine_grained ? compare_descriptions : gaclip__answer_classes)(
            out, model, embeddings, &r.names, options, err);
    gaclip__region_queue_clear(&r.queue);
    gaclip__lent_names_clear(&r.names);
    free(r.boxes);
    if (status) gaclip_accuracy_clear(out);
    return status;
}

int gaclip_eval_regions(GaclipAccuracy *out, GaclipModel *model, const GaclipSampleSource *source,
                        const GaclipEvalOptions *options, GaclipError *err)
{
    return measure(out, model, source, options, 0, err);
}

int gaclip_eval_fine_grained(GaclipAccuracy *out, GaclipModel *model,
                             const GaclipSampleSource *source, const GaclipEvalOptions *options,
                             GaclipError *err)
{
    return measure(out, model, source, options, 1, err);
}
