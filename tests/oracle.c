#include "oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *oracle_path(const char *name)
{
    static char path[4096];
    const char *folder = getenv("GACLIP_ORACLE");
    snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : "../shared/oracle", name);
    if (access(path, R_OK)) {
        print_message("skipped: %s is not there; set GACLIP_ORACLE to the oracle's folder\n", path);
        skip();
    }
    return path;
}

GaclipSafetensors *oracle_open(const char *name)
{
    GaclipSafetensors *file = NULL;
    GaclipError err = {0};
    expect_ok(gaclip__safetensors_open(&file, oracle_path(name), &err), &err);
    return file;
}

char *read_file(const char *path, size_t *size)
{
    FILE *stream = fopen(path, "rb");
    char *bytes = NULL;
    if (!stream) return NULL;
    fseek(stream, 0, SEEK_END);
    long length = ftell(stream);
    rewind(stream);
    if (length >= 0) bytes = malloc((size_t)length + 1);
    if (bytes && fread(bytes, 1, (size_t)length, stream) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    fclose(stream);
    if (bytes) bytes[length] = '\0';
    if (bytes && size) *size = (size_t)length;
    return bytes;
}

cJSON *oracle_json(const char *name)
{
    char *text = read_file(oracle_path(name), NULL);
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    free(text);
    if (!json) fail_msg("%s is not JSON", name);
    return json;
}

static const GaclipTensor *find(const GaclipSafetensors *file, const char *name)
{
    const GaclipTensor *tensor = gaclip__safetensors_find(file, name);
    if (!tensor) fail_msg("the fixture has no tensor %s", name);
    return tensor;
}

float *oracle_floats(const GaclipSafetensors *file, const char *name, size_t *count)
{
    const GaclipTensor *tensor = find(file, name);
    GaclipError err = {0};
    float *values = malloc((tensor->count + 1) * sizeof *values);
    assert_non_null(values);
    expect_ok(gaclip__tensor_to_f32(values, tensor, &err), &err);
    if (count) *count = tensor->count;
    return values;
}

int32_t *oracle_integers(const GaclipSafetensors *file, const char *name, size_t *count)
{
    const GaclipTensor *tensor = find(file, name);
    const int64_t *from = tensor->data;
    int32_t *values = malloc((tensor->count + 1) * sizeof *values);
    assert_non_null(values);
    assert_int_equal(tensor->dtype, GACLIP_DTYPE_I64);
    for (size_t i = 0; i < tensor->count; i++) values[i] = (int32_t)from[i];
    if (count) *count = tensor->count;
    return values;
}

int oracle_dimension(const GaclipSafetensors *file, const char *name, int axis)
{
    const GaclipTensor *tensor = find(file, name);
    assert_true(axis < tensor->rank);
    return (int)tensor->shape[axis];
}

double difference(const float *got, const float *expected, size_t count)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(got[i])) return INFINITY;
        worst = fmax(worst, fabs((double)got[i] - expected[i]));
        largest = fmax(largest, fabs((double)expected[i]));
    }
    return largest > 0 ? worst / largest : worst;
}

void expect_close(const char *name, const float *got, const float *expected, size_t count,
                  double tolerance)
{
    double d = difference(got, expected, count);
    if (!(d <= tolerance)) fail_msg("%s: d = %g, allowed %g", name, d, tolerance);
}

void expect_tensor(const GaclipSafetensors *file, const char *name, const float *got, size_t count,
                   double tolerance)
{
    size_t expected_count;
    float *expected = oracle_floats(file, name, &expected_count);
    assert_int_equal(count, expected_count);
    expect_close(name, got, expected, count, tolerance);
    free(expected);
}

void expect_ok(int status, const GaclipError *err)
{
    if (status != GACLIP_OK) fail_msg("status %d: %s", status, err->message);
}
