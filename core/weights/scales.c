/* Tensors in I8 and the scales that their rows are to be multiplied with. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/weights.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const GaclipSourceTensor *)a)->name, ((const GaclipSourceTensor *)b)->name);
}

static int refuse(GaclipError *err, const char *name, const char *fact)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "tensor \"%.100s\" %s", name, fact);
}

static int check_scales(const GaclipSourceTensor *scales, const GaclipSourceTensor *of,
                        GaclipError *err)
{
    if (scales->dtype != GACLIP_DTYPE_F32 || scales->rank != 1 || scales->shape[0] != of->shape[0])
        return refuse(err, scales->name, "is not of F32, one value for each row of its tensor");
    for (size_t i = 0; i < scales->count; i++) {
        float scale;
        memcpy(&scale, scales->data + i * sizeof scale, sizeof scale);
        if (!(scale >= 0 && isfinite(scale)))
            return refuse(err, scales->name, "holds a scale that is negative or not finite");
    }
    return GACLIP_OK;
}

static int is_quantised(const GaclipSourceTensor *tensor)
{
    return tensor->dtype == GACLIP_DTYPE_I8 && tensor->rank == 2 && tensor->data;
}

static int find_scales(GaclipSourceTensor **out, const GaclipWeights *weights,
                       const GaclipSourceTensor *of, GaclipError *err)
{
    char *name;
    if (asprintf(&name, "%s%s", of->name, GACLIP__SCALE_ENDING) < 0)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    GaclipSourceTensor key = {.name = name};
    *out = bsearch(&key, weights->tensors, weights->count, sizeof key, by_name);
    free(name);
    if (!*out || !(*out)->data)
        return refuse(err, of->name, "is of I8 without scales (NAME" GACLIP__SCALE_ENDING ")");
    return check_scales(*out, of, err);
}

int gaclip__weights_join_scales(GaclipWeights *weights, GaclipError *err)
{
    size_t kept = 0;
    char *joined = calloc(weights->count + 1, 1);
    int status = joined ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < weights->count && !status; i++) {
        GaclipSourceTensor *scales = NULL;
        if (!is_quantised(&weights->tensors[i])) continue;
        status = find_scales(&scales, weights, &weights->tensors[i], err);
        if (status) break;
        weights->tensors[i].scales = scales->data;
        joined[scales - weights->tensors] = 1;
    }
    for (size_t i = 0; i < weights->count && !status; i++)
        if (!joined[i]) weights->tensors[kept++] = weights->tensors[i];
    if (!status) weights->count = kept;
    free(joined);
    return status;
}
