/* Inside the model: what the library's other parts may use of it. */
#ifndef GACLIP_MODEL_MODEL_H
#define GACLIP_MODEL_MODEL_H

#include <cjson/cJSON.h>

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
    GaclipCalibration *calibration; /* (calibration_count) names are the model's own */
    size_t calibration_count;
    GaclipSynonym *synonyms; /* (synonym_count) likewise */
    size_t synonym_count;
    char *training, *metadata;     /* JSON texts, or NULL */
    struct GaclipWeights *weights; /* what values that are used in place live in, or NULL */
    float *made;                   /* values that had to be made beside those, or NULL */
    char *path, sha256[65];
    GaclipArena arena; /* activations of the latest pass */
};

/* An empty model with all parameters declared, none valued. */
int gaclip__model_declare(GaclipModel **out, const GaclipModelConfig *config,
                          GaclipCompute *compute, GaclipError *err);

/* Fills in what a gaclip file's "gaclip" metadata (json) and merges say: texts, training
 * provenance, tokenizer, path. */
int gaclip__model_read_rest(GaclipModel *model, const GaclipSafetensors *file, const cJSON *json,
                            const char *path, GaclipError *err);
/* Parses and checks the metadata; the caller deletes *json. */
int gaclip__model_read_metadata(GaclipModelConfig *config, cJSON **json,
                                const GaclipSafetensors *file, GaclipError *err);
/* The model's "gaclip" metadata as it would be saved; NULL when memory is short. cJSON_free it. */
char *gaclip__model_metadata_text(const GaclipModel *model);

float *gaclip__model_logit_scale_gradient(GaclipModel *model);

/* The phrase in the model's prompt template of that index ("{}" where it has none); NULL when
 * memory is short. The caller frees it. */
char *gaclip__model_prompt(const GaclipModel *model, const char *phrase, size_t index);

#endif
