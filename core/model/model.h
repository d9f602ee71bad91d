/* Inside the model: what the library's other parts may use of it. */
#ifndef GACLIP_MODEL_MODEL_H
#define GACLIP_MODEL_MODEL_H

#include "gaclip/model.h"
#include "model/parameters.h"
#include "model/proposal_head.h"
#include "model/safetensors.h"
#include "model/text_tower.h"
#include "model/vision_tower.h"

enum { GACLIP__TEXT_LISTS = 3 };

typedef struct GaclipTexts {
    char **items;
    size_t count;
} GaclipTexts;

struct GaclipModel {
    GaclipModelConfig config;
    GaclipCompute *compute; /* borrowed */
    GaclipParameters parameters;
    int logit_scale; /* index of the learned log of 1 / temperature */
    GaclipVision vision;
    GaclipTextTower text;
    GaclipProposalHead proposals;
    GaclipTokenizer *tokenizer; /* NULL for weights without one (tests) */
    GaclipTexts texts[GACLIP__TEXT_LISTS];
    char *training, *metadata;   /* JSON texts, or NULL */
    GaclipSafetensors *file;     /* what mapped weights live in, or NULL */
    char *path, sha256[65];
    GaclipArena arena; /* activations of the latest pass */
};

/* An empty model with all parameters declared, none valued. */
int gaclip__model_declare(GaclipModel **out, const GaclipModelConfig *config,
                          GaclipCompute *compute, GaclipError *err);

/* Gives every parameter its value from file (taken over on success): mapped when all are aligned
 * f32, else widened into memory. A missing, unknown or misshapen tensor is GACLIP_ERROR_FORMAT. */
int gaclip__model_take_weights(GaclipModel *model, GaclipSafetensors *file, GaclipError *err);

float *gaclip__model_logit_scale_gradient(GaclipModel *model);

/* The phrase in the model's prompt template of that index ("{}" where it has none); NULL when
 * memory is short. The caller frees it. */
char *gaclip__model_prompt(const GaclipModel *model, const char *phrase, size_t index);

#endif
