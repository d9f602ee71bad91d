/* Reading safetensors files. */
#include "model/safetensors.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "base/json_limit.h"

/* The format's own limit for the header. */
static const uint64_t LARGEST_HEADER = 100u * 1000u * 1000u;

/* Integers up to here are exact in JSON's doubles. */
static const double LARGEST_INTEGER = 9007199254740992.0;

struct GaclipSafetensors {
    unsigned char *bytes; /* the mapping */
    size_t size;
    cJSON *header;
    GaclipTensor *tensors; /* (count) ordered by name */
    size_t count;
};

static const struct {
    const char *name;
    size_t size;
} DTYPES[] = {[GACLIP_DTYPE_F64] = {"F64", 8},  [GACLIP_DTYPE_F32] = {"F32", 4},
              [GACLIP_DTYPE_F16] = {"F16", 2},  [GACLIP_DTYPE_BF16] = {"BF16", 2},
              [GACLIP_DTYPE_I64] = {"I64", 8},  [GACLIP_DTYPE_I32] = {"I32", 4},
              [GACLIP_DTYPE_I8] = {"I8", 1},    [GACLIP_DTYPE_U8] = {"U8", 1},
              [GACLIP_DTYPE_BOOL] = {"BOOL", 1}};

size_t gaclip__dtype_size(GaclipDtype dtype)
{
    return DTYPES[dtype].size;
}

const char *gaclip__dtype_name(GaclipDtype dtype)
{
    return DTYPES[dtype].name;
}

static int bad(GaclipError *err, const char *name, const char *fact)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "tensor \"%.100s\" %s", name, fact);
}

static int map_file(GaclipSafetensors *file, const char *path, GaclipError *err)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait */
    if (descriptor < 0)
        return gaclip_error_set(err, GACLIP_ERROR_IO, "cannot be opened (%s)", strerror(errno));
    struct stat info;
    int status = GACLIP_OK;
    if (fstat(descriptor, &info) || !S_ISREG(info.st_mode))
        status = gaclip_error_set(err, GACLIP_ERROR_IO, "is not a regular file");
    else if (info.st_size < 8)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "is not a safetensors file: it has only %lld bytes",
                                  (long long)info.st_size);
    if (!status) {
        void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (bytes == MAP_FAILED) {
            status =
                gaclip_error_set(err, GACLIP_ERROR_IO, "cannot be mapped (%s)", strerror(errno));
        } else {
            file->bytes = bytes;
            file->size = (size_t)info.st_size;
        }
    }
    close(descriptor);
    return status;
}

/* Valid UTF-8 without a zero, spelled out or escaped: cJSON would end a text there. */
static int is_clean_text(const char *text, size_t length)
{
    if (u8_check((const uint8_t *)text, length) || memchr(text, 0, length)) return 0;
    for (size_t i = 0; i + 1 < length; i++)
        if (text[i] == '\\') {
            i++;
            if (length - i >= 5 && !memcmp(text + i, "u0000", 5)) return 0;
        }
    return 1;
}

static int parse_header(GaclipSafetensors *file, size_t *data_start, GaclipError *err)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | file->bytes[i];
    if (length > file->size - 8)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "is not a safetensors file, or is cut short: its header would "
                                "have %llu bytes, the file has %zu",
                                (unsigned long long)length, file->size);
    if (length > LARGEST_HEADER)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its header is over 100 MB");
    const char *text = (const char *)file->bytes + 8, *end = NULL;
    if (length < 2 || text[0] != '{')
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its header is not a JSON object");
    if (!gaclip__json_is_modest(text, (size_t)length))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "its header holds more than %d values, which no model needs",
                                GACLIP__MOST_JSON_VALUES);
    if (is_clean_text(text, (size_t)length))
        file->header = cJSON_ParseWithLengthOpts(text, (size_t)length, &end, 0);
    while (file->header && end < text + length && *end == ' ') end++;
    if (!cJSON_IsObject(file->header) || end != text + length)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its header is not valid JSON");
    *data_start = 8 + (size_t)length;
    return GACLIP_OK;
}

