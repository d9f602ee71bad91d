/* A libFuzzer target: anything as a weights file, above all as a PyTorch archive. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    if (path) fuzz_read_weights(path);
    return 0;
}
