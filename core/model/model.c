#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/calibration.h"
#include "model/config.h"
#include "model/synonyms.h"
#include "weights/weights.h"

int gaclip__model_declare(GaclipModel **out, const GaclipModelConfig *config,
                          GaclipCompute *compute, GaclipError *err)
{
    *out = NULL;
    int status = gaclip__config_check(config, err);
    if (status) return status;
    GaclipModel *model = calloc(1, sizeof *model);
    if (!model) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    model->config = *config;
    model->compute = compute;
    model->logit_scale = gaclip__parameters_add(&model->parameters, "logit_scale", 0, 0, 0, 0, 0);
    status = gaclip__vision_declare(&model->vision, &model->config, &model->parameters, err);
    if (!status)
        status = gaclip__text_declare(&model->text, &model->config, &model->parameters, err);
    if (!status)
        status =
            gaclip__proposal_declare(&model->proposals, &model->config, &model->parameters, err);
    if (status) {
        gaclip_model_close(model);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}

static void free_texts(GaclipTexts *texts)
{
    for (size_t i = 0; i < texts->count; i++) free(texts->items[i]);
    free(texts->items);
    *texts = (GaclipTexts){0};
}

void gaclip_model_close(GaclipModel *model)
{
    if (!model) return;
    gaclip__vision_clear(&model->vision);
    gaclip__text_clear(&model->text);
    gaclip__parameters_free(&model->parameters);
    gaclip_tokenizer_free(model->tokenizer);
    for (int i = 0; i < GACLIP__TEXT_LISTS; i++) free_texts(&model->texts[i]);
    gaclip__calibration_clear(model);
    gaclip__synonyms_clear(model);
    free(model->training);
    free(model->metadata);
    free(model->path);
    gaclip__weights_close(model->weights);
    free(model->made);
    gaclip__arena_free(&model->arena);
    free(model);
}

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

static float *writable(GaclipModel *model, const char *name)
{
    const GaclipParameter *entry = gaclip__parameters_find(&model->parameters, name);
    return entry ? model->parameters.values + entry->offset : NULL;
}

/* Standard deviations as CLIP's (Radford et al., 2021; open_clip's initialisation): fan-in for
 * matrices, residual outputs scaled by depth; norms 1, biases 0 but those of the stem: without
 * them even ground (a masked part, say) has no variance, and each norm multiplies its gradient by
 * 1 / sqrt(epsilon). */
static double deviation_of(const GaclipModel *model, const GaclipParameter *p)
{
    int in_vision = !strncmp(p->name, "visual.", 7);
    int layers = in_vision ? model->config.vision.layers : model->config.text.layers;
    if (strstr(p->name, "stem.") && ends_with(p->name, "conv.bias")) return 0.1;
    if (p->rank == 0 || ends_with(p->name, "bias")) return 0;
    if (!strcmp(p->name, "token_embedding.weight")) return 0.02;
    if (!strcmp(p->name, "positional_embedding")) return 0.01;
    if (!strcmp(p->name, "visual.positional_embedding") ||
        !strcmp(p->name, "visual.class_embedding"))
        return 1 / sqrt(model->config.vision.width);
    if (!strcmp(p->name, "visual.proj") || !strcmp(p->name, "text_projection"))
        return 1 / sqrt(p->shape[0]);
    if (!strcmp(p->name, "proposal.out.weight")) return 0.01;
    if (p->rank == 1) return 0;
    double deviation = 1 / sqrt((double)p->count / p->shape[0]);
    if (ends_with(p->name, "out_proj.weight") || ends_with(p->name, "c_proj.weight"))
        return deviation / sqrt(2.0 * layers);
    if (strstr(p->name, "stem.") || ends_with(p->name, "c_fc.weight") ||
        !strncmp(p->name, "proposal.", 9))
        return deviation * sqrt(2); /* an activation follows */
    return deviation;
}

static void randomise(GaclipModel *model, uint64_t seed)
{
    GaclipRandom random;
    gaclip__random_seed(&random, seed);
    for (int i = 0; i < model->parameters.count; i++) {
        const GaclipParameter *p = &model->parameters.entries[i];
        float *value = model->parameters.values + p->offset;
        double deviation = deviation_of(model, p);
        int is_norm = p->rank == 1 && ends_with(p->name, "weight");
        for (size_t k = 0; k < p->count; k++)
            value[k] =
                is_norm ? 1.0f
                        : (float)(deviation > 0 ? deviation * gaclip__random_normal(&random) : 0.0);
    }
    *writable(model, "logit_scale") = logf(1 / 0.07f);
    float *out = writable(model, "proposal.out.bias");
    if (!out) return;
    out[0] = -4.0f; /* a rare event: 2 % objectness at the start (Lin et al., 2017, section 4.1) */
    for (int i = 1; i < GACLIP__HEAD_CHANNELS; i++) out[i] = 1.0f; /* boxes of 2e strides */
}

int gaclip_model_new(GaclipModel **out, const GaclipModelConfig *config, GaclipTokenizer *tokenizer,
                     uint64_t seed, GaclipCompute *compute, GaclipError *err)
{
    *out = NULL;
    if (gaclip_tokenizer_vocab_size(tokenizer) != config->text.vocab_size)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "the tokenizer has %d tokens, the configuration %d",
                                gaclip_tokenizer_vocab_size(tokenizer), config->text.vocab_size);
    GaclipModel *model;
    int status = gaclip__model_declare(&model, config, compute, err);
    if (status) return status;
    status = gaclip__parameters_own(&model->parameters, err);
    if (status) {
        gaclip_model_close(model);
        return status;
    }
    randomise(model, seed);
    model->tokenizer = tokenizer;
    *out = model;
    return GACLIP_OK;
}

