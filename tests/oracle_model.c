#include "oracle_model.h"

#include <stdio.h>

#include "model/config.h"
#include "weights/gather.h"

GaclipModel *oracle_model(const char *weights, const char *config_file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", oracle_path(weights)); /* which does not last */
    return model_with_config(path, config_file);
}

GaclipModel *model_with_config(const char *weights, const char *config_file)
{
    GaclipError err = {0};
    GaclipModelConfig config = {0};
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipSafetensors *described = oracle_open(config_file);
    cJSON *json = cJSON_Parse(gaclip__safetensors_metadata(described, "config"));
    expect_ok(gaclip__config_from_json(&config, json, &err), &err);
    cJSON_Delete(json);
    gaclip__safetensors_close(described);
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip__model_declare(&model, &config, compute, &err), &err);
    GaclipWeights *source;
    const GaclipGathering gathering = {0};
    expect_ok(gaclip__weights_open(&source, weights, &err), &err);
    expect_ok(gaclip__gather(model, source, &gathering, &err), &err);
    return model;
}

void oracle_model_close(GaclipModel *model)
{
    GaclipCompute *compute = model->compute;
    gaclip_model_close(model);
    gaclip_compute_free(compute);
}

GaclipModel *random_model(uint64_t seed)
{
    static const char *const TEXTS[] = {"an aerial image of a storage tank", "a wind turbine",
                                        "an aerial image of bare ground", "a storage tank"};
    static const char *const TEMPLATES[] = {"an aerial image of a {}", "{}"};
    GaclipError err = {0};
    GaclipTokenizer *tokenizer;
    GaclipCompute *compute;
    GaclipModel *model;
    GaclipModelConfig config = {.embed_dim = 12,
                                .activation = GACLIP_GELU,
                                .norm_epsilon = 1e-5f,
                                .dense = GACLIP_DENSE_VALUE,
                                .vision = {32, 8, 16, 2, 2, 1, {6}},
                                .text = {.context_length = 16, .width = 8, .layers = 1, .heads = 2},
                                .proposal = {.width = 8, .layers = 2, .upsample = 2},
                                .image_mean = {0.4f, 0.45f, 0.5f},
                                .image_std = {0.2f, 0.21f, 0.22f},
                                .gsd_min = 0.1,
                                .gsd_max = 0.7};
    expect_ok(gaclip_tokenizer_learn(&tokenizer, TEXTS, 4, 40, 2, &err), &err);
    config.text.vocab_size = gaclip_tokenizer_vocab_size(tokenizer);
    expect_ok(gaclip_compute_new(&compute, 2, GACLIP_BACKEND_AUTO, &err), &err);
    expect_ok(gaclip_model_new(&model, &config, tokenizer, seed, compute, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_TEMPLATES, TEMPLATES, 2, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_BACKGROUND, TEXTS + 2, 1, &err), &err);
    expect_ok(gaclip_model_set_texts(model, GACLIP_CLASS_HINTS, TEXTS + 1, 1, &err), &err);
    expect_ok(gaclip_model_set_training(model, "{\"steps\":3,\"note\":\"\\u00e9\"}", &err), &err);
    return model;
}
