/* Indexes of sharded weights: {"weight_map": {tensor: file name, ...}}, as Hugging Face writes
 * them beside model-00001-of-00002.safetensors and pytorch_model-00001-of-00002.bin. */
#ifndef GACLIP_WEIGHTS_SHARD_INDEX_H
#define GACLIP_WEIGHTS_SHARD_INDEX_H

#include "gaclip/error.h"

typedef int GaclipShardVisit(const char *path, void *payload, GaclipError *err);

/* Calls visit once for every file that the index names, in the order of their names. Files lie in
 * the index's own folder: a name with a slash is GACLIP_ERROR_FORMAT. A non-zero return of visit
 * stops and is returned. */
int gaclip__shards_visit(const char *index_path, GaclipShardVisit *visit, void *payload,
                         GaclipError *err);

#endif
