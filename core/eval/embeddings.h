/* Embeddings of many images, regions and texts, a batch at a time. */
#ifndef GACLIP_EVAL_EMBEDDINGS_H
#define GACLIP_EVAL_EMBEDDINGS_H

#include <stddef.h>

#include "gaclip/protocols.h"

/* Rows of unit vectors. */
typedef struct GaclipVectors {
    float *values; /* (count, width) */
    size_t count, capacity;
    int width;
} GaclipVectors;

/* Adds a row and lends it until the next call; NULL when memory is short. */
float *gaclip__vectors_add(GaclipVectors *rows);
void gaclip__vectors_clear(GaclipVectors *rows);

/* GACLIP_ERROR_FORMAT unless every one of count rows has length 1: a broken model's embeddings are
 * zero or not finite, and must not pass for ties. */
int gaclip__check_units(const float *rows, size_t count, int width, GaclipError *err);

/* Cosine of two unit vectors: summed in double and rounded once, so that equal vectors tie. */
float gaclip__cosine(const float *a, const float *b, int width);

/* Images of the model's side waiting for their class embeddings. */
typedef struct GaclipImageQueue {
    GaclipModel *model; /* borrowed */
    float *planes;      /* (batch, 3, side, side) */
    int waiting;
    GaclipVectors out;
} GaclipImageQueue;

int gaclip__image_queue_init(GaclipImageQueue *queue, GaclipModel *model, GaclipError *err);
void gaclip__image_queue_clear(GaclipImageQueue *queue);

/* image is side x side. */
int gaclip__image_queue_add(GaclipImageQueue *queue, const GaclipImage *image, GaclipError *err);
/* An image of any size, through CLIP's preprocessing: short side to the model's, centre cut out. */
int gaclip__image_queue_add_whole(GaclipImageQueue *queue, const GaclipImage *image,
                                  GaclipError *err);
/* Embeds what waits: afterwards out has a row for every image added. */
int gaclip__image_queue_flush(GaclipImageQueue *queue, GaclipError *err);

/* Regions waiting for theirs. */
typedef struct GaclipRegionQueue {
    GaclipModel *model; /* borrowed */
    const GaclipEvalOptions *options;
    float *planes; /* (batch, 3, side, side) */
    int waiting;
    GaclipBox *boxes; /* of the waiting images, in [0, 1] */
    int *box_image;
    int box_count, box_capacity;
    GaclipVectors out;      /* RoI embeddings */
    GaclipImageQueue crops; /* and those of the crops; both where options ask for them */
} GaclipRegionQueue;

int gaclip__region_queue_init(GaclipRegionQueue *queue, GaclipModel *model,
                              const GaclipEvalOptions *options, GaclipError *err);
void gaclip__region_queue_clear(GaclipRegionQueue *queue);

/* The box as far as it lies in the image; 0 where next to nothing of it does. */
int gaclip__clip_box(GaclipBox *out, const GaclipBox *box, const GaclipImage *image);

/* Adds boxes (count) of an image, clipped, none empty. */
int gaclip__region_queue_add(GaclipRegionQueue *queue, const GaclipImage *image,
                             const GaclipBox *boxes, int count, GaclipError *err);
/* Afterwards *out, lent by the queue, has a row for every box added. */
int gaclip__region_queue_finish(const GaclipVectors **out, GaclipRegionQueue *queue,
                                GaclipError *err);

/* out (count, E): every text as it is. Equal texts are embedded once, so that they stay equal. */
int gaclip__embed_texts(float *out, GaclipModel *model, const char *const *texts, int count,
                        GaclipError *err);

#endif
