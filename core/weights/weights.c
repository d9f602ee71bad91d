#include "weights/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "weights/shard_index.h"

static int no_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static GaclipSourceTensor *append(GaclipWeights *weights)
{
    if (weights->count == weights->capacity) {
        size_t capacity = weights->capacity ? 2 * weights->capacity : 512;
        GaclipSourceTensor *tensors = realloc(weights->tensors, capacity * sizeof *tensors);
        if (!tensors) return NULL;
        weights->tensors = tensors;
        weights->capacity = capacity;
    }
    return &weights->tensors[weights->count++];
}

/* Appends the file, which owns mapped or torch from then on. */
static int append_file(GaclipWeights *weights, const char *path, GaclipSafetensors *mapped,
                       GaclipTorchFile *torch, GaclipError *err)
{
    GaclipWeightFile *files =
        realloc(weights->files, (weights->file_count + 1) * sizeof *weights->files);
    if (files) weights->files = files;
    char *copy = strdup(path);
    if (!files || !copy) {
        free(copy);
        return no_memory(err);
    }
    files[weights->file_count++] = (GaclipWeightFile){copy, mapped, torch};
    return GACLIP_OK;
}

static int list_mapped(GaclipWeights *weights, const GaclipSafetensors *file, GaclipError *err)
{
    for (size_t i = 0; i < gaclip__safetensors_count(file); i++) {
        const GaclipTensor *from = gaclip__safetensors_at(file, i);
        GaclipSourceTensor *to = append(weights);
        if (!to) return no_memory(err);
        *to = (GaclipSourceTensor){.name = from->name,
                                   .dtype = from->dtype,
                                   .rank = from->rank,
                                   .count = from->count,
                                   .data = from->data,
                                   .file = weights->file_count - 1};
        int64_t stride = 1;
        for (int d = from->rank - 1; d >= 0; d--) {
            to->shape[d] = from->shape[d];
            to->stride[d] = stride;
            stride *= from->shape[d];
        }
    }
    return GACLIP_OK;
}

static int list_torch(GaclipWeights *weights, const GaclipTorchFile *file, GaclipError *err)
{
    for (size_t i = 0; i < gaclip__torch_count(file); i++) {
        const GaclipTorchTensor *from = gaclip__torch_at(file, i);
        GaclipSourceTensor *to = append(weights);
        if (!to) return no_memory(err);
        *to = (GaclipSourceTensor){.name = from->name,
                                   .dtype = from->dtype,
                                   .rank = from->rank,
                                   .count = from->count,
                                   .file = weights->file_count - 1,
                                   .storage = from->storage,
                                   .offset = from->offset};
        memcpy(to->shape, from->shape, sizeof to->shape);
        memcpy(to->stride, from->stride, sizeof to->stride);
    }
    return GACLIP_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const GaclipSourceTensor *)a)->name, ((const GaclipSourceTensor *)b)->name);
}

static int order(GaclipWeights *weights, GaclipError *err)
{
    if (weights->count) qsort(weights->tensors, weights->count, sizeof *weights->tensors, by_name);
    for (size_t i = 1; i < weights->count; i++)
        if (!strcmp(weights->tensors[i - 1].name, weights->tensors[i].name))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "tensor \"%.100s\" is there twice",
                                    weights->tensors[i].name);
    return GACLIP_OK;
}

enum { START = 24 };

/* The first bytes of a file, zeros behind a short one. */
static int read_start(unsigned char start[START], const char *path, GaclipError *err)
{
    memset(start, 0, START);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait */
    if (descriptor < 0)
        return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be opened (%s)", path,
                                strerror(errno));
    ssize_t got = read(descriptor, start, START);
    close(descriptor);
    return got < 0 ? gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be read (%s)", path,
                                      strerror(errno))
                   : GACLIP_OK;
}

