#include "model/config.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct IntegerField {
    const char *name;
    size_t offset; /* in GaclipModelConfig */
    int smallest, largest, is_optional;
} IntegerField;

#define FIELD(member, name, smallest, largest)                                                     \
    {                                                                                              \
        name, offsetof(GaclipModelConfig, member), smallest, largest, 0                            \
    }

static const IntegerField TOP_FIELDS[] = {FIELD(embed_dim, "embed_dim", 1, 8192)};
static const IntegerField VISION_FIELDS[] = {
    FIELD(vision.image_size, "image_size", 1, 4096), FIELD(vision.patch_size, "patch_size", 1, 256),
    FIELD(vision.width, "width", 1, 8192), FIELD(vision.layers, "layers", 1, 256),
    FIELD(vision.heads, "heads", 1, 256)};
static const IntegerField TEXT_FIELDS[] = {
    FIELD(text.context_length, "context_length", 2, 4096),
    FIELD(text.vocab_size, "vocab_size", 3, 1 << 20), FIELD(text.width, "width", 1, 8192),
    FIELD(text.layers, "layers", 1, 256), FIELD(text.heads, "heads", 1, 256)};
static const IntegerField PROPOSAL_FIELDS[] = {
    FIELD(proposal.width, "width", 0, 8192),
    FIELD(proposal.layers, "layers", 1, GACLIP_MAX_HEAD),
    FIELD(proposal.upsample, "upsample", 1, 4),
    {"lateral", offsetof(GaclipModelConfig, proposal.lateral), 0, 1, 1},
    {"octaves", offsetof(GaclipModelConfig, proposal.octaves), 0, 4, 1},
    {"finer", offsetof(GaclipModelConfig, proposal.finer), 0, 2, 1}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *group;
    const IntegerField *fields;
    size_t count;
    int optional;
} GROUPS[] = {{NULL, TOP_FIELDS, COUNT(TOP_FIELDS), 0},
              {"vision", VISION_FIELDS, COUNT(VISION_FIELDS), 0},
              {"text", TEXT_FIELDS, COUNT(TEXT_FIELDS), 0},
              {"proposal", PROPOSAL_FIELDS, COUNT(PROPOSAL_FIELDS), 1}};

static int *place(GaclipModelConfig *config, const IntegerField *field)
{
    return (int *)(void *)((char *)config + field->offset);
}

static int bad(GaclipError *err, const char *group, const char *name, const char *fact)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "model configuration: %s%s%s %s",
                            group ? group : "", group ? "." : "", name, fact);
}

static int check_integers(const GaclipModelConfig *config, GaclipError *err)
{
    for (size_t g = 0; g < COUNT(GROUPS); g++)
        for (size_t i = 0; i < GROUPS[g].count; i++) {
            const IntegerField *f = &GROUPS[g].fields[i];
            int value = *(const int *)(const void *)((const char *)config + f->offset);
            if (value < f->smallest || value > f->largest)
                return gaclip_error_set(
                    err, GACLIP_ERROR_FORMAT, "model configuration: %s%s%s is %d, not in %d..%d",
                    GROUPS[g].group ? GROUPS[g].group : "", GROUPS[g].group ? "." : "", f->name,
                    value, f->smallest, f->largest);
        }
    return GACLIP_OK;
}

static int check_stem(const GaclipModelConfig *config, GaclipError *err)
{
    int layers = config->vision.stem_layers;
    if (layers < 0 || layers > GACLIP_MAX_STEM || config->vision.patch_size % (1 << layers))
        return bad(err, "vision", "stem", "has more layers than halve the patch size evenly");
    for (int i = 0; i < layers; i++)
        if (config->vision.stem_widths[i] < 1 || config->vision.stem_widths[i] > 4096)
            return bad(err, "vision", "stem", "holds a width that is not in 1..4096");
    return GACLIP_OK;
}

