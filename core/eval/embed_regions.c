/* Region embeddings: RoIAlign on dense maps, crops, or both. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/embeddings.h"
#include "math/norm.h"
#include "model/model.h"
#include "model/roi_align.h"

enum { VIEW_BATCH = 4 };

/* Side below which a box is no region, pixels: shares of an image no longer tell its edges apart.
 */
static const float SMALLEST_SIDE = 0.01f;

static int wants_map(const GaclipEvalOptions *options)
{
    return options->mode != GACLIP_REGION_CROP;
}

static int wants_crops(const GaclipEvalOptions *options)
{
    return options->mode != GACLIP_REGION_ROI;
}

int gaclip__region_queue_init(GaclipRegionQueue *queue, GaclipModel *model,
                              const GaclipEvalOptions *options, GaclipError *err)
{
    size_t side = (size_t)model->config.vision.image_size;
    *queue = (GaclipRegionQueue){
        .model = model, .options = options, .out = {.width = model->config.embed_dim}};
    queue->planes = malloc(VIEW_BATCH * 3 * side * side * sizeof *queue->planes);
    if (!queue->planes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return wants_crops(options) ? gaclip__image_queue_init(&queue->crops, model, err) : GACLIP_OK;
}

void gaclip__region_queue_clear(GaclipRegionQueue *queue)
{
    free(queue->planes);
    free(queue->boxes);
    free(queue->box_image);
    gaclip__vectors_clear(&queue->out);
    gaclip__image_queue_clear(&queue->crops);
    *queue = (GaclipRegionQueue){0};
}

int gaclip__clip_box(GaclipBox *out, const GaclipBox *box, const GaclipImage *image)
{
    float width = (float)image->width, height = (float)image->height;
    *out = (GaclipBox){fmaxf(box->x1, 0), fmaxf(box->y1, 0), fminf(box->x2, width),
                       fminf(box->y2, height)};
    return out->x2 - out->x1 >= SMALLEST_SIDE && out->y2 - out->y1 >= SMALLEST_SIDE;
}

static int add_box(GaclipRegionQueue *queue, const GaclipBox *unit, GaclipError *err)
{
    if (queue->box_count == queue->box_capacity) {
        size_t capacity = queue->box_capacity ? 2 * (size_t)queue->box_capacity : 64;
        GaclipBox *boxes = realloc(queue->boxes, capacity * sizeof *boxes);
        if (boxes) queue->boxes = boxes;
        int *images = realloc(queue->box_image, capacity * sizeof *images);
        if (images) queue->box_image = images;
        if (!boxes || !images) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        queue->box_capacity = (int)capacity;
    }
    queue->boxes[queue->box_count] = *unit;
    queue->box_image[queue->box_count++] = queue->waiting;
    return GACLIP_OK;
}

static int dense_forward(GaclipVisionPass *pass, const GaclipRegionQueue *queue, GaclipError *err)
{
    GaclipModel *model = queue->model;
    int side = model->config.vision.image_size, mode = queue->options->detect.dense;
    gaclip__arena_reset(&model->arena);
    int status = gaclip__vision_layout(
        pass, &model->vision, model->compute, &model->arena, queue->waiting, side, side,
        mode < 0 ? model->config.dense : (GaclipDense)mode, GACLIP__PASS_DENSE, err);
    return status
               ? status
               : gaclip__vision_forward(&model->vision, model->compute, pass, queue->planes, err);
}

static int flush_views(GaclipRegionQueue *queue, GaclipError *err)
{
    GaclipVisionPass pass;
    if (!queue->waiting) return GACLIP_OK;
    int E = queue->out.width, status = dense_forward(&pass, queue, err);
    for (int k = 0; k < queue->box_count && !status; k++) {
        size_t map = (size_t)(pass.h * pass.w) * (size_t)E;
        float *row = gaclip__vectors_add(&queue->out);
        if (!row) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        status =
            gaclip__roi_align_forward(row, pass.dense + (size_t)queue->box_image[k] * map, pass.h,
                                      pass.w, E, &queue->boxes[k], GACLIP__ROI_BINS, err);
        if (!status) gaclip__unit_forward(row, NULL, row, 1, E);
    }
    queue->waiting = queue->box_count = 0;
    return status;
}

/* Squashes a view to the model's side and puts it, with the boxes added so far, into the batch. */
static int add_view(GaclipRegionQueue *queue, const GaclipImage *view, GaclipError *err)
{
    const GaclipModelConfig *config = &queue->model->config;
    int side = config->vision.image_size;
    size_t floats = 3 * (size_t)side * (size_t)side;
    GaclipImage squashed;
    int status = gaclip_image_resize(&squashed, view, side, side, err);
    if (status) return status;
    gaclip_image_normalise(queue->planes + (size_t)queue->waiting * floats, &squashed,
                           config->image_mean, config->image_std);
    gaclip_image_clear(&squashed);
    return ++queue->waiting == VIEW_BATCH ? flush_views(queue, err) : GACLIP_OK;
}

static int add_image(GaclipRegionQueue *queue, const GaclipImage *image, const GaclipBox *boxes,
                     int count, GaclipError *err)
{
    float width = (float)image->width, height = (float)image->height;
    int status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) {
        const GaclipBox *b = &boxes[i];
        GaclipBox unit = {b->x1 / width, b->y1 / height, b->x2 / width, b->y2 / height};
        status = add_box(queue, &unit, err);
    }
    return status ? status : add_view(queue, image, err);
}