/* What is often there in place of weights that were not downloaded; NULL = something else. */
static const char *stand_in(const unsigned char start[START])
{
    static const struct {
        const char *start, *fact;
    } KINDS[] = {{"version https://git-lfs", "is a pointer of Git LFS, not the weights: fetch them "
                                             "with \"git lfs pull\" in its folder"},
                 {"<!DOCTYPE", "is a web page, not the weights: download the file itself"},
                 {"<!doctype", "is a web page, not the weights: download the file itself"},
                 {"<html", "is a web page, not the weights: download the file itself"}};
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (!memcmp(start, KINDS[i].start, strlen(KINDS[i].start))) return KINDS[i].fact;
    return NULL;
}

/* Pickles of protocol 2 and later start so; PyTorch before 1.6 wrote them bare. */
static int is_bare_pickle(const unsigned char start[START])
{
    return start[0] == 0x80 && start[1] >= 2 && start[1] <= 5 && start[2] >= 0x80;
}

static int add_file(GaclipWeights *weights, const char *path, GaclipError *err)
{
    unsigned char start[START];
    GaclipSafetensors *mapped = NULL;
    GaclipTorchFile *torch = NULL;
    int status = read_start(start, path, err);
    if (status) return status;
    if (stand_in(start))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: %s", path, stand_in(start));
    if (is_bare_pickle(start))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: is a pickle without an archive, as PyTorch before 1.6 wrote; "
                                "load it there and torch.save its state_dict() again",
                                path);
    if (!memcmp(start, "PK\3\4", 4))
        status = gaclip__torch_open(&torch, path, err);
    else
        status = gaclip__safetensors_open(&mapped, path, err);
    if (status) return status;
    status = append_file(weights, path, mapped, torch, err);
    if (status) {
        gaclip__safetensors_close(mapped);
        gaclip__torch_close(torch);
        return status;
    }
    return mapped ? list_mapped(weights, mapped, err) : list_torch(weights, torch, err);
}

static int add_shard(const char *path, void *payload, GaclipError *err)
{
    return add_file(payload, path, err);
}

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

int gaclip__weights_open(GaclipWeights **out, const char *path, GaclipError *err)
{
    *out = NULL;
    GaclipWeights *weights = calloc(1, sizeof *weights);
    if (!weights) return no_memory(err);
    int status = ends_with(path, ".json") ? gaclip__shards_visit(path, add_shard, weights, err)
                                          : add_file(weights, path, err);
    if (!status) {
        status = order(weights, err);
        if (!status) status = gaclip__weights_join_scales(weights, err);
        if (status) gaclip_error_prefix(err, "%s", path);
    }
    if (status) {
        gaclip__weights_close(weights);
        return status;
    }
    *out = weights;
    return GACLIP_OK;
}

void gaclip__weights_close(GaclipWeights *weights)
{
    if (!weights) return;
    for (size_t i = 0; i < weights->file_count; i++) {
        free(weights->files[i].path);
        gaclip__safetensors_close(weights->files[i].mapped);
        gaclip__torch_close(weights->files[i].torch);
    }
    free(weights->files);
    free(weights->tensors);
    free(weights);
}

int gaclip__weights_load(GaclipWeights *weights, GaclipSourceTensor *tensor, GaclipError *err)
{
    if (tensor->data) return GACLIP_OK;
    const unsigned char *storage;
    const GaclipWeightFile *file = &weights->files[tensor->file];
    int status = gaclip__torch_load(&storage, file->torch, tensor->storage, err);
    if (status) {
        gaclip_error_prefix(err, "%s", file->path);
        return status;
    }
    tensor->data = storage + tensor->offset * gaclip__dtype_size(tensor->dtype);
    return GACLIP_OK;
}

void gaclip__weights_unload(GaclipWeights *weights)
{
    for (size_t i = 0; i < weights->count; i++)
        if (weights->files[weights->tensors[i].file].torch) weights->tensors[i].data = NULL;
    for (size_t i = 0; i < weights->file_count; i++)
        if (weights->files[i].torch) gaclip__torch_unload(weights->files[i].torch);
}

