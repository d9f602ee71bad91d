/* Reading a recipe: the file, and what all parts of it need. */
#include "recipe.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "expand_variables.h"
#include "folder.h"

static int out_of_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a recipe");
}

static int keep(const char **out, GaclipRecipe *recipe, const char *text, GaclipError *err)
{
    *out = gaclip__pool_text(&recipe->pool, text, strlen(text));
    return *out ? GACLIP_OK : out_of_memory(err);
}

int gaclip__recipe_text(const char **out, GaclipRecipe *recipe, const GaclipJson *object,
                        const char *key, GaclipError *err)
{
    const char *text = NULL;
    int status = gaclip__json_text_of(&text, object, key, err);
    return status || !text ? status : keep(out, recipe, text, err);
}

int gaclip__recipe_texts(const char *const **out, int *count, GaclipRecipe *recipe,
                         const GaclipJson *object, const char *key, GaclipError *err)
{
    GaclipJson list, item;
    if (!gaclip__json_find(&list, object, key)) return GACLIP_OK;
    int status = gaclip__json_array(&list, err);
    if (status) return status;
    size_t size = (size_t)cJSON_GetArraySize(list.value);
    const char **texts = gaclip__pool_bytes(&recipe->pool, (size + 1) * sizeof *texts);
    if (!texts) return out_of_memory(err);
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item)) {
        const char *text;
        status = gaclip__json_text(&text, &item, err);
        if (!status) status = keep(&texts[item.index], recipe, text, err);
    }
    *out = texts;
    *count = (int)size;
    return status;
}

int gaclip__recipe_file(const char **out, GaclipRecipe *recipe, const GaclipJson *object,
                        const char *key, GaclipError *err)
{
    GaclipJson member;
    const char *text;
    char *missing = NULL;
    if (!gaclip__json_find(&member, object, key)) return GACLIP_OK;
    int status = gaclip__json_text(&text, &member, err);
    if (status) return status;
    char *name = gaclip__expand_variables(&missing, text);
    if (!name) {
        status = gaclip__json_fail(&member, err, "\"%.200s\" needs the environment variable %.60s",
                                   text, missing);
        CPLFree(missing);
        return status;
    }
    const char *full = CPLProjectRelativeFilename(recipe->folder, name);
    if (!gaclip__is_file(full) && !gaclip__is_folder(full)) {
        /* Subdatasets and connection strings are names of GDAL's, not of files. */
        if (strchr(name, ':'))
            full = name;
        else
            status = gaclip__json_fail(&member, err, "%.400s is not there", full);
    }
    if (!status) status = keep(out, recipe, full, err);
    CPLFree(name);
    return status;
}

int gaclip__recipe_range(double *low, double *high, const GaclipJson *object, const char *key,
                         double smallest, double largest, GaclipError *err)
{
    GaclipJson member;
    double range[2];
    if (!gaclip__json_find(&member, object, key)) return GACLIP_OK;
    int status = gaclip__json_numbers(range, 2, &member, err);
    if (status) return status;
    if (!(range[0] >= smallest && range[1] <= largest && range[0] <= range[1]))
        return gaclip__json_fail(&member, err, "%g to %g is no range within %g to %g", range[0],
                                 range[1], smallest, largest);
    *low = range[0];
    *high = range[1];
    return GACLIP_OK;
}

static int check_header(const GaclipJson *root, GaclipError *err)
{
    static const char *const KEYS[] = {"format", "version", "description", "seed",
                                       "model",  "stages",  NULL};
    GaclipJson member;
    const char *format;
    int version;
    int status = gaclip__json_keys(root, KEYS, err);
    if (!status) status = gaclip__json_need(&member, root, "format", err);
    if (!status) status = gaclip__json_text(&format, &member, err);
    if (!status && strcmp(format, "gaclip-recipe") != 0)
        status =
            gaclip__json_fail(&member, err, "is \"%.60s\" in place of \"gaclip-recipe\"", format);
    if (!status) status = gaclip__json_need(&member, root, "version", err);
    if (!status) status = gaclip__json_whole(&version, &member, 1, INT_MAX, err);
    if (!status && version > 1)
        status =
            gaclip__json_fail(&member, err, "version %d is newer than 1; update gaclip", version);
    return status;
}

static int read_stages(GaclipRecipe *recipe, const GaclipJson *root, GaclipError *err)
{
    GaclipJson list, item;
    int status = gaclip__json_need(&list, root, "stages", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    size_t count = (size_t)cJSON_GetArraySize(list.value);
    if (!count) return gaclip__json_fail(&list, err, "has no stage");
    recipe->stages = gaclip__pool_bytes(&recipe->pool, count * sizeof *recipe->stages);
    if (!recipe->stages) return out_of_memory(err);
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item)) {

        status =
            gaclip__recipe_read_stage(&recipe->stages[recipe->stage_count++], recipe, &item, err);
    }
    return status;
}

static int read_recipe(GaclipRecipe *recipe, const GaclipJson *root, GaclipError *err)
{
    GaclipJson model;
    const char *description;
    int seed = 1, status = check_header(root, err);
    if (!status) status = gaclip__json_text_of(&description, root, "description", err);
    if (!status) status = gaclip__json_whole_of(&seed, root, "seed", 0, INT_MAX, err);
    recipe->seed = (uint64_t)seed;
    if (!status) status = gaclip__json_need(&model, root, "model", err);
    if (!status) status = gaclip__recipe_read_model(recipe, &model, err);
    return status ? status : read_stages(recipe, root, err);
}

int gaclip_recipe_open(GaclipRecipe **out, const char *path, GaclipError *err)
{
    GaclipJson root;
    *out = NULL;
    GaclipRecipe *recipe = calloc(1, sizeof *recipe);
    if (!recipe) return out_of_memory(err);
    const char *folder = CPLGetPath(path);
    recipe->folder = CPLStrdup(*folder ? folder : ".");
    int status = gaclip__json_open(&root, path, err);
    if (!status) {
        status = read_recipe(recipe, &root, err);
        gaclip__json_close(&root);
    }
    if (status) {
        gaclip_recipe_close(recipe);
        return status;
    }
    *out = recipe;
    return GACLIP_OK;
}

void gaclip_recipe_close(GaclipRecipe *recipe)
{
    if (!recipe) return;
    gaclip__pool_free(&recipe->pool);
    CPLFree(recipe->folder);
    free(recipe);
}

const GaclipRecipeModel *gaclip_recipe_model(const GaclipRecipe *recipe)
{
    return &recipe->model;
}

uint64_t gaclip_recipe_seed(const GaclipRecipe *recipe)
{
    return recipe->seed;
}

int gaclip_recipe_stage_count(const GaclipRecipe *recipe)
{
    return recipe->stage_count;
}

const GaclipRecipeStage *gaclip_recipe_stage_at(const GaclipRecipe *recipe, int index)
{
    return &recipe->stages[index];
}
