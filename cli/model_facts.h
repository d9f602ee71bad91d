/* What gaclip-model says of every model: the name of its architecture, its parts. */
#ifndef GACLIP_CLI_MODEL_FACTS_H
#define GACLIP_CLI_MODEL_FACTS_H

#include "gaclip/model.h"

/* "ViT-L/14", "ViT-L/14@336" where the window is not 224 pixels, or "ViT of 192 x 6 /8" for towers
 * without a name (width x blocks / patch). */
typedef struct ModelName {
    char text[48];
} ModelName;

ModelName model_name(const GaclipModelConfig *config);

/* "quick_gelu" or "gelu" */
const char *model_activation_name(GaclipActivation activation);

/* The type to write that comes closest to what the model was stored in. */
GaclipStorage model_storage(const GaclipModel *model);

enum { MODEL_VISION, MODEL_TEXT, MODEL_PROPOSAL, MODEL_OTHER, MODEL_PARTS };

/* "vision", ...; of which so many parameters; together all. */
const char *model_part_name(int part);
size_t model_part_count(const GaclipModel *model, int part);

#endif
