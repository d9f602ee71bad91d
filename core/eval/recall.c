/* Retrieval as RemoteCLIP and GeoRSCLIP measure it: a hit is one positive among the top K. */
#include "eval/recall.h"

#include <math.h>
#include <stdlib.h>

#include "eval/bootstrap.h"

static const int TOP[GACLIP_RECALLS] = {1, 5, 10};

int gaclip_recall_at(int i)
{
    return TOP[i];
}

int gaclip__own_caption_rank(int *best, const double *row, int image, int captions,
                             const int *caption_image)
{
    int own = -1, first = 0, rank = 0;
    for (int j = 0; j < captions; j++) {
        if (row[j] > row[first]) first = j;
        if (caption_image[j] == image && (own < 0 || row[j] > row[own])) own = j;
    }
    if (best) *best = first;
    if (own < 0) return -1;
    for (int j = 0; j < captions; j++) rank += row[j] > row[own] || (row[j] == row[own] && j < own);
    return rank;
}

static int check(const double *similarity, int images, int captions, const int *caption_image,
                 GaclipError *err)
{
    for (int j = 0; j < captions; j++)
        if (caption_image[j] < 0 || caption_image[j] >= images)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "caption %d belongs to image %d of %d", j, caption_image[j],
                                    images);
    for (size_t i = 0; i < (size_t)images * (size_t)captions; i++)
        if (!isfinite(similarity[i]))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "a similarity is not a finite number");
    return GACLIP_OK;
}

int gaclip_retrieval_ranks(int *image_rank, int *caption_rank, const double *similarity, int images,
                           int captions, const int *caption_image, GaclipError *err)
{
    int status = check(similarity, images, captions, caption_image, err);
    if (status) return status;
    size_t row = (size_t)captions;
    for (int i = 0; i < images; i++)
        image_rank[i] = gaclip__own_caption_rank(NULL, similarity + (size_t)i * row, i, captions,
                                                 caption_image);
    for (int j = 0; j < captions; j++) {
        int own = caption_image[j];
        double similar = similarity[(size_t)own * row + (size_t)j];
        caption_rank[j] = 0;
        for (int i = 0; i < images; i++)
            caption_rank[j] +=
                gaclip__comes_before(i, similarity[(size_t)i * row + (size_t)j], own, similar);
    }
    return GACLIP_OK;
}

/* Figures of an image: its own hits at every K, then those of its captions. */
static void count_hits(GaclipTally *tally, int rank)
{
    for (int k = 0; k < GACLIP_RECALLS; k++) {
        tally[k].hits += rank < TOP[k];
        tally[k].asked += 1;
    }
}

int gaclip_retrieval_recall(GaclipRecall *out, const int *image_rank, const int *caption_rank,
                            int images, int captions, const int *caption_image, int resamples,
                            uint64_t seed, GaclipError *err)
{
    enum { FIGURES = 2 * GACLIP_RECALLS };
    GaclipInterval figures[FIGURES];
    GaclipTally *tallies = calloc((size_t)images * FIGURES + 1, sizeof *tallies);
    if (!tallies) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *out = (GaclipRecall){.captions = captions};
    for (int i = 0; i < images; i++) {
        if (image_rank[i] < 0) continue;
        count_hits(tallies + i * FIGURES, image_rank[i]);
        out->images++;
    }
    for (int j = 0; j < captions; j++)
        count_hits(tallies + caption_image[j] * FIGURES + GACLIP_RECALLS, caption_rank[j]);
    int status =
        gaclip__tally_up(figures, &out->mean, tallies, images, FIGURES, resamples, seed, err);
    for (int k = 0; k < GACLIP_RECALLS && !status; k++) {
        out->image_to_text[k] = figures[k];
        out->text_to_image[k] = figures[GACLIP_RECALLS + k];
    }
    free(tallies);
    return status;
}
