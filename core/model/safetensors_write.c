/* Writing safetensors files. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "model/safetensors.h"

static int by_size_and_name(const void *a, const void *b)
{
    const GaclipTensor *p = *(const GaclipTensor *const *)a, *q = *(const GaclipTensor *const *)b;
    size_t p_size = gaclip__dtype_size(p->dtype), q_size = gaclip__dtype_size(q->dtype);
    if (p_size != q_size) return p_size > q_size ? -1 : 1;
    return strcmp(p->name, q->name);
}

static void add_tensor(cJSON *header, const GaclipTensor *tensor, size_t begin)
{
    cJSON *entry = cJSON_AddObjectToObject(header, tensor->name);
    cJSON_AddStringToObject(entry, "dtype", gaclip__dtype_name(tensor->dtype));
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    for (int i = 0; i < tensor->rank; i++)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensor->shape[i]));
    const double range[2] = {(double)begin, (double)(begin + tensor->bytes)};
    cJSON_AddItemToObject(entry, "data_offsets", cJSON_CreateDoubleArray(range, 2));
}

static char *header_text(const GaclipTensor *const *order, size_t count, const char *const *keys,
                         const char *const *values, size_t metadata_count)
{
    cJSON *header = cJSON_CreateObject();
    size_t begin = 0;
    if (metadata_count) {
        cJSON *metadata = cJSON_AddObjectToObject(header, "__metadata__");
        for (size_t i = 0; i < metadata_count; i++)
            cJSON_AddStringToObject(metadata, keys[i], values[i]);
    }
    for (size_t i = 0; i < count; i++) {
        add_tensor(header, order[i], begin);
        begin += order[i]->bytes;
    }
    char *text = cJSON_PrintUnformatted(header);
    cJSON_Delete(header);
    return text;
}

/* Length, header padded with spaces to a multiple of 8, data. */
static int write_parts(FILE *stream, const char *header, const GaclipTensor *const *order,
                       size_t count)
{
    size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    for (int i = 0; i < 8; i++)
        if (fputc((int)((uint64_t)padded >> (8 * i) & 255), stream) == EOF) return 0;
    if (fwrite(header, 1, length, stream) != length) return 0;
    for (; length < padded; length++)
        if (fputc(' ', stream) == EOF) return 0;
    for (size_t i = 0; i < count; i++)
        if (order[i]->bytes &&
            fwrite(order[i]->data, 1, order[i]->bytes, stream) != order[i]->bytes)
            return 0;
    return 1;
}

static int write_file(const char *path, const char *header, const GaclipTensor *const *order,
                      size_t count, GaclipError *err)
{
    GaclipAtomicFile file;
    int status = gaclip__atomic_open(&file, path, err);
    if (status) return status;
    if (!write_parts(file.stream, header, order, count)) {
        status =
            gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot write (%s)", path, strerror(errno));
        gaclip__atomic_abandon(&file);
        return status;
    }
    return gaclip__atomic_commit(&file, err);
}

int gaclip__safetensors_write(const char *path, const GaclipTensor *tensors, size_t count,
                              const char *const *keys, const char *const *values,
                              size_t metadata_count, GaclipError *err)
{
    const GaclipTensor **order = malloc((count + 1) * sizeof *order);
    if (!order) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) order[i] = &tensors[i];
    qsort(order, count, sizeof *order, by_size_and_name);
    char *header = header_text(order, count, keys, values, metadata_count);
    int status = header ? write_file(path, header, order, count, err)
                        : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_free(header);
    free(order);
    return status;
}
