#include "oracle.h"

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

void expect_refusal(int status, const GaclipError *err, const char *start)
{
    size_t length = strlen(start);
    if (status >= 0) fail_msg("accepted: %s", start);
    if (status != err->status) fail_msg("status %d, the error has %d", status, err->status);
    if (strncmp(err->message, start, length) || strlen(err->message) < length + 10)
        fail_msg("\"%s\" does not begin with \"%s\" and a reason", err->message, start);
    for (const unsigned char *c = (const unsigned char *)err->message; *c; c++)
        if (*c < 32 || *c == 127) fail_msg("not one plain line: %s", err->message);
}

static char scratch_folder[256];

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_scratch(void)
{
    const char *folder = getenv("TMPDIR");
    if (*scratch_folder) return;
    snprintf(scratch_folder, sizeof scratch_folder, "%s/gaclip.XXXXXX",
             folder && *folder ? folder : "/tmp");
    if (!mkdtemp(scratch_folder)) fail_msg("cannot make a folder at %s", scratch_folder);
    atexit(remove_scratch);
}

const char *scratch_path(const char *name)
{
    static char paths[8][512];
    static int next;
    make_scratch();
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

int scratch_count(void)
{
    int count = 0;
    make_scratch();
    DIR *folder = opendir(scratch_folder);
    assert_non_null(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count - 2; /* the folder itself and the one above */
}

void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *stream = fopen(path, "wb");
    if (!stream || (size && fwrite(bytes, 1, size, stream) != size) || fclose(stream))
        fail_msg("cannot write %s", path);
}

void limit_files(size_t size)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void unlimit_files(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