/* A map as fine as each doubling of the head's must come out of the stem. */
static int check_head(const GaclipModelConfig *config, GaclipError *err)
{
    int up = config->proposal.upsample, patch = config->vision.patch_size;
    if (!config->proposal.width) return GACLIP_OK;
    if (up == 3) return bad(err, "proposal", "upsample", "is not 1, 2 or 4");
    if (!config->proposal.lateral) return GACLIP_OK;
    if (up == 1) return bad(err, "proposal", "lateral", "needs an upsample of 2 or 4");
    if (patch & (patch - 1) || patch < 2 * up || patch > 2 << config->vision.stem_layers)
        return bad(err, "proposal", "lateral",
                   "needs a stem with a layer for each map from the patch grid up");
    return GACLIP_OK;
}

static int check_numbers(const GaclipModelConfig *config, GaclipError *err)
{
    if (!(config->norm_epsilon > 0 && config->norm_epsilon < 1))
        return bad(err, NULL, "ln_eps", "is not in (0, 1)");
    for (int i = 0; i < 3; i++)
        if (!isfinite(config->image_mean[i]) ||
            !(config->image_std[i] > 1e-6f && config->image_std[i] < 1e6f))
            return bad(err, NULL, "image_mean and image_std", "must be finite, std positive");
    if (!(config->gsd_min >= 0 && config->gsd_max >= config->gsd_min && config->gsd_max < 1e6))
        return bad(err, NULL, "gsd", "is not a range of metres");
    return GACLIP_OK;
}

int gaclip__config_check(const GaclipModelConfig *config, GaclipError *err)
{
    int status = check_integers(config, err);
    if (!status) status = check_stem(config, err);
    if (!status) status = check_head(config, err);
    if (!status) status = check_numbers(config, err);
    if (status) return status;
    if (config->vision.image_size % config->vision.patch_size)
        return bad(err, "vision", "patch_size", "does not divide image_size");
    if (config->vision.width % config->vision.heads)
        return bad(err, "vision", "heads", "does not divide width");
    if (config->text.width % config->text.heads)
        return bad(err, "text", "heads", "does not divide width");
    return GACLIP_OK;
}

static int read_integers(GaclipModelConfig *config, const cJSON *json, GaclipError *err)
{
    for (size_t g = 0; g < COUNT(GROUPS); g++) {
        const char *group = GROUPS[g].group;
        const cJSON *object = group ? cJSON_GetObjectItemCaseSensitive(json, group) : json;
        if (!object && GROUPS[g].optional) continue;
        if (!cJSON_IsObject(object)) return bad(err, NULL, group ? group : "", "is missing");
        for (size_t i = 0; i < GROUPS[g].count; i++) {
            const IntegerField *f = &GROUPS[g].fields[i];
            const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, f->name);
            if (!item && f->is_optional) continue;
            double value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
            if (!(value >= -1e9 && value <= 1e9) || value != floor(value))
                return bad(err, group, f->name, "is missing or not an integer");
            *place(config, f) = (int)value;
        }
    }
    return GACLIP_OK;
}

/* An array of exactly count numbers, or from smallest to count when found is given. */
static int read_numbers(double *out, int count, int *found, const cJSON *json, const char *name,
                        GaclipError *err)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, name), *item;
    int size = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : -1, i = 0;
    if (size < 0 || size > count || (!found && size != count))
        return bad(err, NULL, name, "is not an array of the right length");
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsNumber(item)) return bad(err, NULL, name, "holds something not a number");
        out[i++] = item->valuedouble;
    }
    if (found) *found = size;
    return GACLIP_OK;
}

static int read_choice(int *out, const cJSON *json, const char *name, const char *zero,
                       const char *one, GaclipError *err)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    if (!text || (strcmp(text, zero) && strcmp(text, one)))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "model configuration: %s is neither \"%s\" nor \"%s\"", name, zero,
                                one);
    *out = !strcmp(text, one);
    return GACLIP_OK;
}

static int read_stem(GaclipModelConfig *config, const cJSON *vision, GaclipError *err)
{
    double widths[GACLIP_MAX_STEM] = {0};
    if (!cJSON_GetObjectItemCaseSensitive(vision, "stem")) return GACLIP_OK;
    int status =
        read_numbers(widths, GACLIP_MAX_STEM, &config->vision.stem_layers, vision, "stem", err);
    for (int i = 0; i < config->vision.stem_layers && !status; i++) {
        if (!(widths[i] >= 1 && widths[i] <= 4096) || widths[i] != floor(widths[i]))
            return bad(err, "vision", "stem", "holds a width that is not in 1..4096");
        config->vision.stem_widths[i] = (int)widths[i];
    }
    return status;
}