/* A whole number from 0 to 2^53. */
static int read_count(uint64_t *out, const cJSON *item)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > LARGEST_INTEGER ||
        item->valuedouble != floor(item->valuedouble))
        return 0;
    *out = (uint64_t)item->valuedouble;
    return 1;
}

static int read_dtype(GaclipTensor *tensor, const cJSON *item, GaclipError *err)
{
    const char *text = cJSON_GetStringValue(item);
    for (size_t i = 0; text && i < sizeof DTYPES / sizeof *DTYPES; i++)
        if (!strcmp(DTYPES[i].name, text)) {
            tensor->dtype = (GaclipDtype)i;
            return GACLIP_OK;
        }
    return bad(err, tensor->name, "has a dtype that is missing or unknown");
}

static int read_shape(GaclipTensor *tensor, const cJSON *array, GaclipError *err)
{
    const cJSON *item;
    if (!cJSON_IsArray(array)) return bad(err, tensor->name, "has no shape");
    uint64_t limit = (uint64_t)1 << 53;
    tensor->count = 1;
    cJSON_ArrayForEach(item, array)
    {
        uint64_t length;
        if (tensor->rank == GACLIP__MAX_RANK)
            return bad(err, tensor->name, "has more than 8 dimensions");
        if (!read_count(&length, item))
            return bad(err, tensor->name, "has a dimension that is not a whole number");
        if (length && tensor->count > limit / length)
            return bad(err, tensor->name, "has a shape that is too large");
        tensor->shape[tensor->rank++] = (int64_t)length;
        tensor->count *= length;
    }
    return GACLIP_OK;
}

static int read_range(GaclipTensor *tensor, const cJSON *array, const unsigned char *data,
                      size_t available, GaclipError *err)
{
    uint64_t begin, end;
    const cJSON *first = cJSON_IsArray(array) ? array->child : NULL;
    if (!first || !first->next || first->next->next || !read_count(&begin, first) ||
        !read_count(&end, first->next))
        return bad(err, tensor->name, "has no data_offsets of two whole numbers");
    if (begin > end || end > available)
        return bad(err, tensor->name, "lies outside the file, or the file is cut short");
    tensor->bytes = end - begin;
    if (tensor->bytes / DTYPES[tensor->dtype].size != tensor->count ||
        tensor->bytes % DTYPES[tensor->dtype].size)
        return bad(err, tensor->name, "has a shape that does not fit its bytes");
    tensor->data = data + begin;
    return GACLIP_OK;
}

static int read_tensor(GaclipTensor *tensor, const cJSON *item, const unsigned char *data,
                       size_t available, GaclipError *err)
{
    *tensor = (GaclipTensor){.name = item->string};
    const cJSON *dtype = NULL, *shape = NULL, *range = NULL, *field;
    if (!cJSON_IsObject(item)) return bad(err, item->string, "is not described by an object");
    cJSON_ArrayForEach(field, item)
    {
        const cJSON **place = !strcmp(field->string, "dtype")          ? &dtype
                              : !strcmp(field->string, "shape")        ? &shape
                              : !strcmp(field->string, "data_offsets") ? &range
                                                                       : NULL;
        if (!place || *place) return bad(err, item->string, "has an unknown or repeated field");
        *place = field;
    }
    int status = read_dtype(tensor, dtype, err);
    if (!status) status = read_shape(tensor, shape, err);
    if (!status) status = read_range(tensor, range, data, available, err);
    return status;
}

static int check_metadata(const cJSON *metadata, GaclipError *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(metadata))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "its __metadata__ is not an object");
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "its __metadata__ holds something not a text");
    }
    return GACLIP_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const GaclipTensor *)a)->name, ((const GaclipTensor *)b)->name);
}

static int by_place(const void *a, const void *b)
{
    const GaclipTensor *p = *(const GaclipTensor *const *)a, *q = *(const GaclipTensor *const *)b;
    const char *p_data = p->data, *q_data = q->data;
    if (p_data != q_data) return p_data < q_data ? -1 : 1;
    return (p->bytes > q->bytes) - (p->bytes < q->bytes);
}

