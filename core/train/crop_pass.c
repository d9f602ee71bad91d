#include <string.h>

#include "train/passes.h"

int gaclip__crop_pass_run(GaclipStep *step, GaclipCropPass *pass, int first, int count, int keep)
{
    GaclipModel *m = step->model;
    int side = step->batch->side, flags = GACLIP__PASS_CLASS | gaclip__pass_flags(step, keep);
    *pass = (GaclipCropPass){.first = first, .count = count};
    int status = gaclip__vision_layout(&pass->vision, &m->vision, m->compute, &m->arena, count,
                                       side, side, m->config.dense, flags, step->err);
    if (status) return status;
    const float *planes = step->batch->crops + (size_t)first * 3 * (size_t)(side * side);
    return gaclip__vision_forward(&m->vision, m->compute, &pass->vision, planes, step->err);
}

void gaclip__crop_pass_read(GaclipStep *step, const GaclipCropPass *pass)
{
    size_t E = (size_t)step->embeddings.width;
    memcpy(step->embeddings.crops.unit + (size_t)pass->first * E, pass->vision.class_embedding,
           (size_t)pass->count * E * sizeof(float));
}

int gaclip__crop_pass_backward(GaclipStep *step, GaclipCropPass *pass)
{
    GaclipModel *m = step->model;
    size_t E = (size_t)step->embeddings.width;
    GaclipVisionGradients grads = {.class_embedding =
                                       step->embeddings.crops.grad + (size_t)pass->first * E};
    return gaclip__vision_backward(&m->vision, m->compute, &pass->vision, &grads, step->err);
}
