/* The model of a recipe: from a file, or of an architecture of its own, whose keys are those of a
 * model file. */
#include <stddef.h>
#include <string.h>

#include "recipe.h"

/* A whole number of the architecture. */
typedef struct Field {
    const char *key;
    size_t offset; /* in GaclipModelConfig */
    int smallest, largest, is_optional;
} Field;

#define FIELD(key, member, smallest, largest)                                                      \
    {                                                                                              \
        key, offsetof(GaclipModelConfig, member), smallest, largest, 0                             \
    }

static const Field VISION[] = {FIELD("image_size", vision.image_size, 1, 4096),
                               FIELD("patch_size", vision.patch_size, 1, 256),
                               FIELD("width", vision.width, 1, 8192),
                               FIELD("layers", vision.layers, 1, 256),
                               FIELD("heads", vision.heads, 1, 256),
                               {NULL, 0, 0, 0, 0}};
static const Field TEXT[] = {FIELD("context_length", text.context_length, 2, 4096),
                             FIELD("vocab_size", text.vocab_size, 514, 1 << 20),
                             FIELD("width", text.width, 1, 8192),
                             FIELD("layers", text.layers, 1, 256),
                             FIELD("heads", text.heads, 1, 256),
                             {NULL, 0, 0, 0, 0}};
static const Field PROPOSAL[] = {
    FIELD("width", proposal.width, 0, 8192),
    FIELD("layers", proposal.layers, 1, GACLIP_MAX_HEAD),
    FIELD("upsample", proposal.upsample, 1, 4),
    {"lateral", offsetof(GaclipModelConfig, proposal.lateral), 0, 1, 1},
    {"octaves", offsetof(GaclipModelConfig, proposal.octaves), 0, 4, 1},
    {"finer", offsetof(GaclipModelConfig, proposal.finer), 0, 2, 1},
    {NULL, 0, 0, 0, 0}};

/* The keys of a table and one more. */
enum { MOST_KEYS = 8 };

static int read_group(GaclipModelConfig *config, const GaclipJson *at, const char *group,
                      const Field *fields, const char *more, GaclipError *err)
{
    const char *keys[MOST_KEYS] = {0};
    GaclipJson object, member;
    int count = 0, status = gaclip__json_need(&object, at, group, err);
    for (; fields[count].key; count++) keys[count] = fields[count].key;
    keys[count] = more;
    if (status) return status;
    status = gaclip__json_keys(&object, keys, err);
    for (const Field *f = fields; f->key && !status; f++) {
        int *value = (int *)(void *)((char *)config + f->offset);
        if (f->is_optional && !gaclip__json_find(&member, &object, f->key)) continue;
        status = gaclip__json_need(&member, &object, f->key, err);
        if (!status) status = gaclip__json_whole(value, &member, f->smallest, f->largest, err);
    }
    return status;
}

/* Widths of the convolutions before the patches. */
static int read_stem(GaclipModelConfig *config, const GaclipJson *at, GaclipError *err)
{
    GaclipJson vision, list, item;
    if (!gaclip__json_find(&vision, at, "vision") || !gaclip__json_find(&list, &vision, "stem"))
        return GACLIP_OK;
    int status = gaclip__json_array(&list, err);
    if (status) return status;
    int count = cJSON_GetArraySize(list.value);
    if (count > GACLIP_MAX_STEM || config->vision.patch_size % (1 << count))
        return gaclip__json_fail(&list, err, "has more layers than halve the patch size evenly");
    config->vision.stem_layers = count;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = gaclip__json_whole(&config->vision.stem_widths[item.index], &item, 1, 4096, err);
    return status;
}

static int read_choice(int *out, const GaclipJson *at, const char *key, const char *zero,
                       const char *one, GaclipError *err)
{
    GaclipJson member;
    const char *text;
    if (!gaclip__json_find(&member, at, key)) return GACLIP_OK;
    int status = gaclip__json_text(&text, &member, err);
    if (status) return status;
    if (strcmp(text, zero) != 0 && strcmp(text, one) != 0)
        return gaclip__json_fail(&member, err, "is neither \"%s\" nor \"%s\"", zero, one);
    *out = !strcmp(text, one);
    return GACLIP_OK;
}

static int read_colours(float out[3], const GaclipJson *at, const char *key, double smallest,
                        GaclipError *err)
{
    GaclipJson member;
    double values[3];
    if (!gaclip__json_find(&member, at, key)) return GACLIP_OK;
    int status = gaclip__json_numbers(values, 3, &member, err);
    for (int i = 0; i < 3 && !status; i++) {
        if (!(values[i] >= smallest && values[i] <= 1))
            return gaclip__json_fail(&member, err, "%g is not in %g..1", values[i], smallest);
        out[i] = (float)values[i];
    }
    return status;
}