int gaclip__config_from_json(GaclipModelConfig *config, const cJSON *json, GaclipError *err)
{
    *config = (GaclipModelConfig){.proposal = {.layers = 1, .upsample = 1}};
    if (!cJSON_IsObject(json)) return bad(err, NULL, "it", "is not a JSON object");
    double mean[3], deviation[3], gsd[2] = {0};
    int activation = 0, dense = 0, status = read_integers(config, json, err);
    if (!status) status = read_choice(&activation, json, "activation", "quick_gelu", "gelu", err);
    if (!status) status = read_choice(&dense, json, "dense_mode", "value", "full", err);
    if (!status) status = read_numbers(mean, 3, NULL, json, "image_mean", err);
    if (!status) status = read_numbers(deviation, 3, NULL, json, "image_std", err);
    if (!status && cJSON_GetObjectItemCaseSensitive(json, "gsd"))
        status = read_numbers(gsd, 2, NULL, json, "gsd", err);
    if (!status) status = read_stem(config, cJSON_GetObjectItemCaseSensitive(json, "vision"), err);
    if (status) return status;
    const cJSON *epsilon = cJSON_GetObjectItemCaseSensitive(json, "ln_eps");
    config->norm_epsilon = cJSON_IsNumber(epsilon) ? (float)epsilon->valuedouble : 0.0f;
    config->activation = activation ? GACLIP_GELU : GACLIP_QUICK_GELU;
    config->dense = dense ? GACLIP_DENSE_FULL : GACLIP_DENSE_VALUE;
    config->gsd_min = gsd[0];
    config->gsd_max = gsd[1];
    for (int i = 0; i < 3; i++) {
        config->image_mean[i] = (float)mean[i];
        config->image_std[i] = (float)deviation[i];
    }
    return gaclip__config_check(config, err);
}

/* The shortest decimal that reads back as the same float: 0.1f is written as 0.1. */
static double tidy(float value)
{
    double rounded = round((double)value * 1e8) / 1e8;
    return (float)rounded == value ? rounded : (double)value;
}

static cJSON *floats_to_json(const float *values, int count)
{
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateNumber(tidy(values[i])));
    return array;
}

cJSON *gaclip__config_to_json(const GaclipModelConfig *config)
{
    cJSON *json = cJSON_CreateObject();
    for (size_t g = 0; g < COUNT(GROUPS) && json; g++) {
        const char *group = GROUPS[g].group;
        cJSON *object = group ? cJSON_AddObjectToObject(json, group) : json;
        for (size_t i = 0; i < GROUPS[g].count && object; i++) {
            const IntegerField *f = &GROUPS[g].fields[i];
            cJSON_AddNumberToObject(object, f->name,
                                    *(const int *)(const void *)((const char *)config + f->offset));
        }
    }
    cJSON *vision = cJSON_GetObjectItemCaseSensitive(json, "vision");
    if (!vision) {
        cJSON_Delete(json);
        return NULL;
    }
    cJSON_AddItemToObject(
        vision, "stem",
        cJSON_CreateIntArray(config->vision.stem_widths, config->vision.stem_layers));
    cJSON_AddStringToObject(json, "activation",
                            config->activation == GACLIP_GELU ? "gelu" : "quick_gelu");
    cJSON_AddStringToObject(json, "dense_mode",
                            config->dense == GACLIP_DENSE_FULL ? "full" : "value");
    cJSON_AddNumberToObject(json, "ln_eps", tidy(config->norm_epsilon));
    cJSON_AddItemToObject(json, "image_mean", floats_to_json(config->image_mean, 3));
    cJSON_AddItemToObject(json, "image_std", floats_to_json(config->image_std, 3));
    const double gsd[2] = {config->gsd_min, config->gsd_max};
    cJSON_AddItemToObject(json, "gsd", cJSON_CreateDoubleArray(gsd, 2));
    return json;
}