static int hash_file(char hex[65], const char *path, GaclipError *err)
{
    struct stat info;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC), status = GACLIP_OK;
    if (descriptor >= 0 && !fstat(descriptor, &info) && info.st_size > 0) {
        size_t size = (size_t)info.st_size;
        void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (bytes != MAP_FAILED) {
            gaclip__sha256_hex(hex, bytes, size);
            munmap(bytes, size);
            close(descriptor);
            return GACLIP_OK;
        }
    }
    status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be read again (%s)", path,
                              strerror(errno));
    if (descriptor >= 0) close(descriptor);
    return status;
}

int gaclip__weights_sha256(char hex[65], const GaclipWeights *weights, GaclipError *err)
{
    if (weights->file_count == 1) return hash_file(hex, weights->files[0].path, err);
    char *digests = malloc(weights->file_count * 64 + 1);
    if (!digests) return no_memory(err);
    int status = GACLIP_OK;
    for (size_t i = 0; i < weights->file_count && !status; i++)
        status = hash_file(digests + 64 * i, weights->files[i].path, err);
    if (!status) gaclip__sha256_hex(hex, digests, weights->file_count * 64);
    free(digests);
    return status;
}

int gaclip__tensor_is_floating(const GaclipSourceTensor *tensor)
{
    return tensor->dtype == GACLIP_DTYPE_F32 || tensor->dtype == GACLIP_DTYPE_F16 ||
           tensor->dtype == GACLIP_DTYPE_BF16 || tensor->dtype == GACLIP_DTYPE_F64 ||
           tensor->scales;
}

int gaclip__tensor_is_row_major(const GaclipSourceTensor *tensor)
{
    int64_t stride = 1;
    for (int d = tensor->rank - 1; d >= 0; d--) {
        if (tensor->shape[d] != 1 && tensor->stride[d] != stride) return 0;
        stride *= tensor->shape[d];
    }
    return 1;
}

/* count elements, stride elements apart. */
static void copy_row(float *out, const unsigned char *data, GaclipDtype dtype, size_t count,
                     size_t stride)
{
    if (dtype == GACLIP_DTYPE_F32) {
        if (stride == 1) {
            memcpy(out, data, count * sizeof *out);
            return;
        }
        for (size_t i = 0; i < count; i++) memcpy(&out[i], data + 4 * i * stride, sizeof *out);
    } else if (dtype == GACLIP_DTYPE_F64) {
        for (size_t i = 0; i < count; i++) {
            double wide;
            memcpy(&wide, data + 8 * i * stride, sizeof wide);
            out[i] = (float)wide;
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            uint16_t half;
            memcpy(&half, data + 2 * i * stride, sizeof half);
            out[i] =
                dtype == GACLIP_DTYPE_F16 ? gaclip__f16_to_f32(half) : gaclip__bf16_to_f32(half);
        }
    }
}

static void copy_scaled(float *out, const GaclipSourceTensor *tensor)
{
    const int8_t *q = (const int8_t *)tensor->data;
    size_t rows = (size_t)tensor->shape[0], length = tensor->count / rows;
    for (size_t row = 0; row < rows; row++) {
        float scale;
        memcpy(&scale, tensor->scales + row * sizeof scale, sizeof scale);
        for (size_t i = 0; i < length; i++) *out++ = scale * (float)*q++;
    }
}

void gaclip__tensor_copy(float *out, const GaclipSourceTensor *tensor)
{
    if (tensor->count == 0) return;
    if (tensor->scales) {
        copy_scaled(out, tensor);
        return;
    }
    size_t size = gaclip__dtype_size(tensor->dtype);
    if (gaclip__tensor_is_row_major(tensor)) {
        copy_row(out, tensor->data, tensor->dtype, tensor->count, 1);
        return;
    }
    int last = tensor->rank - 1;
    size_t length = (size_t)tensor->shape[last], rows = tensor->count / length;
    int64_t index[GACLIP__MAX_RANK] = {0};
    for (size_t row = 0; row < rows; row++, out += length) {
        size_t place = 0;
        for (int d = 0; d < last; d++) place += (size_t)(index[d] * tensor->stride[d]);
        copy_row(out, tensor->data + place * size, tensor->dtype, length,
                 (size_t)tensor->stride[last]);
        for (int d = last - 1; d >= 0 && ++index[d] == tensor->shape[d]; d--) index[d] = 0;
    }
}
