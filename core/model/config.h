/* The architecture numbers as JSON: read with every field checked, and written. */
#ifndef GACLIP_MODEL_CONFIG_H
#define GACLIP_MODEL_CONFIG_H

#include <cjson/cJSON.h>

#include "gaclip/model.h"

/* Checks ranges and that they fit together (heads divide widths, the patch divides the image). */
int gaclip__config_check(const GaclipModelConfig *config, GaclipError *err);

/* Keys: embed_dim, activation ("gelu", "quick_gelu"), ln_eps, dense_mode ("value", "full"), vision
 * {image_size, patch_size, width, layers, heads, stem: [widths]}, text {context_length,
 * vocab_size, width, layers, heads}, proposal {width, layers, upsample, lateral, octaves, finer},
 * image_mean, image_std, gsd [min, max]. stem, proposal and gsd may be absent. The result has been
 * checked. */
int gaclip__config_from_json(GaclipModelConfig *config, const cJSON *json, GaclipError *err);

/* NULL when memory is short; the caller deletes it. */
cJSON *gaclip__config_to_json(const GaclipModelConfig *config);

#endif
