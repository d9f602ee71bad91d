#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "weights/weights.h"

enum { MOST_VALUES = 1 << 20 };

void fuzz_expect(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

void fuzz_expect_message(const GaclipError *err)
{
    fuzz_expect(err->status < 0 && *err->message && !strchr(err->message, '\n'),
                "no message of one line");
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (descriptor < 0 || ftruncate(descriptor, 0) ||
        pwrite(descriptor, data, size, 0) != (ssize_t)size)
        return NULL;
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return path;
}

static void read_values(GaclipWeights *weights, GaclipSourceTensor *tensor)
{
    GaclipError err = {0};
    if (!gaclip__tensor_is_floating(tensor) || tensor->count > MOST_VALUES) return;
    if (gaclip__weights_load(weights, tensor, &err)) {
        fuzz_expect_message(&err);
        return;
    }
    float *values = malloc((tensor->count + 1) * sizeof *values);
    if (values) gaclip__tensor_copy(values, tensor);
    free(values);
}

void fuzz_read_weights(const char *path)
{
    GaclipWeights *weights;
    GaclipError err = {0};
    if (gaclip__weights_open(&weights, path, &err)) {
        fuzz_expect_message(&err);
        return;
    }
    for (size_t i = 0; i < weights->count; i++) read_values(weights, &weights->tensors[i]);
    gaclip__weights_unload(weights);
    gaclip__weights_close(weights);
}
