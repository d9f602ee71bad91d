/* Architecture numbers of models that were not written by gaclip. */
#ifndef GACLIP_WEIGHTS_FOREIGN_CONFIG_H
#define GACLIP_WEIGHTS_FOREIGN_CONFIG_H

#include <cjson/cJSON.h>

#include "gaclip/model.h"
#include "weights/weights.h"

/* What CLIP models share: image statistics, epsilon, the dense map by the value path. */
void gaclip__foreign_config_init(GaclipModelConfig *config);

/* From a configuration: Hugging Face's config.json (absent numbers have CLIPConfig's defaults),
 * open_clip's (a model_configs file, or open_clip_config.json), or gaclip's own architecture
 * object. Image statistics are CLIP's where it names none. The result has been checked. */
int gaclip__foreign_config_read(GaclipModelConfig *config, const cJSON *json, GaclipError *err);

/* Image statistics of Hugging Face's preprocessor_config.json; others are left as they are. */
int gaclip__foreign_config_image(GaclipModelConfig *config, const cJSON *json, GaclipError *err);

/* From the tensors' shapes alone, as OpenAI's and open_clip's loaders do it. Heads have 64
 * channels but where published towers of that width have others. The activation is no shape: it is
 * QuickGELU at OpenAI's widths and GELU at others. */
int gaclip__foreign_config_guess(GaclipModelConfig *config, const GaclipWeights *weights,
                                 GaclipError *err);

#endif
