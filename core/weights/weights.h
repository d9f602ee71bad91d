/* Weights of any origin as one list of named tensors: safetensors files (mapped), PyTorch zip
 * archives (torch_file.h), and either of them in shards that an index.json lists. */
#ifndef GACLIP_WEIGHTS_WEIGHTS_H
#define GACLIP_WEIGHTS_WEIGHTS_H

#include "model/safetensors.h"
#include "weights/torch_file.h"

/* A view of a storage; two tensors may share one (tied weights). */
typedef struct GaclipSourceTensor {
    const char *name; /* as the file spells it; lent by the file */
    GaclipDtype dtype;
    int rank;
    int64_t shape[GACLIP__MAX_RANK], stride[GACLIP__MAX_RANK]; /* strides in elements */
    size_t count;                                              /* of elements */
    const unsigned char *scales; /* I8: f32, one a row, perhaps unaligned; NULL where it has none */
    const unsigned char *data;   /* the first element, perhaps unaligned; NULL until loaded */
    size_t file;                 /* index of its file */
    size_t storage, offset;      /* PyTorch archives: where it lies, in elements */
} GaclipSourceTensor;

typedef struct GaclipWeightFile {
    char *path;
    GaclipSafetensors *mapped; /* one of the two */
    GaclipTorchFile *torch;
} GaclipWeightFile;

typedef struct GaclipWeights {
    GaclipSourceTensor *tensors; /* (count) ordered by name, no name twice */
    size_t count, capacity;
    GaclipWeightFile *files; /* (file_count) */
    size_t file_count;
} GaclipWeights;

/* Opens a weights file, told apart by content, or an index (its name ends in ".json"). Messages
 * begin with the path. The caller closes *out. */
int gaclip__weights_open(GaclipWeights **out, const char *path, GaclipError *err);
void gaclip__weights_close(GaclipWeights *weights);

/* Reads the tensor's storage where that has not happened yet, so that its data is there. */
int gaclip__weights_load(GaclipWeights *weights, GaclipSourceTensor *tensor, GaclipError *err);

/* Gives back what gaclip__weights_load has read; mapped tensors stay. */
void gaclip__weights_unload(GaclipWeights *weights);

/* SHA-256 of the file's bytes; of several files, that of their digests' hexadecimal digits. */
int gaclip__weights_sha256(char hex[65], const GaclipWeights *weights, GaclipError *err);

/* Gives each mapped tensor of I8 its scales, which are no tensor of their own then: finite, none
 * negative, one a row. */
int gaclip__weights_join_scales(GaclipWeights *weights, GaclipError *err);

/* I8 with scales stands for floating values. */
int gaclip__tensor_is_floating(const GaclipSourceTensor *tensor);
int gaclip__tensor_is_row_major(const GaclipSourceTensor *tensor);
/* Widens a floating tensor whose data is there into out (count), row-major. */
void gaclip__tensor_copy(float *out, const GaclipSourceTensor *tensor);

#endif
