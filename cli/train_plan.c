#include "train_plan.h"

#include "precision.h"
#include "train_losses.h"

int train_plan_open(TrainPlan *plan, TrainRequest *request, GaclipError *err)
{
    *plan = (TrainPlan){.request = request, .stage_count = 1};
    int status = gaclip_compute_new(&plan->compute, request->threads, GACLIP_BACKEND_AUTO, err);
    if (status != GACLIP_OK) return status;
    return request->recipe != NULL ? train_recipe_open(plan, err) : train_scene_open(plan, err);
}

void train_plan_close(TrainPlan *plan)
{
    gaclip_scene_source_free(plan->source);
    gaclip_annotations_free(plan->annotations);
    gaclip_raster_close(plan->raster);
    gaclip_recipe_close(plan->recipe);
    gaclip_compute_free(plan->compute);
}

int train_plan_model(GaclipModel **out, TrainPlan *plan, GaclipError *err)
{
    return plan->recipe != NULL ? train_recipe_model(out, plan, err)
                                : train_scene_model(out, plan, err);
}

int train_plan_stage(TrainStage *stage, TrainPlan *plan, int index, GaclipError *err)
{
    const TrainRequest *request = plan->request;
    *stage = (TrainStage){.name = NULL};
    int status = plan->recipe != NULL ? train_recipe_stage(stage, plan, index, err)
                                      : train_scene_stage(stage, plan, err);
    if (status == GACLIP_OK)
        status = train_losses_set(&stage->options.weights, &request->losses, err);
    if (status == GACLIP_OK && request->precision != NULL)
        status = precision_apply(plan->compute, request->precision, err);
    if (status == GACLIP_OK && request->frozen.count > 0) {
        stage->options.frozen = (const char *const *)request->frozen.items;
        stage->options.frozen_count = request->frozen.count;
    }
    return status;
}

void train_stage_close(TrainStage *stage)
{
    gaclip_recipe_sources_close(stage->samples);
    gaclip_recipe_sources_close(stage->held_out);
}
