#include "weights/foreign_config.h"

#include <math.h>
#include <string.h>

#include "model/config.h"

static const float CLIP_MEAN[3] = {0.48145466f, 0.4578275f, 0.40821073f};
static const float CLIP_STD[3] = {0.26862954f, 0.26130258f, 0.27577711f};

static int bad(GaclipError *err, const char *name, const char *fact)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "configuration: %s %s", name, fact);
}

static const cJSON *get(const cJSON *json, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(json, name);
}

/* Of a dimension: its products with small numbers fit into an int. */
static const double LARGEST_NUMBER = 1e8;

/* fallback < 0: the number must be there. */
static int read_integer(int *out, const cJSON *json, const char *name, int fallback,
                        GaclipError *err)
{
    const cJSON *item = get(json, name);
    if ((!item || cJSON_IsNull(item)) && fallback >= 0) {
        *out = fallback;
        return GACLIP_OK;
    }
    double value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    if (!(value >= 0 && value <= LARGEST_NUMBER) || value != floor(value))
        return bad(err, name, "is missing, not a whole number, or too large");
    *out = (int)value;
    return GACLIP_OK;
}

typedef struct IntegerField {
    const char *name;
    int *place, fallback;
} IntegerField;

static int read_integers(const IntegerField *fields, size_t count, const cJSON *json,
                         GaclipError *err)
{
    int status = GACLIP_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = read_integer(fields[i].place, json, fields[i].name, fields[i].fallback, err);
    return status;
}

static int read_activation(GaclipActivation *out, const cJSON *side, GaclipError *err)
{
    const cJSON *item = get(side, "hidden_act");
    const char *text = item ? cJSON_GetStringValue(item) : "quick_gelu";
    if (!text || (strcmp(text, "quick_gelu") && strcmp(text, "gelu")))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "configuration: hidden_act is neither \"quick_gelu\" nor \"gelu\"");
    *out = strcmp(text, "gelu") ? GACLIP_QUICK_GELU : GACLIP_GELU;
    return GACLIP_OK;
}

/* A tower of Hugging Face's configuration, beside its numbers: MLP ratio, activation, epsilon. */
static int check_side(GaclipActivation *activation, double *epsilon, const cJSON *side,
                      const char *name, int width, int mlp_fallback, GaclipError *err)
{
    int mlp = 0, status = read_integer(&mlp, side, "intermediate_size", mlp_fallback, err);
    if (!status) status = read_activation(activation, side, err);
    if (status) return status;
    if (mlp != 4 * width)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "configuration: %s.intermediate_size is %d, not 4 times its "
                                "hidden_size of %d",
                                name, mlp, width);
    const cJSON *item = get(side, "layer_norm_eps");
    *epsilon = cJSON_IsNumber(item) ? item->valuedouble : 1e-5;
    return GACLIP_OK;
}

static int read_hugging_face(GaclipModelConfig *c, const cJSON *json, GaclipError *err)
{
    const cJSON *vision = get(json, "vision_config"), *text = get(json, "text_config");
    if (!cJSON_IsObject(vision) || !cJSON_IsObject(text))
        return bad(err, "text_config and vision_config", "must both be objects");
    const IntegerField vision_fields[] = {{"image_size", &c->vision.image_size, 224},
                                          {"patch_size", &c->vision.patch_size, 32},
                                          {"hidden_size", &c->vision.width, 768},
                                          {"num_hidden_layers", &c->vision.layers, 12},
                                          {"num_attention_heads", &c->vision.heads, 12}};
    const IntegerField text_fields[] = {{"max_position_embeddings", &c->text.context_length, 77},
                                        {"vocab_size", &c->text.vocab_size, 49408},
                                        {"hidden_size", &c->text.width, 512},
                                        {"num_hidden_layers", &c->text.layers, 12},
                                        {"num_attention_heads", &c->text.heads, 8}};
    GaclipActivation text_activation = GACLIP_QUICK_GELU;
    double epsilon = 0, text_epsilon = 0;
    int status = read_integers(vision_fields, 5, vision, err);
    if (!status) status = read_integers(text_fields, 5, text, err);
    if (!status) status = read_integer(&c->embed_dim, json, "projection_dim", 512, err);
    if (!status)
        status = check_side(&c->activation, &epsilon, vision, "vision_config", c->vision.width,
                            3072, err);
    if (!status)
        status = check_side(&text_activation, &text_epsilon, text, "text_config", c->text.width,
                            2048, err);
    if (status) return status;
    if (text_activation != c->activation || text_epsilon != epsilon)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "configuration: the towers differ in hidden_act or layer_norm_eps");
    c->norm_epsilon = (float)epsilon;
    return GACLIP_OK;
}

static int read_numbers_3(float out[3], const cJSON *array, const char *name, GaclipError *err)
{
    if (!array || cJSON_IsNull(array)) return GACLIP_OK;
    if (cJSON_GetArraySize(array) != 3) return bad(err, name, "is not a list of three numbers");
    for (int i = 0; i < 3; i++) {
        const cJSON *item = cJSON_GetArrayItem(array, i);
        if (!cJSON_IsNumber(item)) return bad(err, name, "is not a list of three numbers");
        out[i] = (float)item->valuedouble;
    }
    return GACLIP_OK;
}

