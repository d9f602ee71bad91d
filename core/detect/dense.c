#include "gaclip/dense.h"

#include <stdlib.h>

#include "detect/detector.h"
#include "detect/regions.h"
#include "math/norm.h"

int gaclip_detector_map_side(const GaclipDetector *detector)
{
    const GaclipModelConfig *config = &detector->model->config;
    return config->vision.image_size / config->vision.patch_size;
}

static int model_side(const GaclipDetector *detector)
{
    return detector->model->config.vision.image_size;
}

static int check_size(const GaclipDetector *detector, const GaclipImage *image, GaclipError *err)
{
    int side = model_side(detector);
    if (image->width == side && image->height == side) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "an image of %d x %d pixels is not of the model's window of %d",
                            image->width, image->height, side);
}

/* Normalised planes (count, 3, side, side) of images; NULL when memory is short. */
static float *make_planes(const GaclipDetector *detector, const GaclipImage *images, int count)
{
    const GaclipModelConfig *config = &detector->model->config;
    size_t side = (size_t)config->vision.image_size, floats = 3 * side * side;
    float *planes = malloc((size_t)count * floats * sizeof *planes);
    for (int i = 0; planes && i < count; i++)
        gaclip_image_normalise(planes + (size_t)i * floats, &images[i], config->image_mean,
                               config->image_std);
    return planes;
}

static int run_tower(GaclipVisionPass *pass, GaclipDetector *detector, const GaclipImage *images,
                     int count, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) status = check_size(detector, &images[i], err);
    if (status) return status;
    float *planes = make_planes(detector, images, count);
    if (!planes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    status = gaclip__dense_pass(pass, detector->model, detector->options.dense, planes, count, err);
    free(planes);
    return status;
}

/* Where the scores of place number i go; scratch takes those that nobody wants. */
static float *place(float *scores, size_t i, int classes, float *scratch)
{
    return scores ? scores + i * (size_t)classes : scratch;
}

int gaclip_detector_dense(float *probability, float *similarity, GaclipDetector *detector,
                          const GaclipImage *images, int count, GaclipError *err)
{
    GaclipVisionPass pass;
    int E = detector->model->config.embed_dim, classes = detector->class_count;
    int status = run_tower(&pass, detector, images, count, err);
    if (status) return status;
    size_t places = (size_t)count * (size_t)(pass.h * pass.w);
    float *scratch = malloc(((size_t)E + 2 * (size_t)classes) * sizeof *scratch);
    if (!scratch) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < places && !status; i++) {
        gaclip__unit_forward(scratch, NULL, pass.dense + i * (size_t)E, 1, E);
        status = gaclip__class_probabilities(place(probability, i, classes, scratch + E),
                                             place(similarity, i, classes, scratch + E + classes),
                                             detector, scratch, err);
    }
    free(scratch);
    return status;
}

static float cosine(const float *a, const float *b, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += (double)a[i] * b[i];
    return (float)sum;
}

/* Unit class-token embedding of the crop, resized to the model's window. */
static int embed_crop(float *out, GaclipDetector *detector, const GaclipImage *crop,
                      GaclipError *err)
{
    GaclipImage resized;
    int side = model_side(detector);
    int status = gaclip_image_resize(&resized, crop, side, side, err);
    if (status) return status;
    float *planes = make_planes(detector, &resized, 1);
    status = planes ? gaclip_model_embed_images(detector->model, out, planes, 1, side, side, err)
                    : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    free(planes);
    gaclip_image_clear(&resized);
    return status;
}

int gaclip_detector_align(float *probability, float *similarity, float *consistency,
                          GaclipDetector *detector, const GaclipImage *window, const GaclipBox *box,
                          const GaclipImage *crop, GaclipError *err)
{
    GaclipVisionPass pass;
    int E = detector->model->config.embed_dim;
    if (!(box->x2 > box->x1 && box->y2 > box->y1)) /* nor is one of these a NaN */
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "a region without area has no picture");
    float *region = malloc(2 * (size_t)E * sizeof *region);
    if (!region) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = run_tower(&pass, detector, window, 1, err);
    if (!status) status = gaclip__embed_region(region, &pass, 0, box, model_side(detector), E, err);
    if (!status)
        status = gaclip__class_probabilities(probability, similarity, detector, region, err);
    if (!status && crop) status = embed_crop(region + E, detector, crop, err);
    if (!status) *consistency = crop ? cosine(region, region + E, E) : 0;
    free(region);
    return status;
}
