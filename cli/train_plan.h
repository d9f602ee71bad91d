/* What is to be trained: from a scene and its annotations, or by a recipe. */
#ifndef GACLIP_CLI_TRAIN_PLAN_H
#define GACLIP_CLI_TRAIN_PLAN_H

#include "gaclip/recipe.h"
#include "gaclip/scene_source.h"
#include "train_request.h"

typedef struct TrainPlan {
    TrainRequest *request; /* borrowed */
    GaclipCompute *compute;
    int stage_count;
    GaclipRecipe *recipe; /* or, where it is NULL: */
    GaclipRaster *raster;
    GaclipAnnotations *annotations;
    GaclipSceneSource *source;
} TrainPlan;

/* One stage with its samples open. */
typedef struct TrainStage {
    const char *name;
    GaclipTrainOptions options;
    GaclipSampleSource source;
    GaclipRecipeSources *samples, *held_out; /* NULL where there are none */
    const GaclipRecipeStage *recipe;         /* NULL: of a scene */
} TrainStage;

int train_plan_open(TrainPlan *plan, TrainRequest *request, GaclipError *err);
void train_plan_close(TrainPlan *plan);

/* The model that the first stage starts from; the caller closes it. */
int train_plan_model(GaclipModel **out, TrainPlan *plan, GaclipError *err);

/* Also sets the precision of the plan's compute context. The caller closes *stage. */
int train_plan_stage(TrainStage *stage, TrainPlan *plan, int index, GaclipError *err);
void train_stage_close(TrainStage *stage);

/* How the two kinds do it. */
int train_scene_open(TrainPlan *plan, GaclipError *err);
int train_scene_model(GaclipModel **out, TrainPlan *plan, GaclipError *err);
int train_scene_stage(TrainStage *stage, TrainPlan *plan, GaclipError *err);
int train_recipe_open(TrainPlan *plan, GaclipError *err);
uint64_t train_recipe_seed(const TrainPlan *plan);
int train_recipe_model(GaclipModel **out, TrainPlan *plan, GaclipError *err);
int train_recipe_stage(TrainStage *stage, TrainPlan *plan, int index, GaclipError *err);

#endif
