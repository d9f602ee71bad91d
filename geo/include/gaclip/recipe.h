/* Training recipes: a model, the stages of its training and where their samples come from, in one
 * JSON file (docs/recipe.md). */
#ifndef GACLIP_RECIPE_H
#define GACLIP_RECIPE_H

#include "gaclip/compute.h"
#include "gaclip/dataset.h"
#include "gaclip/error.h"
#include "gaclip/model.h"
#include "gaclip/mosaic_source.h"
#include "gaclip/sample.h"
#include "gaclip/train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipRecipe GaclipRecipe;

typedef enum GaclipRecipeSourceType {
    GACLIP_RECIPE_DATASET, /* a file or folder of any GaclipDatasetFormat */
    GACLIP_RECIPE_SCENE,   /* windows of a raster with a vector layer */
    GACLIP_RECIPE_MOSAIC   /* put together from the images of another source */
} GaclipRecipeSourceType;

typedef struct GaclipRecipeSource {
    GaclipRecipeSourceType type;
    double weight;       /* how often it is drawn from, beside the others */
    double object_share; /* of the windows that show an object that is drawn first */
    double object_below, zoom; /* of a dataset: see GaclipDatasetSourceOptions */
    GaclipDatasetFormat format;
    const char *path; /* of the dataset, or of the scene's raster */
    const char *images, *classes, *split, *exclude;
    int is_annotated;
    const char *annotations; /* of the scene */
    GaclipAnnotationOptions annotation_options;
    double gsd;                             /* of the scene; 0 = from its georeference */
    GaclipMosaicOptions mosaic;             /* of the mosaic ... */
    const struct GaclipRecipeSource *cells; /* ... and where its images come from */
} GaclipRecipeSource;

typedef struct GaclipRecipeStage {
    const char *name;
    GaclipTrainOptions options; /* steps 0: see epochs */
    double epochs;              /* 0: see steps */
    GaclipPrecision precision;
    const GaclipRecipeSource *sources; /* (source_count) */
    int source_count;
    const GaclipRecipeSource *validation; /* (validation_count) held-out data */
    int validation_count;
} GaclipRecipeStage;

typedef struct GaclipRecipeModel {
    const char *init;         /* model file to start from; NULL = random weights */
    int stretch_context;      /* new context length of init's text tower; 0 = as it is */
    GaclipModelConfig config; /* of a random model; text.vocab_size is what to learn at most */
    double gsd_min, gsd_max;  /* metres a pixel to be trained on; 0, 0 = not said */
    const char *const *templates, *const *background; /* none = those of init, or the defaults */
    int template_count, background_count;
} GaclipRecipeModel;

/* Reads a recipe and checks all of it: keys, values, and that every file it names is there.
 * Relative names count from the recipe's folder; ${NAME} is an environment variable. Messages name
 * the recipe and the place, "$.stages[0].sources[1].path". The caller closes *out, which owns
 * everything that the getters lend. */
GACLIP_API int gaclip_recipe_open(GaclipRecipe **out, const char *path, GaclipError *err);
GACLIP_API void gaclip_recipe_close(GaclipRecipe *recipe);
GACLIP_API const GaclipRecipeModel *gaclip_recipe_model(const GaclipRecipe *recipe);
GACLIP_API uint64_t gaclip_recipe_seed(const GaclipRecipe *recipe);
GACLIP_API int gaclip_recipe_stage_count(const GaclipRecipe *recipe);
GACLIP_API const GaclipRecipeStage *gaclip_recipe_stage_at(const GaclipRecipe *recipe, int index);

/* The sources of one stage, opened. */
typedef struct GaclipRecipeSources GaclipRecipeSources;

/* sources (count) of a stage, or its validation. Scenes are brought to the range gsd_min..gsd_max
 * of metres a pixel (0, 0: as they are). The recipe stays open as long as *out, which the caller
 * closes. */
GACLIP_API int gaclip_recipe_sources_open(GaclipRecipeSources **out,
                                          const GaclipRecipeSource *sources, int count,
                                          double gsd_min, double gsd_max, GaclipError *err);
GACLIP_API void gaclip_recipe_sources_close(GaclipRecipeSources *sources);

/* All of them mixed by their weights; its count is that of all images with an order. */
GACLIP_API GaclipSampleSource gaclip_recipe_sources_view(GaclipRecipeSources *sources);
/* One of them, in the recipe's order; its dataset, or NULL for a scene. */
GACLIP_API int gaclip_recipe_sources_count(const GaclipRecipeSources *sources);
GACLIP_API GaclipSampleSource gaclip_recipe_sources_at(GaclipRecipeSources *sources, int index);
GACLIP_API const GaclipDataset *gaclip_recipe_sources_dataset(const GaclipRecipeSources *sources,
                                                              int index);

/* The distinct texts that their samples can have: what a tokenizer is learned from; and the
 * distinct names of their classes. Lent, (count). */
GACLIP_API int gaclip_recipe_sources_texts(const char *const **texts, int *count,
                                           GaclipRecipeSources *sources, GaclipError *err);
GACLIP_API int gaclip_recipe_sources_classes(const char *const **names, int *count,
                                             GaclipRecipeSources *sources, GaclipError *err);

/* Steps of a stage: as given, else so many that its epochs go through as many images as the
 * sources have. */
GACLIP_API int gaclip_recipe_stage_steps(int *steps, const GaclipRecipeStage *stage,
                                         GaclipRecipeSources *sources, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