/* The tensors must tile the data: no overlap, no hole, nothing behind the last. */
static int check_tiling(const GaclipSafetensors *file, size_t data_start, GaclipError *err)
{
    const GaclipTensor **order = malloc((file->count + 1) * sizeof *order);
    if (!order) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < file->count; i++) order[i] = &file->tensors[i];
    qsort(order, file->count, sizeof *order, by_place);
    const unsigned char *expected = file->bytes + data_start;
    int status = GACLIP_OK;
    for (size_t i = 0; i < file->count && !status; i++) {
        const unsigned char *data = order[i]->data;
        if (data != expected)
            status = bad(err, order[i]->name,
                         data < expected ? "overlaps another one" : "comes after a hole");
        expected = data + order[i]->bytes;
    }
    free(order);
    if (!status && expected != file->bytes + file->size)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "has bytes behind its last tensor");
    return status;
}

static int read_entries(GaclipSafetensors *file, size_t data_start, GaclipError *err)
{
    const cJSON *item, *metadata = NULL;
    size_t room = (size_t)cJSON_GetArraySize(file->header) + 1;
    file->tensors = calloc(room, sizeof *file->tensors);
    if (!file->tensors) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_ArrayForEach(item, file->header)
    {
        int status;
        if (!strcmp(item->string, "__metadata__")) {
            if (metadata)
                return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "has two __metadata__ entries");
            metadata = item;
            status = check_metadata(item, err);
        } else {
            status = read_tensor(&file->tensors[file->count++], item, file->bytes + data_start,
                                 file->size - data_start, err);
        }
        if (status) return status;
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, by_name);
    for (size_t i = 1; i < file->count; i++)
        if (!strcmp(file->tensors[i - 1].name, file->tensors[i].name))
            return bad(err, file->tensors[i].name, "is there twice");
    return check_tiling(file, data_start, err);
}

int gaclip__safetensors_open(GaclipSafetensors **out, const char *path, GaclipError *err)
{
    *out = NULL;
    GaclipSafetensors *file = calloc(1, sizeof *file);
    if (!file) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    size_t data_start = 0;
    int status = map_file(file, path, err);
    if (!status) status = parse_header(file, &data_start, err);
    if (!status) status = read_entries(file, data_start, err);
    if (status) {
        gaclip__safetensors_close(file);
        gaclip_error_prefix(err, "%s", path);
        return status;
    }
    *out = file;
    return GACLIP_OK;
}

void gaclip__safetensors_close(GaclipSafetensors *file)
{
    if (!file) return;
    if (file->bytes) munmap(file->bytes, file->size);
    cJSON_Delete(file->header);
    free(file->tensors);
    free(file);
}

size_t gaclip__safetensors_count(const GaclipSafetensors *file)
{
    return file->count;
}

const GaclipTensor *gaclip__safetensors_at(const GaclipSafetensors *file, size_t index)
{
    return &file->tensors[index];
}

const GaclipTensor *gaclip__safetensors_find(const GaclipSafetensors *file, const char *name)
{
    GaclipTensor key = {.name = name};
    return bsearch(&key, file->tensors, file->count, sizeof key, by_name);
}

const char *gaclip__safetensors_metadata(const GaclipSafetensors *file, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(file->header, "__metadata__"), key));
}

const void *gaclip__safetensors_bytes(const GaclipSafetensors *file, size_t *size)
{
    *size = file->size;
    return file->bytes;
}

int gaclip__tensor_to_f32(float *out, const GaclipTensor *tensor, GaclipError *err)
{
    const unsigned char *data = tensor->data;
    for (size_t i = 0; i < tensor->count; i++) {
        uint16_t half;
        double wide;
        switch (tensor->dtype) {
        case GACLIP_DTYPE_F32:
            memcpy(&out[i], data + 4 * i, sizeof out[i]);
            break;
        case GACLIP_DTYPE_F64:
            memcpy(&wide, data + 8 * i, sizeof wide);
            out[i] = (float)wide;
            break;
        case GACLIP_DTYPE_F16:
            memcpy(&half, data + 2 * i, sizeof half);
            out[i] = gaclip__f16_to_f32(half);
            break;
        case GACLIP_DTYPE_BF16:
            memcpy(&half, data + 2 * i, sizeof half);
            out[i] = gaclip__bf16_to_f32(half);
            break;
        default:
            return bad(err, tensor->name, "is not of a floating type");
        }
    }
    return GACLIP_OK;
}