const GaclipModelConfig *gaclip_model_config(const GaclipModel *model)
{
    return &model->config;
}

const GaclipCompute *gaclip_model_compute(const GaclipModel *model)
{
    return model->compute;
}

const GaclipTokenizer *gaclip_model_tokenizer(const GaclipModel *model)
{
    return model->tokenizer;
}

const char *gaclip_model_path(const GaclipModel *model)
{
    return model->path ? model->path : "";
}

size_t gaclip_model_parameter_count(const GaclipModel *model, const char *prefix)
{
    size_t count = 0;
    for (int i = 0; i < model->parameters.count; i++)
        if (!strncmp(model->parameters.entries[i].name, prefix, strlen(prefix)))
            count += model->parameters.entries[i].count;
    return count;
}

size_t gaclip_model_text_count(const GaclipModel *model, GaclipTextList list)
{
    return model->texts[list].count;
}

const char *gaclip_model_text_at(const GaclipModel *model, GaclipTextList list, size_t index)
{
    return model->texts[list].items[index];
}

int gaclip_model_set_texts(GaclipModel *model, GaclipTextList list, const char *const *texts,
                           size_t count, GaclipError *err)
{
    GaclipTexts fresh = {calloc(count + 1, sizeof *fresh.items), 0};
    while (fresh.items && fresh.count < count) {
        fresh.items[fresh.count] = strdup(texts[fresh.count]);
        if (!fresh.items[fresh.count]) break;
        fresh.count++;
    }
    if (!fresh.items || fresh.count < count) {
        free_texts(&fresh);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    free_texts(&model->texts[list]);
    model->texts[list] = fresh;
    return GACLIP_OK;
}

void gaclip_model_set_gsd(GaclipModel *model, double gsd_min, double gsd_max)
{
    model->config.gsd_min = gsd_min;
    model->config.gsd_max = gsd_max;
}

int gaclip_model_set_scales(GaclipModel *model, int octaves, int finer, GaclipError *err)
{
    GaclipModelConfig changed = model->config;
    if (octaves < 0 && finer < 0) return GACLIP_OK;
    if (!changed.proposal.width)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "the model has no proposal head that could look at other scales");
    if (octaves >= 0) changed.proposal.octaves = octaves;
    if (finer >= 0) changed.proposal.finer = finer;
    int status = gaclip__config_check(&changed, err);
    if (!status) model->config.proposal = changed.proposal;
    return status;
}

float gaclip_model_logit_scale(const GaclipModel *model)
{
    return expf(*model->parameters.entries[model->logit_scale].value);
}

float *gaclip__model_logit_scale_gradient(GaclipModel *model)
{
    return model->parameters.entries[model->logit_scale].gradient;
}
