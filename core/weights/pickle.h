/* A pickle interpreter that can rebuild tensors and nothing else.
 *
 * It knows the opcodes that Python writes for dicts, tuples, texts and numbers, and as globals only
 * collections.OrderedDict, torch._utils._rebuild_tensor_v2 and _rebuild_parameter, and the storage
 * classes. None of them runs anything: they build the list below. Memory is bounded by the pickle's
 * own length and small limits on values, tensors and names. (Opcodes: Python's pickletools; the
 * globals: torch/_utils.py, torch/serialization.py)
 */
#ifndef GACLIP_WEIGHTS_PICKLE_H
#define GACLIP_WEIGHTS_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "model/safetensors.h"

/* A part of the archive that tensors are views of. */
typedef struct GaclipTorchStorage {
    char key[24]; /* letters, digits and underscores: the entry's name is NAME/data/KEY */
    GaclipDtype dtype;
    uint64_t count; /* of elements */
} GaclipTorchStorage;

typedef struct GaclipTorchTensor {
    const char *name; /* lent by the pickle */
    GaclipDtype dtype;
    int rank;
    int64_t shape[GACLIP__MAX_RANK], stride[GACLIP__MAX_RANK]; /* strides in elements, >= 0 */
    size_t count, storage, offset; /* elements; index of the storage; elements into it */
} GaclipTorchTensor;

typedef struct GaclipPickle {
    GaclipTorchTensor *tensors; /* of the state dict, in its order */
    size_t count;
    GaclipTorchStorage *storages; /* that those are views of */
    size_t storage_count;
    char *names; /* what the tensors' names lie in */
} GaclipPickle;

enum { GACLIP__LARGEST_PICKLE = 4 << 20 };

/* Reads a pickle of at most GACLIP__LARGEST_PICKLE bytes; every tensor lies within its storage. The
 * caller clears *out. GACLIP_ERROR_UNSUPPORTED for what it refuses to do, naming it;
 * GACLIP_ERROR_FORMAT for damage. */
int gaclip__pickle_read(GaclipPickle *out, const unsigned char *bytes, size_t size,
                        GaclipError *err);
void gaclip__pickle_clear(GaclipPickle *pickle);

#endif
