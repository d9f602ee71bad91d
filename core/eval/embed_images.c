/* Class embeddings of images, a batch at a time. */
#include <math.h>
#include <stdlib.h>

#include "base/vector.h"
#include "eval/embeddings.h"
#include "model/model.h"

/* Images a pass: enough rows for the matrix products, little enough memory. */
enum { IMAGE_BATCH = 8 };

float *gaclip__vectors_add(GaclipVectors *rows)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
        float *values = realloc(rows->values, capacity * (size_t)rows->width * sizeof *values);
        if (!values) return NULL;
        rows->values = values;
        rows->capacity = capacity;
    }
    return rows->values + rows->count++ * (size_t)rows->width;
}

void gaclip__vectors_clear(GaclipVectors *rows)
{
    free(rows->values);
    *rows = (GaclipVectors){0};
}

int gaclip__check_units(const float *rows, size_t count, int width, GaclipError *err)
{
    for (size_t i = 0; i < count; i++, rows += width)
        if (!(fabsf(gaclip__cosine(rows, rows, width) - 1) < 1e-3f))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "the model's embeddings are zero or not finite; its weights "
                                    "are damaged");
    return GACLIP_OK;
}

float gaclip__cosine(const float *a, const float *b, int width)
{
    double sum = 0;
    GACLIP__SIMD_SUM(sum)
    for (int k = 0; k < width; k++) sum += (double)a[k] * b[k];
    return (float)sum;
}

int gaclip__image_queue_init(GaclipImageQueue *queue, GaclipModel *model, GaclipError *err)
{
    size_t side = (size_t)model->config.vision.image_size;
    *queue = (GaclipImageQueue){.model = model, .out = {.width = model->config.embed_dim}};
    queue->planes = malloc(IMAGE_BATCH * 3 * side * side * sizeof *queue->planes);
    return queue->planes ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

void gaclip__image_queue_clear(GaclipImageQueue *queue)
{
    free(queue->planes);
    gaclip__vectors_clear(&queue->out);
    *queue = (GaclipImageQueue){0};
}

int gaclip__image_queue_add(GaclipImageQueue *queue, const GaclipImage *image, GaclipError *err)
{
    const GaclipModelConfig *config = &queue->model->config;
    size_t side = (size_t)config->vision.image_size;
    gaclip_image_normalise(queue->planes + (size_t)queue->waiting * 3 * side * side, image,
                           config->image_mean, config->image_std);
    return ++queue->waiting == IMAGE_BATCH ? gaclip__image_queue_flush(queue, err) : GACLIP_OK;
}

int gaclip__image_queue_add_whole(GaclipImageQueue *queue, const GaclipImage *image,
                                  GaclipError *err)
{
    GaclipImage square;
    int status =
        gaclip_image_resize_crop(&square, image, queue->model->config.vision.image_size, err);
    if (status) return status;
    status = gaclip__image_queue_add(queue, &square, err);
    gaclip_image_clear(&square);
    return status;
}

int gaclip__image_queue_flush(GaclipImageQueue *queue, GaclipError *err)
{
    int side = queue->model->config.vision.image_size, count = queue->waiting;
    for (int i = 0; i < count; i++)
        if (!gaclip__vectors_add(&queue->out))
            return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    queue->waiting = 0;
    if (!count) return GACLIP_OK;
    size_t first = queue->out.count - (size_t)count;
    float *rows = queue->out.values + first * (size_t)queue->out.width;
    return gaclip_model_embed_images(queue->model, rows, queue->planes, count, side, side, err);
}
