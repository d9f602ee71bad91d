/* Retrieval of captions by images and of images by captions (paper, table 5). */
#include <stdlib.h>
#include <string.h>

#include "eval/embeddings.h"
#include "eval/recall.h"
#include "eval/walk.h"
#include "model/model.h"

typedef struct Retrieval {
    GaclipRetrieval *out;
    GaclipImageQueue queue;
    GaclipNames texts;
    int image_capacity, caption_capacity;
    float *text_embeddings; /* (captions, E) */
    double *row;            /* (captions) similarities of one image */
    double *own, *best;     /* (captions) to the own image, to the best so far */
} Retrieval;

static int grow(int **list, int *capacity, int needed, GaclipError *err)
{
    if (needed <= *capacity) return GACLIP_OK;
    int wanted = 2 * needed + 64;
    int *items = realloc(*list, (size_t)wanted * sizeof *items);
    if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *list = items;
    *capacity = wanted;
    return GACLIP_OK;
}

static int take_texts(Retrieval *r, const GaclipSample *sample, GaclipError *err)
{
    GaclipRetrieval *out = r->out;
    int status =
        grow(&out->caption_image, &r->caption_capacity, out->captions + sample->caption_count, err);
    for (int i = 0; i < sample->caption_count && !status; i++) {
        status = gaclip__lent_names_add(&r->texts, sample->captions[i], err);
        if (!status) out->caption_image[out->captions++] = out->images;
    }
    return status;
}

static int visit(const GaclipSample *sample, int index, void *payload, GaclipError *err)
{
    Retrieval *r = payload;
    if (!sample->caption_count) return GACLIP_OK;
    int status = grow(&r->out->samples, &r->image_capacity, r->out->images + 1, err);
    if (!status) status = gaclip__image_queue_add_whole(&r->queue, &sample->image, err);
    if (!status) status = take_texts(r, sample, err);
    if (!status) r->out->samples[r->out->images++] = index;
    return status;
}

static int allocate(Retrieval *r, GaclipError *err)
{
    GaclipRetrieval *out = r->out;
    size_t images = (size_t)out->images, captions = (size_t)out->captions;
    out->image_rank = malloc(images * sizeof(int));
    out->image_best = malloc(images * sizeof(int));
    out->caption_rank = calloc(captions, sizeof(int));
    out->caption_best = calloc(captions, sizeof(int));
    r->text_embeddings = malloc(captions * (size_t)r->queue.out.width * sizeof(float));
    r->row = malloc(captions * sizeof(double));
    r->own = malloc(captions * sizeof(double));
    r->best = malloc(captions * sizeof(double));
    if (out->image_rank && out->image_best && out->caption_rank && out->caption_best &&
        r->text_embeddings && r->row && r->own && r->best)
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for %d captions",
                            out->captions);
}

static float similarity(const Retrieval *r, int image, int caption)
{
    size_t E = (size_t)r->queue.out.width;
    return gaclip__cosine(r->queue.out.values + (size_t)image * E,
                          r->text_embeddings + (size_t)caption * E, (int)E);
}

/* The row of one image: its rank, and what it does to those of the captions. */
static void rank_image(Retrieval *r, int image)
{
    GaclipRetrieval *out = r->out;
    for (int j = 0; j < out->captions; j++) {
        double s = r->row[j] = similarity(r, image, j);
        out->caption_rank[j] += gaclip__comes_before(image, s, out->caption_image[j], r->own[j]);
        if (image > 0 && !(s > r->best[j])) continue;
        r->best[j] = s;
        out->caption_best[j] = image;
    }
    out->image_rank[image] = gaclip__own_caption_rank(&out->image_best[image], r->row, image,
                                                      out->captions, out->caption_image);
}

static int rank_all(Retrieval *r, const GaclipEvalOptions *options, GaclipError *err)
{
    GaclipRetrieval *out = r->out;
    int width = r->queue.out.width;
    int status = gaclip__check_units(r->queue.out.values, r->queue.out.count, width, err);
    if (!status)
        status = gaclip__check_units(r->text_embeddings, (size_t)out->captions, width, err);
    if (status) return status;
    for (int j = 0; j < out->captions; j++) r->own[j] = similarity(r, out->caption_image[j], j);
    for (int i = 0; i < out->images; i++) rank_image(r, i);
    return gaclip_retrieval_recall(&out->recall, out->image_rank, out->caption_rank, out->images,
                                   out->captions, out->caption_image, options->resamples,
                                   options->seed, err);
}

static int measure(Retrieval *r, const GaclipSampleSource *source, const GaclipEvalOptions *options,
                   GaclipError *err)
{
    int status = gaclip__walk(source, options, visit, r, err);
    if (!status) status = gaclip__image_queue_flush(&r->queue, err);
    if (!status && !r->out->captions)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "no image has a caption; retrieval needs captions");
    if (!status) status = allocate(r, err);
    if (!status)
        status = gaclip__embed_texts(r->text_embeddings, r->queue.model, r->texts.items,
                                     r->texts.count, err);
    return status ? status : rank_all(r, options, err);
}

int gaclip_eval_retrieval(GaclipRetrieval *out, GaclipModel *model,
                          const GaclipSampleSource *source, const GaclipEvalOptions *options,
                          GaclipError *err)
{
    *out = (GaclipRetrieval){0};
    Retrieval r = {.out = out};
    int status = gaclip__image_queue_init(&r.queue, model, err);
    if (!status) status = measure(&r, source, options, err);
    out->texts = r.texts.items;
    gaclip__image_queue_clear(&r.queue);
    free(r.text_embeddings);
    free(r.row);
    free(r.own);
    free(r.best);
    if (status) gaclip_retrieval_clear(out);
    return status;
}

void gaclip_retrieval_clear(GaclipRetrieval *result)
{
    free(result->samples);
    free(result->image_rank);
    free(result->image_best);
    free(result->caption_rank);
    free(result->caption_best);
    free(result->caption_image);
    free(result->texts);
    *result = (GaclipRetrieval){0};
}
