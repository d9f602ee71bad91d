/* PyTorch archives, as torch.save has written them since 1.6: a zip whose NAME/data.pkl is a pickle
 * of the state dict and whose NAME/data/KEY are the storages, stored without compression.
 *
 * The pickle is read by an interpreter that can rebuild tensors and nothing else (pickle.h). No
 * entry is ever extracted to a file. */
#ifndef GACLIP_WEIGHTS_TORCH_FILE_H
#define GACLIP_WEIGHTS_TORCH_FILE_H

#include <stddef.h>

#include "weights/pickle.h"

typedef struct GaclipTorchFile GaclipTorchFile;

/* Finds the state dict: the saved object itself, or what it holds under "state_dict",
 * "model_state_dict", "model" or "module". Every storage that it needs is there. Messages begin
 * with the path. The caller closes *out. */
int gaclip__torch_open(GaclipTorchFile **out, const char *path, GaclipError *err);
void gaclip__torch_close(GaclipTorchFile *file);

size_t gaclip__torch_count(const GaclipTorchFile *file);
const GaclipTorchTensor *gaclip__torch_at(const GaclipTorchFile *file, size_t index);

/* Reads a storage at its first use, its checksum verified. The file owns *bytes, which are 64-byte
 * aligned. */
int gaclip__torch_load(const unsigned char **bytes, GaclipTorchFile *file, size_t storage,
                       GaclipError *err);
/* Gives the storages' memory back: no *bytes is there any more, but can be loaded again. */
void gaclip__torch_unload(GaclipTorchFile *file);

#endif