static int refuse_other_towers(const cJSON *vision, const cJSON *text, GaclipError *err)
{
    if (cJSON_GetStringValue(get(vision, "timm_model_name")) ||
        cJSON_GetStringValue(get(text, "hf_model_name")) || cJSON_IsArray(get(vision, "layers")))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "configuration: its towers are not CLIP's own (a timm, Hugging "
                                "Face or ResNet tower); gaclip reads CLIP ViT models");
    const cJSON *ratio = get(vision, "mlp_ratio");
    if (cJSON_IsNumber(ratio) && ratio->valuedouble != 4)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "configuration: vision_cfg.mlp_ratio is %g, not 4",
                                ratio->valuedouble);
    return GACLIP_OK;
}

/* Settings of open_clip that change what is computed while the tensors stay as CLIP's are. */
static int refuse_other_computation(const cJSON *tower, const char *name, const char *pooling,
                                    GaclipError *err)
{
    static const char *const FLAGS[] = {
        "final_ln_after_pool", "no_causal_mask",      "embed_cls",      "no_ln_pre",
        "attentional_pool",    "global_average_pool", "input_patchnorm"};
    static const char *const SETTINGS[] = {"norm_kwargs", "act_kwargs"};
    const char *pool = cJSON_GetStringValue(get(tower, "pool_type")), *found = NULL;
    if (pool && strcmp(pool, pooling)) found = "pool_type";
    for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS && !found; i++) {
        const cJSON *flag = get(tower, FLAGS[i]);
        if (flag && !cJSON_IsNull(flag) && !cJSON_IsFalse(flag)) found = FLAGS[i];
    }
    for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS && !found; i++)
        if (cJSON_GetArraySize(get(tower, SETTINGS[i])) > 0) found = SETTINGS[i];
    if (!found) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "configuration: %s.%s is not as in CLIP, which is all that gaclip "
                            "computes",
                            name, found);
}

static int read_open_clip(GaclipModelConfig *c, const cJSON *json, GaclipError *err)
{
    const cJSON *whole = json, *model = get(json, "model_cfg");
    if (cJSON_IsObject(model)) json = model;
    const cJSON *vision = get(json, "vision_cfg"), *text = get(json, "text_cfg");
    if (!cJSON_IsObject(vision) || !cJSON_IsObject(text))
        return bad(err, "text_cfg and vision_cfg", "must both be objects");
    int head_width = 0, status = refuse_other_towers(vision, text, err);
    if (!status) status = refuse_other_computation(vision, "vision_cfg", "tok", err);
    if (!status) status = refuse_other_computation(text, "text_cfg", "argmax", err);
    const IntegerField vision_fields[] = {{"image_size", &c->vision.image_size, 224},
                                          {"patch_size", &c->vision.patch_size, -1},
                                          {"width", &c->vision.width, -1},
                                          {"layers", &c->vision.layers, -1},
                                          {"head_width", &head_width, 64}};
    const IntegerField text_fields[] = {{"context_length", &c->text.context_length, 77},
                                        {"vocab_size", &c->text.vocab_size, 49408},
                                        {"width", &c->text.width, 512},
                                        {"layers", &c->text.layers, 12},
                                        {"heads", &c->text.heads, 8}};
    if (!status) status = read_integers(vision_fields, 5, vision, err);
    if (!status) status = read_integers(text_fields, 5, text, err);
    if (!status) status = read_integer(&c->embed_dim, json, "embed_dim", -1, err);
    if (status) return status;
    if (head_width < 1 || c->vision.width % head_width)
        return bad(err, "vision_cfg.head_width", "does not divide its width");
    c->vision.heads = c->vision.width / head_width;
    c->activation = cJSON_IsTrue(get(json, "quick_gelu")) ? GACLIP_QUICK_GELU : GACLIP_GELU;
    const cJSON *preprocess = get(whole, "preprocess_cfg");
    status = read_numbers_3(c->image_mean, get(preprocess, "mean"), "preprocess_cfg.mean", err);
    if (!status)
        status = read_numbers_3(c->image_std, get(preprocess, "std"), "preprocess_cfg.std", err);
    return status;
}

void gaclip__foreign_config_init(GaclipModelConfig *c)
{
    *c = (GaclipModelConfig){.norm_epsilon = 1e-5f,
                             .dense = GACLIP_DENSE_VALUE,
                             .proposal = {.layers = 1, .upsample = 1}};
    memcpy(c->image_mean, CLIP_MEAN, sizeof CLIP_MEAN);
    memcpy(c->image_std, CLIP_STD, sizeof CLIP_STD);
}

int gaclip__foreign_config_read(GaclipModelConfig *config, const cJSON *json, GaclipError *err)
{
    int status;
    gaclip__foreign_config_init(config);
    if (get(json, "vision_config") || get(json, "text_config"))
        status = read_hugging_face(config, json, err);
    else if (get(json, "model_cfg") || get(json, "vision_cfg"))
        status = read_open_clip(config, json, err);
    else if (get(json, "vision"))
        return gaclip__config_from_json(config, json, err);
    else
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "is not the configuration of a CLIP model; it lies where one is "
                                "looked for: move it away to have the weights' shapes tell");
    return status ? status : gaclip__config_check(config, err);
}

int gaclip__foreign_config_image(GaclipModelConfig *config, const cJSON *json, GaclipError *err)
{
    int status = read_numbers_3(config->image_mean, get(json, "image_mean"), "image_mean", err);
    if (!status)
        status = read_numbers_3(config->image_std, get(json, "image_std"), "image_std", err);
    return status ? status : gaclip__config_check(config, err);
}
