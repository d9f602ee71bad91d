/* A libFuzzer target: anything as a safetensors header, with a few values behind it. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { VALUES = 128 }; /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *file = calloc(8 + size + VALUES, 1);
    if (!file) return 0;
    for (int i = 0; i < 8; i++) file[i] = (uint8_t)((uint64_t)size >> (8 * i));
    memcpy(file + 8, data, size);
    const char *path = fuzz_file(file, 8 + size + VALUES);
    if (path) fuzz_read_weights(path);
    free(file);
    return 0;
}
