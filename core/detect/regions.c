#include "detect/regions.h"

#include <math.h>
#include <stdlib.h>

#include "math/norm.h"
#include "model/roi_align.h"

/* Crops a pass: as many tokens as a few windows have. */
enum { CROP_BATCH = 8 };

int gaclip__dense_pass(GaclipVisionPass *pass, GaclipModel *model, int mode, const float *planes,
                       int count, GaclipError *err)
{
    GaclipDense dense = mode < 0 ? model->config.dense : (GaclipDense)mode;
    int side = model->config.vision.image_size;
    gaclip__arena_reset(&model->arena);
    int status = gaclip__vision_layout(pass, &model->vision, model->compute, &model->arena, count,
                                       side, side, dense, GACLIP__PASS_DENSE, err);
    return status ? status
                  : gaclip__vision_forward(&model->vision, model->compute, pass, planes, err);
}

int gaclip__embed_region(float *out, const GaclipVisionPass *pass, int n, const GaclipBox *box,
                         int side, int embed_dim, GaclipError *err)
{
    GaclipBox unit = gaclip__unit_box(box, (float)side);
    const float *map = pass->dense + (size_t)n * (size_t)(pass->h * pass->w) * (size_t)embed_dim;
    int status = gaclip__roi_align_forward(out, map, pass->h, pass->w, embed_dim, &unit,
                                           GACLIP__ROI_BINS, err);
    if (!status) gaclip__unit_forward(out, NULL, out, 1, embed_dim);
    return status;
}

/* Planes (3, side, side) of the pixels x, y, width, height of image, as the model reads them. */
static int resample(float *planes, const GaclipModel *model, const GaclipImage *image, int x, int y,
                    int width, int height, GaclipError *err)
{
    const GaclipModelConfig *config = &model->config;
    int side = config->vision.image_size;
    GaclipImage cut, resized;
    int status = gaclip_image_crop(&cut, image, x, y, width, height, err);
    if (status) return status;
    status = gaclip_image_resize(&resized, &cut, side, side, err);
    gaclip_image_clear(&cut);
    if (status) return status;
    gaclip_image_normalise(planes, &resized, config->image_mean, config->image_std);
    gaclip_image_clear(&resized);
    return GACLIP_OK;
}

static size_t plane_floats(const GaclipModel *model)
{
    return 3 * (size_t)model->config.vision.image_size * (size_t)model->config.vision.image_size;
}

static int embed_each(float *out, const GaclipDetector *d, const GaclipRegion *regions, int count,
                      const GaclipVisionPass *pass, const int *rows, GaclipError *err)
{
    int E = d->model->config.embed_dim, side = gaclip_detector_window(d), status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) {
        int row = rows ? rows[i] : regions[i].window;
        status = gaclip__embed_region(out + (size_t)i * (size_t)E, pass, row, &regions[i].box, side,
                                      E, err);
    }
    return status;
}

/* The dense maps of those windows that have regions; rows (count): whose of them a region's is. */
static int look_again(GaclipVisionPass *pass, int *rows, GaclipDetector *d,
                      const GaclipRegion *regions, int count, const GaclipWindow *windows,
                      const GaclipImage *scaled, GaclipError *err)
{
    int window_count = 0, status = GACLIP_OK;
    for (int i = 0; i < count; i++) {
        window_count += i == 0 || regions[i].window != regions[i - 1].window;
        rows[i] = window_count - 1;
    }
    size_t floats = plane_floats(d->model);
    float *planes = malloc((size_t)window_count * floats * sizeof *planes);
    if (!planes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count && !status; i++) {
        const GaclipWindow *w = &windows[regions[i].window];
        if (i > 0 && rows[i] == rows[i - 1]) continue;
        status = resample(planes + (size_t)rows[i] * floats, d->model, scaled, w->x, w->y, w->size,
                          w->size, err);
    }
    if (!status)
        status = gaclip__dense_pass(pass, d->model, d->options.dense, planes, window_count, err);
    free(planes);
    return status;
}

static int embed_by_map(float *out, GaclipDetector *d, const GaclipRegion *regions, int count,
                        const GaclipVisionPass *seen, const GaclipWindow *windows,
                        const GaclipImage *scaled, GaclipError *err)
{
    GaclipVisionPass pass;
    if (!d->options.proposer) return embed_each(out, d, regions, count, seen, NULL, err);
    int *rows = malloc((size_t)count * sizeof *rows);
    if (!rows) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = look_again(&pass, rows, d, regions, count, windows, scaled, err);
    if (!status) status = embed_each(out, d, regions, count, &pass, rows, err);
    free(rows);
    return status;
}

static int crop_planes(float *planes, const GaclipModel *model, const GaclipImage *image,
                       const GaclipBox *place, GaclipError *err)
{
    int x = (int)floorf(place->x1), y = (int)floorf(place->y1);
    return resample(planes, model, image, x, y, (int)ceilf(place->x2) - x,
                    (int)ceilf(place->y2) - y, err);
}

/* out (count, E): the unit mean of itself and the crops' class-token embeddings. */
static int join_crops(float *out, GaclipModel *model, const GaclipRegion *regions, int count,
                      const GaclipImage *image, GaclipError *err)
{
    int E = model->config.embed_dim, side = model->config.vision.image_size, status = GACLIP_OK;
    size_t floats = plane_floats(model), length = (size_t)E;
    float *planes = malloc(CROP_BATCH * (floats + length) * sizeof *planes);
    if (!planes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    float *crops = planes + CROP_BATCH * floats;
    for (int first = 0; first < count && !status; first += CROP_BATCH) {
        int n = count - first < CROP_BATCH ? count - first : CROP_BATCH;
        float *rows = out + (size_t)first * length;
        for (int i = 0; i < n && !status; i++)
            status = crop_planes(planes + (size_t)i * floats, model, image,
                                 &regions[first + i].place, err);
        if (!status) status = gaclip_model_embed_images(model, crops, planes, n, side, side, err);
        for (size_t k = 0; k < (size_t)n * length && !status; k++) rows[k] += crops[k];
        if (!status) gaclip__unit_forward(rows, NULL, rows, n, E);
    }
    free(planes);
    return status;
}

int gaclip__embed_regions(float *out, GaclipDetector *detector, const GaclipRegion *regions,
                          int count, const GaclipVisionPass *seen, const GaclipWindow *windows,
                          const GaclipImage *scaled, const GaclipImage *image, GaclipError *err)
{
    int status = embed_by_map(out, detector, regions, count, seen, windows, scaled, err);
    if (status || !detector->options.crops) return status;
    return join_crops(out, detector->model, regions, count, image, err);
}
