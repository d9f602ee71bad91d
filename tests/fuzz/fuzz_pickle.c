/* A libFuzzer target: anything as the pickle of a PyTorch archive. */
#include <string.h>

#include "fuzz.h"
#include "weights/pickle.h"

/* The view's last element lies in its storage. */
static void check(const GaclipPickle *pickle, const GaclipTorchTensor *tensor)
{
    uint64_t last = tensor->offset, count = 1;
    fuzz_expect(tensor->storage < pickle->storage_count, "a tensor of no storage");
    fuzz_expect(tensor->rank >= 0 && tensor->rank <= GACLIP__MAX_RANK && *tensor->name,
                "a tensor of no rank or name");
    for (int d = 0; d < tensor->rank; d++) {
        fuzz_expect(tensor->shape[d] >= 0 && tensor->stride[d] >= 0, "a negative size");
        count *= (uint64_t)tensor->shape[d];
        if (tensor->shape[d])
            last += (uint64_t)(tensor->shape[d] - 1) * (uint64_t)tensor->stride[d];
    }
    fuzz_expect(count == tensor->count, "a count that is not the shape's");
    fuzz_expect(count == 0 || last < pickle->storages[tensor->storage].count,
                "a tensor reaches beyond its storage");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GaclipPickle pickle;
    GaclipError err = {0};
    if (gaclip__pickle_read(&pickle, data, size, &err)) {
        fuzz_expect_message(&err);
        return 0;
    }
    for (size_t i = 0; i < pickle.count; i++) check(&pickle, &pickle.tensors[i]);
    for (size_t i = 0; i < pickle.storage_count; i++)
        fuzz_expect(!strpbrk(pickle.storages[i].key, "./\\"), "a key that leaves its folder");
    gaclip__pickle_clear(&pickle);
    return 0;
}