static int check_divisions(const GaclipModelConfig *c, const GaclipJson *at, GaclipError *err)
{
    if (c->vision.image_size % c->vision.patch_size)
        return gaclip__json_fail(at, err, "vision.patch_size does not divide image_size");
    if (c->vision.width % c->vision.heads)
        return gaclip__json_fail(at, err, "vision.heads does not divide width");
    if (c->text.width % c->text.heads)
        return gaclip__json_fail(at, err, "text.heads does not divide width");
    return GACLIP_OK;
}

/* CLIP's, where the recipe says nothing else. */
static const GaclipModelConfig DEFAULTS = {
    .activation = GACLIP_GELU,
    .norm_epsilon = 1e-5f,
    .dense = GACLIP_DENSE_VALUE,
    .proposal = {.layers = 1, .upsample = 1},
    .image_mean = {0.48145466f, 0.4578275f, 0.40821073f},
    .image_std = {0.26862954f, 0.26130258f, 0.27577711f},
};

static int read_architecture(GaclipModelConfig *config, const GaclipJson *at, GaclipError *err)
{
    static const char *const KEYS[] = {"embed_dim", "activation", "dense_mode", "ln_eps",
                                       "vision",    "text",       "proposal",   "image_mean",
                                       "image_std", NULL};
    GaclipJson member;
    double epsilon = DEFAULTS.norm_epsilon;
    int is_gelu = 1, is_full = 0, status = gaclip__json_keys(at, KEYS, err);
    *config = DEFAULTS;
    if (!status) status = gaclip__json_need(&member, at, "embed_dim", err);
    if (!status) status = gaclip__json_whole(&config->embed_dim, &member, 1, 8192, err);
    if (!status) status = read_choice(&is_gelu, at, "activation", "quick_gelu", "gelu", err);
    if (!status) status = read_choice(&is_full, at, "dense_mode", "value", "full", err);
    if (!status) status = gaclip__json_number_of(&epsilon, at, "ln_eps", 1e-12, 0.1, err);
    if (!status) status = read_group(config, at, "vision", VISION, "stem", err);
    if (!status) status = read_stem(config, at, err);
    if (!status) status = read_group(config, at, "text", TEXT, NULL, err);
    if (!status && gaclip__json_find(&member, at, "proposal"))
        status = read_group(config, at, "proposal", PROPOSAL, NULL, err);
    if (!status) status = read_colours(config->image_mean, at, "image_mean", 0, err);
    if (!status) status = read_colours(config->image_std, at, "image_std", 1e-3, err);
    config->activation = is_gelu ? GACLIP_GELU : GACLIP_QUICK_GELU;
    config->dense = is_full ? GACLIP_DENSE_FULL : GACLIP_DENSE_VALUE;
    config->norm_epsilon = (float)epsilon;
    return status ? status : check_divisions(config, at, err);
}

static int check_templates(const GaclipRecipeModel *model, const GaclipJson *at, GaclipError *err)
{
    for (int i = 0; i < model->template_count; i++)
        if (!strstr(model->templates[i], "{}"))
            return gaclip__json_fail(at, err, "templates[%d] \"%.60s\" has no {} for the phrase", i,
                                     model->templates[i]);
    return GACLIP_OK;
}

int gaclip__recipe_read_model(GaclipRecipe *recipe, const GaclipJson *at, GaclipError *err)
{
    static const char *const KEYS[] = {
        "init", "stretch_context", "architecture", "gsd", "templates", "background", NULL};
    GaclipRecipeModel *m = &recipe->model;
    GaclipJson member;
    int status = gaclip__json_keys(at, KEYS, err);
    if (!status) status = gaclip__recipe_file(&m->init, recipe, at, "init", err);
    if (!status)
        status = gaclip__json_whole_of(&m->stretch_context, at, "stretch_context", 2, 4096, err);
    if (status) return status;
    int has_architecture = gaclip__json_find(&member, at, "architecture");
    if (has_architecture == (m->init != NULL))
        return gaclip__json_fail(at, err,
                                 "needs one of \"init\" (a model file) and "
                                 "\"architecture\" (random weights)");
    if (m->stretch_context && !m->init)
        return gaclip__json_fail(at, err,
                                 "\"stretch_context\" is for a model of \"init\"; give "
                                 "text.context_length to a random one");
    if (has_architecture) status = read_architecture(&m->config, &member, err);
    if (!status) status = gaclip__recipe_range(&m->gsd_min, &m->gsd_max, at, "gsd", 1e-6, 1e6, err);
    m->config.gsd_min = m->gsd_min;
    m->config.gsd_max = m->gsd_max;
    if (!status)
        status =
            gaclip__recipe_texts(&m->templates, &m->template_count, recipe, at, "templates", err);
    if (!status)
        status = gaclip__recipe_texts(&m->background, &m->background_count, recipe, at,
                                      "background", err);
    return status ? status : check_templates(m, at, err);
}
