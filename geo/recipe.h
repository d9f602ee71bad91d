/* Inside a recipe: its parts and their readers. */
#ifndef GACLIP_GEO_RECIPE_H
#define GACLIP_GEO_RECIPE_H

#include "gaclip/recipe.h"
#include "json_reader.h"
#include "pool.h"

struct GaclipRecipe {
    GaclipPool pool; /* holds every text and list */
    char *folder;    /* from which names count */
    uint64_t seed;
    GaclipRecipeModel model;
    GaclipRecipeStage *stages;
    int stage_count;
};

int gaclip__recipe_read_model(GaclipRecipe *recipe, const GaclipJson *at, GaclipError *err);
int gaclip__recipe_read_stage(GaclipRecipeStage *stage, GaclipRecipe *recipe, const GaclipJson *at,
                              GaclipError *err);
/* An array of at least one source. */
int gaclip__recipe_read_sources(const GaclipRecipeSource **out, int *count, GaclipRecipe *recipe,
                                const GaclipJson *at, GaclipError *err);

/* Members that may be missing, when *out stays as it is. A text is copied. A file is a name with
 * its variables filled in, from the recipe's folder, and must be there. */
int gaclip__recipe_text(const char **out, GaclipRecipe *recipe, const GaclipJson *object,
                        const char *key, GaclipError *err);
int gaclip__recipe_texts(const char *const **out, int *count, GaclipRecipe *recipe,
                         const GaclipJson *object, const char *key, GaclipError *err);
int gaclip__recipe_file(const char **out, GaclipRecipe *recipe, const GaclipJson *object,
                        const char *key, GaclipError *err);
/* Two numbers, the smaller one first. */
int gaclip__recipe_range(double *low, double *high, const GaclipJson *object, const char *key,
                         double smallest, double largest, GaclipError *err);

#endif