/* Where a window of the given length begins that shows [low, high) in its middle but stays in the
 * image as far as it fits. */
static int window_start(float low, float high, int length, int image)
{
    int start = (int)floorf((low + high - (float)length) / 2);
    if (start > image - length) start = image - length;
    return start < 0 ? 0 : start;
}

static int add_window(GaclipRegionQueue *queue, const GaclipImage *image, const GaclipBox *box,
                      GaclipError *err)
{
    int side = queue->model->config.vision.image_size;
    int longest = (int)ceilf(fmaxf(box->x2 - box->x1, box->y2 - box->y1)) + 1;
    if (side < longest) side = longest;
    int x = window_start(box->x1, box->x2, side, image->width);
    int y = window_start(box->y1, box->y2, side, image->height);
    float left = (float)x, top = (float)y, length = (float)side;
    GaclipBox unit = {(box->x1 - left) / length, (box->y1 - top) / length,
                      (box->x2 - left) / length, (box->y2 - top) / length};
    GaclipImage window;
    int status = gaclip_image_crop(&window, image, x, y, side, side, err);
    if (status) return status;
    status = add_box(queue, &unit, err);
    if (!status) status = add_view(queue, &window, err);
    gaclip_image_clear(&window);
    return status;
}

static int add_crop(GaclipRegionQueue *queue, const GaclipImage *image, const GaclipBox *box,
                    GaclipError *err)
{
    int side = queue->model->config.vision.image_size;
    int x = (int)floorf(box->x1), y = (int)floorf(box->y1);
    GaclipImage crop, squashed;
    int status = gaclip_image_crop(&crop, image, x, y, (int)ceilf(box->x2) - x,
                                   (int)ceilf(box->y2) - y, err);
    if (status) return status;
    status = gaclip_image_resize(&squashed, &crop, side, side, err);
    gaclip_image_clear(&crop);
    if (status) return status;
    status = gaclip__image_queue_add(&queue->crops, &squashed, err);
    gaclip_image_clear(&squashed);
    return status;
}

int gaclip__region_queue_add(GaclipRegionQueue *queue, const GaclipImage *image,
                             const GaclipBox *boxes, int count, GaclipError *err)
{
    int status = GACLIP_OK;
    if (count && wants_map(queue->options) && queue->options->view == GACLIP_VIEW_IMAGE)
        status = add_image(queue, image, boxes, count, err);
    for (int i = 0; i < count && !status; i++) {
        if (wants_map(queue->options) && queue->options->view == GACLIP_VIEW_WINDOW)
            status = add_window(queue, image, &boxes[i], err);
        if (!status && wants_crops(queue->options)) status = add_crop(queue, image, &boxes[i], err);
    }
    return status;
}

int gaclip__region_queue_finish(const GaclipVectors **out, GaclipRegionQueue *queue,
                                GaclipError *err)
{
    int status = flush_views(queue, err), E = queue->out.width;
    if (!status && wants_crops(queue->options))
        status = gaclip__image_queue_flush(&queue->crops, err);
    if (status) return status;
    *out = wants_map(queue->options) ? &queue->out : &queue->crops.out;
    if (queue->options->mode != GACLIP_REGION_BOTH) return GACLIP_OK;
    size_t values = queue->out.count * (size_t)E;
    for (size_t i = 0; i < values; i++) queue->out.values[i] += queue->crops.out.values[i];
    for (size_t i = 0; i < queue->out.count; i++)
        gaclip__unit_forward(queue->out.values + i * (size_t)E, NULL,
                             queue->out.values + i * (size_t)E, 1, E);
    return GACLIP_OK;
}
